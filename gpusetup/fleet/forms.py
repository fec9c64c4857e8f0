"""How readings are written in order to be compared: equal texts are equal readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from gpusetup.distributions import normal
from gpusetup.fleet.partial import Missing
from gpusetup.text import neutral

NONE = "none"
"""What is not there, or not supported: a value like others."""
UNKNOWN = "?"
"""How a text begins that is no value: the reading failed, was denied or not recorded."""
NOT_RECORDED = "?not recorded"
_LONG = 300
_P2P = {0: "works", 1: "not supported by the chipset", 2: "not supported by the GPU", 3: "not supported here",
        4: "disabled by a key", 5: "not supported"}  # fmt: skip
"""nvmlGpuP2PStatus, NVML API reference."""
_PROTECTION = {0x8: "hardware slowdown", 0x20: "software thermal", 0x40: "hardware thermal", 0x80: "power brake"}
"""nvmlClocksEventReasons that protect the card; idle, a power cap and a setting are none."""


def written(reading: object, form: Callable[[Any], str]) -> str:
    """Return `reading` as text; `NONE` where there is no such thing, and a text with `UNKNOWN` where it is unknown."""
    if isinstance(reading, Missing):
        if not reading.recorded:
            return NOT_RECORDED
        return NONE if reading.unread in {"absent", "unsupported"} else f"{UNKNOWN}{neutral(reading.unread)}"
    text = neutral(form(reading)) or NONE
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def is_known(text: str) -> bool:
    """Say whether the text is a value."""
    return not text.startswith(UNKNOWN)


def number_in(text: str) -> float | None:
    """Return the number that a written reading begins with, None when it begins with none."""
    try:
        return float(text.partition(" ")[0])
    except ValueError:
        return None


def _flag(value: bool) -> str:
    return "on" if value else "off"


def _active(links: tuple[bool, ...]) -> str:
    return f"{sum(links)} of {len(links)}" if links else NONE


def _peers(peers: tuple[Any, ...]) -> str:
    """Return how many of the other GPUs are reached in which way; the order of the cards does not matter."""
    ways = Counter(
        "unknown" if isinstance(one.p2p_read, Missing) else _P2P.get(one.p2p_read, str(one.p2p_read)) for one in peers
    )
    return ", ".join(f"{count} × {way}" for way, count in sorted(ways.items())) or NONE


def _protection(mask: int) -> str:
    return ", ".join(word for bit, word in _PROTECTION.items() if mask & bit) or "0"


def _remapping(rows: tuple[int, int, bool, bool]) -> str:
    words = [f"{rows[1]} for uncorrectable errors"] if rows[1] else []
    words += ["pending"] if rows[2] else []
    words += ["failed"] if rows[3] else []
    return ", ".join(words) or "0"


def _infiniband(ports: tuple[tuple[str, str], ...]) -> str:
    return str(sum("ACTIVE" in state.upper() for _, state in ports)) if ports else NONE


FORMS: Mapping[str, Callable[[Any], str]] = {
    "text": str,
    "flag": _flag,
    "number": str,
    "count": lambda some: str(len(some)),
    "gib": lambda size: f"{size / (1 << 30):.1f} GiB",
    "mib": lambda size: f"{size / (1 << 20):.0f} MiB",
    "watts": lambda power: f"{power:g} W",
    "mhz": lambda clock: f"{clock} MHz",
    "first": lambda pair: str(pair[0]),
    "last": lambda pair: str(pair[1]),
    "first mhz": lambda pair: f"{pair[0]} MHz",
    "first flag": lambda pair: _flag(pair[0]),
    "numbers": lambda some: ", ".join(map(str, some)),
    "texts": lambda some: ", ".join(some) or NONE,
    "active": _active,
    "active ports": _infiniband,
    "distinct": lambda speeds: ", ".join(map(str, sorted(set(speeds)))) or NONE,
    "peers": _peers,
    "protection": _protection,
    "remapping": _remapping,
    "values": lambda some: ", ".join(sorted({value for value in some.values() if value})) or NONE,
}
"""Forms of a reading that is one value."""


def _services(services: tuple[Any, ...]) -> dict[str, str]:
    """Return each service's state; whether one runs may be unknown."""
    return {
        one.name: f"{UNKNOWN}{one.running.unread}"
        if isinstance(one.running, Missing) and one.running.unread not in {"absent", "unsupported"}
        else f"{'running' if one.running is True else 'not running'}, {'enabled' if one.enabled else 'not enabled'}"
        for one in services
    }


def _wheels(wheels: tuple[Any, ...]) -> dict[str, str]:
    """Return the versions of each wheel; of several environments all that there are."""
    found: dict[str, set[str]] = {}
    for one in wheels:
        found.setdefault(normal(one.name), set()).add(one.version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


FAMILIES: Mapping[str, Callable[[Any], dict[str, str]]] = {
    "pairs": dict,
    "mapping": dict,
    "services": _services,
    "wheels": _wheels,
}
"""Forms of a reading that is many values by name, each a property of its own."""
