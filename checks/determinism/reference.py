"""The reference knows the data, which every framework must start from; a framework's own bits have no other truth."""
