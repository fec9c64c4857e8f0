"""Compatibility tables: every row has a source and the day it was read.

>>> from gpusetup.facts import facts
>>> next(row.eol.year for row in facts().branch if row.branch == "580")
2028
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.facts import cache
from gpusetup.facts.tables import TABLES, row_type

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.facts.model.artefacts import Artefact
    from gpusetup.facts.model.containers import (
        CdiSupport,
        ContainerBase,
        ImageRow,
        ImageTag,
        Selinux,
    )
    from gpusetup.facts.model.cuda import Branch, CudaMajor, CudaRow, CudaSeries, DriverRunfile, Glibc
    from gpusetup.facts.model.cudnn import CudnnRow, CudnnSupport
    from gpusetup.facts.model.defects import Defect
    from gpusetup.facts.model.distribution import Clone, Distribution, DriverOwner, Release
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.frameworks import Index, Jax, Tensorflow, Torch, TorchBuild, VariantRow
    from gpusetup.facts.model.general import CompatibilityRule, LicenceRow, Spdx
    from gpusetup.facts.model.hardware import Arch, Chip, GpuRow, Peak
    from gpusetup.facts.model.packages import CommandWord, Key, NvidiaRepo, PackageRow, Repo
    from gpusetup.facts.model.wheels import Wheel


class Facts:
    """All tables of one folder, each loaded on first use.

    Raises `gpusetup.errors.WrongInputError`, naming file and row, when a table does not load.
    """

    branch: tuple[Branch, ...]
    cuda: tuple[CudaRow, ...]
    driver_runfile: tuple[DriverRunfile, ...]
    cuda_major: tuple[CudaMajor, ...]
    cuda_series: tuple[CudaSeries, ...]
    glibc: tuple[Glibc, ...]
    arch: tuple[Arch, ...]
    chip: tuple[Chip, ...]
    gpu: tuple[GpuRow, ...]
    peak: tuple[Peak, ...]
    cudnn: tuple[CudnnRow, ...]
    cudnn_support: tuple[CudnnSupport, ...]
    torch: tuple[Torch, ...]
    torch_build: tuple[TorchBuild, ...]
    variant: tuple[VariantRow, ...]
    index: tuple[Index, ...]
    tensorflow: tuple[Tensorflow, ...]
    jax: tuple[Jax, ...]
    wheel: tuple[Wheel, ...]
    artefact: tuple[Artefact, ...]
    defect: tuple[Defect, ...]
    distribution: tuple[Distribution, ...]
    clone: tuple[Clone, ...]
    release: tuple[Release, ...]
    driver_owner: tuple[DriverOwner, ...]
    nvidia_repo: tuple[NvidiaRepo, ...]
    repo: tuple[Repo, ...]
    key: tuple[Key, ...]
    package: tuple[PackageRow, ...]
    command_word: tuple[CommandWord, ...]
    image: tuple[ImageRow, ...]
    image_tag: tuple[ImageTag, ...]
    container_base: tuple[ContainerBase, ...]
    cdi_support: tuple[CdiSupport, ...]
    selinux: tuple[Selinux, ...]
    licence: tuple[LicenceRow, ...]
    spdx: tuple[Spdx, ...]
    rule: tuple[CompatibilityRule, ...]

    def __init__(self, folder: Path | str = cache.HERE) -> None:
        self.folder = folder

    def __getattr__(self, table: str) -> Any:
        """Load `table` and keep it (Python calls this only for a missing attribute)."""
        if table not in TABLES:
            raise AttributeError(table)
        rows = self.load(table)
        setattr(self, table, rows)
        return rows

    def load(self, table: str) -> tuple[Fact, ...]:
        """Return the rows of the table named `table`."""
        kind = row_type(table)
        ready = self._compiled.get(table)
        if ready is None or ready.checksum != cache.checksum(self.folder, table, self._sources):
            from gpusetup.facts.toml import read_table  # an installed gpusetup never parses TOML

            return read_table(self.folder, table)
        return msgspec.json.decode(ready.rows, type=tuple[kind, ...])  # type: ignore[valid-type]

    @functools.cached_property
    def _compiled(self) -> dict[str, cache.Table]:
        return cache.read(self.folder)

    @functools.cached_property
    def _sources(self) -> int:
        return cache.sources_checksum(self.folder)


@functools.cache
def facts() -> Facts:
    """Return the tables that came with gpusetup."""
    return Facts()
