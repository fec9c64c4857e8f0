"""The ways each framework has to compute attention."""
