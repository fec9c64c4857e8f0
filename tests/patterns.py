"""Every pattern of the engine, found in its source, and words of its own that could keep it busy."""

from __future__ import annotations

import ast
import importlib
import re
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from gpusetup.render.quoting_check.pattern import Later
from tests.support import ROOT

ENGINE = ROOT / "gpusetup"
GENERATED = {"compiled_templates.py"}
FUNCTIONS = ("search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
MOST_WORDS = 8
_ANY, _NOT_IN = "x", "~x0 \n,\x00"


class Use(NamedTuple):
    """A pattern, and the function of ``re`` that is called with it."""

    place: str
    pattern: str | bytes
    flags: int
    function: str


@cache
def uses() -> tuple[tuple[Use, ...], tuple[str, ...]]:
    """Return the uses of patterns in the engine, and where one is not a constant that can be looked at."""
    found: dict[tuple[str | bytes, int, str], Use] = {}
    unknown: list[str] = []
    for path in sorted(ENGINE.rglob("*.py")):
        if path.name not in GENERATED:
            for use in _in_file(path):
                if isinstance(use, str):
                    unknown.append(use)
                else:
                    found.setdefault((use.pattern, use.flags, use.function), use)
    return tuple(found.values()), tuple(unknown)


def _in_file(path: Path) -> Iterator[Use | str]:
    text = path.read_text()
    if not ("re." in text and "import re\n" in text) and "import pattern\n" not in text:
        return
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree, module = ast.parse(text), importlib.import_module(name)
    for key, value in _compiled(vars(module)):
        for function in sorted(_called(tree, key) or {"search"}):
            yield Use(f"{name}.{key}", value.pattern, value.flags, function)
    named = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
            and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            and node.func.attr in (*FUNCTIONS, "compile") and node not in named
        ):  # fmt: skip
            yield from _of_call(node, vars(module), f"{name}:{node.lineno}")


def _compiled(names: dict[str, Any]) -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Yield the compiled patterns of a module and of its dictionaries, and those that are compiled at first use."""
    for key, value in names.items():
        for one in value.values() if isinstance(value, dict) and not key.startswith("__") else (value,):
            if isinstance(one, Later):
                yield key, re.compile(one.pattern, one.flags)
            elif isinstance(one, re.Pattern):
                yield key, one


def _called(tree: ast.Module, key: str) -> set[str]:
    """Return what is called of the pattern, or the dictionary of patterns, of that name."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    held = ((call.attr, call.value) for call in calls if isinstance(call, ast.Attribute))
    named = ((attr, one.value if isinstance(one, ast.Subscript) else one) for attr, one in held)
    return {attr for attr, one in named if isinstance(one, ast.Name) and one.id == key and attr in FUNCTIONS}


def _of_call(node: ast.Call, known: dict[str, Any], place: str) -> Iterator[Use | str]:
    function = node.func.attr  # type: ignore[attr-defined]
    try:
        pattern = eval(ast.unparse(node.args[0]), known)
        last = ast.unparse(node.args[-1])
        flags = eval(last, known) if last.startswith("re.") and not isinstance(node.args[-1], ast.Call) else 0
    except (NameError, KeyError, AttributeError, SyntaxError):
        yield f"{place}: {ast.unparse(node.args[0])}"
        return
    if isinstance(pattern, re.Pattern):
        pattern, flags = pattern.pattern, pattern.flags
    yield Use(place, pattern, int(flags), "search" if function == "compile" else function)


def words(pattern: str | bytes) -> list[str]:
    """Return texts that `pattern` speaks of: runs of its letters, a letter of each class and one outside it."""
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    tree = parser.parse(text)
    found = dict.fromkeys([*_runs(tree), _sample(tree), _sample(tree)[:-1]])
    chosen = sorted((word for word in found if word), key=len, reverse=True)[: MOST_WORDS - 4]
    single = [word for word in found if len(word) == 1][:4]
    return list(dict.fromkeys([*chosen, *single, "\n"]))


def texts(pattern: str | bytes, size: int) -> Iterator[str]:
    """Yield texts of about `size` characters: one word again and again, two in turn, one after the other."""
    own = words(pattern)
    sample = _sample(parser.parse(pattern if isinstance(pattern, str) else pattern.decode("latin-1")))
    for word in own:
        yield _long(word, size)
        yield sample[: len(sample) // 2] + _long(word, size) + "\x00"
    for one, other in product(own, own):
        if one != other:
            yield _long(one + other, size)
            yield _long(one, size // 2) + _long(other, size // 2)


def _long(word: str, size: int) -> str:
    return word * (size // len(word) + 1)


def _runs(tree: Any) -> Iterator[str]:
    """Yield the runs of letters in a parsed pattern, and one letter for whatever else takes one."""
    run = ""
    for kind, value in tree:
        name = str(kind)
        if name == "LITERAL":
            run += chr(value)
            continue
        if run:
            yield run
            run = ""
        if name in {"IN", "ANY", "NOT_LITERAL", "CATEGORY", "RANGE"}:
            yield from dict.fromkeys((_letter(kind, value), _other(kind, value)))
        for part in _parts(name, value):
            yield from _runs(part)
    if run:
        yield run


def _parts(name: str, value: Any) -> list[Any]:
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name in {"ASSERT", "ASSERT_NOT"}:
        return [value[1]]
    return [value] if name == "ATOMIC_GROUP" else []


def _sample(tree: Any) -> str:
    """Return a text that a parsed pattern takes, as far as this is easy."""
    made = ""
    for kind, value in tree:
        name = str(kind)
        if name == "LITERAL":
            made += chr(value)
        elif name in {"IN", "ANY", "NOT_LITERAL"}:
            made += _letter(kind, value)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            made += _sample(value[2]) * max(1, min(int(value[0]), 64))
        elif name == "BRANCH":
            made += _sample(value[1][0])
        elif name in {"SUBPATTERN", "ATOMIC_GROUP"}:
            made += "".join(_sample(part) for part in _parts(name, value))
    return made


def _letter(kind: Any, value: Any) -> str:
    """Return a letter that this takes."""
    return next((letter for letter in "0a xA.-/_=:\"'\t" + _NOT_IN if _takes(kind, value, letter)), _ANY)


def _other(kind: Any, value: Any) -> str:
    """Return a letter that it does not take."""
    return next((letter for letter in _NOT_IN + '"}]' if not _takes(kind, value, letter)), _ANY)


def _takes(kind: Any, value: Any, letter: str) -> bool:
    name = str(kind)
    if name == "ANY":
        return letter != "\n"
    if name == "NOT_LITERAL":
        return bool(ord(letter) != value)
    if name != "IN":
        return False
    negated = str(value[0][0]) == "NEGATE"
    return negated is not any(_is_of(str(one), what, letter) for one, what in value)


def _is_of(name: str, what: Any, letter: str) -> bool:
    if name == "LITERAL":
        return bool(ord(letter) == what)
    if name == "RANGE":
        return bool(what[0] <= ord(letter) <= what[1])
    if name != "CATEGORY":
        return False
    tests = {"DIGIT": letter.isdecimal(), "SPACE": letter.isspace(), "WORD": letter.isalnum() or letter == "_"}
    said = str(what).removeprefix("CATEGORY_")
    return tests[said.removeprefix("NOT_")] is not said.startswith("NOT_")
