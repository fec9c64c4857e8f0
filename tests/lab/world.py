"""The stand-in internet: keys, repositories, archives and wheels at the very addresses that a stack names."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Archive, Card, RepositoryKey, Request, Stack
from tests.lab import stubs, wheels
from tests.support import fedoras

PASCAL = Card(name="GeForce GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="name")
TURING = Card(name="GeForce RTX 2080", arch="Turing", compute_capability="7.5", known_by="name")
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
BLACKWELL = Card(name="GeForce RTX 5090", arch="Blackwell", compute_capability="12.0", known_by="name")
HOPPER = Card(name="H100 SXM5 80GB", arch="Hopper", compute_capability="9.0", known_by="name", count=8)
CARDS = (PASCAL, TURING, ADA, BLACKWELL)
DAY = "2026-11-22"
DRIVER_ALONE: dict[str, Any] = {"repo": "wheels", "frameworks": ()}
"""Wishes for the steps to a driver that is loaded, without toolkit and environments: half of a run."""
ON_FEDORA = ("gcc", "make", "openssl", "mokutil")
"""What steps install by a name of their own, beside what the plan names."""
HOSTS = (
    "mirrors.rpmfusion.org",
    "raw.githubusercontent.com",
    "developer.download.nvidia.com",
    "developer.nvidia.com",
    "download.nvidia.com",
    "us.download.nvidia.com",
    "nvidia.github.io",
    "download.pytorch.org",
    "fedora.lab",
    "index.lab",
)


class World:
    """The folder of the stand-in internet, its keys, and stacks whose keys and archives are the ones in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.stranger = stubs.Key(folder, "lab"), stubs.Key(folder, "stranger")
        self.pool = stubs.Pool(folder, self.key)
        self.archive = self._cudnn()
        self._certificate()
        self._pip()

    def close(self) -> None:
        for key in (self.key, self.stranger):
            key.forget()

    def stack(self, card: Card, release: str = "44", **wishes: Any) -> Stack:
        """Return the stack the solver chooses, with the lab's key and archive in the place of the real ones.

        Raises `RefusedError` where there is none.
        """
        chosen = resolve(Request(release=release, cards=(card,), **wishes), facts())
        self._serve(chosen)
        served = {archive.url: self._fetched(archive) for archive in _archives(chosen)}
        toolkit = msgspec.structs.replace(
            chosen.toolkit,
            cudnn_archive=_served(chosen.toolkit.cudnn_archive, served),
            runfile=_served(chosen.toolkit.runfile, served),
        )
        driver = chosen.driver
        if driver is not None:
            driver = msgspec.structs.replace(driver, runfile=_served(driver.runfile, served))
        repositories = tuple(
            msgspec.structs.replace(
                repo,
                key=RepositoryKey(key_id=repo.key.key_id, fingerprint=self.key.fingerprint, url=repo.key.url),
            )
            for repo in chosen.repositories
        )
        environments = tuple(wheels.serve(self.folder, one) for one in chosen.environments)
        return msgspec.structs.replace(
            chosen, repositories=repositories, toolkit=toolkit, driver=driver, environments=environments
        )

    def small(self, card: Card, release: str = "44", **wishes: Any) -> Stack:
        """Return the same with one framework only, which halves the time of a run."""
        return self.stack(card, release, **({"frameworks": ("torch",)} | wishes))

    def script(self, card: Card, release: str = "44", **wishes: Any) -> str:
        return render(recipe(self.small(card, release, **wishes)), "bash", DAY)

    def repository(self, kind: str, of: str = "44") -> Path:
        """Return the folder of what Fedora or RPM Fusion have for a release, or NVIDIA for ``fedora44`` (cuda)."""
        return self.folder / "repos" / f"{kind}-{of}"

    @contextmanager
    def signed_by(self, signer: stubs.Key | None, kind: str = "rpmfusion") -> Iterator[None]:
        """Serve a repository's packages signed by another key, or by none, while this lasts."""
        real = self.repository(kind)
        aside = real.rename(real.with_name("aside"))
        shutil.copytree(aside, real)
        packages = sorted(real.rglob("*.rpm"))
        stubs.run("rpmsign", "--delsign", *packages)
        if signer is not None:
            signer.sign(packages)
        stubs.index(real, self.key)
        try:
            yield
        finally:
            shutil.rmtree(real)
            aside.rename(real)

    def _serve(self, stack: Stack) -> None:
        """Put keys, repositories, archive and wheels at the very addresses that `stack` names."""
        contents = self._contents(stack)
        self.pool.build(stub for stubs_of in contents.values() for stub in stubs_of)
        self.pool.fill(self.repository("fedora", stack.release), contents["fedora"])
        self._link("fedora.lab", stack.release, self.repository("fedora", stack.release))
        for repo in stack.repositories:
            self._put(repo.key.url, self.key.public)
            address = repo.metalink.split("&")[0] if repo.metalink else repo.baseurl
            host, _, path = address.removeprefix("https://").partition("/")
            kind = "cuda" if "cuda" in repo.id else "toolkit" if "toolkit" in repo.id else "rpmfusion"
            of = stack.release if repo.metalink else path.replace("/x86_64", "").rpartition("/")[2]
            self.pool.fill(self.repository(kind, of), contents[kind])
            self._link(host, path.partition("repo=")[2] or path, self.repository(kind, of))
        for archive in _archives(stack):
            self._put(archive.url, self._made(archive, stack))

    def serve_fedora(self, release: str) -> None:
        """Serve what every machine of this release has or can get, before any plan names more."""
        self.pool.fill(self.repository("fedora", release), _of_every_fedora(release))
        self._link("fedora.lab", release, self.repository("fedora", release))

    def _contents(self, stack: Stack) -> dict[str, list[stubs.Stub]]:
        """Return what each repository has to hold: what is described in packages.toml, and whatever is asked for."""
        fedora = _of_every_fedora(stack.release)
        others = {minor for one in stack.environments if one.python_packages for minor in (one.python,)}
        fedora += [stubs.interpreter(minor) for minor in others]
        drivers = {
            kind: self._drivers(stack, kind, owner) for kind, owner in (("rpmfusion", "rpmfusion"), ("cuda", "nvidia"))
        }
        asked = {
            "fedora": (*stack.toolkit.host_compiler_packages, *ON_FEDORA, *_of_fedora(stack)),
            "cuda": (*stack.toolkit.packages, *stack.toolkit.cudnn_packages),
        }
        drivers["cuda"] += _of_parts(stack)
        known = {"fedora": fedora, **drivers, "toolkit": stubs.described("toolkit")}
        return {kind: [*known[kind], *_bare(asked.get(kind, ()), known)] for kind in known}

    def _drivers(self, stack: Stack, kind: str, owner: str) -> list[stubs.Stub]:
        """Return the driver's packages in the version that `owner` has for this stack's cards, () when it has none."""
        if stack.driver is None:
            return []
        driver = stack.driver
        if driver.repo != owner:
            try:
                rival = resolve(msgspec.structs.replace(stack.request, repo=owner), facts()).driver
            except RefusedError:
                return []
            assert rival is not None
            driver = rival
        legacy = any("xx" in name for name in driver.packages)
        return [
            stub for stub in stubs.described(kind, DRIVER=driver.version)
            if kind == "cuda" or legacy == ("xx" in stub.name)
        ]  # fmt: skip

    def _link(self, host: str, path: str, repository: Path) -> None:
        place = self.folder / host / path
        place.mkdir(parents=True, exist_ok=True)  # the key may lie there already
        for child in repository.iterdir():
            if not (place / child.name).is_symlink():
                (place / child.name).symlink_to(child)

    def _put(self, url: str, file: Path) -> None:
        host, _, path = url.removeprefix("https://").partition("/")
        place = self.folder / host / path.partition("?")[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)

    def _fetched(self, archive: Archive) -> Archive:
        """Return `archive` with the SHA-256 of what is served in its place."""
        host, _, path = archive.url.removeprefix("https://").partition("/")
        return Archive(url=archive.url, sha256=hashlib.sha256((self.folder / host / path).read_bytes()).hexdigest())

    def _made(self, archive: Archive, stack: Stack) -> Path:
        """Return a file that stands in for `archive`: cuDNN, or one of NVIDIA's installers."""
        if stack.toolkit.cudnn_archive is not None and archive.url == stack.toolkit.cudnn_archive.url:
            return self.archive
        driver = stack.driver
        version = driver.version if driver else ""
        words = {"VERSION": version, "FLAVOUR": driver.flavour if driver else "", "SERIES": stack.toolkit.series}
        inside = stubs.fill(stubs.program("nvidia.run"), words)
        path = self.folder / archive.url.rpartition("/")[2]
        whole = stubs.fill(stubs.program("cuda.run"), words | {"INSTALLER": inside})
        path.write_text(whole if path.name.startswith("cuda") else inside)
        return path

    def _cudnn(self) -> Path:
        tree = self.folder / "cudnn-archive"
        for name in ("include/cudnn.h", "lib/libcudnn.so.9"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("stub\n")
        stubs.run("tar", "-C", self.folder, "-cJf", self.folder / "cudnn.tar.xz", tree.name)
        return self.folder / "cudnn.tar.xz"

    def _certificate(self) -> None:
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        stubs.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab",
                  "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem",
                  "-addext", f"subjectAltName={names}")  # fmt: skip

    def _pip(self) -> None:
        """Keep pip as a new environment gets it, to be copied instead of unpacked and compiled each time."""
        stubs.run(stubs.WORDS["PYTHON"], "-m", "venv", self.folder / "seed")
        site = next((self.folder / "seed").glob("lib/python*/site-packages"))
        shutil.move(site, self.folder / "pip")


