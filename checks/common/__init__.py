"""Shared by all checks: exact random draws, the recorder, and the preparation of each framework."""
