"""From files to the page, and the page to a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpusetup.report.page.model import Result, Section

_TITLE = "gpusetup report"


class Built(NamedTuple):
    """The page, and the sections that it is made of."""

    html: str
    sections: tuple[Section, ...]
    kept: bool
    """Whether there are plans, locks or matrices, which are shown as they were saved."""


def build(paths: Sequence[Path], *, redact: bool) -> Built:
    """Return the page of the results in `paths`, or of this machine; raises `WrongInputError` for what is no result."""
    from datetime import UTC, datetime

    from gpusetup import __version__
    from gpusetup.report.page.assemble import About, page
    from gpusetup.report.page.compared import compared
    from gpusetup.report.page.diagnosed import diagnosed
    from gpusetup.report.page.read import read_results
    from gpusetup.report.page.sections import sections

    read = read_results(paths) if paths else [_here()]
    whole = list(compared(read))  # with the names: what has one stand-in each time is not the same each time
    clean = [_without_names(one) for one in whole] if redact else whole
    results = list(diagnosed(clean))
    parts = tuple(sections(results))
    about = About(
        title=_title(results, parts),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        gpusetup=__version__,
        redacted=redact,
        kept=any(raw.value is one.value for raw, one in zip(whole, clean, strict=True)),
        sources=tuple(dict.fromkeys(path.name for path in paths)),
    )
    return Built(page(parts, about), parts, about.kept)


def draw(parts: Sequence[Section], folder: Path, form: Literal["svg", "png"]) -> None:
    """Write every chart into `folder` as a file of its own, and report how many."""
    from gpusetup.report.page.figures import written

    paths = written(folder, parts, form)
    notify(f"saved {len(paths)} figure{'' if len(paths) == 1 else 's'} in {folder}")


def open_page(path: Path) -> None:
    """Open the page in a browser; a note on stderr says so where there is none."""
    import webbrowser

    address = path.resolve().as_uri()
    if not webbrowser.open(address):
        notify(f"note: no browser was found; open {address} in one")


def _here() -> Result:
    from gpusetup.cli._reading import HERE, read_machine
    from gpusetup.report.page.model import Result

    return Result("this machine", read_machine(None, HERE, 10.0))


def _title(results: Sequence[Result], parts: Sequence[Section]) -> str:
    """Return the machine's name where the page is about one, the title of what is alone, or a name for them all."""
    from gpusetup.doctor.finding import Report
    from gpusetup.fleet.model import Fleet

    if len(results) == 1 and isinstance(results[0].value, Fleet):
        return f"Fleet of {len(results[0].value.hosts):,} hosts"
    names = dict.fromkeys(one.value.machine for one in results if isinstance(one.value, Report))
    if len(names) == 1:
        return next(iter(names))
    return parts[0].title if len(results) == 1 and parts else _TITLE


def _without_names(one: Result) -> Result:
    """Return a result without names; plans, locks and matrices as they are, which the page says."""
    from gpusetup.cli._redaction import (
        fleet_without_names,
        machine_without_names,
        path_without_names,
        result_without_names,
        without_names,
    )
    from gpusetup.doctor.finding import Report
    from gpusetup.evidence.model import Comparison
    from gpusetup.fleet.model import Fleet
    from gpusetup.machine.model import Machine
    from gpusetup.repro.model import Repro
    from gpusetup.selftest.proof import Proof

    one = one._replace(name=path_without_names(one.name))  # titles have it where there are several
    if isinstance(one.value, Machine):
        return one._replace(value=machine_without_names(one.value))
    if isinstance(one.value, Fleet):
        return one._replace(value=fleet_without_names(one.value))
    if isinstance(one.value, Proof | Comparison | Repro):
        return one._replace(value=result_without_names(one.value))
    return one._replace(value=without_names(one.value)) if isinstance(one.value, Report) else one
