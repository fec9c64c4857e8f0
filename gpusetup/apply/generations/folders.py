"""What the environments of this machine hold, from the names of files alone; nothing in them is run."""

from __future__ import annotations

import re
from pathlib import Path

from gpusetup.apply.generations.build import REQUIREMENTS, installed, wanted
from gpusetup.apply.generations.place import Place
from gpusetup.distributions import normal
from gpusetup.resolve.upgrades.model import Held

RUNTIME = r"nvidia-cuda-runtime(?:-cu\d\d)?"
"""The package whose version is the CUDA of a framework's wheels."""
MOST = 1 << 20
SEEDS = ("pip", "setuptools", "wheel")
"""What an empty virtual environment has."""


def held_in(place: Place) -> Held | None:
    """Return what the environment at `place` holds, None where there is none."""
    folder = place.folder
    if not (folder / "pyvenv.cfg").exists():
        return None
    locked = _locked(folder)
    packages = {name: one for name, one in installed(folder).items() if name in locked or name not in SEEDS}
    return Held(
        name=folder.name, python=_python(folder), cuda=_cuda(packages), packages=packages, whole=True,
        asked=tuple(sorted((_requested(folder) & set(packages)) - set(locked))),
    )  # fmt: skip


def places_in(folder: Path) -> list[Place]:
    """Return the environments below `folder` that an upgrade has switched."""
    return [Place(path=str(folder / one.name)) for one in sorted((folder / ".generations").glob("*")) if one.is_dir()]


def _python(folder: Path) -> str:
    found = next(iter(sorted(folder.glob("lib/python3.*"))), None)
    return found.name.removeprefix("python") if found else ""


def _cuda(packages: dict[str, str]) -> str:
    found = (version for name, version in packages.items() if re.fullmatch(RUNTIME, name))
    return ".".join(next(found, "").split(".")[:2])


def _requested(folder: Path) -> set[str]:
    """Return what somebody installed by name (PEP 376: the file REQUESTED)."""
    found = folder.glob("lib*/python3*/site-packages/*/REQUESTED")
    return {normal(path.parent.name.partition("-")[0]) for path in found}


def _locked(folder: Path) -> dict[str, str]:
    """Return what the environment was made with."""
    made = folder / REQUIREMENTS
    lines = made.read_bytes()[:MOST].decode(errors="replace").splitlines() if made.is_file() else []
    return wanted(tuple(lines))
