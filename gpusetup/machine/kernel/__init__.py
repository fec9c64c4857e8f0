"""The running kernel, its log, the modules on disk and loaded, and what Secure Boot makes of them."""
