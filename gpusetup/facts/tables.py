"""The tables: one TOML file each, named like the table, and one row type."""

from __future__ import annotations

import importlib

from gpusetup.errors import WrongInputError
from gpusetup.facts.model.fact import Fact

# table → (module under gpusetup.facts.model, row type); a module is imported when its table is first read
TABLES = {
    "branch": ("cuda", "Branch"),
    "cuda": ("cuda", "CudaRow"),
    "driver_runfile": ("cuda", "DriverRunfile"),
    "cuda_major": ("cuda", "CudaMajor"),
    "cuda_series": ("cuda", "CudaSeries"),
    "glibc": ("cuda", "Glibc"),
    "arch": ("hardware", "Arch"),
    "chip": ("hardware", "Chip"),
    "gpu": ("hardware", "GpuRow"),
    "peak": ("hardware", "Peak"),
    "cudnn": ("cudnn", "CudnnRow"),
    "cudnn_support": ("cudnn", "CudnnSupport"),
    "torch": ("frameworks", "Torch"),
    "torch_build": ("frameworks", "TorchBuild"),
    "variant": ("frameworks", "VariantRow"),
    "index": ("frameworks", "Index"),
    "tensorflow": ("frameworks", "Tensorflow"),
    "jax": ("frameworks", "Jax"),
    "wheel": ("wheels", "Wheel"),
    "artefact": ("artefacts", "Artefact"),
    "defect": ("defects", "Defect"),
    "distribution": ("distribution", "Distribution"),
    "clone": ("distribution", "Clone"),
    "release": ("distribution", "Release"),
    "driver_owner": ("distribution", "DriverOwner"),
    "nvidia_repo": ("packages", "NvidiaRepo"),
    "repo": ("packages", "Repo"),
    "key": ("packages", "Key"),
    "package": ("packages", "PackageRow"),
    "command_word": ("packages", "CommandWord"),
    "image": ("containers", "ImageRow"),
    "image_tag": ("containers", "ImageTag"),
    "container_base": ("containers", "ContainerBase"),
    "cdi_support": ("containers", "CdiSupport"),
    "selinux": ("containers", "Selinux"),
    "licence": ("general", "LicenceRow"),
    "spdx": ("general", "Spdx"),
    "rule": ("general", "CompatibilityRule"),
}


def row_type(table: str) -> type[Fact]:
    """Return the row type of `table`; raises `WrongInputError`, which lists the tables, for an unknown name."""
    if table not in TABLES:
        raise WrongInputError(f"there is no facts table {table}", f"the tables are {', '.join(TABLES)}")
    module, name = TABLES[table]
    kind: type[Fact] = getattr(importlib.import_module(f"gpusetup.facts.model.{module}"), name)
    return kind
