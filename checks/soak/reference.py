"""NumPy's whole numbers: what is right is computed by `prove` itself."""
