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

    ``unknown`` means the rule cannot check; it is never healthy. ``skipped`` means another finding (`caused_by`, a
    rule id) already explains whatever this rule would say.
    """

    rule: str
    slug: str = ""
    """The rule's id in words, ``msi-disabled``."""
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
"""``problems``: an error or a warning. ``unknown``: a rule cannot check, or none checked anything. ``silenced``: all
that was found is covered by silences. ``no-gpu``: nothing is wrong, and there is no NVIDIA GPU. ``healthy``: rules
checked this machine, and found nothing wrong."""


class Basis(Value):
    """What a verdict rests on, in rules: those that checked something, and those that did not."""

    looked: int = 0
    """Checked something and found it well, or found something."""
    nothing_here: int = 0
    """Have nothing to check: no PyTorch is installed, for instance."""
    unknown: int = 0
    """Cannot check."""
    explained: int = 0
    """Are skipped, since another finding explains what they would report."""
    untried: int = 0
    """Were not asked for (``--deep``)."""
    unrecorded: int = 0
    """Need a reading that the version which saved this machine did not make."""
    silenced: int = 0


class GpuIdentity(Value):
    """Which GPU a finding's subject is; "" for what is not known. Without the driver only the bus tells."""

    subject: str
    """``GPU 0``, or ``PCI 0000:01:00.0`` of a card that NVML does not show."""
    name: str = ""
    uuid: str = ""
    pci: str = ""


class Area(Value):
    """One part of the stack: the worst state in it, and its versions. ``none``: there is nothing of the kind."""

    name: str
    state: Literal["ok", "warning", "error", "unknown", "none"]
    versions: str


class Report(Value):
    """All findings over one machine, worst first; `machine` is named by distro, kernel and cards.

    A rule that found nothing wrong is only counted in `basis`; its findings (``ok``) are among `findings` with
    ``--all`` alone.
    """

    version: Literal[1] = 1
    verdict: Verdict = "unknown"
    at: str = ""
    """When the machine was read, UTC in ISO 8601."""
    host: str = ""
    """The host's name; "" for a saved machine, which has none."""
    gpusetup: str
    machine: str
    gpus: tuple[GpuIdentity, ...] = ()
    areas: tuple[Area, ...] = ()
    frameworks: tuple[str, ...] = ()
    """One line for each framework that was imported (``--deep``): what it sees, loads and computes on."""
    basis: Basis = Basis()
    findings: tuple[Finding, ...]
