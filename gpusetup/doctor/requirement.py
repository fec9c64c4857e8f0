"""Whether a requirement of a distribution is contradicted by what lies beside it.

The packaging library would take longer to import than all rules need to run. So only what can be told for sure is
told: plain releases, the operators of plain comparison, and markers that speak of this platform or of an extra.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

_REQUIREMENT = r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])? *\(?(?P<specifiers>[^;)]*)\)? *(?:;(?P<marker>.*))?"
_SPECIFIER = r"(==|!=|<=|>=|<|>|~=) *([0-9][0-9.]*)(\.\*)?"
_RELEASE = r"\d+(\.\d+)*"
_PLATFORM = r"""(?:platform_system|sys_platform|os_name|platform_machine) *(==|!=) *['"](\w+)['"]"""
_EXTRA = r"""extra *== *['"][\w-]+['"]"""
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


def unmet(requirement: str, have: Mapping[str, str], arch: str) -> str:
    """Return ``NAME VERSION is here, SPECIFIERS is asked for``, or "" when it is met or cannot be told."""
    said = re.fullmatch(_REQUIREMENT, requirement)
    if not said or not _applies(said["marker"] or "", arch):
        return ""
    name = re.sub(r"[-_.]+", "-", said["name"]).lower()
    version = have.get(name, "").partition("+")[0]
    if not re.fullmatch(_RELEASE, version):
        return ""
    specifiers = said["specifiers"].strip()
    if all(_meets(version, part.strip()) for part in specifiers.split(",") if part.strip()):
        return ""
    return f"{name} {version} is here, {specifiers} is asked for"


def _applies(marker: str, arch: str) -> bool:
    """Say whether `marker` surely holds here; an extra counts as asked for, since only what is installed is judged."""
    here = {"Linux", "linux", "posix", arch}
    left = re.sub(_EXTRA, "True", marker)
    for mark in re.finditer(_PLATFORM, marker):
        if (mark[2] in here) is not (mark[1] == "=="):
            return False
        left = left.replace(mark[0], "True")
    return set(re.findall(r"\w+", left)) <= {"True", "and", "or"}


def _meets(version: str, specifier: str) -> bool:
    said = re.fullmatch(_SPECIFIER, specifier)
    if not said:  # a pre-release, ===, a URL: nothing is claimed
        return True
    sign, wanted, star = said.groups()
    ours, theirs = _numbers(version), _numbers(wanted)
    if star:
        return (ours[: len(theirs)] == theirs) is (sign == "==")
    if sign == "~=":
        return _padded(ours, theirs) >= _padded(theirs, ours) and ours[: len(theirs) - 1] == theirs[:-1]
    return _COMPARE[sign](_padded(ours, theirs), _padded(theirs, ours))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part[:18]) for part in text.strip(".").split("."))


def _padded(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return one + (0,) * (len(other) - len(one))
