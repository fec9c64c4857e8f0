"""True things the owner of a stack must know before using it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gpusetup.resolve.constraints.defects import of_any_card, of_card, told
from gpusetup.resolve.model import Reason
from gpusetup.resolve.problem import because
from gpusetup.resolve.solve import cards_of
from gpusetup.versions import cuda, runs_on

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.fact import Fact
    from gpusetup.resolve.candidates import DriverOffer, Release, TensorflowWheel, ToolkitOffer, TorchWheel
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.search import Solution

SOON = timedelta(days=60)


def warnings(request: Request, solution: Solution, facts: Facts, today: date) -> Iterator[Reason]:
    """Yield what the owner must know."""
    yield from _release(solution["release"], today)
    if driver := solution.get("driver"):
        yield from _driver(driver, solution, today)
        yield from _secure_boot(request, driver)
        yield from _fabric(driver, solution, facts)
    if torch := solution.get("torch"):
        yield from _torch(torch)
    if tensorflow := solution.get("tensorflow"):
        yield from _tensorflow(tensorflow, solution)
    if (toolkit := solution.get("toolkit")) and driver:
        yield from _toolkit(toolkit, driver)
    yield from _expired(solution, today)


def _release(release: Release, today: date) -> Iterator[Reason]:
    row = release.row
    if release.lag:
        yield because(release.lag, f"{release} is newer than the tables, and planned like the newest release in them")
    elif row.released is None:
        yield because(row, f"{release} was due on {row.target}; the tables do not confirm that it came out")
    if row.eol and row.eol < today:
        yield because(row, f"{release} has had no security updates since {row.eol}")
    elif row.eol and row.eol - today < SOON:
        yield because(row, f"{release} gets no updates after {row.eol}: upgrade soon")


def _driver(driver: DriverOffer, solution: Solution, today: date) -> Iterator[Reason]:
    branch = driver.branch
    if driver.assumed:
        yield because(driver.seen, driver.assumed)
    if branch.eol and branch.eol < today:
        yield because(branch, f"driver branch {branch.branch} has had no security updates since {branch.eol}")
    for card in cards_of(solution):
        if card.arch.last_driver_branch == branch.branch and branch.eol:
            yield because(branch, f"branch {branch.branch} is the last that drives {card}; it ends on {branch.eol}")


def _secure_boot(request: Request, driver: DriverOffer) -> Iterator[Reason]:
    if driver.repo and request.secure_boot is not False:
        state = "is on" if request.secure_boot else "may be on"
        yield Reason(
            fact="request:secure_boot",
            text=f"Secure Boot {state}: the module key must be enrolled by a person at the console, once",
        )


def _fabric(driver: DriverOffer, solution: Solution, facts: Facts) -> Iterator[Reason]:
    """Say of GPUs that sit on boards with NVSwitches what no recipe here installs."""
    on_board = [card for card in cards_of(solution) if "SXM" in card.name]
    row = next((row for row in facts.rule if row.id == "rule-nvswitch-fabric-manager"), None)
    if on_board and row is not None:
        text = f"if {on_board[0]} sits on a board with NVSwitches (as 8 of them do), it computes nothing until "
        yield because(
            row, f"{text}nvidia-fabricmanager {driver.version} of NVIDIA runs, which this recipe does not install"
        )


def _torch(torch: TorchWheel) -> Iterator[Reason]:
    if torch.build and torch.kernels and torch.kernels is not torch.build:
        yield because(
            torch.build,
            f"what torch {torch} was compiled for is not in the tables yet; the list of torch "
            f"{torch.kernels.releases[0]} was taken, and the self-test will show",
        )


def _tensorflow(tensorflow: TensorflowWheel, solution: Solution) -> Iterator[Reason]:
    """Say when TensorFlow has no machine code for a card, so that all depends on PTX compiled at the first run."""
    row = tensorflow.row
    name = f"TensorFlow {row.release}"
    yield from (told(name, one) for one in of_any_card(tensorflow))
    for card in cards_of(solution):
        yield from (told(f"{name} on {card}", one) for one in of_card(tensorflow, card))
    for card in cards_of(solution) if tensorflow.gpu and row.cc else ():
        if runs_on(row.cc, row.ptx, card.cc).startswith("PTX"):
            yield because(
                row,
                f"TensorFlow {row.release} has no machine code for {card}: the driver compiles its PTX at the first "
                f"run, which can take long",
            )


def _toolkit(toolkit: ToolkitOffer, driver: DriverOffer) -> Iterator[Reason]:
    """Say when nvcc is newer than what the driver compiles PTX of."""
    newest = driver.branch.cuda_max
    if toolkit.series and newest and cuda(toolkit.series.series) > cuda(newest):
        yield because(
            driver.branch,
            f"driver {driver.version} takes PTX up to CUDA {newest} only: have CUDA {toolkit.series.series} make "
            f"machine code for the card (-arch=native)",
        )


def _expired(solution: Solution, today: date) -> Iterator[Reason]:
    for row in _rows(solution):
        if row.expires and row.expires < today:
            yield because(row, f"this row was to be read again by {row.expires}: `gpusetup facts stale` lists all such")


def _rows(solution: Solution) -> Iterator[Fact]:
    """Yield the rows behind the chosen values."""
    for value in solution.values:
        row = getattr(value, "row", None) or getattr(value, "branch", None) or getattr(value, "seen", None)
        if row is not None:
            yield row
