"""Which backend the user's own file gives to Keras."""

from __future__ import annotations

import os

import msgspec

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Reading, Unread


def read_keras_backend(host: Host) -> Reading[str]:
    """Return the ``backend`` of keras.json in $KERAS_HOME or ~/.keras; a folder has no user."""
    if not host.live:
        return Unread(unread="unsupported", source="keras.json", detail="a folder has no user")
    folder = os.environ.get("KERAS_HOME") or os.path.join(os.environ.get("HOME", "/"), ".keras")
    path = clean(os.path.join(folder, "keras.json"))
    raw = host.read_bytes(path)
    if isinstance(raw, Unread):
        return raw
    try:
        said = msgspec.json.decode(raw, type=dict[str, object]).get("backend", "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(unread="failed", source=path, detail=f"not JSON: {error}"[:120])
    return said if isinstance(said, str) and said else Unread(unread="absent", source=path, detail="names no backend")
