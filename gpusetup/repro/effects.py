"""What becomes of the result when one axis is varied and all others are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.repro.axes import Axis, Setting, axes, usable
from gpusetup.repro.compare import Comparison, compare
from gpusetup.repro.model import Difference, Effect
from gpusetup.repro.trial import PREFIX, Bench, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADDRESSES = "addresses"
MOVED = "it may only have moved addresses, on which the result depends: settle those first, then run this again"
ABSENT = "the program has nothing that it is about"


def effects_of(
    asked: Sequence[Axis], held: Sequence[Axis], base: Ended, first: Ended, bench: Bench
) -> tuple[Effect, ...]:
    """Return the effect of each axis on the run `base`, in which all of `held` are fixed; `first` is one as it is.

    Where none is seen, each is varied in its further ways: two orders of a set of three strings are the same once in
    six times, so that one way may show nothing.
    """
    found: dict[str, Effect] = {}
    for way in range(max(len(axis.varied) for axis in asked)):
        for axis in asked:
            if way < len(axis.varied):
                found[axis.name] = _effect(axis, way, held, base, first, bench)
        if any(effect.state == "matters" for effect in found.values()):
            break
    return tuple(_without_addresses(found))


def _effect(axis: Axis, way: int, held: Sequence[Axis], base: Ended, first: Ended, bench: Bench) -> Effect:
    why = unfit(axis, first)
    if why is not None:
        return Effect(axis=axis.name, state="unknown" if why else "none", why=why or ABSENT)
    others = [one for one in held if one.name != axis.name]
    setting = axis.varied[way]
    if setting.interrupted and not base.left.files:
        return Effect(axis=axis.name, state="unknown", why="it writes no file into its folder that it could go on from")
    varied = bench.run(f"{axis.name} varied", [*fixed(others), setting])
    failed = varied.trial.failed.get(axis.name) or (varied.trial.code and f"the command fails: {varied.said}")
    if failed:
        return Effect(axis=axis.name, state="unknown", why=failed)
    difference = against(base, varied, printed=not setting.interrupted).difference
    bench.forget(varied)
    return Effect(axis=axis.name, state="matters" if difference else "none", difference=difference)


def _without_addresses(found: dict[str, Effect]) -> Iterator[Effect]:
    """Yield the effects; those that addresses may explain as unknown.

    Whatever is varied moves objects in memory as well: another seed is another number, another variable another text.
    """
    moved = ADDRESSES in found and found[ADDRESSES].state == "matters"
    for effect in found.values():
        if moved and effect.state == "matters" and effect.axis != ADDRESSES:
            yield Effect(axis=effect.axis, state="unknown", why=MOVED)
        else:
            yield effect


def holdable(first: Ended) -> list[Axis]:
    """Return the axes that can be held in the program that made the run `first`."""
    return [axis for axis in axes().values() if unfit(axis, first) is None]


def fixed(held: Sequence[Axis]) -> list[Setting]:
    """Return the settings that hold the axes."""
    return [axis.fixed for axis in held]


def unfit(axis: Axis, first: Ended) -> str | None:
    """Return why the axis cannot be set in this program, None where it can be.

    The reason is "" where the program has nothing that the axis is about.
    """
    if first.trial.processes and (
        (axis.modules and not set(axis.modules) & set(first.trial.packages))
        or (axis.threads and not first.trial.threads)
    ):
        return ""
    settings = (axis.fixed, *axis.varied)
    if not first.trial.processes and any(name.startswith(PREFIX) for one in settings for name in one.environment):
        return "the command's Python did not load our hooks"
    return next((why for one in settings if (why := usable(one.prefix))), None)


def against(first: Ended, other: Ended, *, printed: bool = True) -> Comparison:
    """Return how another run differs from the first, its exit code included; `printed`, also in what it printed.

    A run that goes on from where it was interrupted does not print again what it printed before.
    """
    if first.trial.code != other.trial.code:
        codes = (str(first.trial.code), str(other.trial.code))
        return Comparison(Difference(output="exit code", first=codes[0], second=codes[1]))
    return compare(first.left, other.left, printed=printed)
