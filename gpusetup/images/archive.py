"""Brings an image out of a builder's store as an archive: a copy of its files, of which nothing is run."""

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
"""For copying an image, which can have tens of gigabytes."""


@contextmanager
def saved(builder: Builder, image: str) -> Iterator[Path]:
    """Save `image` as a docker archive, which has every layer as it is, and remove it afterwards.

    It lies in TMPDIR, which needs the room. Raises `StepFailedError` when the builder does not give it out.
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
