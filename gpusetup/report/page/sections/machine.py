"""The machine: every reading by topic, with the reason of each that could not be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gpusetup.machine.model import Unread
from gpusetup.report.page.model import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.machine.model import Machine
    from gpusetup.report.page.model import Result


class Line(NamedTuple):
    """One reading: where it stands in the machine, its value, or why there is none."""

    name: str
    value: str
    unread: str = ""


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each machine."""
    for one in results:
        yield _section(one.value)


def _section(machine: Machine) -> Section:
    topics = {name: list(_lines(getattr(machine, name), "")) for name in machine.__struct_fields__}
    missing = sum(bool(line.unread) for lines in topics.values() for line in lines)
    total = sum(map(len, topics.values()))
    return Section(
        id="machine",
        title="Readings",
        template="machine.html.j2",
        view={"topics": topics, "missing": missing},
        answer=f"{total} readings, {missing} of them could not be made",
    )


def _lines(value: Any, name: str) -> Iterator[Line]:
    """Yield the readings below `value`, whose place in its topic is `name`."""
    if isinstance(value, Unread):
        said = f"{value.source}: {value.detail}" if value.detail else value.source
        yield Line(name, said, value.unread)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _lines(getattr(value, field), f"{name}.{field}" if name else field)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _lines(one, f"{name}.{key}" if name else str(key))
    elif isinstance(value, tuple) and any(isinstance(one, msgspec.Struct | tuple) for one in value):
        for number, one in enumerate(value):
            yield from _lines(one, f"{name}[{number}]")
    else:
        yield Line(name, _said(value))


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return {None: "not recorded", True: "yes", False: "no", "": "empty"}.get(value, str(value))
