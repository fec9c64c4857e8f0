"""The pytest plugin: tests of a user's own program that results repeat, and are those of a baseline.

`plugin.py` is loaded by every pytest that finds gpusetup installed, and imports the rest only where it is used.
"""
