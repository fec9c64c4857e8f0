"""`gpusetup.audit_switches`: which switches of this process have no effect, and why."""

from __future__ import annotations

import functools
import os
import sys

from gpusetup.determinism.effects import SETTINGS, VARIABLES
from gpusetup.determinism.kernels import backends_made
from gpusetup.determinism.model import Switch
from gpusetup.determinism.startup import changed_here
from gpusetup.determinism.table import Variable, table
from gpusetup.text import neutral

_PREFIXES = ("TF_", "TORCH_", "PYTORCH_", "JAX_", "XLA_", "KERAS_", "CUDNN_", "CUBLAS_", "NUMPY_", "PYTHON")
_SAY = ("DETERMINIS", "REPRODUC", "HASHSEED")
_LONGEST = 80
_PYTHON = "python"
_TABLE = "gpusetup: determinism/switches.toml"
_ALIKE = 0.9
"""Least likeness of a misspelt name: JAX_ENABLE_XLA, which is another's, is like JAX_ENABLE_X64 by 0.86."""


def audit_switches() -> tuple[Switch, ...]:
    """Return the switches that were set in this process, or before it started, and do not do what they say.

    Looked at: environment variables (a misspelt or removed name, a value that is not accepted, one set after it was
    read) and settings of the frameworks that are imported. Nothing is imported or changed.
    """
    known = {row.name: row for row in table().variable}
    found = [_of_variable(known[name], value) for name, value in sorted(os.environ.items()) if name in known]
    found += [_of_name(name, value) for name, value in sorted(os.environ.items()) if name not in known]
    found += [_of_setting(row.id) for row in table().setting]
    return tuple(one for one in found if one is not None)


def _of_variable(row: Variable, value: str) -> Switch | None:
    if not value:
        return None
    if not row.accepts(value):
        return _switch(row, value, "no effect", "this value is not accepted")
    if row.library != _PYTHON and row.library not in sys.modules:
        return None  # it will be read
    if row.limited:
        return _switch(row, value, "limited", row.limited)
    in_force = VARIABLES[row.effect](value) if row.effect else None
    if in_force is not None:
        late = "too late" if changed_here(row.name) else "no effect"
        return None if in_force else _switch(row, value, late, f"{row.library} has another setting in force")
    return _when(row, value)


def _when(row: Variable, value: str) -> Switch | None:
    """Judge a variable whose effect cannot be asked for by the time it was set, as far as that is known."""
    changed = changed_here(row.name)
    if changed is False:
        return None
    if changed is None:
        return _switch(row, value, "unknown", "whether the program was started with it cannot be read here")
    if row.when == "start":
        return _switch(row, value, "too late", "it was set after Python had started, and is read at the start alone")
    if row.name == "XLA_FLAGS" and backends_made() is False:
        return None  # it will be read
    if row.name == "CUBLAS_WORKSPACE_CONFIG" and not _uses_cuda():
        return None
    moment = f"{row.library} was imported" if row.when == "import" else f"{row.library} had first used it"
    return _switch(row, value, "unknown", f"it was set in this process, and has an effect only if before {moment}")


def _uses_cuda() -> bool:
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda is not None and bool(cuda.is_initialized())


def _switch(row: Variable, value: str, state: str, why: str) -> Switch:
    return Switch(
        name=row.name, value=neutral(value)[:_LONGEST], state=state,  # type: ignore[arg-type]
        why=why, instead=row.instead, source=row.source,
    )  # fmt: skip


def _of_name(name: str, value: str) -> Switch | None:
    """Return what is wrong with a variable that is not in the table, if its name is like one that is."""
    if name in table().other.names:
        return None
    if meant := _meant(name):
        return Switch(
            name=neutral(name), value=neutral(value)[:_LONGEST], state="misspelt",
            why="gpusetup knows no library that reads this name", instead=f"did you mean {meant}?", source=_TABLE,
        )  # fmt: skip
    if name.startswith(_PREFIXES) and any(word in name for word in _SAY):
        return Switch(
            name=neutral(name), value=neutral(value)[:_LONGEST], state="unknown",
            why="gpusetup knows no library that reads this name",
            instead="look it up in the documentation of the library", source=_TABLE,
        )  # fmt: skip
    return None


@functools.cache  # a decorated function asks at each call, and the answer depends on the name alone
def _meant(name: str) -> str:
    """Return which variable of the table a misspelt name may have meant, "" without one."""
    near = [row.name for row in table().variable if abs(len(row.name) - len(name)) <= 3]  # two letters and a hyphen
    if not near:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name.upper(), near, 1, _ALIKE)), "")


def _of_setting(known: str) -> Switch | None:
    row = next(row for row in table().setting if row.id == known)
    if not SETTINGS[known]():
        return None
    return Switch(name=row.name, value="", state="limited", why=row.why, instead=row.instead, source=row.source)
