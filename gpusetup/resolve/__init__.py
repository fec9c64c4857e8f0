"""Chooses one compatible value for every component of the stack, and says why.

Pure: facts and a request go in, a stack comes out.
"""
