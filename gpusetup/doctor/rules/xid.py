"""XID: errors that the driver wrote to the kernel log, by the action that NVIDIA recommends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gpusetup.doctor.kernel_log import DRIVER_SOURCE, LOG_READABLE, lines
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import RuleResult, RuleResults, error, fix, info, rule, warning
from gpusetup.doctor.table import read_table
from gpusetup.machine.model import Machine

STORM = 3
GSP = {"119", "120"}
CATALOGUE = "https://docs.nvidia.com/deploy/xid-errors/ (Xid catalogue)"
AFTER = ("GPU001", LOG_READABLE)
XID = r"(?i)NVRM: Xid \((?:PCI:)?([0-9a-f:.]++)[^()]*+\): (\d+)"
"""Of a slice the driver adds its numbers: ``(PCI:0000:01:00 GPU-I:05 GPU-CI:00)``."""
MANY = 5
RECOVERY = "154"
_ACTION = r"(?i)recovery action changed from \w{1,20}(?: \([^()]{0,80}\))? to (0x[0-9a-f]{1,8}) \(([^()]{0,80})\)"


@rule(
    "XID010",
    "gsp-rpc-timeouts",
    "Xid: repeated GSP RPC timeouts",
    worst="error",
    stage="firmware",
    blocks="firmware",
    after=("GPU001", LOG_READABLE),
    required=False,
    source=f"{CATALOGUE}; {DRIVER_SOURCE}",
    remedies=("newer-driver",),
)
def gsp_storm(machine: Machine) -> RuleResults:
    """Xid 119 or 120 came several times: the GPU's own processor (GSP) no longer answers, and each call waits for it. A
    reset may help for a while, a newer driver mostly for good.
    """
    for (address, number), said in events(machine).items():
        if number in GSP and len(said) >= STORM:
            yield error(
                f"Xid {number} came {len(said)} times",
                said[0],
                said[-1],
                fix=fix("newer-driver"),
                subject=f"PCI {address}",
            )


@cache
def table() -> dict[str, dict[str, str]]:
    """Return group → Xid → what it says, in words; read only when the log has one."""
    return read_table("xid", dict[str, dict[str, str]])


@once
def events(machine: Machine) -> dict[tuple[str, str], list[str]]:
    """Return the Xid messages of the kernel's log by GPU and number."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines(machine, "xid"):
        if said := re.search(XID, line):
            found.setdefault((said[1], said[2]), []).append(line)
    return found


