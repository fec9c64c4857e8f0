"""Explain why no stack is possible: a minimal conflict, and the smallest changes that resolve it.

An *assumption* is something the user can change: a pin, a card, a framework, the release's end of life. First the
assumptions are reduced to a minimal unsatisfiable subset (deletion-based, one search each; Marques-Silva 2010). Cards
and frameworks are dropped first, so that the pin that causes the conflict remains. The conflict of the reduced problem
names only the facts that matter. Then each single change is tried on the whole request, and pairs only if no single
change is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.facts.find import arch_of
from gpusetup.resolve.asked.cards import bound_row
from gpusetup.resolve.model import Reason, Refusal, Relaxation, Request
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.resolve.solver.problem import Bound, ConstraintResult, because
from gpusetup.resolve.solver.search import Conflict, Solution
from gpusetup.resolve.solver.solve import SolveResult, solve
from gpusetup.resolve.told.explanation import against
from gpusetup.resolve.told.topics import of_card

if TYPE_CHECKING:
    from gpusetup.facts import Facts

MOST = 4
"""How many alternatives a refusal lists."""


class Concession(NamedTuple):
    """One assumption that the user could drop.

    `apply` removes it from a request; `describe` returns the change, given the stack that becomes possible.
    """

    name: str
    apply: Callable[[Request], Request]
    describe: Callable[[Solution], Relaxation]


def refuse(request: Request, facts: Facts, today: date, outcome: SolveResult, asked: str = "") -> Refusal:
    """Return a minimal conflict of `request`, for which `outcome` found no solution, and what would resolve it.

    `asked` is the field that a question is about: dropping that is the last resort.
    """
    smallest = outcome.refused[0][1]
    kept = request
    for change in reversed(list(changes(request))):
        # still unsatisfiable without this assumption, so it is not needed for the conflict
        without = solve(change.apply(kept), facts, today)
        if without.solution is None and without.refused:
            kept, smallest = change.apply(kept), without.refused[0][1]
    return Refusal(
        request=request,
        because=(*_ages(kept, smallest, facts), *against(telling(smallest.blame))),
        ways_out=tuple(relaxations(request, facts, today, asked)),
    )


def telling(blame: dict[Bound, ConstraintResult]) -> dict[Bound, ConstraintResult]:
    """Return the results without those that old releases fail by themselves, where the request fails newer ones."""
    together = {place for bound in blame if not bound.alone for place in bound.places}
    alone: set[int] = set()
    kept = {}
    for bound, verdict in blame.items():
        asked = any(reason.fact.startswith("request:") for reason in verdict.reasons)
        if not bound.alone or asked or bound.last not in together | alone:
            kept[bound] = verdict
            alone |= bound.places if bound.alone and not asked else set()
    return kept


def _ages(request: Request, conflict: Conflict, facts: Facts) -> Iterator[Reason]:
    """Yield what each card of an old generation still gets, where the conflict is about a card."""
    if not any("card" in bound.constraint.scope for bound in conflict.blame):
        return
    for card in request.cards:
        arch = arch_of(facts, card.compute_capability)
        row = bound_row(facts, card.name, card.compute_capability)
        if arch is not None and arch.last_driver_branch and (row is None or row.market != "jetson"):
            yield because(arch, of_card(card, arch))


def relaxations(request: Request, facts: Facts, today: date, asked: str = "") -> Iterator[Relaxation]:
    """Yield the changes that make a stack possible, smallest first: single ones, or pairs if none is enough."""
    single = [change for change in changes(request) if change.name != f"without {asked}"]
    single.sort(key=lambda change: change.name == asked)  # a stable sort: the version in question moves to the end
    for size in (1, 2):
        found: set[tuple[str, tuple[str, ...]]] = set()
        for some in combinations(single, size):
            changed = request
            for change in some:
                changed = change.apply(changed)
            solution = solve(changed, facts, today).solution if changed.frameworks else None
            if solution is not None and len(found) < MOST:
                ways = [change.describe(solution) for change in some]
                options = tuple(option for way in ways for option in way.options)
                text = " and ".join(way.text for way in ways)
                if (text, options) not in found:
                    found.add((text, options))
                    yield Relaxation(text=text, options=options)
        if found:
            return


def changes(request: Request) -> Iterator[Concession]:
    """Yield the assumptions of `request` that could be dropped, least painful first."""
    if "+" in request.torch:
        plain = request.torch.partition("+")[0]
        yield _without("torch", plain, lambda one: _use("torch", "torch", str(one["torch"])))
    if request.python:
        yield _without("python", "", _pythons)
    if request.cudnn:
        yield _without("cudnn", "", _always(Relaxation(text="leave out --cudnn", options=())))
    if request.cuda:
        yield _without("cuda", "", lambda one: _use("the CUDA toolkit", "cuda", _series(one)))
    if request.torch:
        yield _without("torch", "", lambda one: _use("torch", "torch", str(one["torch"])))
    if request.tensorflow:
        yield _without("tensorflow", "", lambda one: _use("TensorFlow", "tensorflow", one["tensorflow"].row.release))
    if request.jax:
        yield _without("jax", "", lambda one: _use("JAX", "jax", one["jax"].row.release))
    if request.repo:
        yield _without("repo", "", _owner)
    if request.driver:
        yield _without("driver", "", _driver)
    if request.release:
        yield _without("release", "", _release)
    if not request.allow_eol:
        yield Concession("allow_eol", _setter("allow_eol", True), _accept_end)
    yield from _fewer_frameworks(request)
    yield from _fewer_cards(request)


def _fewer_frameworks(request: Request) -> Iterator[Concession]:
    if len(request.frameworks) < 2:
        return
    for name in request.frameworks:
        kept = tuple(one for one in request.frameworks if one != name)
        way = Relaxation(text=f"drop {name}", options=tuple(word for one in kept for word in ("--framework", one)))
        yield Concession(f"without {name}", _remover("frameworks", name), _always(way))


def _fewer_cards(request: Request) -> Iterator[Concession]:
    if len(request.cards) < 2:
        return
    for card in request.cards:
        others = tuple(one for one in request.cards if one != card)
        options = tuple(word for one in others for word in ("--gpu", one.name))
        way = Relaxation(text=f"drop the {card.name}", options=options)
        yield Concession(card.name, _remover("cards", card), _always(way))


def _without(field: str, value: str, describe: Callable[[Solution], Relaxation]) -> Concession:
    return Concession("variant" if value else field, _setter(field, value), describe)


def _setter(field: str, value: object) -> Callable[[Request], Request]:
    return lambda request: msgspec.structs.replace(request, **{field: value})


def _remover(field: str, value: object) -> Callable[[Request], Request]:
    """Return a function that removes `value` from a field, but never the last card: that would be a CPU request."""

    def remove(request: Request) -> Request:
        rest = tuple(one for one in getattr(request, field) if one != value)
        return request if field == "cards" and not rest else msgspec.structs.replace(request, **{field: rest})

    return remove


def _always(way: Relaxation) -> Callable[[Solution], Relaxation]:
    return lambda _: way


def _accept_end(solution: Solution) -> Relaxation:
    return Relaxation(text=f"accept {solution['release']} without updates", options=("--allow-eol",))


def _use(what: str, option: str, value: str) -> Relaxation:
    return Relaxation(text=f"use {what} {value}", options=(f"--{option}", value))


def _pythons(solution: Solution) -> Relaxation:
    chosen = {name: one.version for name in FRAMEWORKS if (one := solution.get(f"python {name}"))}
    if len(set(chosen.values())) == 1:
        return _use("Python", "python", next(iter(chosen.values())))
    each = " and ".join(f"{name} gets {version}" for name, version in chosen.items())
    return Relaxation(text=f"leave out --python: {each}", options=())


def _release(solution: Solution) -> Relaxation:
    release = solution["release"]
    return _use(release.of.title, "release", release.row.release)


def _driver(solution: Solution) -> Relaxation:
    """Say which driver there is instead; without a card, none is needed."""
    chosen = solution.get("driver")
    return _use("driver", "driver", chosen.version) if chosen else Relaxation(text="leave out --driver", options=())


def _owner(solution: Solution) -> Relaxation:
    chosen = solution.get("driver")
    if chosen is None or chosen.owner is None:
        return Relaxation(text="leave out --repo", options=())
    return _use("the driver packages of", "repo", chosen.repo)


def _series(solution: Solution) -> str:
    toolkit = solution.get("toolkit")
    return toolkit.series.series if toolkit and toolkit.series else "none"
