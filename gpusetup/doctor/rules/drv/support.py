"""DRV1…: does this driver branch serve these cards, and for how long yet."""

from __future__ import annotations

from datetime import date

from gpusetup.doctor.gpu.cards import DRIVEN, branch_rows, cards_to_drive, cite, driver_branch
from gpusetup.doctor.rule import RuleResults, either, error, fix, info, listed, rule, there, unlisted, warning
from gpusetup.facts import facts
from gpusetup.facts.find import arch_of
from gpusetup.machine.model import Machine
from gpusetup.versions import capability, driver

OPEN_LICENSE = "Dual MIT/GPL"
GRACE = 365
"""Days; Debian's and Ubuntu's point releases of a year bring the next branch."""
AFTER_THEM = "it is newer than the newest in the tables, which all outlive the day they were read"


@rule(
    "DRV101",
    "branch-dropped-gpu",
    "The driver branch no longer supports this GPU (legacy)",
    worst="error",
    stage="kernel module",
    blocks="kernel module",
    after=("GPU001", "DRV003"),
    source="facts: branch, arch, gpu",
    remedies=("older-branch",),
)
def too_old_card(machine: Machine) -> RuleResults:
    """Each driver branch drops old architectures: 580 is the last for Maxwell, Pascal and Volta, 470 for Kepler.

    With a newer branch the module loads, says in the kernel log that it ignores the legacy GPU, and NVML shows nothing.
    """
    name = driver_branch(machine)
    if name is None:
        return
    for card in cards_to_drive(machine):
        what = f"driver branch {name}"
        # a card that NVML shows is driven, which no table can deny; only for the others must the branch be known
        branch = unlisted(branch_rows(name), what, DRIVEN) if card.driven else listed(branch_rows(name), what)
        if branch and capability(card.capability) < capability(branch.cc_min):
            arch = arch_of(facts(), card.capability)
            last = arch.last_driver_branch if arch else ""
            yield error(
                f"driver branch {branch.branch} does not drive the {card.name}",
                f"compute capability {card.capability} ({card.known_by})",
                cite(branch, f"branch {branch.branch} drives {branch.cc_min} and newer"),
                *([cite(arch, f"the last branch for {arch.arch} is {last}")] if arch and last else []),
                fix=fix("older-branch", branch=last or "an older one"),
                subject=card.subject,
            )


@rule(
    "DRV102",
    "branch-end-of-life",
    "The driver branch has reached end of life",
    worst="warning",
    stage="upkeep",
    after=("GPU001", "DRV003"),
    source="facts: branch",
    remedies=("newer-driver",),
)
def end_of_life(machine: Machine) -> RuleResults:
    """NVIDIA no longer repairs this driver branch, so its security holes stay and new kernels may not build it.

    The day of the reading counts, so that a saved machine is judged as of then. In the first year after its end it is a
    note: stable distributions and clouds change the branch at their next release.
    """
    name = driver_branch(machine)
    if name is None:
        return
    # a branch that came out after the tables were read cannot have ended before
    newest = all(driver(name) > driver(row.branch) for row in facts().branch)
    what, today = f"driver branch {name}", date.fromisoformat(machine.read_at[:10])
    branch = unlisted(branch_rows(name), what, AFTER_THEM) if newest else listed(branch_rows(name), what)
    if branch and branch.eol and branch.eol < today:
        newer = _newer(machine, name, today)
        say = warning if (today - branch.eol).days > GRACE else info
        yield say(
            f"driver branch {branch.branch} has had no updates since {branch.eol}",
            cite(branch, f"end of life {branch.eol}"),
            f"branches that are kept up longer: {', '.join(newer) or 'none that drives these cards'}",
            fix=fix("newer-driver") if newer else None,
        )


def _newer(machine: Machine, name: str, today: date) -> list[str]:
    """Return the branches after `name` that still get updates and drive every card whose capability NVML reports."""
    named = [either(gpu.compute_capability) for gpu in either(machine.gpus) or ()]
    least = [capability(one) for one in named if one]
    return [
        row.branch
        for row in sorted(facts().branch, key=lambda row: driver(row.branch))
        if driver(row.branch) > driver(name)
        and row.eol
        and row.eol >= today
        # such a branch ends when the next one comes out, so nobody is sent to it
        and row.lifecycle != "new-feature"
        and all(capability(row.cc_min) <= one for one in least)
    ]


@rule(
    "DRV103",
    "wrong-module-flavour",
    "Wrong kernel module flavour (open or proprietary) for this GPU",
    worst="error",
    stage="kernel module",
    blocks="kernel module",
    after=("GPU001", "DRV003", "DRV101"),
    source="facts: arch, rule-kernel-module-open-need, rule-kernel-module-open-only",
    remedies=(
        "open-module",
        "proprietary-module",
    ),
)
def wrong_flavour(machine: Machine) -> RuleResults:
    """NVIDIA's kernel module comes in two flavours. The open one needs a GPU System Processor, which Turing brought;
    the proprietary one cannot drive Blackwell and newer. Between the two, either works.

    On Fedora, RPM Fusion's akmod chooses while it builds by the cards it sees: built in a container or without the
    card, it takes the open one. A module that the kernel does not load for such a card tells its flavour on disk.
    """
    # what is loaded goes before what is on disk: an update may have changed the flavour
    licence = there(machine.driver.module_license) or there(machine.system.kernel.module_file.license)
    # kernel-open/nvidia/nv.c, MODULE_LICENSE; the proprietary module says "NVIDIA"
    flavour = "open" if licence == OPEN_LICENSE else "proprietary"
    for card in cards_to_drive(machine) if licence else ():
        rows = [row] if (row := arch_of(facts(), card.capability)) else []
        what = f"compute capability {card.capability}"
        arch = unlisted(rows, what, DRIVEN) if card.driven else listed(rows, what)
        if arch and flavour not in arch.kernel_modules:
            other = "proprietary-module" if flavour == "open" else "open-module"
            yield error(
                f"the {flavour} kernel module cannot drive the {card.name}",
                f"licence of the module: {licence}",
                cite(arch, f"{arch.arch} is driven by: {', '.join(arch.kernel_modules)}"),
                fix=fix(other),
                subject=card.subject,
            )


@rule(
    "DRV104",
    "driver-too-old-for-gpu",
    "The driver is older than this GPU",
    worst="error",
    stage="kernel module",
    blocks="kernel module",
    after=("GPU001", "DRV003"),
    source="facts: arch (the driver that came with the first CUDA of an architecture)",
    remedies=("newer-driver",),
)
def too_new_card(machine: Machine) -> RuleResults:
    """A driver knows no card that came out after it: the module says that it found no GPU it supports, and NVML shows
    none. What NVML shows is driven, whatever the tables say.
    """
    name = driver_branch(machine)
    for card in cards_to_drive(machine) if name else ():
        if card.driven:
            continue
        rows = [row] if (row := arch_of(facts(), card.capability)) else []
        arch = listed(rows, f"compute capability {card.capability}")
        first = driver(arch.first_driver_derived).branch if arch.first_driver_derived else ""
        if name and first and driver(name) < driver(first):
            yield error(
                f"driver branch {name} is older than the {card.name}, which needs {first} or newer",
                f"compute capability {card.capability} ({card.known_by})",
                cite(arch, f"the first driver for {arch.arch} is {arch.first_driver_derived}"),
                fix=fix("newer-driver"),
                subject=card.subject,
            )
