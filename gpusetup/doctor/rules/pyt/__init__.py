"""PYT: Python environments."""
