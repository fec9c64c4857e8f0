"""A result in words: what decided, why not, and what would be possible."""
