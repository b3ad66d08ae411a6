"""Draft previews for the page: a few strokes on a small sheet, within seconds, in a process that stays warm."""
