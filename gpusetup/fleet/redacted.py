"""Removes names and secrets from a judged fleet: each host is ``host-1``, ``host-2`` … throughout one output.

A host's full and short name have the same stand-in. Everything else goes through the redaction of all results: users,
addresses, UUIDs, secrets. A field that is not listed here is redacted, so that a new one cannot leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gpusetup.fleet.model import Fleet
from gpusetup.machine.model.names import HostNames
from gpusetup.redact.redactor import Redactor

OURS = frozenset((
    "version", "gpusetup", "at", "verdict", "state", "kind", "weight", "unit", "topic", "has", "read_at", "rule",
    "slug", "property", "source", "fingerprint", "check", "framework", "precision", "device",
))  # fmt: skip
"""Fields with our own words alone."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DOTS = 3


def redacted_fleet(fleet: Fleet, names: HostNames) -> Fleet:
    """Return `fleet` without names; `names` are those of this host and its people."""
    cleaner = _Cleaner(fleet, names)
    cleaned: Fleet = cleaner.clean(fleet)
    return cleaned


class _Cleaner:
    def __init__(self, fleet: Fleet, names: HostNames) -> None:
        self._redactor = Redactor(names)
        self._hosts: dict[str, str] = {}
        for number, one in enumerate(fleet.hosts, start=1):
            for name in (one.name, one.called):
                self._name(name, f"host-{number}")
        for name in (*fleet.inventory.missing, *fleet.inventory.unexpected):
            self._name(name, f"host-{len(self._hosts) + 1}")
        self._odd = sorted((name for name in self._hosts if not _WORD.fullmatch(name)), key=len, reverse=True)
        for text in _texts(fleet):
            self._redactor.learn(text)
            if text.count(".") == _DOTS:  # a whole field is a value: of a wheel, of a firmware
                self._redactor.learn_version(text)

    def _name(self, name: str, stand_in: str) -> None:
        if name:
            known = self._hosts.setdefault(name, stand_in)
            short = name.partition(".")[0]
            if short and not short.isdecimal():
                self._hosts.setdefault(short, known)

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, tuple):
            return tuple(self.clean(one) for one in value)
        if isinstance(value, msgspec.Struct):
            fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in OURS}
            return msgspec.structs.replace(value, **{name: self.clean(one) for name, one in fields.items()})
        return value

    def _text(self, text: str) -> str:
        if text in self._hosts:
            return self._hosts[text]
        for name in self._odd:
            text = text.replace(name, self._hosts[name])
        return self._redactor.text(_WORD.sub(self._word, text))

    def _word(self, found: re.Match[str]) -> str:
        """Return a word, or the stand-in of the host that it is, with the punctuation that a sentence adds."""
        word = found[0]
        bare = word.rstrip("._-")
        stand_in = self._hosts.get(word) or self._hosts.get(bare)
        if stand_in is not None:
            return stand_in if word in self._hosts else stand_in + word[len(bare) :]
        whole = next((one for one in _beginnings(word) if one in self._hosts), "")
        return self._hosts[whole] + word[len(whole) :] if whole else word


def _beginnings(word: str) -> Iterator[str]:
    """Yield what a word begins with, up to each full stop: ``node01.json`` names a host as well."""
    at = word.rfind(".")
    while at > 0:
        yield word[:at]
        at = word.rfind(".", 0, at)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
