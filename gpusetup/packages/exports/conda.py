"""An environment for conda and pixi: Python from conda-forge, and the wheels of the plan in it.

The frameworks are no conda packages there: those are other builds, for other cards and CUDAs than the wheels that the
plan is about, and the tables do not know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gpusetup.packages.locked import lines
from gpusetup.resolve.toml import to_toml

if TYPE_CHECKING:
    from gpusetup.packages.model import Package, Resolution
    from gpusetup.resolve.model import Environment, Request

PLATFORMS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}
CHANNEL = "conda-forge"


def conda_environment(environment: Environment, found: Resolution, request: Request) -> str:
    """Return an ``environment.yml``, for ``conda env create``: pip installs the wheels, each by its SHA-256.

    conda hands the lines below ``pip`` to pip as a file of requirements, so hashes and indexes may stand there, as
    ``conda-lock render --kind env`` writes them.
    """
    return "\n".join(_yaml(environment, found, request)) + "\n"


def _yaml(environment: Environment, found: Resolution, request: Request) -> Iterator[str]:
    yield f"# environment {environment.name} of gpusetup, for {PLATFORMS[request.machine_arch]}"
    if environment.driver_floor:
        yield f"# The host needs driver {environment.driver_floor} or newer; `conda info` lists what it runs as __cuda."
    yield f"name: {json.dumps(f'gpusetup-{environment.name}')}"
    yield f"channels: [{CHANNEL}, nodefaults]"
    yield "dependencies:"
    yield f"  - {json.dumps(f'python={environment.python}')}"
    yield "  - pip"
    yield "  - pip:"
    for index in _indexes(environment, request):
        yield f"      - {json.dumps(f'--extra-index-url {index}')}"
    for line in lines(found):
        yield f"      - {json.dumps(line)}"


def pixi_workspace(environment: Environment, found: Resolution, request: Request) -> str:
    """Return a ``pixi.toml`` with every version of the plan; ``pixi lock`` adds the hashes.

    Source: github.com/prefix-dev/pixi, schema/schema.json and docs/reference/pixi_manifest.md, read 2026-11-30. The
    table ``system-requirements`` is what old and new releases read.
    """
    indexes = _indexes(environment, request)
    document: dict[str, Any] = {
        "workspace": {
            "name": f"gpusetup-{environment.name}",
            "channels": [CHANNEL],
            "platforms": [PLATFORMS[request.machine_arch]],
        },
        "system-requirements": {"cuda": environment.cuda} if environment.cuda else None,
        "dependencies": {"python": f"{environment.python}.*"},
        "pypi-dependencies": {one.name: _pixi(one, environment) for one in found.packages},
        "pypi-options": {"extra-index-urls": indexes, "index-strategy": "unsafe-best-match"} if indexes else None,
    }
    return to_toml({key: value for key, value in document.items() if value is not None})


def _pixi(package: Package, environment: Environment) -> str | dict[str, str]:
    own = {one.text.partition("==")[0].partition("[")[0]: one.index for one in environment.requirements if one.index}
    exact = f"=={package.version}"
    return {"version": exact, "index": own[package.name]} if package.name in own else exact


def _indexes(environment: Environment, request: Request) -> list[str]:
    found = (*(one.index for one in environment.requirements if one.index), *request.packages.indexes)
    return list(dict.fromkeys(found))
