"""Builds images on this host, and runs in them: the only room that starts a container builder."""
