"""Refreshes what the package index knows: torch, tensorflow, cuDNN's wheels and CUDA releases.

    python -m tools.refresh_pypi           # says what would change
    python -m tools.refresh_pypi --write   # changes gpusetup/facts/*.toml

Adds releases that the tables lack and corrects what the wheels' own metadata says otherwise. It never removes a row,
and never touches what metadata does not contain (variants of other indexes, compiled capabilities).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from packaging.version import Version

from gpusetup.errors import CannotLookError
from gpusetup.facts.cache import HERE
from tools import facts_toml, pip_index
from tools.rows import Row, apply, merge, new

SOON = timedelta(days=180)
OLDEST_TORCH = Version("1.13")


def torch(rows: list[Row], today: date) -> Iterator[str]:
    """Correct what a plain pip install of every release brings, and add the releases that lack."""
    known = {row["release"]: row for row in rows}
    for release in _torch_releases():
        meta, python = _newest_wheel("torch", release)
        row = known.get(release) or new(rows, f"torch-{release}", {"release": release}, "pypi-torch", today, SOON)
        found = {"requires_python": meta["requires_python"], "default_variant": _variant(meta, python)}
        if release not in known:
            found["python"] = [text for text in pip_index.PYTHONS if release in pip_index.versions_for("torch", text)]
        yield from merge(row, found | {"default_exact": True}, "pypi-torch", today)
    rows.sort(key=lambda row: Version(row["release"]), reverse=True)


def torch_build(rows: list[Row], today: date) -> Iterator[str]:
    """Correct cuDNN and NCCL of the builds that are the default of a release."""
    for release in _torch_releases():
        meta, python = _newest_wheel("torch", release)
        variant = _variant(meta, python)
        builds = [row for row in rows if release in row["releases"] and row.get("machine") != "aarch64"]
        row = next((row for row in builds if row["variant"] == variant), None)
        if row is None:
            yield f"torch {release} has no row for its default {variant}: its compiled code has to be read by hand"
            continue
        pins = pip_index.pins(meta, python)
        libraries = {field: _exact(pins, rf"nvidia-{field}-cu\d+") for field in ("cudnn", "nccl")}
        yield from merge(row, {name: text for name, text in libraries.items() if text}, "pypi-torch", today)


def tensorflow(rows: list[Row], today: date) -> Iterator[str]:
    """Correct which releases have a package for the CPU alone, and what the extra ``and-cuda`` of each one pulls."""
    for row in rows:
        if row["release"] in pip_index.versions("tensorflow-cpu"):
            yield from merge(row, {"cpu_package": "tensorflow-cpu"}, "pypi-tensorflow-cpu", today)
    known = {row["release"]: row for row in rows}
    for release in pip_index.versions("tensorflow"):
        if Version(release).is_postrelease:  # the same files under another number
            continue
        if release not in known:
            yield f"tensorflow {release} has no row: its tested CUDA and cuDNN have to be read by hand"
            continue
        pins = pip_index.pins(*_newest_wheel("tensorflow", release), "and-cuda")
        found = {f"and_cuda_{field}": _whole(pins, rf"nvidia-{field}-cu\d+") for field in ("cudnn", "nccl")}
        if all(found.values()):
            yield from merge(known[release], found, "pypi-tensorflow", today)


def cudnn(rows: list[Row], today: date) -> Iterator[str]:
    """Add the cuDNN releases that have a wheel."""
    wheels = {major: pip_index.versions(f"nvidia-cudnn-cu{major}") for major in (13, 12, 11)}
    for version in sorted({text for texts in wheels.values() for text in texts}, key=Version):
        majors = [major for major, texts in wheels.items() if version in texts]
        row = next((row for row in rows if row["version"] == version), None)
        source = f"pypi-cudnn-cu{majors[0]}"
        if row is None:
            row = new(rows, f"cudnn-{version}", {"version": version}, source, today)
        found = {"pip": [f"nvidia-cudnn-cu{major}" for major in majors],
                "cuda_majors": sorted({*row.get("cuda_majors", []), *majors}, reverse=True)}  # fmt: skip
        yield from merge(row, found, source, today)
    rows.sort(key=lambda row: Version(row["version"]), reverse=True)


def cuda(rows: list[Row], today: date) -> Iterator[str]:
    """Add the CUDA releases that have a ``cuda-toolkit`` package; their drivers have to be read by hand."""
    known = {row["release"] for row in rows}
    series = {row["series"] for row in facts_toml.read(Path(HERE) / "cuda_series.toml")[1]}
    for text in pip_index.versions("cuda-toolkit"):
        release, belongs = (".".join(text.split(".")[:count]) for count in (3, 2))
        if release in known:
            continue
        if belongs not in series:
            yield f"cuda {release} has no row: what series {belongs} targets has to be read by hand"
            continue
        row = new(rows, f"cuda-{release}", {"release": release}, "pypi-cuda-toolkit", today, SOON)
        yield from merge(row, {"series": belongs}, "pypi-cuda-toolkit", today)
    rows.sort(key=lambda row: Version(row["release"]), reverse=True)


def _torch_releases() -> list[str]:
    return [text for text in pip_index.versions("torch") if Version(text) >= OLDEST_TORCH]


def _newest_wheel(package: str, release: str) -> tuple[dict[str, Any], str]:
    """Return the metadata of the wheel for the newest Python that a release has one for, and that Python."""
    for python in reversed(pip_index.PYTHONS):
        meta = pip_index.metadata(package, release, python)
        if meta is not None:
            return meta, python
    raise CannotLookError(f"{package} {release} has no Linux wheel for any Python asked about")


def _variant(meta: dict[str, Any], python: str) -> str:
    """Return the CUDA variant that a wheel's requirements stand for, ``cu126``; "" when they name no CUDA."""
    pins = pip_index.pins(meta, python)
    toolkit = _exact(pins, "cuda-toolkit") or _exact(pins, r"nvidia-cuda-runtime-cu\d+")
    return f"cu{''.join(toolkit.split('.')[:2])}" if toolkit else ""


def _exact(pins: dict[str, str], pattern: str) -> str:
    return next((text.removeprefix("==") for name, text in pins.items() if re.fullmatch(pattern, name)), "")


def _whole(pins: dict[str, str], pattern: str) -> str:
    return next((name + text for name, text in pins.items() if re.fullmatch(pattern, name)), "")


def main() -> None:
    """Print every change; write them with ``--write``."""
    for table, update in (
        ("torch", torch), ("torch_build", torch_build), ("tensorflow", tensorflow), ("cudnn", cudnn), ("cuda", cuda),
    ):  # fmt: skip
        apply(table, update)


if __name__ == "__main__":
    main()
