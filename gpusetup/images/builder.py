"""The programs that build images, and their command lines: podman, buildah and docker."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal, get_args

from gpusetup.errors import MissingError, WrongInputError
from gpusetup.value import Value

Name = Literal["podman", "buildah", "docker"]
NAMES: tuple[Name, ...] = get_args(Name)
"""In order of preference."""


class BuildJob(Value):
    """One image to build from the folder `context`, which holds ``Containerfile`` and what it copies.

    `epoch` (seconds since 1970) becomes the date of every file and of the image, so that two builds have one digest.
    `id_file` is where the builder writes the image's id. `pip_config` is mounted for pip while it runs, never kept.
    """

    context: Path
    tag: str
    id_file: Path
    epoch: int
    pip_config: Path | None = None
    options: tuple[str, ...] = ()
    """The user's own, passed on unchanged."""


class Builder(Value):
    """One builder that is installed."""

    name: Name
    path: str

    def build(self, job: BuildJob) -> list[str]:
        """Return the command that builds `job`."""
        command = [self.path, "buildx", "build"] if self.name == "docker" else [self.path, "build"]
        command += [f"--file={job.context / 'Containerfile'}", f"--tag={job.tag}", f"--iidfile={job.id_file}"]
        # the argument sets the dates of files made by build steps, `_dates` those in the layers
        command += [f"--build-arg=SOURCE_DATE_EPOCH={job.epoch}", *self._dates(job.epoch)]
        if job.pip_config is not None:
            if "," in str(job.pip_config):  # --secret has no escape for it
                raise WrongInputError(
                    f"the path {job.pip_config} contains a comma, which separates the options of --secret", "rename it"
                )
            command.append(f"--secret=id=pip,src={job.pip_config}")
        return [*command, *job.options, str(job.context)]

    def _dates(self, epoch: int) -> list[str]:
        """Return the options that set the dates of files in the layers.

        docker's exporter uses SOURCE_DATE_EPOCH for them only with ``rewrite-timestamp``; its provenance has a date.
        """
        if self.name == "docker":
            return ["--output=type=docker,rewrite-timestamp=true", "--provenance=false"]
        return [f"--timestamp={epoch}"]


def find(wanted: str = "") -> Builder:
    """Return the builder named `wanted`, or the first that is installed; `MissingError` if it is not installed."""
    for name in NAMES:
        path = shutil.which(name) if wanted in ("", name) else None
        if path is not None:
            return Builder(name=name, path=path)
    raise MissingError(
        f"{wanted or 'none of ' + ', '.join(NAMES)} is {'not ' if wanted else ''}installed",
        "install podman, or print the file with --output and build it elsewhere",
    )
