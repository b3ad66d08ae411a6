"""The commands of a gallery."""
