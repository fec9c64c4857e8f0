"""One cell of the matrix: a stack is installed, found installed, and taken back, on a Fedora of its release."""

from __future__ import annotations

import tomllib
from itertools import product
from pathlib import Path

from gpusetup.errors import RefusedError
from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Card, Stack
from gpusetup.value import Value
from tests.lab.base import HERE as THIS_MACHINE
from tests.lab.base import Base
from tests.lab.fedora import Lab
from tests.lab.world import CARDS, DAY, World
from tests.support import fedoras

HERE = Path(__file__).parent
OLDEST = 36
"""The first release that there are recipes for, but for the one that is kept as history."""
HISTORIC = 29
FIRST_WITH_DNF5 = 41
"""The first release whose dnf is dnf 5. Source: Fedora Changes, "Switch to dnf5"."""
REPOS = ("rpmfusion", "nvidia", "runfile", "wheels")


class Cell(Value):
    """One question that a user may ask."""

    release: str
    repo: str
    card: Card

    def __str__(self) -> str:
        return f"Fedora {self.release}, {self.repo}, {self.card.arch}"

    def stack(self, world: World) -> Stack | RefusedError:
        """Return the plan, all it needs being served, or why there is none."""
        try:
            return world.stack(self.card, self.release, repo=self.repo, allow_eol=True)
        except RefusedError as error:
            return error


def every() -> list[Cell]:
    """Return every cell: each release with recipes × each policy × each generation of cards."""
    known = [int(row.release) for row in fedoras(facts()) if int(row.release) >= OLDEST]
    releases = map(str, (known[0] + 1, *known, HISTORIC))  # the first is in no table, and goes by the lag rule
    return [
        Cell(release=release, repo=repo, card=card)
        for release, repo, card in product(releases, REPOS, CARDS)
    ]  # fmt: skip


class Verdict(Value):
    """What went wrong first, "" when nothing did, and what the run said."""

    wrong: str
    said: str = ""


def expected(cell: Cell) -> tuple[str, ...]:
    """Return the reasons for which `refusals.toml` expects this cell to be refused, () where it must have a plan."""
    for row in tomllib.loads((HERE / "refusals.toml").read_text())["refusal"]:
        here = row["card"] == cell.card.arch and cell.repo in row["repos"]
        if here and row["first"] <= int(cell.release) <= row["last"]:
            return tuple(row["because"])
    return ()


def answered_rightly(cell: Cell, answer: Stack | RefusedError) -> Verdict:
    """Compare a plan or a refusal with what is expected of this cell."""
    because = expected(cell)
    if isinstance(answer, Stack):
        return Verdict(wrong="has a plan, and must have none" if because else "")
    if not because:
        return Verdict(wrong="refused, which nobody expected", said=answer.message)
    right = any(words in answer.message for words in because)
    return Verdict(wrong="" if right else "refused for another reason than expected", said=answer.message)


def walk(world: World, folder: Path, stack: Stack, base: Base = THIS_MACHINE) -> Verdict:
    """Install `stack`, install it again, take it back; return what was not as it must be."""
    script = render(recipe(stack), "bash", DAY)
    lab = Lab(folder, world, stack.release, base)
    try:
        return walk_in(lab, script, stack)
    finally:
        lab.close()


def walk_in(lab: Lab, script: str, stack: Stack) -> Verdict:
    """Do the same with any `script` in any `lab`."""
    before = lab.state()
    first = lab.recipe(script)
    if first.returncode != 0:
        return Verdict(wrong=f"the first run ended with {first.returncode}", said=first.stdout + first.stderr)
    installed = lab.state()
    missing = [name for name in _packages(stack) if f" {name}-" not in installed["packages"]]
    if missing:
        return Verdict(wrong=f"not installed: {', '.join(missing)}")
    if stack.driver is not None and not _module_is_right(lab, stack):
        return Verdict(wrong="the module is of another version or kind than the plan's")
    second = lab.recipe(script)
    if second.returncode != 0 or "nothing to do" not in second.stdout or lab.state() != installed:
        return Verdict(wrong="the second run changed something", said=second.stdout + second.stderr)
    undone = lab.recipe(script, "--undo")
    if undone.returncode != 0:
        return Verdict(wrong=f"--undo ended with {undone.returncode}", said=undone.stdout + undone.stderr)
    after = lab.state()
    if after != before:
        return Verdict(wrong="--undo left something", said=str(sorted(after.items() ^ before.items())))
    return Verdict(wrong="")


def _packages(stack: Stack) -> tuple[str, ...]:
    """Return every package that the plan names."""
    pythons = tuple(name for one in stack.environments for name in one.python_packages)
    toolkit = stack.toolkit
    driver = stack.driver.packages if stack.driver else ()
    return (
        *driver,
        *stack.container_packages,
        *(name for part in stack.parts for name in part.packages),
        *toolkit.packages,
        *toolkit.host_compiler_packages,
        *toolkit.cudnn_packages,
        *pythons,
    )


def _module_is_right(lab: Lab, stack: Stack) -> bool:
    assert stack.driver is not None
    version = lab.sh("cat /sys/module/nvidia/version").stdout.strip()
    licence = lab.sh("modinfo -F license nvidia").stdout.strip()
    return version == stack.driver.version and ("GPL" in licence) == (stack.driver.flavour == "open")
