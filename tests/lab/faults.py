"""Faults that a run meets: each ends in one clear message, and is over when its cause is mended.

A fault is a context in which the recipe is run; `says` are words of what its owner must then be told. Whatever happens,
one of the two drivers can still start, the next run goes on to the undisturbed state, and undo to the starting one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DAY, World

State = dict[str, str]


class Fault(NamedTuple):
    """What is done to a machine, how the run in it ends, and what it says."""

    name: str
    happens: Callable[[Lab], AbstractContextManager[None]]
    says: tuple[str, ...]
    code: int = 6


def script_of(world: World) -> str:
    """Return the recipe that meets them: one with every step that takes something from elsewhere."""
    return render(recipe(world.stack(ADA)), "bash", DAY)


def meet(world: World, folder: Path, script: str, fault: Fault, before: State, whole: State) -> str:
    """Run `script` into `fault`, mend it, run again, take back; return what was not as it must be, "" when nothing."""
    lab = Lab(folder, world)
    try:
        with fault.happens(lab):
            met = lab.recipe(script)
            said = met.stdout + met.stderr
            if met.returncode != fault.code:
                return f"ended with {met.returncode}: {said[-800:]}"
            if missing := [words for words in fault.says if words not in said]:
                return f"does not say {missing}: {said[-800:]}"
            if not has_a_driver(lab):
                return "neither driver can start"
        return resume(lab, script, before, whole)
    finally:
        lab.close()


def resume(lab: Lab, script: str, before: State, whole: State) -> str:
    """Run `script` to its end and take it back; return what was not as it must be."""
    again = lab.recipe(script)
    if again.returncode != 0:
        return f"did not go on: {(again.stdout + again.stderr)[-800:]}"
    if (state := lab.state()) != whole:
        return f"went on to another state: {sorted(state.items() ^ whole.items())[:6]}"
    undone = lab.recipe(script, "--undo")
    if undone.returncode != 0 or (state := lab.state()) != before:
        return f"was not taken back: {undone.stderr[-300:]} {sorted(state.items() ^ before.items())[:6]}"
    return ""


def undisturbed(world: World, folder: Path, script: str) -> tuple[State, State]:
    """Return the state before `script`, and after a run that nothing disturbed."""
    lab = Lab(folder, world)
    try:
        before = lab.state()
        done = lab.recipe(script)
        assert done.returncode == 0, done.stdout + done.stderr
        return before, lab.state()
    finally:
        lab.close()


def has_a_driver(lab: Lab) -> bool:
    """Say whether the next start has a driver: nouveau is not kept off, or NVIDIA's module is there to be loaded."""
    return lab.sh("! grep -qs blacklist=nouveau /boot/arguments || modinfo -F version nvidia").returncode == 0


def spoilt(fault: str, *hosts: str) -> Callable[[Lab], AbstractContextManager[None]]:
    return lambda lab: lab.spoilt(fault, *hosts)


def marked(name: str) -> Callable[[Lab], AbstractContextManager[None]]:
    """Return a fault that stand-in programs or scriptlets show while there is a file ``/srv/NAME``."""

    @contextmanager
    def happens(lab: Lab) -> Iterator[None]:
        lab.sh(f"touch /srv/{name}")
        yield
        lab.sh(f"rm /srv/{name}")

    return happens


def room(megabytes: int, *, seen: bool) -> Callable[[Lab], AbstractContextManager[None]]:
    """Return a disk with so much room left; `seen` or not by df, as when another program fills it meanwhile."""

    @contextmanager
    def happens(lab: Lab) -> Iterator[None]:
        if not seen:
            lab.write("/usr/local/sbin/df", "#!/bin/sh\necho Avail\necho 99\n", mode="755")
        lab.resize(megabytes)
        yield
        lab.resize(None)
        lab.sh("rm -f /usr/local/sbin/df")

    return happens


@contextmanager
def dnf_at_work(lab: Lab) -> Iterator[None]:
    """Another dnf holds its lock for some seconds."""
    lab.sh("""
        mkdir -p /var/cache/dnf
        setsid sleep 6 >/dev/null 2>&1 </dev/null &
        echo $! >/var/cache/dnf/metadata_lock.pid
    """)
    yield


@contextmanager
def another_run(lab: Lab) -> Iterator[None]:
    """Another run of the recipe holds our own lock."""
    lab.sh("mkdir -p /var/lib/gpusetup")
    holder = subprocess.Popen(
        [*lab.chroot, "bash", "-c", "exec 9>/var/lib/gpusetup/lock; flock 9; echo held; read -r || :"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    yield
    holder.stdin.close()
    holder.stdout.close()
    holder.wait()


FAULTS = (
    Fault("no room, and the disk says so", room(50, seen=True), ("GB are needed", "GB are free")),
    Fault("full while packages come", room(1, seen=False), ("failed",)),
    Fault("full while the environments are made", room(16, seen=False), ("No space left", "failed")),
    Fault("dnf is at work elsewhere", dnf_at_work, ("Waiting for process with pid",), code=0),
    Fault("another run is in progress", another_run, ("another run is in progress",), code=1),
    Fault("no network at all", spoilt("down"), ("the step repositories failed",)),
    Fault("RPM Fusion gone", spoilt("down", "mirrors.rpmfusion.org"), ("failed", "The steps after it were not run")),
    Fault("cut in the driver's packages", spoilt("half", "mirrors.rpmfusion.org"), ("the step driver failed",)),
    Fault("cut in Fedora's packages", spoilt("half", "fedora.lab"), ("the step kernel-headers failed",)),
    Fault("cut in an archive", spoilt("half", "developer.download.nvidia.com"), ("failed", "The steps after it")),
    Fault("cut in a wheel", spoilt("half", "index.lab"), ("the step environments failed",)),
    Fault("metadata that do not fit their index", spoilt("garbled", "fedora.lab"), ("failed", "checksum")),
    Fault("a scriptlet that fails", marked("scriptlet-fails"), ("scriptlet", "the step driver failed")),
    Fault("a module that cannot be built", marked("akmods-fails"), ("no open kernel module", "the step driver failed")),
)  # fmt: skip
