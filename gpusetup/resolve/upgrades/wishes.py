"""What somebody asked for when a lock was written, without what was decided by it: to be decided again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.resolve.asked.cards import found
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.pins import pinned

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.asked.request import RequestOptions
    from gpusetup.resolve.model import Packages, Request


def wishes(locked: Request) -> Request:
    """Return the request of a lock without what its packages decided and without what they resolved to."""
    named = tuple(replace(one, packages=_open(one.packages), **_unfixed(one.packages)) for one in locked.environments)
    return replace(locked, packages=_open(locked.packages), environments=named, **_unfixed(locked.packages))


def _open(packages: Packages) -> Packages:
    return replace(packages, pinned=(), previewed=(), built=(), notes=(), fixes=(), home="")


def _unfixed(packages: Packages) -> dict[str, str]:
    return dict.fromkeys(packages.fixes, "")


def on_machine(wish: Request, machine: Machine, facts: Facts) -> RequestOptions | None:
    """Return the same wishes for a machine as it is now, None where its cards are others than the lock's."""
    if {card.name for card in found(facts, machine)} != {card.name for card in wish.cards}:
        return None
    pins = pinned(wish) | ({"driver": ""} if wish.driver_of else {})
    wanted = Wanted(
        repo=wish.repo, frameworks=wish.frameworks, allow_eol=wish.allow_eol, containers=wish.containers,
        python_env=wish.python_env, parts=wish.parts, packages=wish.packages,
        environments=wish.environments, **pins,
    )  # fmt: skip
    return ask(facts, wanted, lambda: machine, saved=True)


def changed(wish: Request, frameworks: tuple[str, ...], pins: dict[str, str], packages: Packages) -> Request:
    """Return wishes with what the command line adds to them, or says instead."""
    own = wish.packages
    merged = replace(
        own,
        wanted=tuple(dict.fromkeys((*own.wanted, *packages.wanted))),
        constraints=tuple(dict.fromkeys((*own.constraints, *packages.constraints))),
        indexes=tuple(dict.fromkeys((*own.indexes, *packages.indexes))),
        prereleases=own.prereleases or packages.prereleases,
        preview=packages.preview or own.preview,
    )
    said = {name: value for name, value in pins.items() if value}
    return replace(wish, frameworks=frameworks or wish.frameworks, packages=merged, **said)
