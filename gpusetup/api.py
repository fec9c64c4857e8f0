"""The public API: `detect`, `examine`, `plan` and `prove`, each what the command of its kind does.

Each returns one frozen value; `to_json` and `load` save it and read it back. Nothing is printed, nothing on the host is
changed. Every error that a caller can act upon is a `gpusetup.errors.GpusetupError`.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.value import load, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.asked.request import Wanted
    from gpusetup.resolve.model import Stack
    from gpusetup.selftest.model import Precision, Profile
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.schedule import Axis

__all__ = ["AssumptionWarning", "detect", "examine", "load", "plan", "prove", "to_json"]

LIVE = "/"


class AssumptionWarning(UserWarning):
    """`plan` had to assume something, such as the CPU where no GPU was found."""


def detect(
    *, sysroot: str = LIVE, timeout: float = 10.0, deep: float | None = None, pythons: Mapping[str, str] | None = None
) -> Machine:
    """Read this host, or the one whose files lie under `sysroot`; NVML gets `timeout` seconds.

    With `deep`, each installed framework is imported in a process of its own, for at most that many seconds; `pythons`
    names their interpreters (``{"pytorch": "/path/bin/python"}``). What cannot be read is an `Unread` in its place.
    Raises `WrongInputError` when `sysroot` is not a folder, or is given together with `deep`.
    """
    from gpusetup.machine.read import read  # only what is called is loaded

    if deep is not None and sysroot != LIVE:
        raise WrongInputError("deep imports the frameworks of this host", "leave sysroot or deep out")
    machine = read(sysroot, timeout)
    if deep is None:
        return machine
    from gpusetup.machine.deep import deepen

    return deepen(machine, _by_framework(pythons), deep)


def examine(
    machine: Machine | None = None, *, only: Iterable[str] = (), skip: Iterable[str] = (), require_gpu: bool = False
) -> Report:
    """Judge `machine` (default: this host) by the doctor's rules; findings come worst first, causes before effects.

    `only` and `skip` choose rules by id or topic (``"DRV"``). Raises `WrongInputError` for a name that is no rule.
    """
    from gpusetup.doctor.diagnosis import diagnose, with_gpu_required
    from gpusetup.doctor.registry import all_rules, select

    every = all_rules()
    rules = select(every, ",".join(only), ",".join(skip))
    chosen = with_gpu_required(rules, every) if require_gpu else rules
    return diagnose(machine or detect(), chosen, require_gpu=require_gpu)


def plan(machine: Machine | None = None, wanted: Wanted | None = None) -> Stack:
    """Choose the stack that fits `machine` (default: this host) and `wanted`.

    With cards and a release in `wanted`, no machine is read. Raises `RefusedError` when no stack fits, or no recipe is
    for the host, naming why and what would be possible, and `WrongInputError` for what no table knows.
    """
    from gpusetup.facts import facts
    from gpusetup.resolve.asked.request import Wanted, ask
    from gpusetup.resolve.host.foreign import required
    from gpusetup.resolve.planned import planned

    asked = ask(facts(), wanted or Wanted(), lambda: machine or detect(), saved=machine is not None)
    for note in asked.notes:
        warnings.warn(note, AssumptionWarning, stacklevel=2)
    return required(planned(asked, facts()))


def prove(
    *,
    checks: Iterable[str] = (),
    frameworks: Iterable[str] = (),
    devices: Iterable[str] = (),
    seeds: Iterable[int] = (),
    precisions: Iterable[Precision] = (),
    full: bool = False,
    pythons: Mapping[str, str] | None = None,
    jobs: int | None = None,
    baseline: Proof | None = None,
) -> Proof:
    """Run the self-test in processes of its own and return the proof; `Proof.concluded` says what it comes to.

    What is left empty is chosen as ``gpusetup selftest`` does. `jobs` workers run at a time (default: one per CPU).
    With `baseline`, every run is compared with the saved one. Raises `MissingError` when a framework is not installed,
    and `WrongInputError` for a check, framework or device that does not exist.
    """
    from gpusetup.selftest.devices import devices as all_devices
    from gpusetup.selftest.prove import Baseline
    from gpusetup.selftest.prove import prove as run
    from gpusetup.selftest.registry import checks as all_checks
    from gpusetup.selftest.schedule import Selection
    from gpusetup.selftest.selection import choose_checks, require_precisions

    checks, frameworks, devices = tuple(checks), tuple(frameworks), tuple(devices)
    seeds, precisions = tuple(seeds), tuple(precisions)
    given: dict[Axis, tuple[object, ...]] = {
        "checks": checks, "frameworks": frameworks, "devices": devices, "seeds": seeds, "precisions": precisions
    }  # fmt: skip
    found = all_checks(None)
    profile: Profile = "full" if full else "quick"
    here, taken = _interpreters(frameworks, pythons or {}, full=full)
    selection = Selection(
        checks=choose_checks(checks, found, profile),
        pythons=taken,
        devices=all_devices(devices),
        seeds=seeds or (0,),
        profile=profile,
        precisions=precisions or ("float32",),
        left_out=tuple(name for name in here if name not in taken),
        named=tuple(axis for axis, value in given.items() if value and "all" not in value),
    )
    require_precisions(selection.precisions, selection.checks, selection.devices, found)
    held = None if baseline is None else Baseline(baseline)
    return run(selection, found, baseline=held, jobs=jobs or len(os.sched_getaffinity(0)))


def _interpreters(
    wanted: tuple[str, ...], pythons: Mapping[str, str], *, full: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Return framework → interpreter for those that are installed, and for those of them that a run takes."""
    from gpusetup.selftest.frameworks import at_hand, canonical, interpreters

    here = interpreters(tuple(map(canonical, wanted)), _by_framework(pythons))
    return here, here if wanted or pythons else at_hand(here, quick=not full)


def _by_framework(pythons: Mapping[str, str] | None) -> dict[str, str]:
    from gpusetup.selftest.frameworks import canonical

    return {canonical(name): path for name, path in (pythons or {}).items()}
