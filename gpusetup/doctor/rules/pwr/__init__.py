"""PWR: temperature and power, and what they do to the clocks; fans and persistence mode."""
