"""Reads what published wheels really contain, by range requests: metadata, needed libraries, RUNPATH, GPU code."""
