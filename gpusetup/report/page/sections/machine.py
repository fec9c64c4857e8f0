"""The machine: every reading by topic, with the reason of each that could not be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gpusetup.doctor.outcome.grouping import subjects
from gpusetup.machine.model import NOT_RECORDED, Unread
from gpusetup.report.page.model import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.machine.model import Gpu, Machine
    from gpusetup.report.page.model import Result

_TITLES = {
    "system": "System", "kernel": "Kernel", "driver": "Driver", "gpus": "GPUs", "pci": "PCI devices",
    "device_nodes": "Device nodes", "libraries": "Libraries", "distributions": "Python packages",
    "packages": "System packages", "containers": "Containers", "needed": "What libraries are linked with",
    "toolkits": "CUDA toolkits", "frameworks": "Frameworks, as imported", "conda": "Conda packages",
    "udev": "udev rules", "stuck": "Processes that are stuck", "shared_files": "Files with two owners",
}  # fmt: skip
_REST = "Further readings"
_EACH = 3
"""Readings from which on a field has a topic of its own."""


class Line(NamedTuple):
    """One reading: where it stands in the machine, its value, or why there is none."""

    name: str
    value: str
    unread: str = ""


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each machine."""
    for one in results:
        yield _section(one.value, "Readings" if len(results) == 1 else f"Readings: {one.name}")


def _section(machine: Machine, title: str) -> Section:
    topics = _topics(machine)
    lines = [line for some in topics.values() for line in some]
    missing = sum(bool(line.unread) for line in lines)
    said = f"{missing} of them could not be made" if missing else "all of them made"
    return Section(
        id="machine",
        title=title,
        template="machine.html.j2",
        view={"topics": topics, "said": f"{len(lines)} readings, {said}. Read by gpusetup {machine.gpusetup}."},
    )


def _topics(machine: Machine) -> dict[str, list[Line]]:
    """Return title → readings; a field of few readings stands among the rest."""
    found: dict[str, list[Line]] = {}
    rest: list[Line] = []
    for name in ("system", "driver", "gpus", *machine.__struct_fields__):
        if name in found or name in {"version", "gpusetup"}:
            continue
        value = getattr(machine, name)
        lines = list(_of_gpus(value) if name == "gpus" and not isinstance(value, Unread) else _lines(value, ""))
        if name in {"system", "driver", "gpus"} or len(lines) >= _EACH:
            found[name] = [line._replace(name=line.name or name) for line in lines]
        elif all(line.name != name for line in rest):
            rest += [line._replace(name=f"{name} {line.name}".strip()) for line in lines]
    titled = {_TITLES.get(name, name): lines for name, lines in found.items() if lines}
    return titled | ({_REST: rest} if rest else {})


def _of_gpus(gpus: tuple[Gpu, ...]) -> Iterator[Line]:
    """Yield each field once, with the GPUs of each value: what one of them has alone is seen at once."""
    values: dict[str, dict[tuple[str, str], list[str]]] = {}
    for gpu in gpus:
        for line in _lines(gpu, ""):
            values.setdefault(line.name, {}).setdefault((line.value, line.unread), []).append(f"GPU {gpu.index}")
    for name, found in values.items():
        for (value, unread), named in found.items():
            alike = len(found) == 1
            whose = (f" (all {len(gpus)})" if len(gpus) > 1 else "") if alike else f" ({subjects(named)})"
            yield Line(name, f"{value}{whose}", unread)


def _lines(value: Any, name: str) -> Iterator[Line]:
    """Yield the readings below `value`, whose place in its topic is `name`; none for what was not recorded."""
    if isinstance(value, Unread):
        if value != NOT_RECORDED:
            yield Line(name, f"{value.source}: {value.detail}" if value.detail else value.source, value.unread)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _lines(getattr(value, field), f"{name} {field}".strip())
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _lines(one, f"{name} {key}".strip())
    elif isinstance(value, tuple) and any(isinstance(one, msgspec.Struct) for one in value):
        for one in value:
            yield _row(one, name)
    else:
        yield Line(name, _said(value))


def _row(value: Any, name: str) -> Line:
    """Return one entry of a list: named by its first field, with the others that are set."""
    first, *others = value.__struct_fields__
    said = [f"{field} {_said(getattr(value, field))}" for field in others if _is_set(getattr(value, field))]
    return Line(f"{name} {_said(getattr(value, first))}".strip(), ", ".join(said))


def _is_set(value: Any) -> bool:
    return value not in ("", None, (), {}, 0) and value != NOT_RECORDED


def _said(value: Any) -> str:
    if isinstance(value, Unread):
        return f"({value.unread})"
    if isinstance(value, msgspec.Struct):
        return _row(value, "").name
    if isinstance(value, tuple):
        return ", ".join(map(_said, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_said(one)}" for key, one in value.items()) or "none"
    return {None: "not recorded", True: "yes", False: "no", "": "none"}.get(value, str(value))
