"""The only room that reads the host. It never judges what it reads."""
