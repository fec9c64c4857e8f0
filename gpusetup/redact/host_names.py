"""The names of one host and its users, which no pattern could match: replaced wherever they occur as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.machine.model.names import HostNames
from gpusetup.redact.domains import is_public
from gpusetup.redact.people import SHARED
from gpusetup.redact.pseudonyms import Pseudonyms
from gpusetup.redact.words import small_vocabulary, vocabulary

SHORTEST = 3


class Own:
    """Replaces `names`, except common words: another user called ``mark`` is only replaced where it means a user."""

    def __init__(self, names: HostNames) -> None:
        self._starts: dict[str, list[tuple[str, str, bool]]] = {}
        small = small_vocabulary()
        hosts = {name for name in names.hosts if not is_public(name)}
        for name in sorted(hosts | {name.partition(".")[0] for name in hosts}):
            self._add("host", name, any_case=name.lower() not in small)
        for name in names.own:
            self._add("user", name, any_case=False, certain=True)
        for name in names.users:
            self._add("user", name, any_case=False)
        for found in self._starts.values():
            found.sort(key=lambda one: len(one[1]), reverse=True)

    def _add(self, kind: str, name: str, *, any_case: bool, certain: bool = False) -> None:
        first = re.match(r"\w+", name)
        word = name.lower() in SHARED or (not certain and name in vocabulary())
        if first and len(name) >= SHORTEST and not word:
            self._starts.setdefault(first[0].lower(), []).append((kind, name, any_case))

    def taken_out(self, text: str, stand_ins: Pseudonyms) -> str:
        """Return `text` with a stand-in for each of the names that occurs as a whole word."""
        return "".join(self._pieces(text, stand_ins)) if self._starts else text

    def _pieces(self, text: str, stand_ins: Pseudonyms) -> Iterator[str]:
        done = 0
        for word in re.finditer(r"\w+", text):
            if word.start() < done:
                continue
            for kind, name, any_case in self._starts.get(word[0].lower(), ()):
                end = word.start() + len(name)
                said = text[word.start() : end]
                same = said.lower() == name.lower() if any_case else said == name
                if same and not re.match(r"\w", text[end : end + 1]):
                    yield text[done : word.start()]
                    yield stand_ins.of(kind, name.lower() if kind == "host" else name)
                    done = end
                    break
        yield text[done:]
