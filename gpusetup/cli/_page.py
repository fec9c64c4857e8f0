"""From files to the page, and the page to a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpusetup.report.page.model import Result


def build(paths: Sequence[Path], *, redact: bool) -> str:
    """Return the page of the results in `paths`; raises `WrongInputError` for what is none."""
    from datetime import UTC, datetime

    from gpusetup import __version__
    from gpusetup.report.page.assemble import About, page
    from gpusetup.report.page.diagnosed import diagnosed
    from gpusetup.report.page.read import read_results
    from gpusetup.report.page.sections import sections

    read = read_results(paths)
    results = list(diagnosed(list(map(_without_names, read)) if redact else read))
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    sources = tuple(path.name for path in paths)
    return page(sections(results), About(_title(results), now, __version__, redact, sources))


def open_page(path: Path) -> None:
    """Open the page in a browser, or report that there is none."""
    import webbrowser

    from gpusetup.files import STDIO

    if str(path) == STDIO:
        notify("note: --open needs a file: give --output FILE")
    elif not webbrowser.open(path.resolve().as_uri()):
        notify(f"note: no browser was found; open {path} yourself")


def _title(results: Sequence[Result]) -> str:
    from gpusetup.doctor.finding import Report

    return next((one.value.machine for one in results if isinstance(one.value, Report)), "gpusetup report")


def _without_names(one: Result) -> Result:
    from gpusetup.cli._redaction import machine_without_names, without_names
    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine

    if isinstance(one.value, Machine):
        return one._replace(value=machine_without_names(one.value))
    return one._replace(value=without_names(one.value)) if isinstance(one.value, Report) else one
