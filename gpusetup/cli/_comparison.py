"""Show a comparison as text, JSON or in a format of CI servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.cli._reports import show_result, write_reports

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.evidence.model import Comparison


def comparison_kind() -> type[Comparison]:
    """Return the value that is printed as JSON."""
    from gpusetup.evidence.model import Comparison  # --help needs no values

    return Comparison


def show_comparison(found: Comparison, program: str, form: str, reports: Path | None, *, bits: bool) -> None:
    """Print `found` in the format `form`, and write the reports of `program` in `reports` if that is given."""
    from gpusetup.report.comparison import show  # --help needs none of it
    from gpusetup.report.comparison_formats import outcomes
    from gpusetup.value import to_json

    text, told = to_json(found), outcomes(found, program, bits=bits)
    show_result(form, text, told, lambda: show(found))
    write_reports(reports, text, told)
