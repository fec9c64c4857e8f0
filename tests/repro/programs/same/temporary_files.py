"""Puts what it does not keep under drawn names into the temporary folder."""

import tempfile

with tempfile.TemporaryDirectory() as folder:
    open(f"{folder}/part", "w").write("intermediate")
    print("parts", 1)
