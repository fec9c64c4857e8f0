"""The only package that reads the host. It never judges what it reads."""
