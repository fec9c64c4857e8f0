"""Rules over the kernel's messages: found by a text that the driver's or the kernel's source prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gpusetup.doctor.once import once
from gpusetup.doctor.rule import Rule, RuleResult, RuleResults, Severity, fix, known, rule
from gpusetup.machine.model import Machine

LOG_READABLE = "LOG001"
DRIVER_SOURCE = "github.com/NVIDIA/open-gpu-kernel-modules: kernel-open/nvidia (messages of the driver)"
SHOWN = 3
_COLOUR = "\x1b\\[[0-9;]*[A-Za-z]"
_BREAK = r"\\x0a *(?:NVRM: *)?"
"""How /dev/kmsg writes a line break inside a message."""
_explained: list[str] = []


class Message(NamedTuple):
    """One message of the kernel: on one line, without colours; and in small letters."""

    text: str
    small: str


@once
def messages(machine: Machine) -> tuple[Message, ...]:
    """Return the kernel's messages, the oldest first; raises `UnreadError` where they cannot be read."""
    return tuple(Message(line, line.lower()) for line in plain_lines(known(machine.system.kernel.log)))


@once
def _whole(machine: Machine) -> str:
    return "\n".join(one.small for one in messages(machine))


def plain_lines(log: tuple[str, ...]) -> list[str]:
    """Return the lines of `log` without colours and returns, and with those that go on joined to the one before.

    ``dmesg --color=always`` colours, Windows' editors add returns, and the driver breaks its longer messages.
    """
    found: list[str] = []
    for line in map(_plain, log):
        goes_on = line[:1].isspace() and line.lstrip().startswith("NVRM:")
        if goes_on and found:
            found[-1] += line.lstrip().removeprefix("NVRM:")
        else:
            found.append(line)
    return found


def _plain(line: str) -> str:
    if "\x1b" in line:
        line = re.sub(_COLOUR, "", line)
    if "\\x0a" in line:
        line = re.sub(_BREAK, " ", line)
    return line.rstrip()


def lines(machine: Machine, *texts: str) -> list[str]:
    """Return the kernel's messages that hold one of `texts` (capital or small letters), the oldest first."""
    small = [text.lower() for text in texts]
    whole = _whole(machine)  # nearly always nothing is found, and one look at the whole says so
    if not any(text in whole for text in small):
        return []
    return [one.text for one in messages(machine) if any(text in one.small for text in small)]


def explains(*texts: str) -> tuple[str, ...]:
    """Note that a rule explains the messages that hold one of `texts`, and return them."""
    _explained.extend(text.lower() for text in texts)
    return texts


def is_explained(message: Message) -> bool:
    """Say whether a rule speaks of this message."""
    return any(text in message.small for text in _explained)


def log_rule(
    rule_id: str,
    slug: str,
    title: str,
    *,
    worst: Severity,
    says: tuple[str, ...],
    remedy: str,
    after: tuple[str, ...] = (),
    source: str = DRIVER_SOURCE,
    stage: str = "",
    blocks: str = "",
    symptom: bool = False,
    shows_gpu: bool = False,
) -> Callable[[Callable[[str], str]], Rule]:
    """Make a rule that fires when the kernel's log `says` one of these texts.

    The decorated function turns the newest such line into the finding's summary. A message that `shows_gpu` names a GPU
    that the driver met: that the bus has none now is then its consequence, not its cause. An ordinary user often may
    not read the log, so that such a rule is never required.
    """
    explains(*says)

    def make(describe: Callable[[str], str]) -> Rule:
        def judge(machine: Machine) -> RuleResults:
            found = lines(machine, *says)
            if found:
                more = [f"{len(found)} such messages since the start"] if len(found) > SHOWN else []
                yield RuleResult(worst, describe(found[-1]), (*found[-SHOWN:], *more), fix(remedy), "")

        judge.__doc__ = describe.__doc__
        after_all = (*(() if shows_gpu else ("GPU001",)), LOG_READABLE, *after)
        return rule(
            rule_id, slug, title, worst=worst, source=source, after=after_all, required=False, remedies=(remedy,),
            stage=stage, blocks=blocks, symptom=symptom,
        )(judge)  # fmt: skip

    return make
