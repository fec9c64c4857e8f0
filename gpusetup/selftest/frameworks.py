"""The frameworks a check can be written in, and the Python each is installed in. None is imported here."""

from __future__ import annotations

import subprocess
import sys

from gpusetup.errors import MissingError, WrongInputError
from gpusetup.trust.owner import require_own

# file name of a check's implementation → (modules it needs, extra of gpusetup that installs them)
FRAMEWORKS = {
    "tensorflow": (("tensorflow",), "tensorflow"),
    "jax": (("jax", "optax"), "jax"),
    "pytorch": (("torch",), "torch"),
}
USUAL = ("pytorch", "tensorflow")
"""The frameworks of a quick run; a report without one of them lists it as unproven.

JAX is included with --full: it compiles every check anew in each process, which takes longer than the check itself."""
_ALIASES = {"torch": "pytorch", "tf": "tensorflow"}
_PATIENCE = 120
"""Seconds for an interpreter to find modules; generous, so that a busy machine is not reported as a broken Python."""
_FIND = "import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"


def canonical(name: str) -> str:
    """Return the canonical name of a framework (``pytorch`` for ``torch``), or raise `WrongInputError`."""
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
    """Return framework → interpreter: the `wanted` ones, which must then be installed, or all that are installed.

    `pythons` names interpreters other than this one. Raises `MissingError`, which names the package to install, and
    `RefusedError` where root would run an interpreter that another user can change.
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
    """Return those of the installed frameworks that a run uses when none is named."""
    usual = {name: python for name, python in here.items() if name in USUAL}
    return usual if quick and usual else here


def _modules(python: str) -> set[str]:
    """Return which of the modules of `FRAMEWORKS` (and NumPy) the interpreter `python` finds."""
    names = ["numpy", *(module for needed, _ in FRAMEWORKS.values() for module in needed)]
    try:
        # -P: a file numpy.py in the working directory must not count as the installed module
        done = subprocess.run(
            [python, "-P", "-c", _FIND, *names], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise WrongInputError(f"cannot run {python}: {error}", "--python torch=/path/bin/python") from error
    return set(done.stdout.split())


def _install(name: str) -> str:
    return f"pip install 'gpusetup[{FRAMEWORKS[name][1]}]'"
