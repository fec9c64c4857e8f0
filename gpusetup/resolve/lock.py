"""``gpusetup.lock``: stacks by hardware profile, with every version, hash, key fingerprint, and proof."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import msgspec
from msgspec.structs import replace

from gpusetup import __version__
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.resolve.chosen.locked_requirements import LockedEnvironment, locked
from gpusetup.resolve.model import Card, HostDriver, Repository, Request, Stack, Toolkit
from gpusetup.resolve.toml import to_toml
from gpusetup.text import neutral
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts


MOST = 32 << 20
"""Bytes of a lock; one with ten profiles has a hundred thousand, and the proof of a quick run a million."""


VERSIONS = (1, 2)
READING = "give a file that `gpusetup plan --format toml --output FILE` wrote"
WRITING = "write to another file"


class Profile(Value):
    """One stack, and by component the ids of the facts that decided it."""

    written: str = ""
    """The day it was written, ISO 8601."""
    digest: str = ""
    """SHA-256 over everything else in the profile, so that a change by hand or by a merge shows. It is no signature."""
    request: Request | None = None
    """What it was planned for; None in a lock of before 2026-12, which says what there is and cannot be applied."""
    undecided: tuple[str, ...] = ()
    """The fields of the request that only the machine decides: TOML has no value for that."""
    distro: str
    release: str
    cards: tuple[Card, ...]
    driver_stays: str = ""
    """The driver that was already installed and stays; "" when the recipe installs one, or none is needed."""
    driver: HostDriver | None = None
    toolkit: Toolkit
    environment: tuple[LockedEnvironment, ...]
    repository: tuple[Repository, ...]
    facts: dict[str, tuple[str, ...]]


class Lock(Value):
    """The stacks of one project, by hardware profile."""

    version: Literal[1, 2] = 1
    """2 with proofs: who knows none must not install from the file as if it held no more than stacks."""
    gpusetup: str
    """The version that wrote it."""
    profile: dict[str, Profile] = msgspec.field(default_factory=dict)
    proof: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """By name of a profile what it computed: tables of `gpusetup.evidence.model.Evidence`, which are not read here."""


def profile_name(stack: Stack) -> str:
    """Return a name for the hardware a stack is for: ``geforce-gtx-1050-mobile-fedora-44``."""
    words = [*(card.name for card in stack.request.cards), stack.request.distro, stack.release]
    if not stack.request.cards:
        words.insert(0, "gpu" if stack.toolkit.via != "none" else "cpu")
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def profile(stack: Stack, facts: Facts, written: str = "") -> Profile:
    """Return the profile that pins `stack`, with the hashes of its wheels that it or the tables have."""
    found = Profile(
        written=written,
        request=stack.request,
        undecided=tuple(_undecided(stack.request)),
        distro=stack.request.distro,
        release=stack.release,
        cards=stack.request.cards,
        driver_stays=stack.staying_driver,
        driver=stack.driver,
        toolkit=stack.toolkit,
        environment=tuple(locked(environment, facts) for environment in stack.environments),
        repository=stack.repositories,
        facts={one.component: tuple(dict.fromkeys(reason.fact for reason in one.reasons)) for one in stack.choices},
    )
    return replace(found, digest=digest(found))


def _undecided(request: Request) -> Iterator[str]:
    fields = msgspec.structs.fields(request)
    yield from (one.name for one in fields if getattr(request, one.name) is None and one.default is not None)


def _decide_nothing(document: dict[str, Any]) -> None:
    """Put None back where TOML could not have it."""
    for one in document.get("profile", {}).values():
        for name in one.get("undecided", ()):
            one.setdefault("request", {})[name] = None


def digest(one: Profile) -> str:
    """Return the SHA-256 over a profile without its digest."""
    return _digest(msgspec.to_builtins(one))


def _digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 over what a file says of a profile: a later gpusetup knows more fields than the file has."""
    said = _said({name: value for name, value in document.items() if name != "digest"})
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def _said(value: Any) -> Any:
    """Return `value` as TOML has it: without None."""
    if isinstance(value, dict):
        return {name: _said(one) for name, one in value.items() if one is not None}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON would have null for each of them
    return [_said(one) for one in value] if isinstance(value, (list, tuple)) else value


