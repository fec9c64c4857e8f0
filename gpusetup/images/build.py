"""Builds a Containerfile reproducibly: in a fresh context, with fixed dates."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.images.builder import Builder, BuildJob
from gpusetup.images.program import Notify, run
from gpusetup.value import Value

EPOCH = 315_532_800
"""1980-01-01, the earliest date in a zip file; with 0, useradd would record an expired password."""


LEFT_OUT = (".git", ".venv", "__pycache__", "*.pyc")
"""What no image needs of a folder of code: history, environments, bytecode with dates in it."""


class BuildOptions(Value):
    """Build settings: pip's configuration file, and the user's own options for the builder."""

    pip_config: Path | None = None
    options: tuple[str, ...] = ()


class Built(Value):
    """One built image. Its `id` is the SHA-256 of its configuration, which lists the SHA-256 of every layer."""

    tag: str
    id: str
    builder: str
    epoch: int


@contextmanager
def context(copied: str = "") -> Iterator[Path]:
    """Create the build context (the folder from which COPY reads), with a folder of the user's, and remove it after."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        if copied:
            shutil.copytree(copied, Path(folder, copied), symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield Path(folder)


def build(builder: Builder, folder: Path, text: str, tag: str, settings: BuildOptions, notify: Notify) -> Built:
    """Build the Containerfile `text` in the context `folder` as `tag`; raises `StepFailedError` when a step fails."""
    date = epoch()
    (folder / "Containerfile").write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as scratch:
        id_file = Path(scratch, "id")
        job = BuildJob(
            context=folder,
            tag=tag,
            id_file=id_file,
            epoch=date,
            pip_config=settings.pip_config,
            options=settings.options,
        )
        run(builder.build(job), notify, f"building {tag}")
        return Built(tag=tag, id=id_file.read_text().strip(), builder=builder.name, epoch=date)


def epoch() -> int:
    """Return the date for everything that is built: SOURCE_DATE_EPOCH, or a fixed day."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return EPOCH
    if not (text.isascii() and text.isdigit()):
        raise WrongInputError(
            f"SOURCE_DATE_EPOCH={text!r} is not a number of seconds since 1970", "unset it, or correct it"
        )
    return int(text)
