"""The stand-in internet, built once, and a fresh stand-in Fedora for each test that asks for one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Archive, Card, Request, SigningKey, Stack
from tests.lab import stubs, wheels
from tests.lab.fedora import HOSTS, Lab

TOOLS = ("dnf", "rpm", "rpmbuild", "rpmsign", "createrepo_c", "gpg", "openssl", "curl", "unshare", "nsenter", "ip")
PASCAL = Card(name="GeForce GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="name")
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")

pytestmark = pytest.mark.lab


def lacking() -> str:
    """Return why there can be no lab here, "" when there can."""
    if os.geteuid() != 0:
        return "the lab needs root, for namespaces of its own"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"the lab needs {', '.join(missing)}" if missing else ""


class World:
    """The folder of the stand-in internet, its keys, and stacks whose keys and archives are the ones in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.stranger = stubs.Key(folder, "lab"), stubs.Key(folder, "stranger")
        self.repos = stubs.build(folder, self.key)
        self.archive = self._archive()
        self._certificate()
        self._publish()

    def stack(self, card: Card, **wishes: str) -> Stack:
        """Return the stack the solver chooses, with the lab's key and archive in the place of the real ones."""
        stack = resolve(Request(release="44", cards=(card,), **wishes), facts())  # type: ignore[arg-type]
        toolkit = stack.toolkit
        if toolkit.cudnn_archive is not None:
            archive = Archive(url=toolkit.cudnn_archive.url, sha256=stubs.run("sha256sum", self.archive).split()[0])
            toolkit = msgspec.structs.replace(toolkit, cudnn_archive=archive)
        repositories = tuple(
            msgspec.structs.replace(
                repo,
                key=SigningKey(key_id=repo.key.key_id, fingerprint=self.key.fingerprint, url=repo.key.url),
            )
            for repo in stack.repositories
        )
        self._serve(stack)
        return msgspec.structs.replace(stack, repositories=repositories, toolkit=toolkit)

    def script(self, card: Card, **wishes: str) -> str:
        return render(recipe(self.stack(card, **wishes)), "bash", "2026-11-22")

    @contextmanager
    def signed_by(self, signer: stubs.Key | None) -> Iterator[None]:
        """Serve the driver's packages signed by another key, or by none, while this lasts."""
        real = self.repos["rpmfusion-nonfree"]
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

    @contextmanager
    def cut(self, host: str) -> Iterator[None]:
        """Let every answer of `host` be a cut connection while this lasts."""
        down = self.folder / host / "down"
        down.touch()
        try:
            yield
        finally:
            down.unlink()

    def _serve(self, stack: Stack) -> None:
        """Put keys, repositories, archive and wheels at the very addresses that `stack` names."""
        for repo in stack.repositories:
            self._put(repo.key.url, self.key.public)
            kind = "cuda" if "cuda" in repo.id else "toolkit" if "toolkit" in repo.id else "rpmfusion-nonfree"
            address = repo.metalink.split("&")[0] if repo.metalink else repo.baseurl
            host, _, path = address.removeprefix("https://").partition("/")
            place = self.folder / host / (path.partition("repo=")[2] or path)
            place.mkdir(parents=True, exist_ok=True)  # the key may lie there already
            for child in self.repos[kind].iterdir():
                if not (place / child.name).is_symlink():
                    (place / child.name).symlink_to(child)
        if stack.toolkit.cudnn_archive is not None:
            self._put(stack.toolkit.cudnn_archive.url, self.archive)
        torch = {}
        for environment in stack.environments:
            for requirement in environment.requirements:
                name, _, version = requirement.text.partition("==")
                if name == "torch":
                    torch[requirement.index.rpartition("/whl/")[2].strip("/")] = version
                elif name.startswith("tensorflow"):
                    wheels.build(self.folder, {}, version, {})
                else:
                    wheels.build(self.folder, {}, "0", {name: version})
        wheels.build(self.folder, torch, "0", {})

    def _put(self, url: str, file: Path) -> None:
        host, _, path = url.removeprefix("https://").partition("/")
        place = self.folder / host / path.partition("?")[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)

    def _publish(self) -> None:
        shutil.copy(self.key.public, self.folder / "fedora.pub")
        (self.folder / "fedora.lab").mkdir()
        (self.folder / "fedora.lab/os").symlink_to(self.repos["fedora"])
        (self.folder / "fedora.repo").write_text(
            "[fedora]\nname=Fedora\nbaseurl=https://fedora.lab/os\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/fedora\n"
        )
        kmods = self.folder / "kmods"
        kmods.mkdir()
        for path in self.repos["kmods"].rglob("*.rpm"):
            shutil.copy(path, kmods)

    def _archive(self) -> Path:
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


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    why_not = lacking()
    if why_not:
        pytest.skip(why_not)
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    for key in (made.key, made.stranger):
        key.forget()


@pytest.fixture
def new_lab(world: World, tmp_path: Path) -> Iterator[Callable[[], Lab]]:
    """Return a maker of fresh stand-in Fedoras."""
    labs: list[Lab] = []

    def make() -> Lab:
        labs.append(Lab(tmp_path / f"lab{len(labs)}", world.folder))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(new_lab: Callable[[], Lab]) -> Lab:
    return new_lab()
