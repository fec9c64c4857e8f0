"""Copies the arrays of an HDF5 file: ``python hdf5.py FILE OUT``, under a Python that has h5py.

Links to other files are not followed, filters are not loaded from elsewhere, and nothing in the file is executed.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter is loaded from a file: docs.hdfgroup.org, H5PL
try:
    import h5py
except ImportError:
    sys.exit(3)

import written


def main(path: str, out: str) -> None:
    """Copy numbers as tensors, and texts and attributes as texts."""
    copy = written.Copy(out)

    def visit(name: str, thing: Any) -> None:
        for key, value in sorted(thing.attrs.items()):
            copy.add(f"{name}@{key}", value)
        if isinstance(thing, h5py.Dataset):
            copy.require_room(thing.size or 0, thing.dtype.itemsize)
            copy.add(name, thing[()])

    with h5py.File(path, "r") as file:
        for key, value in sorted(file.attrs.items()):
            copy.add(f"@{key}", value)
        file.visititems(visit)
    copy.close()


main(*sys.argv[1:])
