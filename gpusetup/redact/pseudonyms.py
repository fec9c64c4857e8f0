"""Stand-ins for names: the same one for the same name, throughout one file."""

from __future__ import annotations

SECRET = "<secret>"  # noqa: S105 - it stands for one
KINDS = ("user", "host", "address", "uuid", "id", "serial", "process", "path", "GPU-uuid", "MIG-uuid")


class Pseudonyms:
    """The stand-ins assigned so far, by kind and name; a name that is a stand-in already is kept."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = {}

    def of(self, kind: str, name: str) -> str:
        """Return the stand-in for `name`, such as ``user-1``."""
        if is_pseudonym(name):
            return name
        given = self._given.setdefault(kind, {})
        return given.setdefault(name, f"{kind}-{len(given) + 1}")

    def of_uuid(self, kind: str, name: str) -> str:
        """Return the stand-in for a UUID, or for the beginning of one that has been seen: CUDA takes both."""
        given = self._given.get(kind, {})
        return next((there for whole, there in given.items() if whole.startswith(name)), "") or self.of(kind, name)


def is_pseudonym(name: str) -> bool:
    """Return whether `name` has the form of a stand-in."""
    kind, _, number = name.rpartition("-")
    return kind in KINDS and number.isascii() and number.isdecimal()
