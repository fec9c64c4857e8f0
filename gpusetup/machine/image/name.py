"""The grammar of an image's name."""

from __future__ import annotations

import re

from gpusetup.errors import WrongInputError
from gpusetup.text import neutral

# registry/name:tag and perhaps @sha256:…, which a FROM line takes without quotes
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?")


def image_name(name: str) -> str:
    """Return `name` if it is an image's, with a tag or a digest; `WrongInputError` otherwise."""
    if not _IMAGE.fullmatch(name) or name.count(":") == 0:
        raise WrongInputError(
            f"{neutral(name)!r} is not an image name with a tag or a digest",
            "give registry/name:tag or registry/name@sha256:…",
        )
    return name
