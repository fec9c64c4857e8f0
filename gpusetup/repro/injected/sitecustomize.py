"""Loaded by Python at its start, since this folder stands first in PYTHONPATH; then loads the user's own file.

Nothing here may end or change a program that is not being examined: an error is recorded, and the program goes on.
"""

import contextlib
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _own() -> None:
    """Load the ``sitecustomize`` that this one hides: that of a distribution or of an administrator."""
    spec = importlib.machinery.PathFinder.find_spec(
        "sitecustomize", [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    )
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if "_GPUSETUP_REPRO_RECORD" in os.environ:
    import _gpusetup_repro

    _gpusetup_repro.start()
with contextlib.suppress(ImportError):
    _own()
