"""EXP: what a file of expectations says, one rule for each kind of it."""
