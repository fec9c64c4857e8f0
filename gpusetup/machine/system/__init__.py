"""The operating system around the GPU: processor, limits, groups, services, and what it runs in."""
