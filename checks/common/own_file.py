"""A function of the user's own file, run in a worker."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path


class OwnFileError(Exception):
    """The user's file, or what its function returned, is not what the option takes."""

    complete = True
    """The message says all: the worker prints no traceback."""


def load_function(file: str, name: str, error: type[OwnFileError]) -> Callable[..., object]:
    """Run the file, with the modules beside it importable as for ``python FILE``, and return its function.

    Raises `error` where it is no Python file or has no such function.
    """
    sys.path.insert(0, str(Path(file).parent))
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        raise error(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    function: Callable[..., object] | None = getattr(module, name, None)
    if not callable(function):
        raise error(f"{file} has no function {name}")
    return function
