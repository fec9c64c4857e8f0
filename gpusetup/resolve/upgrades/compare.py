"""What changes between two sides: the driver, then each environment, its frameworks first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.resolve.model import Change
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.resolve.upgrades.model import Upgrade
from gpusetup.resolve.upgrades.risks import NVIDIA, risks
from gpusetup.resolve.upgrades.sides import of_stack

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Stack
    from gpusetup.resolve.upgrades.model import Held, Side

CORE = (*FRAMEWORKS, "tensorflow-cpu", "jaxlib")


def compared(before: Side, stack: Stack, facts: Facts, origin: str) -> Upgrade:
    """Return the upgrade from `before` to `stack`; `origin` says in words what `before` is."""
    after = of_stack(stack)
    cards = tuple(card.compute_capability for card in stack.request.cards for _ in range(card.count))
    return Upgrade(
        origin=origin,
        changes=tuple(changes(before, after)),
        risks=tuple(risks(before, after, cards, stack.request.machine_arch, facts)),
        stack=stack,
    )


def changes(before: Side, after: Side) -> Iterator[Change]:
    """Yield each component that differs."""
    if before.driver != after.driver:
        yield Change(component="driver", now=before.driver, after=after.driver)
    for new in after.environments:
        yield from _environment(before.environment(new.name), new)
    for old in before.environments:
        if after.environment(old.name) is None:
            yield Change(component=f"env {old.name}", now=" ".join(_core(old)), after="")


def _environment(old: Held | None, new: Held) -> Iterator[Change]:
    name = f"env {new.name}"
    if old is None:
        yield Change(component=name, now="", after=" ".join(_core(new)))
        return
    for field in ("python", "cuda"):
        now, then = getattr(old, field), getattr(new, field)
        if now and now != then:
            yield Change(component=f"{name}: {field.upper() if field == 'cuda' else 'Python'}", now=now, after=then)
    for package in differing(old, new):
        now, then = old.packages.get(package, ""), new.packages.get(package, "")
        yield Change(component=f"{name}: {package}", now=now, after=then)


def differing(old: Held, new: Held) -> list[str]:
    """Return the packages that differ: frameworks, NVIDIA's, those asked for, the others.

    What one side alone lists counts only if the other side lists everything that it holds.
    """
    names = {name for name, version in new.packages.items() if (old.whole or name in old.packages)
             and old.packages.get(name) != version}  # fmt: skip
    names |= {name for name in old.packages if new.whole and name not in new.packages}
    return sorted(names, key=lambda name: (_rank(name, new), name))


def _rank(name: str, new: Held) -> int:
    if name in CORE:
        return 0
    return 1 if name.startswith(NVIDIA) else 2 if name in new.asked else 3


def _core(held: Held) -> list[str]:
    return [f"{name}=={version}" for name, version in held.packages.items() if name in FRAMEWORKS]
