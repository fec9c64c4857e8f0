"""Stub until the facts room is furnished."""
