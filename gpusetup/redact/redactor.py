"""`Redactor`: one text after another, with the same stand-ins throughout."""

from __future__ import annotations

from gpusetup.machine.model.names import HostNames
from gpusetup.redact.addresses import learn_versions, without_addresses, without_hosts
from gpusetup.redact.host_names import Own
from gpusetup.redact.people import without_people
from gpusetup.redact.pseudonyms import Pseudonyms
from gpusetup.redact.secrets import without_secrets
from gpusetup.redact.urls import without_owners
from gpusetup.redact.words import without_chance


class Redactor:
    """Redacts the texts of one file; `names` are those of the host it describes."""

    def __init__(self, names: HostNames) -> None:
        self.stand_ins = Pseudonyms()
        self._own = Own(names)
        self._versions: set[str] = set()
        self._done: dict[str, str] = {}

    def learn(self, text: str) -> None:
        """Collect the dotted numbers that are versions, before any text is redacted."""
        self._versions |= learn_versions(text)

    def learn_version(self, text: str) -> None:
        """Treat `text` as a version, even if it looks like an address."""
        self._versions.add(text)

    def text(self, text: str) -> str:
        """Return `text` without secrets, and with stand-ins for names."""
        if text not in self._done:
            self._done[text] = self._cleaned(text)
        return self._done[text]

    def _cleaned(self, text: str) -> str:
        text = without_secrets(without_owners(text, self.stand_ins))
        text = without_people(text, self.stand_ins)
        text = without_hosts(text, self.stand_ins)
        text = self._own.taken_out(text, self.stand_ins)
        text = without_addresses(text, self.stand_ins, self._versions)
        return without_chance(text, self.stand_ins)
