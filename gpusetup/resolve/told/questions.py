"""What a question of ``gpusetup why`` is about: a version, a component, a card, a branch, a wheel, or a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.facts import systems
from gpusetup.resolve.pins import PINS
from gpusetup.resolve.told.topics import is_known, names
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts

FIELDS = {name: pin.field for pin in PINS for name in (pin.field, *pin.aliases)} | {
    "nvcc": "cuda", "toolkit": "cuda", "nvidia-driver": "driver",
}  # fmt: skip
"""Name in a question → the field of a request that pins it; so is the name of a distribution for its release."""
COMPONENTS = {"gcc": "compiler", "g++": "compiler", "compiler": "compiler", "environment": "environments"}
"""Name in a question → the component of a stack, where no option pins it."""
WHEEL = r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)-(?:\d[^-]*-)?cp(?P<python>3\d+)-[^-]+-[^-]+\.whl"
OF_NVIDIA = {"nvidia-cudnn": "cudnn"}
NEAR = 3


class WhyQuestion(msgspec.Struct, frozen=True):
    """What is asked: the pins that it adds to a request, the component to show, a card, or a word of the tables."""

    text: str
    field: str = ""
    """The field of a request, or the component of a stack."""
    pins: dict[str, str] = {}
    card: str = ""

    @property
    def solves(self) -> bool:
        """Say whether the answer takes a stack."""
        return bool(self.field or self.card)

    def __str__(self) -> str:
        return self.text


def question(facts: Facts, text: str) -> WhyQuestion:
    """Parse a question; raises `WrongInputError` for one that no table can answer, with similar names."""
    from gpusetup.resolve.asked.request import Wanted, check

    asked = _parsed(facts, text.strip())
    check(facts, msgspec.structs.replace(Wanted(), **asked.pins))
    return asked


def _parsed(facts: Facts, text: str) -> WhyQuestion:
    if wheel := re.fullmatch(WHEEL, text.rpartition("/")[2]):
        return _wheel(facts, wheel)
    name, sign, value = _split(facts, text)
    field = _field(facts, name)
    if sign and field and value:
        return WhyQuestion(f"{field}=={value}", field, {field: value})
    if sign:
        return _component(facts, text, name, value)
    if field or name.lower() in COMPONENTS:
        return WhyQuestion(text, field or COMPONENTS[name.lower()])
    if re.fullmatch(r"\d{3}", name) and any(row.branch == name for row in facts.branch):
        return WhyQuestion(f"driver=={name}", "driver", {"driver": name})
    return _card(facts, text) or _word(facts, text)


def _split(facts: Facts, text: str) -> tuple[str, str, str]:
    """Split ``torch==2.14``, which people also write ``torch=2.14`` and ``torch 2.14``."""
    if found := re.fullmatch(r"([^=\s]*)\s*==?\s*(.*)", text):
        return found[1], "==", found[2]
    spaced = re.fullmatch(r"([A-Za-z-]+)\s+v?(\d[\w.+]*)", text)
    return (spaced[1], "==", spaced[2]) if spaced and _field(facts, spaced[1]) else (text, "", "")


def _fields(facts: Facts) -> dict[str, str]:
    return FIELDS | dict.fromkeys(systems.names(facts), "release")


def _field(facts: Facts, name: str) -> str:
    found = _fields(facts).get(name.lower(), "")
    return found or next((field for start, field in OF_NVIDIA.items() if name.lower().startswith(start)), "")


def _wheel(facts: Facts, found: re.Match[str]) -> WhyQuestion:
    name, python = found["name"].replace("_", "-"), found["python"]
    field = _field(facts, name)
    if not field:
        raise WrongInputError(f"{name} is in no plan", f"ask about {', '.join(sorted(_fields(facts)))}")
    pins = {field: found["version"], "python": f"{python[0]}.{python[1:]}"}
    return WhyQuestion(f"{field}=={found['version']} on Python {pins['python']}", field, pins)


def _component(facts: Facts, text: str, name: str, value: str) -> WhyQuestion:
    """Return a question about the version of something that no option pins: what the tables say of its name."""
    if value and name.lower() in COMPONENTS:
        return WhyQuestion(text, COMPONENTS[name.lower()])
    if value and is_known(facts, name):
        return WhyQuestion(text)
    raise _unknown(facts, text, name)


def _card(facts: Facts, text: str) -> WhyQuestion | None:
    from gpusetup.facts.boards import AmbiguousNameError
    from gpusetup.resolve.asked.cards import named

    try:
        named(facts, [text], ())
    except AmbiguousNameError:
        raise
    except WrongInputError:
        return None
    return WhyQuestion(text, card=text)


def _word(facts: Facts, text: str) -> WhyQuestion:
    if is_known(facts, text):
        return WhyQuestion(text)
    raise _unknown(facts, text, text)


def _unknown(facts: Facts, text: str, name: str) -> WrongInputError:
    import difflib  # only a wrong question needs it

    known = {
        one.lower(): one for one in (*_fields(facts), *COMPONENTS, *names(facts), *(row.name for row in facts.gpu))
    }
    like = difflib.get_close_matches(name.lower(), known, NEAR, cutoff=0.6)
    ask = "ask about a version (torch==2.14.1), a component, a card, a driver branch or a wheel"
    meant = f"did you mean {' or '.join(known[one] for one in like)}? " if like else ""
    return WrongInputError(f"the tables know nothing of {neutral(text)!r}", f"{meant}{ask}")
