"""SXI: errors that an NVSwitch's driver wrote to the kernel log (SXid)."""

from __future__ import annotations

from gpusetup.doctor.kernel.kernel_log import LOG_READABLE
from gpusetup.doctor.messages.status import words
from gpusetup.doctor.messages.sxids import SOURCE, count, sxid_words, sxids
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule
from gpusetup.machine.model import Machine

AFTER = ("GPU001", LOG_READABLE)


@rule(
    "SXI001",
    "sxid-fatal",
    "SXid: fatal NVSwitch error",
    worst="error",
    after=AFTER,
    required=False,
    source=SOURCE,
    remedies=("fabric-log", "restart-machine"),
)
def fatal(machine: Machine) -> RuleResults:
    """An NVSwitch reported a fatal error: jobs that use this link, or the whole fabric, end (on the GPUs as Xid 74 or
    145). Some of them need the host restarted, or all GPUs and NVSwitches reset together.
    """
    for switch, number, severity, some in sxids(machine):
        if severity == "fatal":
            whole = number in words("switch fabric")
            more = ("fatal to the whole fabric: the host has to be restarted",) if whole else ()
            remedy = fix("restart-machine" if whole else "fabric-log")
            yield error(sxid_words(number, severity), some[-1], *more, count(some), fix=remedy, subject=switch)


@rule(
    "SXI002",
    "sxid-non-fatal",
    "SXid: non-fatal NVSwitch error",
    worst="info",
    after=AFTER,
    required=False,
    source=SOURCE,
    remedies=("fabric-log",),
)
def non_fatal(machine: Machine) -> RuleResults:
    """An NVSwitch reported an error that it corrected or survived. NVIDIA asks for nothing; many of them on one link
    can announce that it fails.
    """
    for switch, number, severity, some in sxids(machine):
        # what has no severity in its text is LOG014's
        if severity in {"non-fatal", "correctable"}:
            yield info(sxid_words(number, severity), some[-1], count(some), fix=fix("fabric-log"), subject=switch)
