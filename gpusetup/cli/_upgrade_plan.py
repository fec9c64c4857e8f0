"""Finds the upgrade that ``gpusetup upgrade`` speaks of: from a lock or this machine, to a lock or the newest plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from gpusetup.cli._locks import every_wheel, plan_file
from gpusetup.cli._packages import own_packages, suit
from gpusetup.cli._reading import read_machine
from gpusetup.cli._request import read_asked
from gpusetup.cli._streams import notify
from gpusetup.cli._upgrade import environments_folder, side_here
from gpusetup.errors import MissingError, RefusedError
from gpusetup.resolve import lock
from gpusetup.resolve.pins import PINS
from gpusetup.resolve.upgrades.fits import driver_of

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.lock import Profile
    from gpusetup.resolve.model import Request, Stack
    from gpusetup.resolve.upgrades.model import Upgrade

READING = frozenset({"machine_file", "sysroot", "deadline"})
WISHES = frozenset(
    {"frameworks", "extras", "requirements", "constraints", "pre", "preview", *(pin.field for pin in PINS)}
)
"""Options that may be said beside a lock: they add to its wishes."""


def find(
    origin: Path | None, profile: str, to: Path | None, folder: Path | None, options: dict[str, Any],
    *, given: frozenset[str],
) -> Upgrade:  # fmt: skip
    """Return the upgrade; raises `click.UsageError` for options that exclude each other, `RefusedError` without one."""
    from gpusetup.facts import facts
    from gpusetup.resolve.upgrades.compare import compared
    from gpusetup.resolve.upgrades.sides import of_profile

    if (wrong := given - READING - (WISHES if origin and not to else frozenset())) and (origin or to):
        names = ", ".join(sorted(wrong))
        raise click.UsageError(f"the lock already has the request; remove the option for {names}")
    before = _profile(origin, profile) if origin else None
    machine = None
    if to is not None:
        stack = _of_lock(to, profile)
    else:
        stack, machine = _newest(before[1] if before else None, options)
    if before:
        return compared(of_profile(before[1]), stack, facts(), f"{origin}, profile {before[0]}")
    here = side_here(stack, environments_folder(folder), driver_of(machine or read(options)))
    if not here.environments and to is None:
        raise RefusedError(f"{environments_folder(folder)} has none of the environments {_names(stack)}",
                           "give a lock with --from, or set them up: gpusetup install")  # fmt: skip
    return compared(here, stack, facts(), "this machine")


def _names(stack: Stack) -> str:
    return ", ".join(one.name for one in stack.environments)


def new_lock(found: Upgrade, origin: Path | None, name: str, output: Path, day: str) -> str:
    """Return the lock in the file `output`, if any, with the new stack: under the name that its origin has, if any."""
    from gpusetup.facts import facts

    existing = lock.load(output) if output.exists() else None
    called = name or (_profile(origin, name)[0] if origin else lock.profile_name(found.stack))
    return lock.dump(lock.with_profile(existing, called, lock.profile(found.stack, facts(), day)))


def _profile(path: Path, name: str) -> tuple[str, Profile]:
    return lock.chosen(lock.load(path), name, path)


def _of_lock(path: Path, name: str) -> Stack:
    from gpusetup.apply.locked_plan import locked_stack
    from gpusetup.facts import facts

    return locked_stack(plan_file(path).profile(name), facts())


def _newest(locked: Profile | None, options: dict[str, Any]) -> tuple[Stack, Machine | None]:
    """Return the best stack today: for the wishes of a lock, else for what the options ask of this machine."""
    from gpusetup.facts import facts
    from gpusetup.resolve.planned import planned

    machine: Machine | None = None
    if locked is None:
        asked = read_asked(facts(), **options)
        request, machine = asked.request, asked.machine
        named = bool(options["frameworks"])
    else:
        request, named = _wishes(locked, options), True
    from gpusetup.resolve.asked.request import RequestOptions
    from gpusetup.resolve.host.foreign import in_words
    from gpusetup.resolve.model import Refusal

    found = suit(request, facts(), named=named)
    result = found if isinstance(found, Refusal) else planned(RequestOptions(request=found, notes=()), facts())
    if isinstance(result, Refusal):
        raise RefusedError(*in_words(result))
    return _with_wheels(result), machine


def _with_wheels(stack: Stack) -> Stack:
    try:
        return every_wheel(stack)
    except MissingError as error:
        notify(f"note: {error.message}, so dependencies are not compared ({error.remedy})")
        return stack


def _wishes(locked: Profile, options: dict[str, Any]) -> Request:
    """Return the wishes of a lock for this machine, or for the lock's where the cards are others, with the options."""
    from gpusetup.facts import facts
    from gpusetup.resolve.upgrades.wishes import changed, on_machine, wishes

    if locked.request is None:
        raise RefusedError("this profile has no request: it was written before locks could be applied", "plan again")
    parts, packages = own_packages(
        options["extras"],
        options["requirements"],
        options["constraints"],
        pre=options["pre"],
        preview=options["preview"] or "",
    )
    pins = {pin.field: options[pin.field] for pin in PINS}
    wish = changed(wishes(locked.request), options["frameworks"], pins, packages)
    wish = replace(wish, parts=tuple(dict.fromkeys((*wish.parts, *parts))))
    asked = on_machine(wish, read(options), facts())
    if asked is None:
        notify("note: this machine has other cards than the lock: planned for those of the lock")
        return wish
    for note in asked.notes:
        notify(f"note: {note}")
    return asked.request


def read(options: dict[str, Any]) -> Machine:
    """Return the machine that the options name."""
    return read_machine(options["machine_file"], options["sysroot"], options["deadline"], lambda: None)
