"""LIB: libraries and which of them the loader takes."""
