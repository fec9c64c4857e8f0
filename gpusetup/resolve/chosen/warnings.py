"""Warnings that belong to a stack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.facts.defects import by_card, on_cards
from gpusetup.resolve.chosen.defect_warnings import defects
from gpusetup.resolve.model import Reason
from gpusetup.resolve.parts import board_warning
from gpusetup.resolve.solver.problem import because
from gpusetup.resolve.solver.solve import cards_of
from gpusetup.versions import cuda, runs_on

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.fact import Fact
    from gpusetup.resolve.candidates import DriverOffer, JaxWheel, Release, TensorflowWheel, ToolkitOffer, TorchWheel
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.solver.search import Solution

SOON = timedelta(days=60)


def warnings(request: Request, solution: Solution, facts: Facts, today: date) -> Iterator[Reason]:
    """Yield the warnings for the owner of the stack, those that stop ordinary use first."""
    yield from _release(solution["release"], today)
    yield from defects(request, solution)
    if tensorflow := solution.get("tensorflow"):
        yield from _tensorflow(tensorflow, solution)
    if driver := solution.get("driver"):
        yield from _driver(driver, solution, today)
        yield from _secure_boot(request, driver)
        yield from board_warning(request, cards_of(solution), facts, driver.version)
    if torch := solution.get("torch"):
        yield from _torch(torch)
    if (jax := solution.get("jax")) and request.machine_arch != "x86_64":
        yield from _jax(jax, request.machine_arch)
    if (toolkit := solution.get("toolkit")) and driver:
        yield from _toolkit(toolkit, driver)
    yield from request.packages.notes
    yield from _expired(solution, today)


def _release(release: Release, today: date) -> Iterator[Reason]:
    row = release.row
    if release.lag:
        yield because(release.lag, f"{release} is newer than the tables; it is planned like the newest release in them")
    elif row.released is None:
        yield because(row, f"{release} was due on {row.target}; the tables do not confirm its release")
    if row.eol and row.eol < today:
        yield because(row, f"{release} has had no security updates since {row.eol}")
    elif row.eol and row.eol - today < SOON:
        yield because(row, f"{release} reaches its end of life on {row.eol}: upgrade soon")


def _driver(driver: DriverOffer, solution: Solution, today: date) -> Iterator[Reason]:
    branch = driver.branch
    if driver.assumed:
        yield because(driver.seen, driver.assumed)
    if branch.eol and branch.eol < today:
        yield because(branch, f"driver branch {branch.branch} has had no security updates since {branch.eol}")
    for card in cards_of(solution):
        if card.arch.last_driver_branch == branch.branch and branch.eol:
            yield because(
                branch, f"branch {branch.branch} is the last that supports {card}; its support ends on {branch.eol}"
            )


def _secure_boot(request: Request, driver: DriverOffer) -> Iterator[Reason]:
    if driver.repo and not driver.prebuilt and request.secure_boot is not False:
        state = "is on" if request.secure_boot else "may be on"
        yield Reason(
            fact="request:secure_boot",
            text=f"Secure Boot {state}: someone at the console must enrol the module signing key once",
        )


def _torch(torch: TorchWheel) -> Iterator[Reason]:
    if torch.build and torch.kernels and torch.kernels is not torch.build:
        text = (
            f"the compute capabilities of torch {torch} are not in the tables yet; the list of torch "
            f"{torch.kernels.releases[0]} was used. Run the self-test to confirm"
        )
        yield _minor(because(torch.build, text))


def _tensorflow(tensorflow: TensorflowWheel, solution: Solution) -> Iterator[Reason]:
    """Warn where TensorFlow has no machine code for a card, and depends on PTX that is compiled at the first run."""
    row = tensorflow.row
    for card in cards_of(solution) if tensorflow.gpu and row.cc else ():
        fails = any(by_card(one.row) and on_cards(one.row, (card.cc,)) for one in tensorflow.defects)
        if not fails and runs_on(row.cc, row.ptx, card.cc).startswith("PTX"):
            yield because(
                row,
                f"TensorFlow {row.release} has no machine code for {card}: the driver compiles its PTX at the first "
                f"run, which can take a long time",
            )


def _jax(jax: JaxWheel, machine: str) -> Iterator[Reason]:
    if jax.plugin:
        text = (
            f"the compute capabilities of {jax.plugin.package} were read from its wheel for x86_64, and are assumed "
            f"for {machine}. Run the self-test to confirm"
        )
        yield _minor(because(jax.row, text))


def _minor(reason: Reason) -> Reason:
    return replace(reason, minor=True)


def _toolkit(toolkit: ToolkitOffer, driver: DriverOffer) -> Iterator[Reason]:
    """Warn where nvcc generates PTX that is too new for the driver."""
    newest = driver.branch.cuda_max
    if toolkit.series and newest and cuda(toolkit.series.series) > cuda(newest):
        yield because(
            driver.branch,
            f"driver {driver.version} accepts PTX up to CUDA {newest} only: have CUDA {toolkit.series.series} generate "
            f"machine code for the card (-arch=native)",
        )


def _expired(solution: Solution, today: date) -> Iterator[Reason]:
    for row in _rows(solution):
        if row.expires and row.expires < today:
            text = f"this fact expired on {row.expires}: `gpusetup facts stale` lists all expired facts"
            yield _minor(because(row, text))


def _rows(solution: Solution) -> Iterator[Fact]:
    """Yield the rows behind the chosen values."""
    for value in solution.values:
        row = getattr(value, "row", None) or getattr(value, "branch", None) or getattr(value, "seen", None)
        if row is not None:
            yield row
