"""Saves an image from a builder's store as an archive, to read its files without running any."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusetup.errors import CannotLookError
from gpusetup.images.builder import Builder
from gpusetup.images.program import failure

SECONDS = 3600
"""Timeout for copying an image, which can have tens of gigabytes."""


@contextmanager
def saved(builder: Builder, image: str) -> Iterator[Path]:
    """Save `image` as a docker archive, which has every layer unchanged, and remove it afterwards.

    The archive is in TMPDIR, which needs the space. Raises `StepFailedError` when the builder cannot save the image.
    """
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        archive = Path(folder, "image.tar")
        command = {
            "podman": ["save", "--quiet", "--format=docker-archive", f"--output={archive}", image],
            "docker": ["save", f"--output={archive}", image],
            "buildah": ["push", "--quiet", image, f"docker-archive:{archive}"],
        }[builder.name]
        try:
            done = subprocess.run(
                [builder.path, *command], capture_output=True, text=True, errors="replace", check=False,
                stdin=subprocess.DEVNULL, timeout=SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise CannotLookError(f"{builder.name} did not save {image} within {SECONDS} s") from error
        if done.returncode != 0:
            raise failure(f"saving {image}", done.stderr.splitlines(), done.returncode)
        yield archive
