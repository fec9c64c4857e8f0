"""URLs: removes logins, signed queries, and the names of private servers."""

from __future__ import annotations

import re

from gpusetup.redact.domains import is_public
from gpusetup.redact.pseudonyms import SECRET, Pseudonyms, is_pseudonym

_WORDS = rf"(?:{SECRET}|[^\s\"'<>|])+"
_MARK = "://"
_LOCAL = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0")  # noqa: S104 - nothing is bound


def without_owners(text: str, names: Pseudonyms) -> str:
    """Return `text` with its URLs redacted: no user-info, no query; for a private server only a stand-in.

    The path on a public server stays: it is where software is downloaded from.
    """
    if _MARK not in text:
        return text
    return re.sub(_WORDS, lambda word: _word(word[0], names) if _MARK in word[0] else word[0], text)


def _word(word: str, names: Pseudonyms) -> str:
    before, _, rest = word.partition(_MARK)
    scheme = re.search(r"[A-Za-z][A-Za-z0-9+.-]{0,30}\Z", before)
    if scheme is None or (scheme[0].lower() == "file" and "@" not in rest):
        return word
    before = before[: scheme.start()]
    rest, user = _without_user(rest)
    authority = re.match(r"(?:\[[0-9A-Fa-f:.%]*\])?[^/?#,;]*", rest)
    host = authority[0] if authority else ""
    return f"{before}{scheme[0]}{_MARK}{user}{_place(host, rest[len(host) :], names)}"


def _without_user(rest: str) -> tuple[str, str]:
    """Return what follows the user-info, and its replacement; a password may contain anything, even ``/`` and ``@``."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    name, colon, port = authority.partition(":")
    password = bool(colon) and not port.isdecimal() and not name.startswith("[")
    end = rest.rfind("@") if password else authority.rfind("@")
    return (rest[end + 1 :], f"{SECRET}@") if end >= 0 else (rest, "")


def _place(host: str, path: str, names: Pseudonyms) -> str:
    name, colon, port = (host, "", "") if host.startswith("[") else host.partition(":")
    if is_public(name):
        trunk, mark, _ = re.match(r"([^?#]*)([?#]?)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr]
        return f"{host}{trunk}{mark and mark + SECRET}"
    if name.lower() in _LOCAL or is_pseudonym(name):
        return f"{host}{path if path in {'', '/', '/…'} else '/…'}"
    end = path[len(path.rstrip(",;)]}")) :]
    return f"{names.of('host', name.lower())}{colon}{port}{'/…' if path.strip('/') else path}{end}"
