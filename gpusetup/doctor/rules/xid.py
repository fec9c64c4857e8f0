"""XID: errors that the driver wrote to the kernel log, by the action that NVIDIA recommends."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu.recovery import recovery_action
from gpusetup.doctor.kernel.kernel_log import DRIVER_SOURCE, LOG_READABLE
from gpusetup.doctor.messages.architectures import is_older
from gpusetup.doctor.messages.chain import card
from gpusetup.doctor.messages.said import heard
from gpusetup.doctor.messages.xids import (
    FAILS,
    NVLINK5,
    RECOVERY,
    Xid,
    action,
    asked,
    events,
    link_action,
    link_words,
    previous,
    reporter,
    table,
)
from gpusetup.doctor.rule import RuleResult, RuleResults, error, fix, info, rule, warning
from gpusetup.machine.model import Machine

STORM = 3
"""A GSP that times out this often does not recover by itself: each later call waits for it again."""
GSP = {"119", "120"}
CATALOGUE = "https://docs.nvidia.com/deploy/xid-errors/ (Xid catalogue)"
AFTER = ("GPU001", LOG_READABLE, "DRV103")
"""A module that cannot drive the card is behind whatever that card reports under it (Xid 169 of a GB10)."""
MANY = 5
"""So many application Xids on one GPU are worth a look at the GPU as well (NVIDIA's Xid guide: may be hardware)."""
DRAIN_AND_RESET = "drain-some-and-reset"
ASKED = ("drain-gpu", "drain-some-and-reset", "kernel-log", "recover-some-imex", "reset-some-gpu", "restart-machine")
"""The remedies of the recovery actions where only the log asks for them."""


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
    """Xid 119 or 120 came several times: the GSP no longer answers, and each call waits for it. A reset may help for a
    while, a newer driver mostly for good.
    """
    for (address, number), said in events(machine).items():
        if number in GSP and len(said) >= STORM:
            summary = f"Xid {number} came {len(said)} times: the GSP does not answer"
            yield error(summary, said[0], said[-1], fix=fix("newer-driver"), subject=card(address))


def of_group(machine: Machine, group: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield address, summary and evidence for every GPU and Xid of a group."""
    for (address, number), said in events(machine).items():
        row = table().get(number)
        # the newest message decides: a number can come contained first and uncontained later
        if row and _group(row, said) == group and not _elsewhere(number, said):
            means = row.older if row.older and is_older(machine, address) else row.means
            yield address, f"Xid {number}: {means}", (said[-1], times(said))


def times(said: list[str]) -> str:
    """Return how often a message came."""
    return f"{len(said)} {'message' if len(said) == 1 else 'messages'} since boot"


def _group(row: Xid, said: list[str]) -> str:
    """Return the group of these messages: a contained error (94) that asks for a reset is no mere program's.

    The driver ends its memory errors with ``RST: Yes`` and ``D-RST: Yes`` where the GPU is to be reset, at once or
    after its work was drained (src/nvidia/src/kernel/gpu/arch/ampere/kern_gpu_error_cont_ga100.c).
    """
    return "reset" if row.group == "program" and any("RST: Yes" in line for line in said) else row.group


def _elsewhere(number: str, said: list[str]) -> bool:
    """Say whether another rule speaks of these messages."""
    if number == RECOVERY:
        return action(said[-1])[0] > 0
    return number in NVLINK5 and all(link_action(line) in {"none", "154"} for line in said)


def verdicts(machine: Machine, group: str, remedy: str) -> Iterator[RuleResult]:
    """Yield an error for every GPU and Xid of a group, with the action that the driver itself named afterwards."""
    for address, summary, evidence in of_group(machine, group):
        code, _, line = asked(machine, address)
        named = recovery_action(code) if code else None
        more = (line, f"the driver requests {named.requests}") if named else ()
        # D-RST: drain the work, then reset (kern_gpu_error_cont_ga100.c); what Xid 154 names goes before it
        number = summary.split()[1].rstrip(":")
        plain = "reset-gsp" if number in GSP else remedy
        does = named.from_log if named else DRAIN_AND_RESET if "D-RST: Yes" in evidence[0] else plain
        cause = heard(machine).xid_causes.get((address, number), "")
        yield error(summary, *evidence, *more, fix=fix(does), subject=card(address), caused_by=cause)


@rule(
    "XID001",
    "xid-off-the-bus",
    "Xid: GPU has fallen off the bus",
    worst="error",
    blocks="firmware",
    after=(LOG_READABLE, "GPU003"),
    required=False,
    source=CATALOGUE,
    remedies=("power-cycle", *ASKED),
)
def lost(machine: Machine) -> RuleResults:
    """Xid 79: the driver could not reach the GPU over PCIe any more; power, heat, the slot or the card itself.

    Where the kernel could not wake the card from D3cold before, that is the cause (LOG207).
    """
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
    remedies=("reset-gsp", *ASKED),
)
def reset(machine: Machine) -> RuleResults:
    """NVIDIA's catalogue asks to reset the GPU after this Xid; until then its results are not to be trusted. Where an
    Xid 154 names another action, that one counts. A GSP that did not answer (119, 120) is as often its firmware's
    fault as the card's, and that comes with the driver.
    """
    yield from verdicts(machine, "reset", "reset-some-gpu")


@rule(
    "XID003",
    "xid-memory",
    "Xid: uncorrectable GPU memory error",
    worst="error",
    after=AFTER,
    required=False,
    source=CATALOGUE,
    remedies=("watch-memory", *ASKED),
)
def memory(machine: Machine) -> RuleResults:
    """ECC found an error that it could not correct: the program that met it ended, and the GPU needs a reset.

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
    remedies=("nvlink", *ASKED),
)
def nvlink(machine: Machine) -> RuleResults:
    """A connection between GPUs failed: the link itself, the GPU at its other end, or an NVSwitch. Of Xids 144 to 150
    the unit and the error status decide what is to be done (NVIDIA's table for NVLink 5).
    """
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
    remedies=("power-supply", *ASKED),
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
    remedies=("newer-driver", *ASKED),
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
    """A program did something illegal and was ended; the GPU stays healthy. Mostly it is a fault in the program.

    Many of them from several programs on one GPU can still point to the card. Work that was removed after an earlier
    Xid (45) is that one's consequence.
    """
    for address, summary, evidence in of_group(machine, "program"):
        # the count that `times` writes
        say = warning if int(evidence[-1].split()[0]) >= MANY else info
        cause = reporter(previous(evidence[0]))
        yield say(summary, *evidence, fix=fix("check-program"), subject=card(address), caused_by=cause)


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
    """An Xid that requires no action, or that belongs to another one: among them NVLink 5 errors (144 to 150) whose
    unit and status NVIDIA's table answers with nothing, or with what an Xid 154 names.
    """
    for address, summary, evidence in of_group(machine, "note"):
        yield info(summary, *evidence, subject=card(address))
    for (address, number), said in events(machine).items():
        if number in NVLINK5 and number in table() and _elsewhere(number, said):
            what = f"Xid {number}: {table()[number].means}, no action by itself ({link_words(said[-1])})"
            yield info(what, said[-1], times(said), subject=card(address))


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
    """An Xid that NVIDIA's catalogues do not explain. The driver's source names some of them (nverror.h); of the others
    nothing is known: newer than the table, or never documented.
    """
    for (address, number), said in events(machine).items():
        row = table().get(number)
        if row is None or row.group == "named":
            what = f"{row.means}, and no more is documented" if row else "not in NVIDIA's catalogues"
            yield warning(f"Xid {number}: {what}", said[-1], fix=fix("kernel-log"), subject=card(address))


@rule(
    "XID011",
    "xid-recovery-action",
    "Xid 154: the GPU's recovery action changed",
    worst="error",
    after=(*AFTER, "REC001"),
    required=False,
    source=f"{CATALOGUE}; nvml.h, nvmlDeviceGpuRecoveryAction_t",
    remedies=ASKED,
)
def recovery(machine: Machine) -> RuleResults:
    """Xid 154 says to which recovery action of a GPU the driver changed: none, a reset, a reboot, its work to be
    drained, its IMEX domain to be recovered. The newest of these messages counts; after an Xid that explains it, the
    action is told with that one.
    """
    for (address, number), said in events(machine).items():
        code, name = action(said[-1]) if number == RECOVERY else (0, "")
        # code 0 is "none": the GPU has recovered, and says so by the same Xid
        if code:
            one = recovery_action(code)
            what = f"the driver requests {one.requests} (recovery action: {name})"
            cause = _failed_before(machine, address)
            yield error(what, said[-1], fix=fix(one.from_log), subject=card(address), caused_by=cause)


def _failed_before(machine: Machine, address: str) -> str:
    """Return the rule of an Xid after which this GPU does not work, "" for none: an Xid 154 follows from it."""
    groups = (table()[one].group for gpu, one in events(machine) if gpu == address and one in table())
    return next((FAILS[group] for group in groups if group in FAILS), "")


@rule(
    "XID012",
    "xid-older-catalogue",
    "Xid: a code that only the catalogue for older GPUs explains",
    worst="warning",
    after=AFTER,
    required=False,
    source="https://docs.nvidia.com/deploy/xid-errors/ (Xid catalogue for Volta and older GPUs)",
    remedies=("newer-driver",),
)
def older(machine: Machine) -> RuleResults:
    """The catalogue for Volta and older GPUs explains this Xid, the one for newer GPUs calls it unused: mostly errors
    of the display engine, the video processor or an internal micro-controller (PMU), often faults of the driver.
    """
    for address, summary, evidence in of_group(machine, "older"):
        yield warning(summary, *evidence, fix=fix("newer-driver"), subject=card(address))
