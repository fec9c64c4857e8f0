"""WHL: wheels: what is installed and whether it fits driver and card."""
