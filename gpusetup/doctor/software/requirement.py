"""Whether a requirement of a distribution is contradicted by what lies beside it.

The packaging library would take longer to import than all rules need to run. So only what can be told for sure is
told: plain releases, the operators of plain comparison, and markers that speak of this platform or of an extra.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from gpusetup.distributions import normal
from gpusetup.machine.dotted import is_dotted

_NAME = r"[A-Za-z0-9._-]+"
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_SIGNS = ("~=", *_COMPARE)
_PLATFORM = ("platform_system", "sys_platform", "os_name", "platform_machine")


def unmet(requirement: str, have: Mapping[str, str], arch: str) -> str:
    """Return ``NAME VERSION is installed, SPECIFIERS is required``, or "" when it is met or cannot be decided."""
    wanted, _, marker = requirement.partition(";")
    said = re.match(_NAME, wanted)
    name = normal(said[0]) if said else ""
    version = have.get(name, "").partition("+")[0]
    if not said or not is_dotted(version) or not _applies(marker, arch):
        return ""
    specifiers = _without_extras(wanted[said.end() :]).strip(" ()")
    if all(_meets(version, part.strip()) for part in specifiers.split(",") if part.strip()):
        return ""
    return f"{name} {version} is installed, {specifiers} is required"


def required(requirement: str, arch: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the name and the extras of what `requirement` surely asks for here; None where it may not apply.

    What belongs to an extra is not asked for: no metadata say with which extras a distribution was installed.
    """
    wanted, _, marker = requirement.partition(";")
    said = re.match(_NAME, wanted.strip())
    if not said or "extra" in marker or not _applies(marker, arch):
        return None
    extras = re.match(r"\s*\[([^\]]*)\]", wanted.strip()[said.end() :])
    return normal(said[0]), tuple(one.strip() for one in extras[1].split(",")) if extras else ()


def _without_extras(text: str) -> str:
    """Return what follows the name without ``[extra,other]``."""
    return text.partition("]")[2] if text.lstrip().startswith("[") else text


def _applies(marker: str, arch: str) -> bool:
    """Say whether `marker` surely holds here: whether each of its parts does, be they joined by "and" or "or"."""
    parts = marker.replace(" or ", " and ").split(" and ") if marker.strip() else []
    return all(_holds(part.strip(" ()"), arch) for part in parts)


def _holds(comparison: str, arch: str) -> bool:
    """Say so of one comparison; an extra counts as asked for, since only what is installed is judged."""
    sign = "!=" if "!=" in comparison else "=="
    variable, _, value = (part.strip() for part in comparison.partition(sign))
    if variable == "extra":
        return sign == "=="
    here = value.strip("'\"") in {"Linux", "linux", "posix", arch}
    return variable in _PLATFORM and here is (sign == "==")


def _meets(version: str, specifier: str) -> bool:
    sign = next((sign for sign in _SIGNS if specifier.startswith(sign)), "")
    wanted = specifier.removeprefix(sign).strip()
    release = wanted.removesuffix(".*")
    if not sign or not is_dotted(release):  # a pre-release, ===, a URL: nothing is claimed
        return True
    ours, theirs = _numbers(version), _numbers(release)
    if release != wanted:
        return (ours[: len(theirs)] == theirs) is (sign == "==")
    if sign == "~=":
        return _padded(ours, theirs) >= _padded(theirs, ours) and ours[: len(theirs) - 1] == theirs[:-1]
    return _COMPARE[sign](_padded(ours, theirs), _padded(theirs, ours))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part[:18]) for part in text.split("."))


def _padded(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return one + (0,) * (len(other) - len(one))
