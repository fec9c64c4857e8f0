"""Corrects the tables that follow from what was read in wheels: builds of torch and TensorFlow, and JAX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from packaging.version import Version

from gpusetup.facts import Facts, cache
from gpusetup.facts.model.artefacts import Artefact
from gpusetup.facts.toml import read_table
from tools import pip_index
from tools.rows import Row, merge, new


def torch_build(rows: list[Row], today: date) -> Iterator[str]:
    """Correct the capabilities of the builds that a plain pip install brings; another variant has other files."""
    default = {row.release: row.default_variant for row in Facts().torch}
    for one in _read("torch"):
        builds = [row for row in rows if one.release in row["releases"]]
        builds = [row for row in builds if row.get("machine", "x86_64") == one.machine]
        row = next((row for row in builds if row["variant"] == default.get(one.release)), None)
        if row is None:
            yield f"torch {one.release} for {one.machine} was read, but its default build has no row"
        elif one.capabilities[0]:
            yield from _correct(row, one, today, {"measured": "wheel"})


def tensorflow(rows: list[Row], today: date) -> Iterator[str]:
    """Correct what a release has code for."""
    known = {row["release"]: row for row in rows}
    for one in _read("tensorflow"):
        if one.machine != "x86_64":
            continue
        if one.release not in known:
            yield f"tensorflow {one.release} was read, but has no row"
        elif one.capabilities[0]:
            yield from _correct(known[one.release], one, today, {})


def jax(rows: list[Row], today: date) -> Iterator[str]:
    """Add the releases of JAX that have a plugin for a GPU, and correct what their plugins require and contain."""
    known = {row["release"]: row for row in rows}
    plugins = [*_read("jax-cuda13-plugin"), *_read("jax-cuda12-plugin")]
    for release in dict.fromkeys(one.release for one in plugins):
        of_release = [one for one in plugins if one.release == release and one.machine == "x86_64"]
        found = {
            "python": [text for text in pip_index.PYTHONS if release in pip_index.versions_for("jaxlib", text)],
            "requires_python": of_release[0].requires_python,
            "plugins": [_plugin(one) for one in of_release],
        }
        row = known.get(release) or new(rows, f"jax-{release}", {"release": release}, "pypi-jax", today)
        if any(row.get(name) != value for name, value in found.items()):
            yield from merge(row, found, _short(of_release[0]), today)
    rows.sort(key=lambda row: Version(row["release"]), reverse=True)


def _plugin(one: Artefact) -> Row:
    cc, ptx = one.capabilities
    named = {
        field: next((text for text in one.requires if re.match(pattern, text)), "")
        for field, pattern in (("runtime", "nvidia-cuda-runtime"), ("cudnn", "nvidia-cudnn"), ("nccl", "nvidia-nccl"))
    }
    python = [text for text in pip_index.PYTHONS if one.release in pip_index.versions_for(one.package, text)]
    return {
        "cuda": int(one.package[8:10]),
        "package": one.package,
        "python": python,
        **named,
        "cc": list(cc),
        "ptx": ptx,
    }


def _correct(row: Row, one: Artefact, today: date, more: Row) -> Iterator[str]:
    cc, ptx = one.capabilities
    found: Row = {"cc": list(cc), "ptx": ptx} | more
    if any(row.get(name, "" if name == "ptx" else []) != value for name, value in found.items()):
        yield from merge(row, found | {"ptx": ptx if ptx or "ptx" in row else None}, _short(one), today)
        if not row.get("ptx"):
            row.pop("ptx", None)


def _short(one: Artefact) -> str:
    """Return the short name of its source, as sources.toml has it: a row that was read has it spelt out."""
    return f"pypi-{one.package}"


def _read(package: str) -> list[Artefact]:
    rows = read_table(cache.HERE, "artefact")
    return [row for row in rows if isinstance(row, Artefact) and row.package == package]


UPDATES: dict[str, Callable[[list[Row], date], Iterator[str]]] = {
    "torch_build": torch_build,
    "tensorflow": tensorflow,
    "jax": jax,
}
