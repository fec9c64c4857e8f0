"""Copies the arrays of an OCDBT database, as Orbax writes: ``python ocdbt.py FOLDER OUT``.

The Python has tensorstore. Format: google.github.io/tensorstore/kvstore/ocdbt; each array in it is one of Zarr.
"""

from __future__ import annotations

import os
import sys

try:
    import tensorstore
except ImportError:
    sys.exit(3)

import written

DRIVERS = {"/.zarray": "zarr", "/zarr.json": "zarr3"}


def main(folder: str, out: str) -> None:
    """Copy each array by its name."""
    base = {"driver": "ocdbt", "base": f"file://{os.path.abspath(folder)}/"}
    keys = tensorstore.KvStore.open(base).result().list().result()
    copy = written.Copy(out)
    for key in sorted(key.decode() for key in keys):
        for ending, driver in DRIVERS.items():
            if key.endswith(ending):
                name = key[: -len(ending)]
                spec = {"driver": driver, "kvstore": dict(base, path=name + "/")}
                array = tensorstore.open(spec, read=True).result()
                copy.require_room(array.size, array.dtype.numpy_dtype.itemsize)
                copy.add(name, array.read().result())
    copy.close()


main(*sys.argv[1:])
