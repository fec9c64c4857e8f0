"""Which driver supports which card, and with which kernel modules."""

from __future__ import annotations

from gpusetup.resolve.candidates import CardKind, DriverOffer, Release
from gpusetup.resolve.model import Reason
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds
from gpusetup.versions import dotted
from gpusetup.versions import driver as version


@constraint("driver")
def driver_is_offered(driver: DriverOffer) -> ConstraintResult:
    """Say where the driver comes from."""
    if driver.owner is None:
        return holds(because(driver.seen, f"driver {driver.version} is installed and stays"))
    if driver.owner.comes == "installer":
        if driver.runfile is None:
            text = (
                f"the SHA-256 of the installer with driver {driver.version} is not on record, so it cannot be verified"
            )
            return fails(because(driver.seen, text))
        return holds(
            because(driver.seen, f"the SHA-256 of NVIDIA's installer with driver {driver.version} is on record")
        )
    whose = f"{driver.owner.title}'s"
    text = f"{whose} {driver.legacy or 'main'} packages were last seen at {driver.version}"
    if driver.inferred:
        text = f"no version of {whose} packages was seen: {driver.version} is inferred, as {driver.inferred}"
    return holds(because(driver.seen, f"{text}; {driver.assumed}" if driver.assumed else text))


@constraint("release", "card")
def card_is_in_such_a_host(release: Release, card: CardKind) -> ConstraintResult:
    """Refuse GPUs that are built together with an Arm processor in a host that has none."""
    # Jetson boards have a refusal of their own, which says where their driver comes from
    if card.bound is None or card.bound.market == "jetson" or card.bound.host_arch == release.machine:
        return holds()
    text = f"{card} exists only with an Arm processor ({card.bound.host_arch}), and this plan is for {release.machine}"
    return fails(because(card.bound, text))


@constraint("card")
def board_takes_packaged_driver(card: CardKind) -> ConstraintResult:
    """Refuse Jetson boards: their driver is part of the board's own system image (JetPack), and so are the wheels."""
    if card.bound is None or card.home is None:
        return holds()
    return fails(because(card.bound, f"{card} is part of Jetson boards (aarch64)"), because(card.home, card.home.fact))


@constraint("card", "driver")
def branch_drives_card(card: CardKind, driver: DriverOffer) -> ConstraintResult:
    """Demand a compute capability between the oldest and the newest that the branch supports."""
    branch = driver.branch
    if dotted(card.cc) < dotted(branch.cc_min):
        last = card.arch.last_driver_branch
        older = (because(card.arch, f"{last} is the last branch for {card.arch.arch}"),) if last else ()
        return fails(because(branch, f"branch {branch.branch} starts at {branch.arch_min} ({branch.cc_min}), "
                                     f"{card} is older"), *older)  # fmt: skip
    first = card.arch.first_driver_derived
    # two bounds of the same thing: the driver that came with the architecture, and the newest that the branch knows
    if first and version(branch.branch) < version(version(first).branch):
        return fails(because(card.arch, f"{card.arch.arch} came with driver {first}; {branch.branch} is older"))
    if branch.cc_max_derived and dotted(card.cc) > dotted(branch.cc_max_derived):
        return fails(because(branch, f"branch {branch.branch} ends at compute capability {branch.cc_max_derived}, "
                                     f"{card} is newer"))  # fmt: skip
    return holds(because(branch, f"branch {branch.branch} drives {branch.arch_min} ({branch.cc_min}) and newer, "
                                 f"so {card}"))  # fmt: skip


@constraint("card", "driver")
def modules_drive_card(card: CardKind, driver: DriverOffer) -> ConstraintResult:
    """Demand kernel modules that support the card: proprietary before Turing, open from Blackwell on."""
    can = card.arch.kernel_modules
    if driver.flavour in can:
        return holds() if len(can) > 1 else holds(_only(card))
    return fails(_only(card))


def _only(card: CardKind) -> Reason:
    return because(card.arch, f"{card.arch.arch} is supported by the {card.arch.kernel_modules[0]} kernel modules only")


@constraint("card", "driver")
def packages_build_for_card(card: CardKind, driver: DriverOffer) -> ConstraintResult:
    """Add a reason where packages that choose the modules to build must be configured for the proprietary ones.

    Their own detection goes by a list of PCI ids that lacks some cards.
    """
    # where either flavour drives the card, whichever they take is right
    if driver.detection is None or driver.flavour == "open" or len(card.arch.kernel_modules) > 1:
        return holds()
    return holds(because(driver.detection, driver.owner.choosing if driver.owner else ""))


@constraint("card", "driver", soft=True)
def open_modules_are_preferred(card: CardKind, driver: DriverOffer) -> ConstraintResult:
    """Prefer the open modules where a card has the choice, as NVIDIA does from branch 560 on."""
    if len(card.arch.kernel_modules) < 2 or driver.flavour == "open":
        return holds()
    return fails(because(driver.branch, f"{card.arch.arch} can have the open kernel modules, the default of "
                                        f"branch {driver.branch.branch}"))  # fmt: skip


@constraint("card", "driver", soft=True)
def line_stays_with_card(card: CardKind, driver: DriverOffer) -> ConstraintResult:
    """Prefer packages that stay on the last branch for the card to a main line that will move past it."""
    last = card.arch.last_driver_branch
    # a driver that stays is not moved by anybody
    if not last or not driver.repo or (driver.legacy and driver.branch.branch == last):
        return holds()
    return fails(because(card.arch, f"branch {last} is the last for {card.arch.arch}: packages that stay on it are "
                                    f"preferred to those that will move on"))  # fmt: skip
