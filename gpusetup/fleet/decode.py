"""From bytes to what was saved of a host. The bytes may be anything: all that they can do is to be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from gpusetup.fleet.links.model import Record
from gpusetup.fleet.partial import Envelope, Machine, Proof, Report

Saved = Machine | Report | Proof | Record
WHAT = "neither a machine, a doctor's report, a proof nor a record of links"
_FIRST: tuple[tuple[bytes, type[Saved]], ...] = (
    (b'"links"', Record), (b'"read_at"', Machine), (b'"made_at"', Proof), (b'"verdict"', Report),
)  # fmt: skip
"""A field near the beginning of each, which the others lack. Only a hint: the decoder decides."""
_ANYWHERE: tuple[tuple[bytes, type[Saved]], ...] = (
    (b'"verdicts"', Proof), (b'"device_nodes"', Machine), (b'"findings"', Report),
)  # fmt: skip
"""The same for a document whose fields are in another order."""
_KINDS: tuple[type[Saved], ...] = (Machine, Report, Proof, Record)
_DECODERS = {kind: msgspec.json.Decoder(kind) for kind in _KINDS}
_ENVELOPES = msgspec.json.Decoder(Envelope)
_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_HEAD = 200
_OTHERS = {
    "groups": "gpusetup fleet", "steps": "gpusetup install", "choices": "gpusetup plan", "ways_out": "gpusetup plan",
    "pythons": "gpusetup facts matrix", "reproduces": "gpusetup repro", "causes": "gpusetup compare",
}  # fmt: skip
"""A field of each result that is of no host, and the command that makes it."""


class Refused(NamedTuple):
    """Why something could not be read; it quotes nothing but names of fields."""

    why: str
    command: str = ""
    """The command whose result it is, where it is another result than those that are saved of hosts."""


class Piece(NamedTuple):
    """What one file or line says: of the host `name`, "" where it does not say which."""

    name: str
    saved: Saved | Refused
    raw: bytes
    """Its own bytes, without the envelope."""


def pieces(raw: bytes) -> Iterator[Piece]:
    """Yield what one document has: an envelope's parts, or the one thing that it is."""
    if b'"host"' in raw[:_HEAD] and (parts := _enveloped(raw)) is not None:
        yield from parts
    else:
        yield Piece("", _saved(raw), raw)


def _enveloped(raw: bytes) -> list[Piece] | None:
    """Return the parts of an envelope, None for what is none: a report has a ``host`` and a text as its machine."""
    try:
        found = _ENVELOPES.decode(raw)
    except _ERRORS:
        return None
    given = ((bytes(found.machine), Machine), (bytes(found.report), Report), (bytes(found.proof), Proof))
    parts = [Piece(found.host, _saved(part, kind), part) for part, kind in given if part.startswith(b"{")]
    if found.error:
        parts.append(Piece(found.host, Refused(f"nothing was collected: {found.error}"), b""))
    return parts or None


def _saved(raw: bytes, kind: type[Saved] | None = None) -> Saved | Refused:
    kind = kind or _kind(raw[:_HEAD], _FIRST) or _kind(raw, _ANYWHERE)
    if kind is None:
        return _other(raw)
    try:
        return _DECODERS[kind].decode(raw)
    except _ERRORS as error:
        other = _other(raw)
        return other if other.command else Refused(f"not a valid {kind.__name__.lower()}: {error}")


def _kind(text: bytes, marks: Sequence[tuple[bytes, type[Saved]]]) -> type[Saved] | None:
    return next((kind for mark, kind in marks if mark in text), None)


def _other(raw: bytes) -> Refused:
    """Say what a document is that was not saved of a host."""
    if not raw.strip():
        return Refused("it is empty")
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except _ERRORS as error:
        return Refused(f"{WHAT}: {error}")
    command = next((command for field, command in _OTHERS.items() if field in fields), "")
    return Refused(f"it is the result of {command}, which is {WHAT}" if command else WHAT, command)
