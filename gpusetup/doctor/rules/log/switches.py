"""LOG014: what an NVSwitch reported without saying how severe it is; ``rules/sxi.py`` has the others."""

from __future__ import annotations

from gpusetup.doctor.kernel.kernel_log import LOG_READABLE
from gpusetup.doctor.messages.sxids import SOURCE, count, sxid_words, sxids
from gpusetup.doctor.rule import RuleResults, error, fix, rule
from gpusetup.machine.model import Machine

AFTER = ("GPU001", LOG_READABLE)


@rule(
    "LOG014",
    "nvswitch-sxid",
    "SXid: NVSwitch error without a severity",
    worst="error",
    after=(*AFTER, "SXI001"),
    required=False,
    source=SOURCE,
    remedies=("fabric-log",),
)
def unsaid(machine: Machine) -> RuleResults:
    """An NVSwitch reported an error (SXid) whose message does not say how severe it is: thermal events, a switch that
    does not answer (privileged access, I/O), its firmware, or a cable's module.
    """
    for switch, number, severity, some in sxids(machine):
        if not severity:
            yield error(sxid_words(number, severity), some[-1], count(some), fix=fix("fabric-log"), subject=switch)