def with_profile(existing: Lock | None, name: str, added: Profile) -> Lock:
    """Return `existing` with `added` under `name`."""
    profiles = (existing.profile if existing else {}) | {name: added}
    return _sorted(profiles, existing.proof if existing else {})


def with_proof(existing: Lock | None, name: str, table: dict[str, Any]) -> Lock:
    """Return `existing` with the proof `table` under `name`, and with its digest."""
    signed = table | {"digest": _digest(table)}
    return _sorted(existing.profile if existing else {}, (existing.proof if existing else {}) | {name: signed})


def _sorted(profiles: dict[str, Profile], proofs: dict[str, dict[str, Any]]) -> Lock:
    return Lock(
        version=2 if proofs else 1,
        gpusetup=__version__,
        profile=dict(sorted(profiles.items())),
        proof=dict(sorted(proofs.items())),
    )


def dump(lock: Lock) -> str:
    """Return `lock` as TOML."""
    document = msgspec.to_builtins(lock)
    return to_toml({name: value for name, value in document.items() if value != {}})


def load(path: Path, remedy: str = READING) -> Lock:
    """Read a lock; raises `WrongInputError` when it cannot be read, is none, is newer, or was changed since.

    `remedy` is what to do where it is no lock.
    """
    return parse(read(path, "the lock", MOST), path, remedy)


def parse(raw: bytes, path: Path, remedy: str = READING) -> Lock:
    """Return the lock in `raw`, which was read from `path`; raises `WrongInputError` as `load` does."""
    import tomllib  # only needed for an existing lock

    try:
        document = tomllib.loads(raw.decode())
        _require_known(document, path, remedy)
        digests = {name: _digest(one) for name, one in document.get("profile", {}).items()}
        proven = {name: _digest(one) for name, one in document.get("proof", {}).items()}
        _decide_nothing(document)
        lock = msgspec.convert(document, Lock)
    except (msgspec.ValidationError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise WrongInputError(f"{path} is not a gpusetup lock: {error}", remedy) from error
    for name, one in lock.profile.items():
        if one.digest and one.digest != digests[name]:
            _refuse_changed(path, "profile", name, "plan again to another file")
    for name, table in lock.proof.items():
        if table.get("digest") != proven[name]:
            _refuse_changed(path, "proof", name, "lock again")
    return lock


def _require_known(document: dict[str, Any], path: Path, remedy: str) -> None:
    """Raise `WrongInputError` for a newer lock, and `ValueError` for what is none."""
    found = document.get("version", 1)
    if isinstance(found, int) and found > VERSIONS[-1] and "gpusetup" in document:
        text = f"is a lock of version {found}, and this gpusetup {__version__} reads versions up to {VERSIONS[-1]}"
        raise WrongInputError(
            f"{path} {text}", "update gpusetup" if remedy == READING else f"update gpusetup, or {remedy}"
        )
    if not {"profile", "proof"} & document.keys():
        raise ValueError("it has neither a profile nor a proof")


def _refuse_changed(path: Path, what: str, name: str, remedy: str) -> NoReturn:
    raise WrongInputError(
        f"{path}: the {what} {neutral(name)} was changed after it was written (its digest differs)",
        f"take the file back from version control, or {remedy}",
    )


def chosen(lock: Lock, name: str, path: Path) -> tuple[str, Profile]:
    """Return the profile called `name`, or the only one; raises `WrongInputError`, which lists the profiles."""
    known = ", ".join(map(neutral, lock.profile)) or "none"
    if name in lock.profile:
        return name, lock.profile[name]
    if not name and len(lock.profile) == 1:
        return next(iter(lock.profile.items()))
    if not lock.profile:
        raise WrongInputError(
            f"{path} holds a proof and no stack", f"`gpusetup plan --format toml --output {path}` adds one"
        )
    what = f"no profile {neutral(name)}" if name else f"{len(lock.profile)} profiles"
    raise WrongInputError(f"{path} has {what}", f"--profile takes one of: {known}")
