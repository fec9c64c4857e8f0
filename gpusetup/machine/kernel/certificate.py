"""Names in X.509 certificates and signatures, without a parser of either."""

from __future__ import annotations

import re

_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # DER: object identifier 2.5.4.3
_VALIDITY = rb"(?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)(?:\x17\x0d(\d{6})\d{6}Z|\x18\x0f(\d{8})\d{6}Z)"
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}


def common_names(der: bytes) -> tuple[str, ...]:
    """Return the common names in `der`, in order and each once: a name follows its identifier as type, length, text."""
    found: dict[str, None] = {}
    at = der.find(_COMMON_NAME)
    while at >= 0:
        start = at + len(_COMMON_NAME)
        kind, length = (*der[start : start + 2], 0, 0)[:2]
        # a length of 0x80 and above is DER's long form: a common name has at most 64 characters (RFC 5280), which take
        # that many bytes in few alphabets; such a name is left out
        if kind in _TEXTS and 0 < length < 0x80:
            found[der[start + 2 : start + 2 + length].decode(_TEXTS[kind], errors="replace")] = None
        at = der.find(_COMMON_NAME, start)
    return tuple(found)


def last_day(der: bytes) -> str:
    """Return the day on which the certificate `der` ends, ``2036-08-01``, "" when it does not say.

    Its validity is the first pair of times: UTCTime ``YYMMDD…`` (of 1950 to 2049) or GeneralizedTime ``YYYYMMDD…``.
    """
    said = re.search(_VALIDITY, der)
    if not said:
        return ""
    digits = (said[1] or said[2]).decode()
    if said[1]:
        # RFC 5280, 4.1.2.5.1
        digits = ("19" if digits >= "50" else "20") + digits
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
