"""Formulas need no backend: `prove` records them."""
