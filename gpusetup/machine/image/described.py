"""Parses the JSON formats in which tools describe an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.machine.model.image import Image
from gpusetup.text import neutral

ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Go's names of architectures, which images bear, and those of ``uname -m``."""
SHAPES = "the output of podman, docker, skopeo or buildah inspect, an image's configuration, or its labels"


def described(raw: bytes, name: str) -> Image:
    """Return the image that `raw` describes; `name` is its source, and its name if `raw` has none.

    Known are `podman inspect` and `docker inspect` (an image's or a container's), `skopeo inspect` with and without
    ``--config``, `buildah inspect`, the configuration blob of an image, what `gpusetup container --json` prints, and a
    plain mapping of labels. Raises `WrongInputError` for anything else.
    """
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInputError(f"{neutral(name)} is not JSON: {error}"[:200], f"give {SHAPES}") from error
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        raise WrongInputError(f"{neutral(name)} does not describe an image", f"give {SHAPES}")
    found = next((one for one in _shapes(document) if one is not None), None)
    if found is None:
        raise WrongInputError(f"{neutral(name)} does not describe an image", f"give {SHAPES}")
    said, labels, environment = found
    called = said.get("Name") or next(iter(_texts(said.get("RepoTags"))), "") or said.get("ImageName") or name
    architecture = str(said.get("Architecture") or said.get("architecture") or "")
    return Image(
        name=neutral(str(called)).lstrip("/"),
        architecture=ARCHITECTURES.get(architecture, neutral(architecture)),
        labels=labels,
        environment=environment,
        read_from=name,
    )


Shape = tuple[dict[str, Any], dict[str, str], dict[str, str]] | None


def _shapes(document: dict[str, Any]) -> Iterator[Shape]:
    """Yield `document` read in each format: names, labels and environment; None where the format does not match."""
    inner = document.get("OCIv1") if isinstance(document.get("OCIv1"), dict) else document
    config = inner.get("Config") or inner.get("config") if isinstance(inner, dict) else None
    if isinstance(config, dict) and isinstance(inner, dict):
        yield inner | {"ImageName": document.get("FromImage")}, _labels(config), _environment(config)
    if "Architecture" in document and ("Labels" in document or "Env" in document):
        yield document, _labels(document), _environment(document)
    if isinstance(document.get("labels"), dict) and "stack" in document:
        job = document.get("job")
        yield {"Name": job.get("image") if isinstance(job, dict) else ""}, _pairs(document["labels"]), {}
    if document and all(isinstance(value, str) for value in document.values()):
        yield {}, _pairs(document), {}
    yield None


def _labels(config: dict[str, Any]) -> dict[str, str]:
    return _pairs(config.get("Labels") or config.get("labels"))


def _environment(config: dict[str, Any]) -> dict[str, str]:
    return dict(one.split("=", 1) for one in _texts(config.get("Env") or config.get("env")) if "=" in one)


def _pairs(value: object) -> dict[str, str]:
    return {str(name): str(one) for name, one in value.items()} if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def is_json(raw: bytes) -> bool:
    """Say whether `raw` begins as a JSON object or array."""
    return re.match(rb"\s*[\[{]", raw) is not None
