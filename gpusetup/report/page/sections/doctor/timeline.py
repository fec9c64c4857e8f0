"""What the kernel log says of the GPUs, over time: which messages are behind a finding, and which are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.doctor.kernel.kernel_log import plain_lines
from gpusetup.machine.model import Unread
from gpusetup.report.page.model import Chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine

_KINDS = (
    ("Xid", ("nvrm: xid", "sxid")),
    ("PCIe", ("aer:", "pcieport", "pcie bus error", "bar ")),
    ("nouveau", ("nouveau",)),
    ("Driver", ("nvrm", "nvidia")),
)
"""What a message is about: the first kind that has one of its words."""
_OTHER, NO_FINDING = "Other", "no finding"
LONGEST = 240
"""Letters of a message that the chart shows; the list below it has all."""


class Message(NamedTuple):
    """One message: seconds since boot, None where the log has no times; the rule behind which it is, "" for none."""

    seconds: float | None
    about: str
    rule: str
    text: str


def messages(machine: Machine | None, report: Report) -> list[Message]:
    """Return what the kernel log says of the GPUs, the oldest first."""
    log = machine.system.kernel.log if machine is not None else ()
    evidence = [(one.caused_by or one.rule, line) for one in report.findings for line in one.evidence]
    return [] if isinstance(log, Unread) else [_message(line, evidence) for line in plain_lines(log)]


def timeline(found: Sequence[Message]) -> Chart | None:
    """Return the messages as a chart, None where none with a time is behind a finding: there is nothing to look at."""
    timed = [one for one in found if one.seconds is not None]
    behind = sum(bool(one.rule) for one in timed)
    if not behind:
        return None
    return Chart(
        spec="timeline",
        title="Messages over time",
        said=f"{len(timed)} {'message' if len(timed) == 1 else 'messages'} about GPUs, {behind} behind a finding.",
        data={"messages": [_row(one) for one in timed]},
        table=False,
    )


def _row(one: Message) -> dict[str, str | float | None]:
    part = f"behind {one.rule}" if one.rule else NO_FINDING
    text = one.text if len(one.text) <= LONGEST else f"{one.text[:LONGEST]}…"
    return {"seconds": one.seconds, "about": one.about, "finding": part, "message": text}


def _message(line: str, evidence: Sequence[tuple[str, str]]) -> Message:
    time, closed, text = line.removeprefix("[").partition("] ")
    seconds = _seconds(time) if closed else None
    said = line if seconds is None else text
    rule = next((rule for rule, known in evidence if said and said in known), "")
    return Message(seconds, _kind(said), rule, said)


def _kind(text: str) -> str:
    small = text.lower()
    return next((kind for kind, words in _KINDS if any(word in small for word in words)), _OTHER)


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
