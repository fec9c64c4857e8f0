"""LOG: the kernel log."""
