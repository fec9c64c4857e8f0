"""Proves an image: runs ``gpusetup selftest`` inside it and brings out the `Proof`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import StepFailedError
from gpusetup.images.build import BuildOptions, Built, build, context
from gpusetup.images.builder import Builder
from gpusetup.images.program import Tell
from gpusetup.images.run import inside
from gpusetup.images.wheel import wheel
from gpusetup.render.container.proof import proof
from gpusetup.selftest.proof import Proof

if TYPE_CHECKING:
    from gpusetup.render.container import Container

COMMAND = ["gpusetup", "selftest", "--json"]
"""Which interpreter has which framework, the image says itself, in GPUSETUP_SELFTEST_PYTHON."""


def with_gpusetup(
    builder: Builder, built: Built, container: Container, given: Path | None, wishes: BuildOptions, tell: Tell
) -> Built:
    """Build the image that proves `built`: every layer of it as it is, and gpusetup on top."""
    with context() as folder:
        text = proof(container, built.tag, wheel(given, folder))
        name, colon, version = built.tag.partition(":")
        return build(builder, folder, text, f"{name}-proof{colon}{version}", wishes, tell)


def selftest(builder: Builder, image: str, *, gpu: bool) -> Proof:
    """Return the proof that ``gpusetup selftest`` makes inside `image`.

    Raises `StepFailedError` when it could not prove anything, as when a framework cannot be imported there.
    """
    output = inside(builder, image, COMMAND, gpu=gpu)
    try:
        return msgspec.json.decode(output.text, type=Proof)
    except msgspec.DecodeError as error:
        raise StepFailedError(
            f"the self-test inside {image} ended with exit status {output.status} and without a proof",
            "its own words are above",
        ) from error
