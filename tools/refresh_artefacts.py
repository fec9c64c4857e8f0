"""Reads published wheels by range requests and writes what is in them into gpusetup/facts/artefact.toml.

    python -m tools.refresh_artefacts                     # says what it would add
    python -m tools.refresh_artefacts --write             # writes it, and corrects the tables that follow from it
    python -m tools.refresh_artefacts --most 64           # reads up to 64 MB of one file in a wheel (16)
    python -m tools.refresh_artefacts --whole             # reads every file, and whole wheels where ranges are refused
    python -m tools.refresh_artefacts --package torch     # only that

A published file never changes: wheels that have a row are not read again, unless ``--again`` asks for it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from functools import partial

from packaging.version import Version

from gpusetup.errors import CannotLookError
from gpusetup.facts import cache
from gpusetup.facts.toml import read_sources
from tools import artefact_tables, pip_index
from tools.artefact.open import opened
from tools.artefact.wheel import Content, read
from tools.rows import Row, apply, new

OLDEST = {
    "torch": "2.0", "tensorflow": "2.5", "jax-cuda12-plugin": "0.4.30", "jax-cuda13-plugin": "0.4.30",
}  # fmt: skip
"""The oldest release of each package that is read."""
LIBRARIES = ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "nvidia-nccl-cu12", "nvidia-nccl-cu13")
"""Of these only the newest release is read: a hundred of them are published, and each is like the one before."""
MACHINES = ("x86_64", "aarch64")


def wanted(package: str) -> list[str]:
    """Return the releases of a package that are read, newest first."""
    if package in LIBRARIES:
        return pip_index.versions(package)[:1]
    return [text for text in pip_index.versions(package) if Version(text) >= Version(OLDEST[package])]


def artefacts(rows: list[Row], today: date, options: argparse.Namespace) -> Iterator[str]:
    """Add a row for each wheel that has none: of each release the wheel for the newest Python, for each machine."""
    have = {} if options.again else {(row["package"], row["release"], row["machine"]): row for row in map(_full, rows)}
    for package in options.package or [*OLDEST, *LIBRARIES]:
        for release in options.release or wanted(package):
            for machine in options.machine or MACHINES:
                if (package, release, machine) not in have:
                    yield from _add(rows, package, release, machine, today, options)
    rows.sort(key=_place)


def _add(
    rows: list[Row], package: str, release: str, machine: str, today: date, options: argparse.Namespace
) -> Iterator[str]:
    python = next((one for one in reversed(pip_index.PYTHONS)
                   if release in pip_index.versions_for(package, one, machine)), "")  # fmt: skip
    address = pip_index.address(package, release, python, machine) if python else ""
    if not address:
        return
    try:
        with opened(address, whole=options.whole) as archive:
            content = read(archive, package, None if options.whole else options.most << 20)
            name = archive.name
    except CannotLookError as error:
        yield f"{package} {release} for {machine} was not read: {error.message}"
        return
    any_python = name.split("-")[-3].startswith("py")
    row_id = f"artefact-{package}-{release}" + ("" if machine == "x86_64" else f"-{machine}")
    rows[:] = [row for row in rows if row["id"] != row_id]
    row = new(rows, row_id, _fields(package, release, "" if any_python else python, machine, name, content),
              _source(package), today)  # fmt: skip
    yield f"{row_id}: {_told(row)}"


def _source(package: str) -> str:
    """Return how rows cite the package: by its short name, where sources.toml has one."""
    short = f"pypi-{package.removeprefix('nvidia-')}"
    return short if short in read_sources(cache.HERE) else f"PyPI: {package}"


def _fields(package: str, release: str, python: str, machine: str, name: str, content: Content) -> Row:
    fields = content._asdict()
    fields["files"] = fields.pop("read")
    lists = {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}
    return {"package": package, "release": release, "python": python, "machine": machine, "file": name, **lists}


def _told(row: Row) -> str:
    code = f"{row['binaries']} fat binaries with {', '.join(row['cc'])}" if row["binaries"] else "no GPU code read"
    said = f"; says {' '.join(row['said'])}" if row["said"] else ""
    left = f"; too large: {', '.join(row['unread'])}" if row["unread"] else ""
    return f"{code}{said}{left}"


def _full(row: Row) -> Row:
    return {"machine": "x86_64", **row}


def _place(row: Row) -> tuple[str, tuple[int, ...], str]:
    numbers = (*Version(row["release"]).release, 0, 0, 0, 0)[:5]
    return row["package"], tuple(-number for number in numbers), _full(row)["machine"]


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the tables")
    parser.add_argument("--whole", action="store_true", help="read every file whole, however large")
    parser.add_argument("--again", action="store_true", help="read wheels again that have a row")
    parser.add_argument("--most", type=int, default=16, metavar="MB", help="how much of one file is read (16)")
    parser.add_argument("--package", action="append", choices=[*OLDEST, *LIBRARIES])
    parser.add_argument("--release", action="append", metavar="VERSION")
    parser.add_argument("--machine", action="append", choices=MACHINES)
    return parser.parse_args()


def main() -> None:
    """Print what the wheels hold that the tables lack; write it with ``--write``."""
    apply("artefact", partial(artefacts, options=options()))
    for table, update in artefact_tables.UPDATES.items():
        apply(table, update)


if __name__ == "__main__":
    main()
