"""What CI servers read, made of the outcomes of any command.

Whatever a host or a program says is made neutral first (one line, no control characters) and then escaped as each
format wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gpusetup.report.formats.github import github
from gpusetup.report.formats.junit import junit
from gpusetup.report.formats.markdown import markdown
from gpusetup.report.formats.outcome import Outcomes
from gpusetup.report.formats.sarif import sarif

FORMATS: Mapping[str, Callable[[Outcomes], str]] = {
    "junit": junit,
    "github": github,
    "markdown": markdown,
    "sarif": sarif,
}
