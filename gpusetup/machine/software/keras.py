"""Which backend the user's own file gives to Keras."""

from __future__ import annotations

import os

import msgspec

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Reading, Unread

LONG = 40
"""No name of a backend has so many characters."""


def read_keras_backend(host: Host) -> Reading[str]:
    """Return the ``backend`` of keras.json in $KERAS_HOME or ~/.keras; a folder has no user."""
    if not host.live:
        return Unread(unread="unsupported", source="keras.json", detail="a folder has no user")
    folder = os.environ.get("KERAS_HOME") or os.path.join(os.environ.get("HOME", "/"), ".keras")
    path = clean(os.path.join(folder, "keras.json"))
    raw = host.read_bytes(path, owner=host.owner(clean(folder)))
    if isinstance(raw, Unread):
        return raw
    try:
        said = msgspec.json.decode(raw, type=dict[str, object]).get("backend", "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(unread="failed", source=path, detail=f"not JSON: {error}"[:120])
    if not isinstance(said, str) or not said:
        return Unread(unread="absent", source=path, detail="names no backend")
    known = said.isascii() and said.isidentifier() and len(said) < LONG
    return said if known else Unread(unread="failed", source=path, detail="names a backend that is no word")
