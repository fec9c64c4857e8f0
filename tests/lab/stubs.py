"""Builds signed stub packages from `packages.toml`, each once, and the repositories that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from gpusetup.value import Value

HERE = Path(__file__).parent
KERNEL = "6.19.8-200.fc44.x86_64"
WORDS = {
    "KERNEL": KERNEL,
    "KERNEL_VERSION": KERNEL.partition("-")[0],
    "KERNEL_RELEASE": KERNEL.partition("-")[2].removesuffix(".x86_64"),
    "PYTHON": os.path.realpath(sys.executable),
    "UV": str(Path(sys.executable).with_name("uv")),
}


class Stub(Value):
    """One stub package, as `packages.toml` describes it."""

    repo: str = ""
    name: str
    version: str = "1.0"
    release: str = "1.fc44"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: dict[str, str] = msgspec.field(default_factory=dict)
    pre: str = ""
    post: str = ""
    preun: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.release}.x86_64.rpm"


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | (env or {}), stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def fill(text: str, words: dict[str, str]) -> str:
    """Put `words` in the place of their ``@NAMES@``."""
    for name, word in (WORDS | words).items():
        text = text.replace(f"@{name}@", word)
    return text


def program(name: str) -> str:
    """Return the text of a stand-in program."""
    return fill((HERE / "programs" / name).read_text(), {})


@cache
def _described() -> str:
    return (HERE / "packages.toml").read_text()


def described(repo: str, **words: str) -> list[Stub]:
    """Return the described packages of one repository, with `words` in their places."""
    rows = tomllib.loads(fill(_described(), words))["package"]
    return [msgspec.convert(row, Stub) for row in rows if row["repo"] == repo]


def interpreter(minor: str) -> Stub:
    """Return the package of one Python, which is this machine's, in another place than the one that runs dnf here."""
    return Stub(name=f"python{minor}", files={f"x:/usr/local/bin/python{minor}": "<python"})


class Key:
    """A throw-away signing key: `fingerprint`, and the public part in `public`; one made before in `folder` is kept."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.home = folder / f"gnupg-{name}"
        self.env = {"GNUPGHOME": str(self.home)}
        if not self.home.is_dir():
            self.home.mkdir(mode=0o700)
            run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", name, "rsa2048", "sign", env=self.env)
        rows = run("gpg", "--list-keys", "--with-colons", env=self.env).splitlines()
        self.fingerprint = next(row.split(":")[9] for row in rows if row.startswith("fpr"))
        self.public = folder / f"{name}.pub"
        self.public.write_text(run("gpg", "--armor", "--export", name, env=self.env))

    def sign(self, packages: list[Path]) -> None:
        run("rpmsign", "--define", f"_gpg_name {self.name}", "--define", "__gpg /usr/bin/gpg", "--addsign", *packages,
            env=self.env)  # fmt: skip

    def sign_file(self, path: Path) -> None:
        run("gpg", "--batch", "--yes", "--armor", "--detach-sign", path, env=self.env)

    def forget(self) -> None:
        """End the agent that gpg started for this key."""
        run("gpgconf", "--kill", "gpg-agent", env=self.env)


class Pool:
    """Every stub that was ever built here, signed by one key, and the repositories made of them."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.folder, self.key = folder, key
        self.built = folder / "pool/x86_64"

    def build(self, stubs: Iterable[Stub]) -> None:
        """Build and sign those of `stubs` that are not there yet, all in one call."""
        new = {stub.file_name: stub for stub in stubs if not (self.built / stub.file_name).exists()}
        if not new:
            return
        specs = [self.folder / f"{name}.spec" for name in new]
        for path, stub in zip(specs, new.values(), strict=True):
            path.write_text(spec(stub, self._tree(stub)))
        quiet = ("--define", "debug_package %{nil}", "--define", "__os_install_post %{nil}")
        run("rpmbuild", "-bb", "--target", "x86_64", "--define", f"_topdir {self.folder}/top",
            "--define", f"_rpmdir {self.built.parent}", *quiet, *specs)  # fmt: skip
        self.key.sign([self.built / name for name in new])

    def _tree(self, stub: Stub) -> Path:
        """Return a folder that holds the stub's files as they will lie in the root."""
        tree = self.folder / "trees" / stub.file_name
        tree.mkdir(parents=True)
        for path, text in stub.files.items():
            place = tree / path.removeprefix("x:").lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(program(text[1:]) if text.startswith("<") else text)
            place.chmod(0o755 if path.startswith("x:") else 0o644)
        return tree

    def fill(self, repo: Path, stubs: Iterable[Stub]) -> None:
        """Add `stubs` to the repository in the folder `repo`, and index it anew when it has changed."""
        stubs = list(stubs)
        self.build(stubs)
        repo.mkdir(parents=True, exist_ok=True)
        missing = [name for stub in stubs if not (repo / (name := stub.file_name)).exists()]
        for name in missing:
            (repo / name).hardlink_to(self.built / name)
        if missing or not (repo / "repodata").exists():
            index(repo, self.key)


def index(repo: Path, key: Key) -> None:
    run("createrepo_c", "--quiet", repo)
    key.sign_file(repo / "repodata/repomd.xml")


def spec(stub: Stub, tree: Path) -> str:
    """Return the spec file of one stub; its scriptlets note in /var/log/lab-calls that they ran."""
    lines = [f"Name: {stub.name}", f"Version: {stub.version}", f"Release: {stub.release}"]
    lines += ["Summary: stub", "License: Apache-2.0", "AutoReqProv: no"]
    for relation in ("requires", "provides", "conflicts"):
        lines += [f"{relation.capitalize()}: {other}" for other in getattr(stub, relation)]
    lines += ["%description", "stub", "%install", f"cp -a {tree}/. %{{buildroot}}"]
    files = [path.removeprefix("x:") for path in stub.files]
    lines += ["%files", *files, *(f"%dir {folder}" for folder in _folders(files))]
    for name in ("pre", "post", "preun"):
        text = getattr(stub, name)
        lines += [f"%{name}", f"echo '{name} {stub.name}' >>/var/log/lab-calls", text] if text else []
    return "\n".join(lines) + "\n"


def _folders(files: list[str]) -> list[str]:
    """Return the folders that a package of `files` has to own, so that they go with it: all but the system's own."""
    folders = {str(folder) for file in files for folder in Path(file).parents if len(folder.parts) > 2}
    return sorted(folders - {"/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/src", "/lib/modules"})
