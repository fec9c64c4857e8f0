"""What the user wrote: requirements, constraints, and tables of environments."""
