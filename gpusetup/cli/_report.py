"""Show the doctor's report, or write it to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.cli._deliver import deliver
from gpusetup.cli._reading import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.doctor.finding import Report


def prepare(form: str) -> None:
    """Load what shows a report in the format `form`: that can be done while the machine is being read."""
    if form == "text":
        import textwrap  # noqa: F401

        from gpusetup.report import doctor  # noqa: F401


def show(
    report: Report, form: str, *, redact: bool, sysroot: str = HERE, everything: bool = False,
    output: Path | None = None,
) -> None:  # fmt: skip
    """Print `report` in the format `form`, or write it to `output`; with `everything` also what passed."""
    if redact or form == "markdown":
        from gpusetup.cli._redaction import without_names

        report = without_names(report, sysroot)
    if form == "text" and output is None:
        from gpusetup.report import doctor as text

        text.show(report, everything=everything)
    else:
        deliver(_document(report, form, everything=everything), output)


def _document(report: Report, form: str, *, everything: bool) -> str:
    """Return `report` as a document in the format `form`."""
    if form == "text":
        from gpusetup.report import doctor as text

        return text.written(report, everything=everything)
    if form == "json":
        from gpusetup.doctor.diagnosis import without_healthy
        from gpusetup.value import to_json

        return to_json(report if everything else without_healthy(report))
    from gpusetup.report.doctor_formats import FORMATS

    return FORMATS[form](report)
