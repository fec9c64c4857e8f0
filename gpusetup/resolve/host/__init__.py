"""A plan beside a host: what is there, what changes, and what is possible where no recipe is."""
