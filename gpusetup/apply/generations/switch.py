"""Lead a place to another generation, and back: each step can be killed, and the next run finishes it.

What the folder led to is noted before anything is renamed. The first time the place is a real folder: it changes places
with the link in one step, and keeps its content, so that it works again once it is back under its own name (the scripts
of a virtual environment have its path in their first line).
"""

from __future__ import annotations

import os

from gpusetup.apply.generations.history import Entry, History
from gpusetup.apply.generations.place import ORIGINAL, Place
from gpusetup.apply.generations.swap import exchange, sync
from gpusetup.errors import RefusedError

NEXT = "next"
"""The link that is about to take the place, in the store."""


def switch(history: History, generation: str) -> str:
    """Lead the place to a generation that is built, and return what it led to before."""
    before = history.place.current()
    kept = history.place.generation(ORIGINAL)
    if before == ORIGINAL and kept.is_dir() and not kept.is_symlink():
        raise RefusedError(f"{kept} is there from an earlier upgrade", "move it away, or remove it")
    history.note(generation, "switching", before)
    _lead(history.place, generation)
    history.note(generation, "switched", before)
    return before


def give_back(history: History) -> str:
    """Lead the place to what it led to before its last switch, and return that; raises `RefusedError` without one."""
    now = history.place.current()
    last = history.standing()
    if last is None or last.generation != now:
        raise RefusedError(f"{history.place.folder} was not switched by an upgrade", "there is nothing to undo")
    if last.before and not _stands(history.place, last.before):
        raise RefusedError(f"{history.place.generation(last.before)} is gone", "upgrade to the stack that it had")
    history.note(now, "returning", last.before)
    _lead(history.place, last.before)
    history.note(now, "returned", last.before)
    return last.before


def finish(history: History) -> str:
    """Finish what a run that was killed had begun, and return what that was, "" for nothing."""
    last = next(reversed(history.entries()), None)
    _put_aside(history.place)
    if last is None or last.event not in ("switching", "returning"):
        return ""
    goal = _goal(last)
    _lead(history.place, goal)
    history.note(last.generation, "switched" if last.event == "switching" else "returned", last.before)
    return f"{last.event} to {goal or 'nothing'}"


def _goal(entry: Entry) -> str:
    return entry.generation if entry.event == "switching" else entry.before


def _stands(place: Place, generation: str) -> bool:
    return place.generation(generation).is_dir()


def _lead(place: Place, goal: str) -> None:
    """Make the folder lead to `goal`; what is there already is left."""
    if place.current() == goal:
        return
    if goal == ORIGINAL:
        _restore(place)
    elif not goal:
        place.folder.unlink(missing_ok=True)
    else:
        _link(place, goal)
    sync(place.folder.parent, place.store)


def _link(place: Place, goal: str) -> None:
    following = place.store / NEXT
    following.unlink(missing_ok=True)
    following.symlink_to(place.link(goal))
    if place.current() != ORIGINAL:
        following.replace(place.folder)
    elif not exchange(following, place.folder):
        # without an exchange the name is missing for a moment; `finish` goes on from there
        place.folder.rename(place.generation(ORIGINAL))
        following.rename(place.folder)
    _put_aside(place)


def _put_aside(place: Place) -> None:
    """Give the folder that was exchanged for a link its name in the store; a link that has that name is a leftover."""
    following, original = place.store / NEXT, place.generation(ORIGINAL)
    if original.is_symlink():
        original.unlink()
    if following.is_dir() and not following.is_symlink():
        following.rename(original)
        sync(place.store)


def _restore(place: Place) -> None:
    """Put the original folder back under its own name, and drop the link that was there."""
    original = place.generation(ORIGINAL)
    if not (original.is_dir() and not original.is_symlink()):
        raise RefusedError(f"{original} is gone", "upgrade to the stack that it had")
    if os.path.lexists(place.folder):
        if exchange(original, place.folder):
            original.unlink()
            return
        place.folder.unlink()
    original.rename(place.folder)
