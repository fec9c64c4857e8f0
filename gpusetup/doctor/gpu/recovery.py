"""Recovery actions: what the driver requests before a GPU can be used again, by its number in NVML and in Xid 154."""

from __future__ import annotations

from functools import cache

import msgspec

from gpusetup.doctor.table import read_table


class Action(msgspec.Struct, frozen=True):
    """One recovery action in words, the remedy that does that and no less, and the one where only the log asks for it.

    A milder remedy leaves the GPU refused. One after NVML's answer is done when NVML answers 0; the kernel log keeps
    its line until the next boot.
    """

    requests: str
    remedy: str
    from_log: str


NEWER = Action("an action that this gpusetup does not know", "kernel-log", "kernel-log")


def recovery_action(number: int) -> Action:
    """Return what the driver requests by `number`, which is not 0 (none)."""
    return recovery_actions().get(number, NEWER)


@cache
def recovery_actions() -> dict[int, Action]:
    """Return number → action; 0 is none (``recovery.json``, whose first row has the sources)."""
    return {int(number): one for number, one in read_table("gpu/recovery", dict[str, Action]).items() if number}
