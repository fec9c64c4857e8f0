"""Rules over the kernel's messages: found by a text that the driver's or the kernel's source prints."""

from __future__ import annotations

from collections.abc import Callable

from gpusetup.doctor.rule import Rule, Severity, Verdict, Verdicts, fix, known, rule
from gpusetup.machine.model import Machine

LOG_READABLE = "LOG001"
DRIVER_SOURCE = "github.com/NVIDIA/open-gpu-kernel-modules: kernel-open/nvidia (messages of the driver)"
SHOWN = 3


def lines(machine: Machine, *texts: str) -> list[str]:
    """Return the kernel's messages that hold one of `texts` (capital or small letters), the oldest first."""
    log = known(machine.system.kernel.log)
    small = [text.lower() for text in texts]
    whole = "\n".join(log).lower()  # nearly always nothing is found, and one look at the whole says so
    if not any(text in whole for text in small):
        return []
    return [line for line in log if any(text in line.lower() for text in small)]


def log_rule(
    rule_id: str,
    title: str,
    *,
    worst: Severity,
    says: tuple[str, ...],
    remedy: str,
    after: tuple[str, ...] = (),
    source: str = DRIVER_SOURCE,
) -> Callable[[Callable[[str], str]], Rule]:
    """Make a rule that fires when the kernel's log `says` one of these texts.

    The decorated function turns the newest such line into the finding's summary. An ordinary user often may not read
    the log, so that such a rule is never required.
    """

    def make(describe: Callable[[str], str]) -> Rule:
        def judge(machine: Machine) -> Verdicts:
            found = lines(machine, *says)
            if found:
                more = [f"{len(found)} such messages since the start"] if len(found) > SHOWN else []
                yield Verdict(worst, describe(found[-1]), (*found[-SHOWN:], *more), fix(remedy), "")

        judge.__doc__ = describe.__doc__
        return rule(rule_id, title, worst=worst, source=source, after=("GPU001", LOG_READABLE, *after), required=False)(
            judge
        )

    return make
