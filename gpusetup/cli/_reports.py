"""``--format`` and ``--reports``: a result for CI servers, on standard output or as files beside the text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._deliver import deliver
from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gpusetup.report.formats.outcome import Outcomes

FORMS = ("text", "json", "junit", "github", "markdown", "sarif")
RESULT = "result.json"
FILES = {"junit.xml": "junit", "report.sarif": "sarif", "summary.md": "markdown"}
"""The files of ``--reports`` beside `RESULT`, and their formats."""
RUNNER, SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"
"""Variables of GitHub's runner: whether a job runs on it, and the file whose Markdown the job's page shows."""


class _ReportsFolder(click.ParamType[Any]):
    """A folder for reports, made where it is missing; one that cannot be written is refused before the work."""

    name = "folder"

    def convert(self, value: str | Path, _param: click.Parameter | None, _ctx: click.Context | None) -> Path:
        from pathlib import Path

        from gpusetup.errors import WrongInputError
        from gpusetup.files import require_writable

        folder = Path(value)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
            reason = error.strerror if isinstance(error, OSError) else error
            raise WrongInputError(f"cannot make the folder {folder}: {reason}") from error
        require_writable(folder / RESULT)
        return folder


format_option = click.option(
    "--format", "form", type=click.Choice(FORMS), default="text", show_default=True,
    help="The format of what is printed.",
)  # fmt: skip
REPORTS = _ReportsFolder()
reports_option = click.option(
    "--reports", type=REPORTS, metavar="DIR",
    help="Also write result.json, junit.xml, report.sarif and summary.md in DIR. On GitHub Actions the run is also "
         "annotated and summarised.",
)  # fmt: skip


def show_result(form: str, result: str, found: Outcomes, show: Callable[[], None]) -> None:
    """Print the `result` (JSON) or `found` in the format `form` of a CI server, or `show` it as text."""
    from gpusetup.report.formats import FORMATS

    if form == "text":
        show()
    else:
        deliver(result if form == "json" else FORMATS[form](found), None)


def write_reports(folder: Path | None, result: str, found: Outcomes) -> None:
    """Write the `result` (JSON) and `found` in each format in `folder`, if there is one; tell GitHub's runner as well.

    Raises `WrongInputError` where a file cannot be written.
    """
    if folder is None:
        return
    from gpusetup.files import write
    from gpusetup.report.formats import FORMATS

    write(folder / RESULT, result)
    for name, form in FILES.items():
        write(folder / name, FORMATS[form](found))
    if os.environ.get(RUNNER) == "true":
        # The runner reads both streams, and the other may be JSON. As bytes, since text cannot hold a command.
        sys.stderr.buffer.write(FORMATS["github"](found).encode())
        _summarise(FORMATS["markdown"](found))


def _summarise(text: str) -> None:
    """Append `text` to the page of the job, whose file the steps before may have written to."""
    name = os.environ.get(SUMMARY)
    try:
        if name:
            with open(name, "a", encoding="utf-8") as file:
                file.write(f"{text}\n")
    except OSError as error:
        notify(f"note: cannot write the summary of the job, {name}: {error.strerror}")
