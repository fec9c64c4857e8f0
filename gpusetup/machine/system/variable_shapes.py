"""The forms in which values of variables are recorded; a part of another form becomes ``<set>``.

They stand without patterns, since the doctor reads the environment at every start.
"""

from __future__ import annotations

from collections.abc import Callable

SET = "<set>"
"""Stands for a value, or a part of one, that is not recorded."""
Shape = Callable[[str], str]
_SWITCHES = frozenset(("", "true", "false", "yes", "no", "on", "off", "none", "auto", "default", "True", "False"))
# longer digits are a serial number, a key, a telephone number
_LONGEST_NUMBER = 12
_LONGEST_PATH = 4096


def number(value: str) -> str:
    """Keep a number or a switch."""
    return value if _is_number(value) or value in _SWITCHES else SET


def numbers(value: str) -> str:
    """Keep numbers between commas or colons, as of ``:4096:8`` and ``16,8``."""
    return value if all(map(_is_number, value.replace(":", ",").split(","))) else SET


def word_of(*words: str) -> Shape:
    """Keep one of these `words`, a number or a switch."""
    known = frozenset(words)
    return lambda value: value if value in known else number(value)


def words_of(*words: str) -> Shape:
    """Keep those of these `words` that stand between commas, and numbers."""
    one = word_of(*words)
    return lambda value: ",".join(part if one(part.strip()) == part.strip() else SET for part in value.split(","))


def devices(value: str) -> str:
    """Keep numbers, UUIDs of GPUs and MIG slices, and the words of the container toolkit, between commas."""
    return ",".join(part if _is_device(part.strip()) else SET for part in value.split(","))


def paths(value: str) -> str:
    """Keep paths between colons or blanks; not what could be an address, a query or an assignment."""
    plain = value.isprintable() and "//" not in value and not any(sign in value for sign in "@?=&%#;|<>$`\"'")
    return value if plain and len(value) <= _LONGEST_PATH else SET


def names(value: str) -> str:
    """Keep names of devices and interfaces between commas: short, of small letters, digits and few signs."""
    parts = value.replace("=", ",").replace(":", ",").lstrip("^").split(",")
    # 15 characters are the kernel's limit for an interface (IFNAMSIZ)
    return value if all(len(part) <= 15 and _has_only(part, "_-.^") and part == part.lower() for part in parts) else SET


def requirement(value: str) -> str:
    """Keep what NVIDIA's images require, ``cuda>=12.6 brand=tesla,driver>=535,driver<536``."""
    return " ".join(part if all(map(_is_condition, part.split(","))) else SET for part in value.split(" "))


def flags(*known: str) -> Shape:
    """Keep the flags that are `known` by name where their value is a number, a switch or a short word."""
    return lambda value: " ".join(_flag(part, known) for part in value.split())


def settings(*known: str) -> Shape:
    """Keep ``name:value`` pairs between commas whose names are `known`."""
    return lambda value: ",".join(_setting(part, known) for part in value.split(","))


def _flag(part: str, known: tuple[str, ...]) -> str:
    name, equals, value = part.partition("=")
    if not (name.startswith("--") and len(name) <= 80 and _has_only(name, "_-") and name == name.lower()):
        return SET
    # eight letters hold the words of XLA's flags (false, nccl, cublas) and hardly a secret
    plain = number(value) == value or (len(value) <= 8 and value.isascii() and value.isalpha())
    return part if not equals or (name in known and plain) else f"{name}={SET}"


def _setting(part: str, known: tuple[str, ...]) -> str:
    name, _, value = part.partition(":")
    return part if name.strip() in known and number(value.strip()) == value.strip() else SET


def _is_condition(text: str) -> bool:
    for sign in (">=", "<=", "!=", "=", "<", ">"):
        name, found, value = text.partition(sign)
        if found:
            return name in {"cuda", "driver", "brand", "arch"} and len(value) <= 16 and _has_only(value, ".")
    return False


def _is_number(value: str) -> bool:
    bare = value.strip().lstrip("+-")
    bare = bare[2:] if bare[:2] in {"0x", "0X"} else bare
    hexadecimal = bare != value.strip().lstrip("+-")
    digits = bare.replace(".", "", 1)
    whole = all(char in "0123456789abcdefABCDEF" for char in digits) if hexadecimal else digits.isdecimal()
    return len(value) <= _LONGEST_NUMBER and value.isascii() and (not bare or whole)


def _is_device(part: str) -> bool:
    if part in {"", "all", "none", "void", "NoDevFiles"} or _is_number(part):
        return True
    kind, _, rest = part.partition("-")
    return kind in {"GPU", "MIG"} and len(rest) <= 64 and _has_only(rest, "-/")


def _has_only(text: str, signs: str) -> bool:
    return text.isascii() and all(char.isalnum() or char in signs for char in text)
