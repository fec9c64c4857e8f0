"""The dnf repositories a stack needs, with their keys and the packages each must not provide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from gpusetup.resolve.model import HostDriver, Owner, Repository, RepositoryKey, Toolkit

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.fedora import Repo
    from gpusetup.resolve.candidates import Release

DRIVER_OF_NVIDIA = (
    "nvidia-driver*",
    "kmod-nvidia*",
    "nvidia-open*",
    "cuda-drivers*",
    "nvidia-modprobe*",
    "nvidia-persistenced*",
    "nvidia-settings*",
    "nvidia-libXNVCtrl*",
    "nvidia-xconfig*",
)
"""Packages excluded from NVIDIA's repository where the driver comes from elsewhere (fact ``rule-fedora-mixing``)."""

SERVERS = "sbsa"
"""What NVIDIA's repositories call aarch64."""
RPMFUSION = ("rpmfusion-free", "rpmfusion-free-updates", "rpmfusion-nonfree", "rpmfusion-nonfree-updates")
"""A new driver arrives in the updates repositories, and the packages need libraries of the free ones."""
SIGNS_METADATA_ONLY = ("nvidia-container-toolkit",)
"""Repositories that sign only their metadata, not their packages (fact ``repo-nvidia-container-toolkit``)."""


def repositories(
    facts: Facts, release: Release, driver: HostDriver | None, toolkit: Toolkit, *, containers: bool,
    parts: bool = False, present: Owner | Literal[""] = "",
) -> tuple[Repository, ...]:  # fmt: skip
    """Return the repositories in the order in which they have to be added.

    `parts`: NVIDIA's is needed for parts of a server. `present`: whose driver is there and stays.
    """
    owner = driver.repo if driver else present
    return tuple(_needed(facts, release, owner, driver, toolkit, containers=containers, parts=parts))


def _needed(
    facts: Facts, release: Release, owner: Owner | Literal[""], driver: HostDriver | None, toolkit: Toolkit, *,
    containers: bool, parts: bool,
) -> Iterator[Repository]:  # fmt: skip
    rows = {row.name: row for row in facts.repo}
    number = str(release.row.release)
    if driver and driver.repo == "rpmfusion":
        for name in RPMFUSION:
            yield _repository(facts, rows[name], name, {"N": number, "arch": release.machine}, rows[name].key_ids)
    if toolkit.via == "repo" or parts or (driver and driver.repo == "nvidia"):
        yield _nvidia(facts, rows["nvidia-cuda"], release, owns_driver=owner == "nvidia")
    if containers:
        row = rows["nvidia-container-toolkit"]
        yield _repository(facts, row, row.name, {"N": number, "arch": release.machine}, row.key_ids)


def _nvidia(facts: Facts, row: Repo, release: Release, *, owns_driver: bool) -> Repository:
    repo = release.repo
    arch = SERVERS if release.machine == "aarch64" else release.machine
    fill = {"N": repo.directory.removeprefix("fedora"), "arch": arch, "KEYID": repo.key_id}
    exclude = () if owns_driver else DRIVER_OF_NVIDIA
    return _repository(facts, row, row.repo_id.format(**fill), fill, (repo.key_id,), exclude)


def _repository(
    facts: Facts,
    row: Repo,
    name: str,
    fill: dict[str, str],
    key_ids: tuple[str, ...],
    exclude: tuple[str, ...] = (),
) -> Repository:
    key = next((one for one in facts.key if one.key_id in key_ids), None)
    return Repository(
        id=name,
        name=row.name,
        baseurl=row.baseurl.format(**fill),
        metalink=row.metalink.format(**fill),
        key=RepositoryKey(
            key_id=key.key_id if key else "".join(key_ids[:1]),
            fingerprint=key.fingerprint if key else "",
            url=(key.url if key else "") or row.gpgkey.format(**fill),
        ),
        exclude=exclude,
        # repo_gpgcheck covers the checksums of the packages, so either signature is enough
        signed_metadata=row.name in SIGNS_METADATA_ONLY,
        signed_packages=row.name not in SIGNS_METADATA_ONLY,
    )
