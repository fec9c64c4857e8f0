"""Why there is no stack: a smallest set of wishes and cards that exclude each other, and the smallest ways out.

An *assumption* is what the user can change: a pin, one of the cards, one of the frameworks, the release's end of life.
First the assumptions are reduced to a set of which none can be left out without a stack becoming possible (deletion,
one search each; Marques-Silva 2010): cards and frameworks are left out first, so that what stays is the wish in the
way. The conflict of that reduced problem names the facts, and nothing that does not matter. Then each single change
is tried on the whole request, and pairs only if no single one is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.resolve.explanation import against
from gpusetup.resolve.model import Refusal, Request, WayOut
from gpusetup.resolve.search import Solution
from gpusetup.resolve.solve import SolveResult, solve

if TYPE_CHECKING:
    from gpusetup.facts import Facts

WAYS = 4
"""How many ways out are told."""


class Concession(NamedTuple):
    """One thing the user could give up.

    `apply` takes it out of a request; `tell` says, of the stack that becomes possible, what to do instead.
    """

    name: str
    apply: Callable[[Request], Request]
    tell: Callable[[Solution], WayOut]


def refuse(request: Request, facts: Facts, today: date, outcome: SolveResult, asked: str = "") -> Refusal:
    """Return a smallest conflict of `request`, for which `outcome` found no solution, and what would allow one.

    `asked` is the field that a question is about: giving that up is no way out but the last.
    """
    smallest = outcome.refused[0][1]
    kept = request
    for change in reversed(list(changes(request))):
        without = solve(change.apply(kept), facts, today)
        if without.solution is None and without.refused:
            kept, smallest = change.apply(kept), without.refused[0][1]
    return Refusal(
        request=request,
        because=against(smallest.blame),
        ways_out=tuple(ways_out(request, facts, today, asked)),
    )


def ways_out(request: Request, facts: Facts, today: date, asked: str = "") -> Iterator[WayOut]:
    """Yield the changes that make a stack possible, the least first: single ones, or pairs if none is enough."""
    single = [change for change in changes(request) if change.name != f"without {asked}"]
    single.sort(key=lambda change: change.name == asked)
    for size in (1, 2):
        told: set[tuple[str, ...]] = set()
        for some in combinations(single, size):
            changed = request
            for change in some:
                changed = change.apply(changed)
            solution = solve(changed, facts, today).solution if changed.frameworks else None
            if solution is not None and len(told) < WAYS:
                ways = [change.tell(solution) for change in some]
                options = tuple(option for way in ways for option in way.options)
                if options not in told:
                    told.add(options)
                    yield WayOut(text=" and ".join(way.text for way in ways), options=options)
        if told:
            return


def changes(request: Request) -> Iterator[Concession]:
    """Yield what the user of `request` could give up, the least painful first."""
    if "+" in request.torch:
        plain = request.torch.partition("+")[0]
        yield _without("torch", plain, lambda one: _use("torch", "torch", str(one["torch"])))
    if request.python:
        yield _without("python", "", lambda one: _use("Python", "python", _pythons(one)))
    if request.cudnn:
        yield _without("cudnn", "", _teller(WayOut(text="let cuDNN be chosen", options=("without --cudnn",))))
    if request.cuda:
        yield _without("cuda", "", lambda one: _use("the CUDA toolkit", "cuda", _series(one)))
    if request.torch:
        yield _without("torch", "", lambda one: _use("torch", "torch", str(one["torch"])))
    if request.tensorflow:
        yield _without("tensorflow", "", lambda one: _use("TensorFlow", "tensorflow", one["tensorflow"].row.release))
    if request.repo:
        yield _without("repo", "", lambda one: _use("the driver packages of", "repo", one["driver"].repo))
    if request.driver:
        yield _without("driver", "", lambda one: _use("driver", "driver", one["driver"].version))
    if request.release:
        yield _without("release", "", lambda one: _use("Fedora", "release", str(one["release"].row.release)))
    if not request.allow_eol:
        yield Concession("allow_eol", _setter("allow_eol", True), _accept_end)
    yield from _fewer_frameworks(request)
    yield from _fewer_cards(request)


def _fewer_frameworks(request: Request) -> Iterator[Concession]:
    if len(request.frameworks) < 2:
        return
    for name in request.frameworks:
        kept = tuple(one for one in request.frameworks if one != name)
        way = WayOut(text=f"leave {name} out", options=tuple(word for one in kept for word in ("--framework", one)))
        yield Concession(f"without {name}", _remover("frameworks", name), _teller(way))


def _fewer_cards(request: Request) -> Iterator[Concession]:
    if len(request.cards) < 2:
        return
    for card in request.cards:
        others = tuple(one for one in request.cards if one != card)
        options = tuple(word for one in others for word in ("--gpu", one.name))
        way = WayOut(text=f"leave the {card.name} out", options=options)
        yield Concession(card.name, _remover("cards", card), _teller(way))


def _without(field: str, value: str, tell: Callable[[Solution], WayOut]) -> Concession:
    return Concession("variant" if value else field, _setter(field, value), tell)


def _setter(field: str, value: object) -> Callable[[Request], Request]:
    return lambda request: msgspec.structs.replace(request, **{field: value})


def _remover(field: str, value: object) -> Callable[[Request], Request]:
    """Return what takes `value` out of a field, unless it is the last card: no card is another question."""

    def remove(request: Request) -> Request:
        rest = tuple(one for one in getattr(request, field) if one != value)
        return request if field == "cards" and not rest else msgspec.structs.replace(request, **{field: rest})

    return remove


def _teller(way: WayOut) -> Callable[[Solution], WayOut]:
    return lambda _: way


def _accept_end(solution: Solution) -> WayOut:
    return WayOut(text=f"accept {solution['release']} without updates", options=("--allow-eol",))


def _use(what: str, option: str, value: str) -> WayOut:
    return WayOut(text=f"use {what} {value}", options=(f"--{option}", value))


def _pythons(solution: Solution) -> str:
    chosen = {solution.get(f"python {one}") for one in ("torch", "tensorflow")} - {None}
    return " and ".join(sorted(one.version for one in chosen))


def _series(solution: Solution) -> str:
    toolkit = solution.get("toolkit")
    return toolkit.series.series if toolkit and toolkit.series else "none"
