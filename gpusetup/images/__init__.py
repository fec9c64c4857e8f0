"""Builds images on this host and runs commands in them: the only package that starts a container builder."""
