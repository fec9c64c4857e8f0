"""Each framework's switches: what start-up code may have changed is put back, and all that is left is listed.

A worker runs whatever the user's Python runs when it starts (``sitecustomize``, ``.pth`` files, variables), which may
change how everything after it computes. What would make another workload of a check (types, precision, what is an
error) is set to what the check is about. What is a legitimate way to run the framework (oneDNN, the choice of a
library, an instruction set) stays as it is, and stands in the environment key.
"""
