"""The solver: variables and constraints, the search, and the releases tried one by one."""
