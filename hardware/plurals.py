"""A number and what it counts, as a sentence has them."""


def counted(count: int, what: str) -> str:
    """Return `1 pen change`, `2 pen changes`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
