"""Runs a user's own program again, compares what it leaves, and names what the result depends on.

`trial.py` makes a run, `compare.py` compares two, `search.py` chooses the runs; an axis is a file of ``axes/``, what is
set inside the program a function of ``injected/``, a format of files a reader of ``outputs/``.
"""
