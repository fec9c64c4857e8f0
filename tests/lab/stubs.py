"""Builds the stand-in Fedora's signed packages and repositories, and stub wheels, from `packages.toml`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | (env or {}), stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Key:
    """A throw-away signing key: `fingerprint`, and the public part in `public`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.home = folder / f"gnupg-{name}"
        self.home.mkdir(mode=0o700)
        self.env = {"GNUPGHOME": str(self.home)}
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


def spec(package: dict[str, Any]) -> str:
    """Return the spec file of one stub."""
    lines = [f"Name: {package['name']}", f"Version: {package.get('version', '1.0')}"]
    lines += [f"Release: {package.get('release', '1.fc44')}", "Summary: stub", "License: Apache-2.0", "AutoReqProv: no"]
    for relation in ("requires", "provides", "conflicts"):
        lines += [f"{relation.capitalize()}: {other}" for other in package.get(relation, ())]
    lines += ["%description", "stub", "%install"]
    for path, text in package.get("files", {}).items():
        place = "%{buildroot}" + path.removeprefix("x:")
        filled = text.replace("@PYTHON@", os.path.realpath(sys.executable)).replace("%", "%%").rstrip("\n")
        lines += [f"mkdir -p $(dirname {place})", f"cat >{place} <<'STUB'", filled, "STUB"]
        lines += [f"chmod {'755' if path.startswith('x:') else '644'} {place}"]
    lines += ["%files", *(path.removeprefix("x:") for path in package.get("files", {}))]
    return "\n".join(lines) + "\n"


def build(folder: Path, key: Key) -> dict[str, Path]:
    """Build, sign and index every stub; return each repository's folder by name."""
    repos: dict[str, Path] = {}
    specs: dict[str, list[Path]] = {}
    for package in tomllib.loads((HERE / "packages.toml").read_text())["package"]:
        path = folder / f"{package['name']}.spec"
        path.write_text(spec(package))
        specs.setdefault(package["repo"], []).append(path)
    for repo, paths in specs.items():
        repos[repo] = folder / "repos" / repo
        quiet = ("--define", "debug_package %{nil}", "--define", "__os_install_post %{nil}")
        run("rpmbuild", "-bb", "--target", "x86_64", "--define", f"_topdir {folder}/top",
            "--define", f"_rpmdir {repos[repo]}", *quiet, *paths)  # fmt: skip
        key.sign(sorted(repos[repo].rglob("*.rpm")))
        index(repos[repo], key)
    return repos


def index(repo: Path, key: Key) -> None:
    run("createrepo_c", "--quiet", repo)
    key.sign_file(repo / "repodata/repomd.xml")


def wheel(folder: Path, name: str, version: str, module: str, extras: str = "") -> None:
    """Write a wheel that holds one module; what pip sees is a real distribution."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "w") as file:
        if module:
            file.writestr(f"{name}.py", module)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extras}")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
