"""Adds the file name and SHA-256 of wheels to the facts, as the package index states them; no wheel is downloaded.

    python -m tools.refresh_wheels           # says what it would add
    python -m tools.refresh_wheels --write   # changes gpusetup/facts/wheel.toml

A published file never changes: rows that are there are neither asked about again nor touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from packaging.version import Version

from gpusetup.facts import facts
from tools import pip_index
from tools.rows import Row, apply, new

OLDEST = {
    "torch": Version("2.7"),
    "tensorflow": Version("2.19"),
    "tensorflow-cpu": Version("2.19"),
    "nvidia-cudnn-cu12": Version("9.3"),
    "nvidia-cudnn-cu13": Version("9.3"),
}
"""The oldest release of each package whose wheels are recorded: plans never choose an older one."""


def wheel(rows: list[Row], today: date) -> Iterator[str]:
    """Add the missing wheels, one for each Python, or one for all."""
    known = {(row["package"], row["release"], row.get("python", "")) for row in rows}
    for package, release in wanted():
        for python in pip_index.PYTHONS:
            if known & {(package, release, python), (package, release, "")}:
                continue
            found = pip_index.wheel(package, release, python)
            if found is None:
                continue
            fields = _described(package, release, python, found)
            known.add((package, release, fields["python"]))
            row_id = f"wheel-{package}-{release}" + (f"-{_interpreter(found[0])}" if fields["python"] else "")
            new(rows, row_id, fields, f"pypi-{package.removeprefix('nvidia-')}", today)
            yield f"{row_id}: {found[0]}"
    rows.sort(key=_place)


def wanted() -> list[tuple[str, str]]:
    """Return every package and release whose wheels belong in the table."""
    named = [
        *(("torch", row.release) for row in facts().torch),
        *((package, row.release) for row in facts().tensorflow for package in (row.package, row.cpu_package)),
        *((package, row.version) for row in facts().cudnn for package in row.pip),
    ]
    return [(package, text) for package, text in named if package in OLDEST and Version(text) >= OLDEST[package]]


def _described(package: str, release: str, python: str, found: tuple[str, str]) -> Row:
    file, sha256 = found
    serves_any = _interpreter(file).startswith("py")
    return {"package": package, "release": release, "python": "" if serves_any else python, "file": file,
            "sha256": sha256}  # fmt: skip


def _interpreter(file: str) -> str:
    """Return the tag of the interpreter in the name of a wheel, ``cp313``."""
    return file.removesuffix(".whl").split("-")[-3]


def _place(row: Row) -> tuple[int, list[int], list[int]]:
    """Sort by package, those that were read by hand last, the newest release first, and its Pythons upwards."""
    newest_first = [-number for number in Version(row["release"]).release]
    packages = [*OLDEST, row["package"]]
    return packages.index(row["package"]), newest_first, list(Version(row.get("python") or "0").release)


if __name__ == "__main__":
    apply("wheel", wheel)
