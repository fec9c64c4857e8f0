"""KRN: the kernel module: built, loaded, configured."""