def of_group(machine: Machine, group: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield address, summary and evidence for every GPU and Xid of a group."""
    for (address, number), said in events(machine).items():
        if number in table()[group] and not (number == RECOVERY and _action(said[-1])):
            yield address, f"Xid {number}: {table()[group][number]}", (said[-1], f"{len(said)} times since the start")


def verdicts(machine: Machine, group: str, remedy: str) -> Iterator[RuleResult]:
    """Yield an error for every GPU and Xid of a group."""
    for address, summary, evidence in of_group(machine, group):
        yield error(summary, *evidence, fix=fix(remedy), subject=f"PCI {address}")


@rule(
    "XID001",
    "xid-off-the-bus",
    "Xid: GPU has fallen off the bus",
    worst="error",
    blocks="firmware",
    after=(LOG_READABLE, "GPU003"),
    required=False,
    source=CATALOGUE,
    remedies=("power-cycle",),
)
def lost(machine: Machine) -> RuleResults:
    """Xid 79: the driver could not reach the GPU over PCIe any more; power, heat, the slot or the card itself."""
    yield from verdicts(machine, "lost", "power-cycle")


@rule(
    "XID002",
    "xid-reset",
    "Xid: an error that requires a GPU reset",
    worst="error",
    blocks="firmware",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("reset-some-gpu",),
)
def reset(machine: Machine) -> RuleResults:
    """NVIDIA's catalogue asks to reset the GPU after this Xid; until then its results are not to be trusted."""
    yield from verdicts(machine, "reset", "reset-some-gpu")


@rule(
    "XID003",
    "xid-memory",
    "Xid: uncorrectable GPU memory error",
    worst="error",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("watch-memory",),
)
def memory(machine: Machine) -> RuleResults:
    """ECC found an error that it could not mend: the program that met it ended, and the GPU wants a reset.

    When it comes again after the reset, the card is failing.
    """
    yield from verdicts(machine, "memory", "watch-memory")


@rule(
    "XID004",
    "xid-nvlink",
    "Xid: NVLink error",
    worst="error",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("nvlink",),
)
def nvlink(machine: Machine) -> RuleResults:
    """A connection between GPUs failed: the link itself, the GPU at its other end, or an NVSwitch."""
    yield from verdicts(machine, "nvlink", "nvlink")


@rule(
    "XID005",
    "xid-power",
    "Xid: GPU lacks auxiliary power",
    worst="error",
    blocks="firmware",
    after=(*AFTER, "LOG003"),
    required=False,
    source=CATALOGUE,
    remedies=("power-supply",),
)
def power(machine: Machine) -> RuleResults:
    """Xid 54: the card's power cable is not connected, or not well."""
    yield from verdicts(machine, "power", "power-supply")


@rule(
    "XID006",
    "xid-driver",
    "Xid: driver or GSP software error",
    worst="error",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("newer-driver",),
)
def software(machine: Machine) -> RuleResults:
    """An Xid that NVIDIA's catalogue answers with an update of the software or a restart of the virtual machine."""
    yield from verdicts(machine, "software", "newer-driver")


@rule(
    "XID007",
    "xid-application",
    "Xid: errors caused by applications",
    worst="warning",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("check-program",),
)
def programs(machine: Machine) -> RuleResults:
    """A program did something illegal and was ended; the GPU stays well. Mostly it is a fault in the program.

    Many of them from several programs on one GPU can still point to the card.
    """
    for address, summary, evidence in of_group(machine, "program"):
        times = int(evidence[-1].split()[0])
        say = warning if times >= MANY else info
        yield say(summary, *evidence, fix=fix("check-program"), subject=f"PCI {address}")


@rule(
    "XID008",
    "xid-informational",
    "Xid: informational events",
    worst="info",
    after=AFTER,
    required=False,
    source=CATALOGUE,
)
def notes(machine: Machine) -> RuleResults:
    """An Xid that needs nothing to be done, or that belongs to another one."""
    for address, summary, evidence in of_group(machine, "note"):
        yield info(summary, *evidence, subject=f"PCI {address}")


@rule(
    "XID009",
    "xid-unlisted",
    "Xid: a code that no catalogue lists",
    worst="warning",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("kernel-log",),
)
def unexplained(machine: Machine) -> RuleResults:
    """An Xid that NVIDIA's catalogue does not explain. Of some the driver's source tells at least the name (nverror.h),
    of the others nothing is known: newer than our table, or never documented.
    """
    explained = {number for group in table().values() for number in group} if events(machine) else set()
    for (address, number), said in events(machine).items():
        named = table()["named"].get(number)
        if named or number not in explained:
            what = f"Xid {number}: {named}, and no more is documented" if named else f"Xid {number} is in no table"
            yield warning(what, said[-1], fix=fix("kernel-log"), subject=f"PCI {address}")


@rule(
    "XID011",
    "xid-recovery-action",
    "Xid 154: the GPU's recovery action changed",
    worst="error",
    after=(*AFTER, "REC001"),
    required=False,
    source=f"{CATALOGUE}; nvml.h, nvmlDeviceGpuRecoveryAction_t",
    remedies=(
        "drain-gpu",
        "reset-some-gpu",
        "restart-machine",
    ),
)
def recovery(machine: Machine) -> RuleResults:
    """Xid 154 says to what the recovery action of a GPU has changed: nothing, a reset, a restart of the machine, or
    that its work is to be drained first. The newest of these messages counts.
    """
    for (address, number), said in events(machine).items():
        action = _action(said[-1]) if number == RECOVERY else ""
        if action:
            restart, drain = "reboot" in action.lower(), "drain" in action.lower()
            remedy = "restart-machine" if restart else "drain-gpu" if drain else "reset-some-gpu"
            asked = "the machine to be restarted" if restart else "its work to be drained" if drain else "a reset of it"
            yield error(
                f"the driver asks for {asked} (recovery action: {action})",
                said[-1],
                fix=fix(remedy),
                subject=f"PCI {address}",
            )


def _action(line: str) -> str:
    """Return what the driver asks for in an Xid 154, "" for nothing."""
    said = re.search(_ACTION, line)
    return said[2] if said and int(said[1], 16) else ""
