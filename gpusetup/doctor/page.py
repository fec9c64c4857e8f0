"""A rule's page: the same text for ``--explain`` and for ``docs/rules/``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gpusetup.doctor.remedies.fixes import table
from gpusetup.doctor.remedies.model import HOST, RemedyRow
from gpusetup.doctor.remedies.situations import WHEN
from gpusetup.doctor.remedies.system_kind import FAMILIES
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gpusetup.doctor.rule import Rule

SHELLS = {
    "any": "elsewhere",
    **{name: f"{name.capitalize()} and its kin" for name in FAMILIES},
    "fedora-dkms": "RHEL, Amazon Linux and other kin of Fedora that build with DKMS",
    "pop": "Pop!_OS",
    "rpm-ostree": "rpm-ostree",
    "bootc": "bootc",
    "ublue": "Universal Blue",
    "image": "systems that are replaced as a whole",
    "nixos": "NixOS",
    "cos": "Container-Optimized OS",
    "transactional": "openSUSE MicroOS and its kin",
    "lxc": "LXC",
    "kubernetes": "Kubernetes",
    "wsl": "WSL",
    "jetson": "a Jetson",
}
"""The kinds of system in words."""
"""What is written above the commands of a family; any other name is a distribution's own."""


class About(Value):
    """What is known about a rule without running it; `docs` and the remedies' texts are Markdown."""

    id: str
    slug: str
    title: str
    worst: str
    required: bool
    """Whether its verdict must be known before a machine may be called healthy."""
    stage: str
    """Where its problem sits, from the bus to a container."""
    blocks: str
    """The stage from which on nothing can work while it stands, "" for none."""
    symptom: bool
    """Whether what it reports is explained by anything that blocks its stage."""
    explained_by: tuple[str, ...]
    """The further rules that could be its cause."""
    explains: tuple[str, ...]
    source: str
    docs: str
    remedies: tuple[str, ...]
    """What it may advise, by the names in the reports' ``remedy.fix``."""


def about(rule: Rule, every: Iterable[Rule]) -> About:
    """Return what `page` says as a value."""
    return About(
        id=rule.id,
        slug=rule.slug,
        title=rule.title,
        worst=rule.worst,
        required=rule.required,
        stage=rule.stage,
        blocks=rule.blocks,
        symptom=rule.symptom,
        explained_by=(*rule.after, *rule.disproved_by),
        explains=tuple(one.id for one in every if rule.id in {*one.after, *one.disproved_by}),
        source=rule.source,
        docs=_unindented(rule.docs),
        remedies=tuple(named(rule)),
    )


def page(rule: Rule, every: Iterable[Rule]) -> str:
    """Return what is known about `rule` as Markdown; `every` rule is looked through for its consequences."""
    consequences = [one.id for one in every if rule.id in {*one.after, *one.disproved_by}]
    lines = [f"# {rule.id}: {rule.title}", "", f"`{rule.slug}`", "", _unindented(rule.docs), ""]
    lines.append(f"- Worst severity: {rule.worst}" + (", and its verdict is required" if rule.required else ""))
    lines.append(f"- Stage: {rule.stage}")
    if rule.blocks:
        lines.append(f"- While it stands, nothing works from this stage on: {rule.blocks}")
    if rule.symptom:
        lines.append("- A symptom: whatever blocks its stage explains it")
    if causes := (*rule.after, *rule.disproved_by):
        lines.append(f"- Can be explained by: {', '.join(causes)}")
    if consequences:
        lines.append(f"- Can explain: {', '.join(consequences)}")
    return "\n".join([*lines, f"- Rests on: {rule.source}", "", *_remedies(rule)])


def _unindented(docs: str) -> str:
    first, _, rest = docs.strip().partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}".strip().replace("``", "`")


def _remedies(rule: Rule) -> Iterator[str]:
    """Yield what the rule may advise, with its commands; placeholders are in capitals, as options have them."""
    for number, (name, where) in enumerate(named(rule).items()):
        if number == 0:
            yield from ("## What fixes it", "")
        yield from (f"{where}{_filled(table()[name].text)}:", "", "```console")
        yield from _commands(table()[name])
        yield from ("```", "")
        yield from (f"On {SHELLS.get(key, key)}: {_filled(text)}\n" for key, text in table()[name].texts.items())


def named(rule: Rule) -> dict[str, str]:
    """Return the remedies that `rule` may advise, each with what is said before it of containers and circumstances."""
    fixes = table()
    own = sorted(rule.remedies)
    instead = {fixes[name].container or HOST for name in own} - {HOST, *own}
    where = {name: "On the host, if in a container: " if fixes[name].container == HOST else "" for name in own}
    other = {name: WHEN[when] for each in own for when, name in fixes[each].instead.items()}
    return {**where, **other, **dict.fromkeys(sorted(instead), "In a container: ")}


def _commands(row: RemedyRow) -> Iterator[str]:
    shells = sorted(row.commands, key=lambda name: name == "any")
    for name in shells:
        if len(shells) > 1:
            yield f"# {SHELLS.get(name, name.capitalize())}"
        yield from map(_filled, row.commands[name])


def _filled(text: str) -> str:
    return text.format_map(_Placeholders())


class _Placeholders(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()
