"""The NVIDIA management library, asked in a child process that may hang or crash."""
