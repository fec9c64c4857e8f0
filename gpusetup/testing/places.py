"""Where the baselines of a test lie, beside its file, and which of them no test uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.testing.baselines import SUFFIX

LONGEST = 150
"""Characters of a file's name, of 255 that file systems allow."""


def baseline_path(module: Path, test: str, name: str) -> Path:
    """Return ``test_train/test_loss.safetensors``, or ``test_train/test_loss.NAME.safetensors``.

    `test` is what follows the file in the test's id: ``TestLoss::test_loss[cpu-1]``. Raises `WrongInputError` for a
    `name` that is more than letters, digits, ``_`` and ``-``.
    """
    if name and _safe(name) != name:
        raise WrongInputError(f"{name!r} cannot name a baseline", "use letters, digits, _ and -")
    return module.with_suffix("") / f"{stem_of(test)}{'.' if name else ''}{name}{SUFFIX}"


def stem_of(test: str) -> str:
    """Return the part of a file's name that stands for a test; two tests never share one."""
    shown = test.replace("::", "-").replace("[", "-").removesuffix("]")
    safe = _safe(shown)
    if safe == shown and len(safe) <= LONGEST:
        return safe
    return f"{safe[:LONGEST]}-{hashlib.blake2b(test.encode(), digest_size=4).hexdigest()}"


def _safe(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in text)


def unused(folder: Path, collected: Iterable[str], passed: Iterable[str], used: Iterable[str]) -> list[Path]:
    """Return the baselines of one test file that no test asks for.

    That is one without a test of its name, and one of a test that has `passed` without it; both are names in ids.
    """
    known, ran, kept = {stem_of(one) for one in collected}, {stem_of(one) for one in passed}, set(used)
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        stem = path.name.removesuffix(SUFFIX).partition(".")[0]
        if stem not in known or (stem in ran and str(path) not in kept):
            found.append(path)
    return found