def _bare(names: tuple[str, ...], known: dict[str, list[stubs.Stub]]) -> list[stubs.Stub]:
    described = {stub.name for stubs_of in known.values() for stub in stubs_of}
    return [stubs.Stub(name=name) for name in dict.fromkeys(names) if name not in described]


def _of_parts(stack: Stack) -> list[stubs.Stub]:
    """Return the packages of a server's parts, of which some have the driver's version."""
    versions = {name: part.version or "1.0" for part in stack.parts for name in part.packages}
    return [stubs.Stub(name=name, version=version) for name, version in versions.items()]


def _of_every_fedora(release: str) -> list[stubs.Stub]:
    python = next(row.python for row in fedoras(facts()) if int(row.release) <= int(release))
    return stubs.described("fedora", RELEASE=release, SYSTEM_PYTHON=python)


def _of_fedora(stack: Stack) -> tuple[str, ...]:
    """Return what Fedora's own repository has of the packages that the plan names outside its interpreters."""
    driver = stack.driver.packages if stack.driver and stack.driver.repo == "runfile" else ()
    return (*driver, *(name for name in stack.container_packages if not name.startswith("nvidia")))


def _archives(stack: Stack) -> list[Archive]:
    """Return every single file that the recipe of `stack` downloads."""
    driver = stack.driver.runfile if stack.driver else None
    return [one for one in (driver, stack.toolkit.runfile, stack.toolkit.cudnn_archive) if one is not None]


def _served(archive: Archive | None, served: dict[str, Archive]) -> Archive | None:
    return None if archive is None else served[archive.url]
