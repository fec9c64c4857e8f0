"""The framework versions that a check needs, so that an old version is reported as unsupported, not as wrong.

Versions are read from the imported modules, which may differ from what a package manager lists.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = {
    "numpy": "NumPy",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "torch": "PyTorch",
    "jax": "JAX",
    "jaxlib": "jaxlib",
    "optax": "optax",
}
"""Module → what people call it; no other module has an oldest version here."""
_OLDEST = Path(__file__).with_name("needs.toml")
_TF32 = (8, 0)
"""Compute capability of the first cards with TF32 (NVIDIA Ampere architecture tuning guide, 1.4.1.2)."""
_LOOKUPS = {"__getattr__", "__getattribute__", "getattr", "_getattr"}
_ARGUMENT = re.compile(r"(\w+)[\w.]*\(\) got an unexpected keyword argument")
_OF_MODULE = re.compile(r"module '(\w+)[\w.]*' has no attribute")


class Unsupported(Exception):  # noqa: N818 - nothing is wrong with the framework
    """A check cannot run with the installed versions; the message says what it needs. Nothing is proven."""


def require(folders: Sequence[str], check: str, lacks: str = "") -> None:
    """Raise `Unsupported` when a module that is imported is older than `check`, found in one of `folders`, needs.

    `lacks` says why no check can be run, if that is known already.
    """
    if lacks := lacks or lacking(oldest(folders, check)):
        raise Unsupported(lacks)


def require_tf32(capability: tuple[int, ...]) -> None:
    """Raise `Unsupported` on a card without TF32, which there means plain float32: nothing would be proven of it."""
    if capability < _TF32:
        here = ".".join(map(str, capability))
        raise Unsupported(f"needs a card with TF32, of compute capability 8.0 or newer, this one has {here}")


def oldest(folders: Sequence[str], check: str = "") -> dict[str, str]:
    """Return module → its oldest version for `check`, or without one for any check at all."""
    needs: dict[str, str] = tomllib.loads(_OLDEST.read_text("utf-8"))
    description = next((path for folder in folders if (path := Path(folder, check, "check.toml")).is_file()), None)
    if check and description is not None:
        needs |= tomllib.loads(description.read_text("utf-8")).get("needs", {})
    return needs


def lacking(needs: dict[str, str]) -> str:
    """Return ``needs TensorFlow 2.16 or newer, this is 2.15.0`` for all that is imported and too old, else ""."""
    said = []
    for module, version in needs.items():
        if module in sys.modules and _older(here := version_of(module), version):
            said.append(f"{NAMES.get(module, module)} {version} or newer, this is {here}")
    return f"needs {'; '.join(said)}" if said else ""


def version_of(module: str) -> str:
    """Return the version of an imported module; `RuntimeError` when it has none, for then parts of it are missing."""
    version = getattr(sys.modules[module], "__version__", None)
    if version is None:
        where = ", ".join(getattr(sys.modules[module], "__path__", ())) or "no folder"
        raise RuntimeError(f"{NAMES.get(module, module)} has no version: only parts of it are installed, in {where}")
    return str(version)


def missing(error: BaseException, folders: Sequence[str]) -> str:
    """Return the feature that a check used and this version lacks, or "" when `error` has another cause.

    The place where `error` was raised shows whether the check used it, and not the framework itself.
    """
    if not _asks(error) or not _raised_in(error.__traceback__, folders):
        return ""
    known = (one for one in NAMES if one in sys.modules and hasattr(sys.modules[one], "__version__"))
    here = ", ".join(f"{NAMES[one]} {version_of(one)}" for one in known)
    return f"asks for what is not in {here}: {error}"


def _asks(error: BaseException) -> bool:
    """Return whether `error` says that a name or an argument was looked for in a framework in vain."""
    if isinstance(error, TypeError):
        called = _ARGUMENT.match(str(error))
        return called is not None and not _is_ours(called[1])
    if isinstance(error, ImportError):
        # a whole package that is not there is an incomplete installation, not an older one
        whole = isinstance(error, ModuleNotFoundError) and "." not in (error.name or ".")
        return not whole and _top(error.name) in NAMES
    if not isinstance(error, AttributeError):
        return False
    named = _OF_MODULE.match(str(error))
    return (named[1] if named else _top(_home(error.obj))) in NAMES


def _is_ours(name: str) -> bool:
    """Return whether a module of the checks defines a function or class of this name."""
    modules = [module for key, module in sys.modules.items() if key.startswith("checks.")]
    return any(getattr(getattr(module, name, None), "__module__", "").startswith("checks.") for module in modules)


def _home(thing: Any) -> str:
    """Return the module that a class, or the class of an object, was made in; "" for None."""
    made = thing if isinstance(thing, type) else type(thing)
    return "" if thing is None else made.__module__


def _top(name: str | None) -> str:
    return (name or "").partition(".")[0]


def _raised_in(trail: TracebackType | None, folders: Sequence[str]) -> bool:
    """Return whether the last frame that does more than look up a name is in one of `folders`."""
    last = ""
    while trail is not None:
        code = trail.tb_frame.f_code
        if code.co_name not in _LOOKUPS and not code.co_filename.startswith("<frozen importlib"):
            last = code.co_filename
        trail = trail.tb_next
    return any(Path(last).is_relative_to(folder) for folder in folders)


def _older(here: str, than: str) -> bool:
    """Return whether a version is older, by its leading numbers; a pre-release counts as the release."""
    pairs = zip_longest(_numbers(here), _numbers(than), fillvalue=0)
    return next((one < other for one, other in pairs if one != other), False)


def _numbers(version: str) -> list[int]:
    plain = re.match(r"\d+(\.\d+)*", version)
    return [int(part) for part in plain[0].split(".")] if plain else []
