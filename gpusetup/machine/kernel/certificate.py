"""Names in X.509 certificates and signatures, without a parser of either."""

from __future__ import annotations

_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # DER: object identifier 2.5.4.3
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}


def common_names(der: bytes) -> tuple[str, ...]:
    """Return the common names in `der`, in order and each once: a name follows its identifier as type, length, text."""
    found: dict[str, None] = {}
    at = der.find(_COMMON_NAME)
    while at >= 0:
        start = at + len(_COMMON_NAME)
        kind, length = (*der[start : start + 2], 0, 0)[:2]
        if kind in _TEXTS and 0 < length < 0x80:
            found[der[start + 2 : start + 2 + length].decode(_TEXTS[kind], errors="replace")] = None
        at = der.find(_COMMON_NAME, start)
    return tuple(found)
