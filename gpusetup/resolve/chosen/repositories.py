"""The package repositories that a stack needs, with their keys and the packages each must not provide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET

from gpusetup.resolve.model import DebSource, HostDriver, Repository, RepositoryKey, Toolkit

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.distribution import DriverOwner
    from gpusetup.facts.model.packages import Repo
    from gpusetup.resolve.candidates import Release


def repositories(
    facts: Facts, release: Release, driver: HostDriver | None, toolkit: Toolkit, *, containers: bool,
    parts: bool = False, present: str = "",
) -> tuple[Repository, ...]:  # fmt: skip
    """Return the repositories in the order in which they have to be added.

    `parts`: that of the toolkit is needed for parts of a server. `present`: whose driver is there and stays.
    """
    whose = driver.repo if driver else present
    rows = {row.name: row for row in facts.repo}
    names = _needed(release, driver, toolkit, containers=containers, parts=parts)
    return tuple(_repository(facts, release, rows[name], whose) for name in dict.fromkeys(names) if name)


def _needed(
    release: Release, driver: HostDriver | None, toolkit: Toolkit, *, containers: bool, parts: bool
) -> Iterator[str]:
    for owner in release.owners:
        if driver and driver.repo == owner.name:
            yield from owner.repositories
    if toolkit.via == "repo" or parts:
        yield release.of.toolkit_repository
    if containers:
        yield release.of.container_repository


def _repository(facts: Facts, release: Release, row: Repo, whose: str) -> Repository:
    own_key = release.repo.key_id if release.repo else ""
    arch = row.arch_names.get(release.machine, release.machine)
    fill = {"N": release.row.release, "codename": release.row.codename, "directory": release.row.nvidia_repo,
            "KEYID": own_key, "arch": arch}  # fmt: skip
    of_release = row.release_keys.get(release.row.release)
    key_ids = ((of_release,) if of_release else row.key_ids) or ((own_key,) if "{KEYID}" in row.gpgkey else ())
    key = next((one for one in facts.key if one.key_id in key_ids), None)
    values = {"priority": row.priority} if row.priority else {}
    return Repository(
        id=row.repo_id.format(**fill),
        name=row.name,
        baseurl=row.baseurl.format(**fill),
        metalink=row.metalink.format(**fill),
        key=RepositoryKey(
            key_id=key.key_id if key else "".join(key_ids[:1]),
            fingerprint=key.fingerprint if key else "",
            url=(key.url if key else "") or row.gpgkey.format(**fill),
        ),
        exclude=tuple(_never(release.owners, row, whose)),
        # repo_gpgcheck covers the checksums of the packages, so either signature is enough
        signed_metadata=row.signs == "metadata",
        signed_packages=row.signs == "packages",
        deb=DebSource(suite=row.suite.format(**fill), components=row.components) if row.format == "deb" else UNSET,
        **values,
    )


def _never(owners: tuple[DriverOwner, ...], row: Repo, whose: str) -> Iterator[str]:
    """Yield what must not come from a repository: the packages of an owner whose driver is not the one in use."""
    for owner in owners:
        if row.name in owner.repositories and owner.name != whose:
            yield from owner.never_beside
