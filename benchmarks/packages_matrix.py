"""Every Python environment that the cards and releases of the tables give, resolved by uv for its own platform.

``python benchmarks/packages_matrix.py`` asks the package index. Environments that several cards share are resolved
once. Where an index does not answer, the public index's builds of the same releases are resolved instead,
and it is listed.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator

from gpusetup.facts import facts, systems
from gpusetup.packages.fit.question import question
from gpusetup.packages.model import Question, Rejection
from gpusetup.packages.resolver import Resolve, find_uv
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Request, Stack
from gpusetup.resolve.pins import FRAMEWORKS


def stacks() -> Iterator[tuple[str, Stack]]:
    """Yield the stack of one card of each capability on each release, with every framework that has one there."""
    cards = {gpu.cc: gpu.name for gpu in facts().gpu if gpu.market != "jetson"}
    for row in systems.releases(facts(), systems.distribution(facts()).name):
        for name in cards.values():
            for framework in FRAMEWORKS:
                request = Request(release=row.release, cards=named(facts(), (name,), ()), frameworks=(framework,),
                                  allow_eol=True)  # fmt: skip
                found = attempt(request, facts())
                if isinstance(found, Stack):
                    yield f"{name} on {row.release}", found


def questions() -> dict[Question, list[str]]:
    """Return each different question that the environments put, and for which cards and releases."""
    found: dict[Question, list[str]] = defaultdict(list)
    for where, stack in stacks():
        for one in stack.environments:
            wanted = tuple(requirement.text for requirement in one.requirements)
            asked = question(stack.request, one, systems.glibc(facts(), stack.request.distro, stack.release), wanted)
            found[asked].append(where)
    return found


def judged(asked: Question, resolve: Resolve, silent: set[str]) -> tuple[str, str]:
    """Return the kind of result, and why where uv refuses."""
    lacking = [one for one in asked.indexes if one in silent]
    if not lacking:
        answer = resolve(asked)
        if not isinstance(answer, Rejection):
            return "resolved", ""
        if answer.kind != "unreachable":
            return f"refused: {answer.kind}", " ".join(answer.text.split())[:300]
        silent.update(one for one in asked.indexes if answer.index.startswith(one.rstrip("/")))
    public = Question(
        wanted=tuple(line.partition("+")[0] for line in asked.wanted), python=asked.python, machine=asked.machine,
        glibc=asked.glibc,
    )  # fmt: skip
    answer = resolve(public)
    if isinstance(answer, Rejection):
        return f"index silent, public release refused: {answer.kind}", " ".join(answer.text.split())[:300]
    return "index silent, public release resolved", ""


def main() -> int:
    """Print the counts and every refusal; return 1 where there is one."""
    resolve, silent, kinds = find_uv(), set[str](), Counter[str]()
    asked = questions()
    for one, where in asked.items():
        kind, why = judged(one, resolve, silent)
        kinds[kind] += 1
        if why:
            print(
                f"{kind}: {' '.join(one.wanted)} on Python {one.python} ({where[0]}, {len(where)} in all): {why}",
                flush=True,
            )
    print(f"{sum(map(len, asked.values()))} environments, {len(asked)} of them different: {dict(kinds.most_common())}")
    print(f"indexes that did not answer: {', '.join(sorted(silent)) or 'none'}")
    return int(any("refused" in kind for kind in kinds))


if __name__ == "__main__":
    sys.exit(main())
