"""Names in container files, each checked against its grammar."""

from __future__ import annotations

import re

from gpusetup.errors import WrongInputError
from gpusetup.text import neutral

_PART = r"[A-Za-z0-9._-]+"
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def label(name: str) -> str:
    """Return `name` if it is a DNS label, which Kubernetes, systemd and Slurm all take; `WrongInputError` otherwise."""
    if not _LABEL.fullmatch(name):
        raise WrongInputError(
            f"{neutral(name)!r} cannot be the name of a container",
            "use at most 63 lower-case letters, digits and dashes, without a dash at either end",
        )
    return name


def copied(folder: str) -> str:
    """Return `folder` if a COPY line takes it as it stands: relative, below the file, without blanks or patterns."""
    parts = folder.removeprefix("./").rstrip("/").split("/")
    if folder.startswith("/") or ".." in parts or not all(re.fullmatch(_PART, part) for part in parts):
        raise WrongInputError(
            f"{neutral(folder)!r} cannot be copied into an image",
            "name a folder below the current one, with letters, digits, dots, dashes and underscores in its path",
        )
    return "/".join(parts)


def slug(text: str) -> str:
    """Return `text` as a DNS label."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "gpusetup"


def untagged(reference: str) -> str:
    """Return an image by its digest alone where it has one; some tools take a tag or a digest, not both."""
    name, at, digest = reference.partition("@")
    return f"{name.rpartition(':')[0]}@{digest}" if at and ":" in name.rpartition("/")[2] else reference


def pyxis(reference: str) -> str:
    """Return an image as pyxis wants it: ``nvcr.io#nvidia/pytorch:26.02-py3``."""
    registry, slash, rest = reference.partition("/")
    return f"{registry}#{rest}" if slash and re.search(r"[.:]|^localhost$", registry) else reference
