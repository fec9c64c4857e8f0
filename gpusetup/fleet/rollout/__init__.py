"""A plan for many hosts: groups of equal ones, a recipe for each group, rolled out in waves."""
