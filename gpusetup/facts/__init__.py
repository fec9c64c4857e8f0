"""Compatibility tables: every row has a source and the day it was read."""
