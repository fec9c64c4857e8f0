"""Reads what a program wrote, by format, into values that can be compared one by one. Nothing in a file is executed."""
