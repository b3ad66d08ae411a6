"""Calls people who are not at the page: ntfy, webhooks and e-mail. Nothing here can stop a plot."""
