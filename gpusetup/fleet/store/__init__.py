"""What was collected of a fleet, kept with its time in one file."""
