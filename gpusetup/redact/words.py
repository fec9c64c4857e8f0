"""Random-looking words: probably keys or personal numbers, unless their shape is known to be harmless."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import log2

from gpusetup.redact.pseudonyms import SECRET, Pseudonyms, is_pseudonym

LEAST, BITS = 20, 3.5
"""Minimum length, and minimum entropy in bits per character, of a suspicious word."""
SEGMENT = 16
NATURAL_PART = 3.5
_WORD = r"[A-Za-z0-9+/=_-]{20,}+"
_HEX = r"(?<![0-9A-Za-z])[0-9a-fA-F]{20,}+(?![0-9A-Za-z])"
_PARTS = r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])"
_DIGEST = ("sha256:", "sha512:", "sha256=", "sha512=", "sha384:", "sha1:")
_STORES = ("/nix/store/", "/gnu/store/", "/ostree/deploy/fedora/deploy/")
"""Digests of public content: they identify a package, not a machine."""


def without_chance(text: str, names: Pseudonyms) -> str:
    """Return `text` without random-looking words of 20 characters and more.

    Digests with their algorithm before them stay, and so do names of packages, files, symbols and versions.
    """
    if len(text) < LEAST:
        return text
    text = re.sub(_HEX, lambda it: it[0] if _kept(it) else names.of("id", it[0].lower()), text)
    return re.sub(_WORD, lambda it: it[0] if _kept(it) else _word(it[0]), text)


def _kept(it: re.Match[str]) -> bool:
    before = it.string[max(0, it.start() - 40) : it.start()]
    # "sha256:…" and similar identify public content
    digest = before.lower().endswith(_DIGEST) and not set(it[0].lower()) - set("0123456789abcdef")
    return digest or before.endswith(_STORES) or it[0].startswith(("_Z", *_STORES))


def _word(word: str) -> str:
    if "/" not in word:
        return SECRET if is_chance(word) else word
    # a path is judged by its parts, unless it is more likely base64, which contains "/" as well
    parts = word.split("/")
    spoken = sum(len(part) for part in parts if is_natural(part))
    if word[0] != "/" and not set(word) & {"_", "-"} and 2 * spoken < len(word) and _bits(word) >= BITS:
        return SECRET
    return "/".join(SECRET if is_chance(part) else part for part in parts)


def is_chance(word: str) -> bool:
    """Return whether `word` looks random: long, varied, and without a known word in it."""
    if len(word) < LEAST or _bits(word) < BITS or is_pseudonym(word):
        return False
    segments = [one for one in re.split(r"[-_+=]", word) if one]
    # one long random part is enough ("hf_…"); a short one may be an abbreviation
    if any(len(one) >= SEGMENT and not is_natural(one) for one in segments):
        return True
    return not any(len(one) > 3 and is_natural(one) for one in segments) and len(word) >= LEAST + 4


def is_natural(segment: str) -> bool:
    """Return whether a run of letters and digits consists of known or pronounceable words."""
    parts = re.findall(_PARTS, segment)
    letters = sum(map(len, parts))
    if not letters:
        return len(segment) < SEGMENT
    if 2 * sum(len(part) for part in parts if len(part) > 2 and part.lower() in small_vocabulary()) >= letters:
        return True
    spoken = sum(char in "aeiouyAEIOUY" for part in parts for char in part) / letters
    digits = 1 - letters / len(segment)
    long = letters / len(parts) >= NATURAL_PART
    return long and 0.25 <= spoken <= 0.65 and digits < 0.3 and not re.search(r"(?i)[bcdfghjklmnpqrstvwxz]{6}", segment)


def _bits(word: str) -> float:
    """Return the entropy of a word's characters, in bits for each."""
    counts = Counter(word).values()
    return -sum(count / len(word) * log2(count / len(word)) for count in counts)


@cache
def small_vocabulary() -> frozenset[str]:
    """Return `vocabulary` in small letters."""
    return frozenset(map(str.lower, vocabulary()))


@cache
def vocabulary() -> frozenset[str]:
    """Return the words in gpusetup's rules, readers and facts, of which a report consists."""
    from pathlib import Path  # only what is to be redacted needs it

    root = Path(__file__).parents[1]
    files = [
        path
        for folder, kinds in (("doctor", ("py", "json")), ("machine", ("py",)), ("facts", ("toml",)))
        for kind in kinds
        for path in sorted((root / folder).rglob(f"*.{kind}"))
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return frozenset(re.findall(r"[A-Za-z][a-z]{2,}|[A-Z]{3,}", text))
