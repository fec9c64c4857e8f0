"""Reads what an image says of itself: from a file, or through the container engine that has it."""
