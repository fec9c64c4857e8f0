"""Tests an image: runs ``gpusetup selftest`` inside it and returns the `Proof`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import StepFailedError
from gpusetup.images.build import BuildOptions, Built, build, context
from gpusetup.images.builder import Builder
from gpusetup.images.program import Notify
from gpusetup.images.run import inside
from gpusetup.images.wheel import wheel
from gpusetup.render.container.proof import proof
from gpusetup.selftest.proof import Proof

if TYPE_CHECKING:
    from gpusetup.render.container import Container

COMMAND = ["gpusetup", "selftest", "--json"]
"""The image sets GPUSETUP_SELFTEST_PYTHON to the interpreter of each framework."""


def with_gpusetup(
    builder: Builder, built: Built, container: Container, given: Path | None, settings: BuildOptions, notify: Notify
) -> Built:
    """Build the self-test image for `built`: its layers unchanged, with gpusetup on top."""
    with context() as folder:
        text = proof(container, built.tag, wheel(given, folder))
        name, colon, version = built.tag.partition(":")
        return build(builder, folder, text, f"{name}-proof{colon}{version}", settings, notify)


def selftest(builder: Builder, image: str, *, gpu: bool) -> Proof:
    """Run ``gpusetup selftest`` inside `image` and return its proof.

    Raises `StepFailedError` when it ends without a proof, for example because no framework can be imported.
    """
    output = inside(builder, image, COMMAND, gpu=gpu)
    try:
        return msgspec.json.decode(output.text, type=Proof)
    except msgspec.DecodeError as error:
        raise StepFailedError(
            f"the self-test inside {image} ended with exit status {output.status} and without a proof",
            "its output is above",
        ) from error
