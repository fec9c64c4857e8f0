"""Builds a Containerfile: in a context of our own, with dates that do not move, and says what came out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.images.builder import Builder, BuildJob
from gpusetup.images.program import Tell, run
from gpusetup.value import Value

EPOCH = 315_532_800
"""1980-01-01, the earliest day a zip file can hold; 0 would make useradd ask for a new password at the first login."""


class BuildOptions(Value):
    """How to build: where pip finds its configuration, and the user's own options for the builder."""

    pip_config: Path | None = None
    options: tuple[str, ...] = ()


class Built(Value):
    """One image that was built. Its `id` is the SHA-256 over its configuration, which names every layer by its own."""

    tag: str
    id: str
    builder: str
    epoch: int


@contextmanager
def context() -> Iterator[Path]:
    """Make the folder whose files a Containerfile may copy, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        yield Path(folder)


def build(builder: Builder, folder: Path, text: str, tag: str, wishes: BuildOptions, tell: Tell) -> Built:
    """Build the Containerfile `text` in the context `folder` as `tag`; raises `StepFailedError` when a step fails."""
    date = epoch()
    (folder / "Containerfile").write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as scratch:
        id_file = Path(scratch, "id")
        job = BuildJob(
            context=folder, tag=tag, id_file=id_file, epoch=date, pip_config=wishes.pip_config, options=wishes.options
        )
        run(builder.build(job), tell, f"building {tag}")
        return Built(tag=tag, id=id_file.read_text().strip(), builder=builder.name, epoch=date)


def epoch() -> int:
    """Return the date that everything built gets: SOURCE_DATE_EPOCH, or the same day for everyone."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return EPOCH
    if not (text.isascii() and text.isdigit()):
        raise WrongInputError(f"SOURCE_DATE_EPOCH={text!r} is no number of seconds since 1970", "unset it, or mend it")
    return int(text)
