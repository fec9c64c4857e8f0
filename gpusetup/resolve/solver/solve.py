"""Solve a request: set up the variables and their order, and try the releases one by one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.resolve.asked.demands import demands
from gpusetup.resolve.candidates import CardKind, DriverOffer, Layout, Release
from gpusetup.resolve.domains import Catalogue, catalogue
from gpusetup.resolve.model import INSTALLER, WHEELS
from gpusetup.resolve.pins import FRAMEWORKS, covers
from gpusetup.resolve.solver.problem import Problem
from gpusetup.resolve.solver.search import Conflict, Solution, search
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Request

LAYOUTS = (Layout(True), Layout(False))


class SolveResult(NamedTuple):
    """The solution or None, and the conflict that ruled out each release that was tried before."""

    solution: Solution | None
    refused: tuple[tuple[Release, Conflict], ...]


def solve(request: Request, facts: Facts, today: date | None = None) -> SolveResult:
    """Find the best stack for `request`, on the newest allowed release that has one.

    The driver that is on the machine is kept where it fits: it drives the cards, it still gets security updates, and
    the frameworks are those that a new driver would get.
    """
    best = _solve(request, facts, today)
    if not request.present_driver or request.driver or best.solution is None:
        return best
    kept = _solve(_keeping(request), facts, today)
    return kept if kept.solution is not None and _as_good(kept.solution, best.solution, today) else best


def _keeping(request: Request) -> Request:
    return replace(request, driver=request.present_driver)


def _as_good(kept: Solution, best: Solution, today: date | None) -> bool:
    eol = kept["driver"].branch.eol
    if eol is not None and eol < (today or date.today()):
        return False
    return all(kept.get(name) is best.get(name) for name in FRAMEWORKS)


def _solve(request: Request, facts: Facts, today: date | None) -> SolveResult:
    known = catalogue(facts, request.machine_arch, request.distro)
    day = today or date.today()
    refused: list[tuple[Release, Conflict]] = []
    for release in releases(request, known, day):
        result = search(problem(request, known, release, day))
        if isinstance(result, Solution):
            return SolveResult(result, tuple(refused))
        refused.append((release, result))
    return SolveResult(None, tuple(refused))


def problem(request: Request, known: Catalogue, release: Release, today: date) -> Problem:
    """Return the problem of finding a stack for `request` on `release`.

    The order of the variables is the order of importance: host, driver, frameworks, how many environments, their
    Pythons, and last what is only needed to compile.
    """
    cards = [known.card(one.name, one.compute_capability) for one in request.cards]
    domains: dict[str, tuple[Any, ...]] = {"release": (release,)}
    domains |= {f"card {number}": (card,) for number, card in enumerate(cards, start=1)}
    on_gpu = accelerated(request)
    if on_gpu:
        domains["driver"] = _drivers(request, known, release)
    domains |= _frameworks(request, known, release, on_gpu)
    if on_gpu:
        domains |= _toolkits(request, known, release)
    return Problem(domains, demands(request, release, today), known.rules)


def _toolkits(request: Request, known: Catalogue, release: Release) -> dict[str, tuple[Any, ...]]:
    if request.repo != INSTALLER:
        return {"toolkit": known.toolkits, "compiler": known.compilers(release), "toolkit_cudnn": known.toolkit_cudnn}
    runtime = bool(known.hosted_tensorflow(release)) and "tensorflow" in request.frameworks
    return {
        "toolkit": known.runfile_toolkits(runtime=runtime),
        "compiler": known.compilers(release),
        "toolkit_cudnn": known.runfile_cudnn,
    }


def accelerated(request: Request) -> bool:
    """Return whether a GPU stack is requested: by a card, or by a pin that only a GPU needs."""
    return bool(request.cards or request.driver or request.cuda or request.cudnn or _gpu_variant(request.torch))


def _gpu_variant(torch: str) -> bool:
    return torch.partition("+")[2].startswith("cu")


def releases(request: Request, known: Catalogue, today: date) -> tuple[Release, ...]:
    """Return the requested release, or all maintained ones; the newest when none is maintained any more."""
    if request.release:
        found = known.release(request.release)
        if found is None:
            names = ", ".join(one.row.release for one in known.releases)
            raise WrongInputError(
                f"no {known.of.title} release {neutral(request.release)} in the tables", f"known: {names}"
            )
        return (found,)
    # a release that was only planned when the tables were made is never chosen unless it is named
    rows = [one for one in known.releases if one.row.released is not None]
    return tuple(one for one in rows if one.row.eol is None or one.row.eol >= today) or tuple(rows[:1])


def _drivers(request: Request, known: Catalogue, release: Release) -> tuple[DriverOffer, ...]:
    """Return the drivers on offer, and the pinned one if it is not among them: then it must already be installed.

    The driver that answers on the machine is the only one where it is to be kept.
    """
    if request.driver and request.driver == request.present_driver:
        offers = known.kept_driver(request.driver)
        return tuple(one for one in offers if request.present_flavour in ("", one.flavour))
    offers = known.runfile_drivers if request.repo == INSTALLER else known.drivers(release)
    if not request.driver or any(_wanted(one, request) for one in offers):
        return offers
    return (
        known.kept_driver(request.driver, given=True)
        if request.driver_of
        else (*offers, *known.kept_driver(request.driver))
    )


def _wanted(driver: DriverOffer, request: Request) -> bool:
    return covers(request.driver, driver.version) and request.repo in ("", WHEELS, driver.repo)


def _frameworks(request: Request, known: Catalogue, release: Release, on_gpu: bool) -> dict[str, tuple[Any, ...]]:
    """Return the domains of the frameworks.

    A GPU stack uses no CPU build unless that build is pinned: the GPU would stay idle without an error.
    """
    pythons = known.interpreters(release)
    domains: dict[str, tuple[Any, ...]] = {}
    both = {"torch", "tensorflow"} <= set(request.frameworks)
    hosted = known.hosted_tensorflow(release) if on_gpu and request.repo == INSTALLER else ()
    if "torch" in request.frameworks:
        domains["torch"] = known.torch[on_gpu and not request.torch.endswith("+cpu")]
    if "tensorflow" in request.frameworks:
        domains["tensorflow"] = hosted or known.tensorflow[on_gpu]
    if both:
        domains["environments"] = LAYOUTS
    if "tensorflow" in request.frameworks and on_gpu and not hosted:
        domains["cudnn"] = known.cudnn
    if "jax" in request.frameworks:
        domains["jax"] = known.jax[on_gpu]
        domains |= {"jax_cudnn": known.jax_cudnn} if on_gpu else {}
    return domains | {f"python {one}": pythons for one in FRAMEWORKS if one in request.frameworks}


def cards_of(solution: Solution) -> tuple[CardKind, ...]:
    """Return the cards that a solution serves."""
    pairs = zip(solution.problem.names, solution.values, strict=True)
    return tuple(value for name, value in pairs if name.startswith("card "))
