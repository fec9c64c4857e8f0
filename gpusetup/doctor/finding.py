"""`Finding`: one judged symptom."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value

State = Literal["ok", "info", "warning", "error", "unknown", "skipped"]


class Remedy(Value):
    """What fixes it: one sentence, and commands to copy (none when only words help)."""

    text: str
    commands: tuple[str, ...] = ()
    fix: str = ""
    """Its name in the tables of ``remedies/``, from which `gpusetup doctor --fix` makes a step."""
    values: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty default
    """What stands for its placeholders."""


class Finding(Value):
    """What one rule says of one subject.

    ``unknown`` means the rule could not look; it is never healthy. ``skipped`` means another finding (`caused_by`, a
    rule id) already explains whatever this rule would say.
    """

    rule: str
    state: State
    subject: str
    """``GPU 0``, ``driver``, ``torch 2.13.0``, ``this machine``…"""
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None
    caused_by: str = ""
    silenced: str = ""
    """Who skips it for what reason and until when, if a silence does and not a cause."""
    source: str = ""
    """The document or fact the rule rests on."""


Verdict = Literal["healthy", "no-gpu", "silenced", "problems", "unknown"]
"""``problems``: an error or a warning. ``unknown``: a check could not look, or none looked at anything. ``silenced``:
all that was found is covered by silences. ``no-gpu``: nothing is wrong, and there is no NVIDIA GPU. ``healthy``: checks
looked at this machine, and found nothing wrong."""


class Basis(Value):
    """What a verdict rests on, in rules: those that looked, and those that did not."""

    looked: int = 0
    """Looked at something and found it well, or found something."""
    nothing_here: int = 0
    """Had nothing to look at: no PyTorch is installed, for instance."""
    unknown: int = 0
    """Could not look."""
    explained: int = 0
    """Were skipped, since another finding explains what they would say."""
    untried: int = 0
    """Were not asked for (``--deep``)."""
    silenced: int = 0


class Report(Value):
    """All findings over one machine, worst first; `machine` is named by distro, kernel and cards."""

    version: Literal[1] = 1
    gpusetup: str
    machine: str
    frameworks: tuple[str, ...] = ()
    """One line for each framework that was imported (``--deep``): what it sees, loads and computes on."""
    verdict: Verdict = "unknown"
    basis: Basis = Basis()
    findings: tuple[Finding, ...]
