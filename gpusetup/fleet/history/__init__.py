"""What the store remembers of hosts and GPUs: since when, how often, where before, and whether it gets worse."""
