"""Each framework's switches: resets what start-up code may have changed, and lists all others.

A worker runs whatever the user's Python runs when it starts (``sitecustomize``, ``.pth`` files, variables), which may
change how everything after it computes. Settings that would change what a check tests (types, precision, what counts as
an error) are reset. Settings that are a legitimate way to run the framework (oneDNN, the choice of a library, an
instruction set) are kept, and recorded in the environment key.
"""
