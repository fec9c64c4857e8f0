"""Reads an image's configuration: from a file, or through the container engine that has it."""
