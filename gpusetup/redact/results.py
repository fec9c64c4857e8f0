"""Redacts results of other commands: a proof, a comparison, a repro. What they computed stays as it is.

A field that is not listed here is redacted, so that a new one cannot leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from gpusetup.machine.model.names import HostNames
from gpusetup.redact.redactor import Redactor
from gpusetup.redact.values import NOBODY, texts

OURS = {
    "Proof": {"gpusetup", "made_at", "profile", "checks", "layouts"},
    "Job": {"check", "framework", "device", "precision", "profile", "only", "skip"},
    "Kept": {"outcome"},
    "KeptResult": {"environment", "layout", "fingerprint", "digests", "values", "measures"},
    "Picture": {"name", "about", "dtype", "data"},
    "Invariant": {"name"},
    "Observation": {"table", "row"},
    "Case": {"case", "direction", "mode", "dtype", "device", "drawn", "outcome", "script"},
    "Verdict": {"kind", "check", "framework", "device", "precision", "state", "level", "script"},
    "VerdictBasis": {"of"},
    "Divergence": {"tensor", "got", "expected"},
    "KnownDefect": {"id", "release", "symptom", "way_out", "threads", "cases", "workaround"},
    "Changed": {"key", "why"},
    "Comparison": {"verdict"},
    "Moved": {"check", "framework", "device", "precision", "state", "groups", "trajectory"},
    "Cause": {"standing", "source", "known"},
    "Effect": {"axis", "state"},
}
"""Type → fields that hold our own words, names that the page looks up, numbers and digests."""
LOOKED_UP = {"environments"}
"""Fields whose keys are digests that another field refers to."""
_BUILD = "build"
"""The end of the key of what names a release to the byte: a public commit."""
_DOTS = 3

_Result = TypeVar("_Result", bound=msgspec.Struct)


def redacted_result(result: _Result, names: HostNames = NOBODY) -> _Result:
    """Return a proof, comparison or repro without secrets, with stand-ins for people, hosts and addresses."""
    redactor = Redactor(names)
    for text in texts(result):
        redactor.learn(text)
    for text in _versions(result):
        redactor.learn_version(text)
    cleaned: _Result = _clean(result, redactor.text)
    return cleaned


def _versions(value: Any) -> Iterator[str]:
    """Yield whole values that look like an address and are versions: of packages, of parts of an environment."""
    if isinstance(value, tuple):
        for one in value:
            yield from _versions(one)
    elif isinstance(value, dict):
        yield from (one for one in value.values() if isinstance(one, str) and one.count(".") == _DOTS)
        for one in value.values():
            yield from _versions(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _versions(getattr(value, name))
        if type(value).__name__ == "Changed":
            yield from (one for one in (value.before, value.now) if one.count(".") == _DOTS)  # type: ignore[attr-defined]


def _clean(value: Any, cleaned: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, tuple):
        return tuple(_clean(one, cleaned) for one in value)
    if isinstance(value, dict):
        return {cleaned(name): one if name.endswith(_BUILD) else _clean(one, cleaned) for name, one in value.items()}
    return _fields(value, cleaned) if isinstance(value, msgspec.Struct) else value


def _fields(value: msgspec.Struct, cleaned: Callable[[str], str]) -> msgspec.Struct:
    ours = OURS.get(type(value).__name__, set())
    if type(value).__name__ == "Changed" and value.key.endswith(_BUILD):  # type: ignore[attr-defined]
        return value
    fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in ours}
    return msgspec.structs.replace(value, **{name: _field(name, one, cleaned) for name, one in fields.items()})


def _field(name: str, value: Any, cleaned: Callable[[str], str]) -> Any:
    if name in LOOKED_UP:
        return {key: _clean(one, cleaned) for key, one in value.items()}
    return _clean(value, cleaned)
