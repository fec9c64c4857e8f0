"""Finds calls of given macros and functions in C, and reads the format that each prints.

It is no parser of C: strings and parentheses are followed, everything else is passed over. That is enough for calls
whose format is a literal, which NVIDIA's printing macros demand (``NV_PRINTF``: "must be a string literal").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 4000
"""No call that prints is longer, in characters; a bound for files that are not C."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|\'(?:[^\'\\]|\\.)\'|[(),]', re.DOTALL)
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)')
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "", "0": ""}


class Call(NamedTuple):
    """One call: which macro or function, and its arguments as they stand."""

    name: str
    arguments: tuple[str, ...]


def calls(text: str, names: frozenset[str]) -> Iterator[Call]:
    """Yield every call of one of `names` in `text`, in order."""
    pattern = re.compile(rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\s*\(")
    for found in pattern.finditer(text):
        if _is_definition(text, found.start()):
            continue
        arguments = _arguments(text, found.end())
        if arguments:
            yield Call(found[1], arguments)


def _is_definition(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at].lstrip()
    return line.startswith(("#define", "//", "*"))


def _arguments(text: str, start: int) -> tuple[str, ...]:
    """Return the arguments of a call whose parenthesis was opened just before `start`; none where it never closes."""
    found, depth, begin = [], 1, start
    for token in _TOKEN.finditer(text, start, start + LONGEST):
        sign = token[0]
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 or (sign == "," and depth == 1):
            found.append(_without_comments(text[begin : token.start()]))
            begin = token.end()
        if depth == 0:
            return tuple(found)
    return ()


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/|\\\n", " ", text, flags=re.DOTALL).strip()


def literal(argument: str, macros: dict[str, str]) -> str | None:
    """Return the text of adjoining literals, macros among them replaced; None for what is no literal."""
    if '"' not in argument or re.search(r"[?=;{]", re.sub(r'"(?:[^"\\]|\\.)*"', "", argument)):
        return None
    parts: list[str] = []
    for found in _LITERAL.finditer(argument):
        unknown = "" if parts and re.search(r"%l*$", parts[-1]) else "%"  # `"%" PRIx64` has its own per cent
        parts.append(macros.get(found[2], unknown + "x") if found[2] else _unescaped(found[1]))
    return "".join(parts)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), text, flags=re.DOTALL)
