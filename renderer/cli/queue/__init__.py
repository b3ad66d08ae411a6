"""The commands of the queue, its workers and its page."""
