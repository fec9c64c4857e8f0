"""Reads what uv and pip say when they refuse. Their texts are made for people, so what is not recognised stays `other`.

Source of the forms: uv 0.13.9 and pip 26 themselves, whose refusals are in tests/packages/refusals/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.packages.model import Clash, Rejection
from gpusetup.text import neutral

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
LAST = 12
"""Lines of its text that are kept."""
UNREACHABLE = (r"error sending request for url \((https?://[^)\s]+)\)", r"Could not fetch URL (https?://\S+?):? ")
SOURCE_ONLY = (rf"Wheels are required for `({NAME})`", rf"because all versions of ({NAME}) have no usable wheels")
NOT_FOUND = (rf"because ({NAME}) was not found in the (?:package registry|provided package locations)",
             rf"No matching distribution found for ({NAME})")  # fmt: skip
NO_WHEEL = (rf"({NAME})\S* has no wheels with a matching (?:Python|platform|ABI)",
            rf"we only found wheels for `({NAME})`")  # fmt: skip
NO_VERSION = (rf"there is no version of ({NAME})[=<>!~]", rf"only ({NAME})[^ ]* is available")
REQUIRED = rf"you require ({NAME}[=<>!~]\S*) and ({NAME}[=<>!~]\S*)"
DEPENDS = rf"({NAME}\S*) depends? on ({NAME}\S*)(?: and ({NAME}[=<>!~]\S*))?"


def read_refusal(text: str) -> Rejection:
    """Return why a resolver refused; the first form that its text has decides the kind."""
    flat = " ".join(text.split())
    last = "\n".join(map(neutral, text.strip().splitlines()[-LAST:]))
    clashes = tuple(_clashes(flat))
    if index := _first(UNREACHABLE, flat):
        return Rejection(kind="unreachable", index=index, text=last)
    for kind, forms in (("not-found", NOT_FOUND), ("source-only", SOURCE_ONLY), ("no-wheel", NO_WHEEL)):
        if clashes and kind != "not-found" and len(clashes) > 1:
            continue  # uv gives the hint about wheels for old releases of a package that others rule out
        if found := _all(forms, flat):
            return Rejection(kind=kind, packages=found, clashes=clashes, text=last)  # type: ignore[arg-type]
    if clashes:
        names = dict.fromkeys(_name(one.package) for one in clashes)
        return Rejection(kind="conflict", packages=tuple(names), clashes=clashes, text=last)
    if found := _all(NO_VERSION, flat):
        return Rejection(kind="no-version", packages=found, text=last)
    return Rejection(kind="other", text=last)


def _first(forms: tuple[str, ...], text: str) -> str:
    return next((match[1] for form in forms if (match := re.search(form, text, re.IGNORECASE))), "")


def _all(forms: tuple[str, ...], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match for form in forms for match in re.findall(form, text, re.IGNORECASE)))


def _clashes(text: str) -> Iterator[Clash]:
    """Yield what depends on what, each once, in the order in which it is said."""
    seen = set()
    for one, other in re.findall(REQUIRED, text):
        yield Clash(package=one.rstrip(",."), needs=other.rstrip(",."))
    for package, *needs in re.findall(DEPENDS, text):
        for one in filter(None, needs):
            clash = Clash(package=package.rstrip(",."), needs=one.rstrip(",."))
            if clash not in seen:
                seen.add(clash)
                yield clash


def _name(requirement: str) -> str:
    found = re.match(NAME, requirement)
    return re.split(r"[=<>!~\[]", found[0])[0] if found else requirement
