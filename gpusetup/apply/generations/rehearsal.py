"""Build a generation beside what is in use, prove it there, and only then lead the place to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from gpusetup.apply.generations.build import Tools, build, require_held
from gpusetup.apply.generations.history import History
from gpusetup.apply.generations.place import Place, Target
from gpusetup.apply.generations.running import running_from
from gpusetup.apply.generations.switch import finish, give_back, switch
from gpusetup.errors import GpusetupError, RefusedError

Notify = Callable[[str], None]
Prove = Callable[[Path], None]
"""Proves an environment by its folder; raises a `GpusetupError` where it fails."""


def upgrade(place: Place, target: Target, tools: Tools, prove: Prove, verify: Prove, notify: Notify) -> bool:
    """Lead `place` to `target` once that is built and proven; return whether anything changed.

    A run that was killed is finished first. After the switch `verify` looks at it under the name that people use, and
    where that fails the place leads back to what it was. Raises what building and proving raise; then nothing changed.
    """
    history = History(place)
    with history.locked():
        if said := finish(history):
            notify(f"   an earlier run was killed: {said} is finished")
        if place.current() == target.id:
            verify(place.folder)
            return False
        _rehearse(history, target, tools, prove, notify)
        _require_idle(place)
        notify(f"── switching {place.folder}")
        switch(history, target.id)
        try:
            verify(place.folder)
        except BaseException:
            notify(f"── switching {place.folder} back")
            give_back(history)
            raise
    return True


def _rehearse(history: History, target: Target, tools: Tools, prove: Prove, notify: Notify) -> None:
    folder = history.place.generation(target.id)
    last = history.last(target.id)
    if last in (None, "begun", "failed") or not folder.exists():
        notify(f"── building {folder}")
        history.note(target.id, "begun")
        build(target, folder, tools, history.held)
        history.note(target.id, "built")
    require_held(target, folder)
    if last in ("proven", "switching", "switched", "returned"):
        notify("   it is built and proven already")
        return
    notify(f"── proving {folder}")
    try:
        prove(folder)
    except GpusetupError:
        history.note(target.id, "failed")
        raise
    history.note(target.id, "proven")


def undo(place: Place, notify: Notify) -> str:
    """Lead `place` back to what it led to before its last upgrade, and return that ("" where there was nothing)."""
    history = History(place)
    with history.locked():
        if said := finish(history):
            notify(f"   an earlier run was killed: {said} is finished")
        _require_idle(place)
        return give_back(history)


def clean(place: Place) -> list[Path]:
    """Remove the generations that the place does not lead to, and return them."""
    history = History(place)
    with history.locked():
        finish(history)
        gone = [one for one in unused(place) if one.is_dir() and not one.is_symlink()]
        for folder in gone:
            shutil.rmtree(folder)
    return gone


def unused(place: Place) -> list[Path]:
    """Return the generations that the place does not lead to."""
    if not place.store.is_dir():
        return []
    return [one for one in sorted(place.store.iterdir()) if one.is_dir() and one.name != place.current()]


def _require_idle(place: Place) -> None:
    if users := running_from(place.folder):
        more = f" and {len(users) - 3} more" if len(users) > 3 else ""
        raise RefusedError(
            f"programs run from {place.folder}, and would load what takes its place: {', '.join(users[:3])}{more}",
            "end them and run the same command again: what is built and proven is kept",
        )
