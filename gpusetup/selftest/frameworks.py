"""The frameworks a check can be written in, and the Python each is installed in; none is ever imported here."""

from __future__ import annotations

import subprocess
import sys

from gpusetup.errors import MissingError, WrongInputError
from gpusetup.trust.owner import require_own

# file name of a check's version → (modules that must be there, extra of gpusetup that brings them)
FRAMEWORKS = {
    "tensorflow": (("tensorflow",), "tensorflow"),
    "jax": (("jax", "optax"), "jax"),
    "pytorch": (("torch",), "torch"),
}
USUAL = ("pytorch", "tensorflow")
"""What a quick run is of; a report without one of these says so. JAX compiles everything anew: it is for --full."""
_ALIASES = {"torch": "pytorch", "tf": "tensorflow"}
_PATIENCE = 120
"""Seconds for an interpreter to look for modules; a busy machine is no reason to call it broken."""
_FIND = "import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"


def canonical(name: str) -> str:
    """Return the framework's name here (``pytorch`` for ``torch``), or raise `WrongInputError`."""
    known = _ALIASES.get(name, name)
    if known not in FRAMEWORKS:
        raise WrongInputError(f"unknown framework {name!r}", f"there are: {', '.join(sorted(FRAMEWORKS))}")
    return known


def parse(pythons: tuple[str, ...]) -> dict[str, str]:
    """Return framework → interpreter from ``torch=/path/bin/python`` options."""
    found = {}
    for text in pythons:
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise WrongInputError(f"--python {text!r} is not FRAMEWORK=PATH", "--python torch=/path/bin/python")
        found[canonical(name)] = path
    return found


def interpreters(wanted: tuple[str, ...], pythons: dict[str, str]) -> dict[str, str]:
    """Return framework → interpreter: the `wanted` ones, which then must be there, or every one that is installed.

    `pythons` names interpreters other than this one. Raises `MissingError` naming what to install, and `RefusedError`
    where root names another user's.
    """
    for python in {*pythons.values()} - {sys.executable}:
        require_own(python)
    found = {python: _modules(python) for python in {sys.executable, *pythons.values()}}
    modules = {name: found[pythons.get(name, sys.executable)] for name in FRAMEWORKS}
    here = [name for name, (needed, _) in FRAMEWORKS.items() if {*needed, "numpy"} <= modules[name]]
    asked = {*wanted, *pythons}
    for name in sorted(asked - set(here)):
        python = f"{pythons[name]} -m " if name in pythons else ""
        raise MissingError(f"{name} is not installed in {pythons.get(name, 'this Python')}", python + _install(name))
    if not here:
        raise MissingError(
            "neither PyTorch nor TensorFlow nor JAX is installed in this Python",
            "pip install 'gpusetup[torch]' (or [tensorflow], [jax]), or name another Python: --python torch=/…/python",
        )
    return {name: pythons.get(name, sys.executable) for name in here if name in (wanted or here)}


def at_hand(here: dict[str, str], *, quick: bool) -> dict[str, str]:
    """Return those of the installed frameworks that a run takes when none is named."""
    usual = {name: python for name, python in here.items() if name in USUAL}
    return usual if quick and usual else here


def _modules(python: str) -> set[str]:
    """Return which of the modules we ask for the interpreter `python` would find."""
    names = ["numpy", *(module for needed, _ in FRAMEWORKS.values() for module in needed)]
    try:
        done = subprocess.run(
            [python, "-P", "-c", _FIND, *names], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise WrongInputError(
            f"{python} is not a Python that runs: {error}", "--python torch=/path/bin/python"
        ) from error
    return set(done.stdout.split())


def _install(name: str) -> str:
    return f"pip install 'gpusetup[{FRAMEWORKS[name][1]}]'"
