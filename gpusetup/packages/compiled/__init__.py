"""Packages that are compiled: against PyTorch or CUDA, for which cards, and those that are built here."""
