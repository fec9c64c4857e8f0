"""What one framework alone has that may change the bits: its compilers, its loader, its uninitialised memory."""
