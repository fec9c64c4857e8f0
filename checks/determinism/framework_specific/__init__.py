"""Features of one framework that may change the bits: compilers, loaders, uninitialised memory."""
