"""A small root file system of this Debian's own files: what base images of other distributions are stood in for by.

It has bash, Python with venv and pip, and the package managers dnf and apt, each as Debian packages it; repositories
and package database make the one or the other distribution of it.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

PACKAGES = (
    "apt", "base-files", "bash", "ca-certificates", "coreutils", "dash", "diffutils", "dnf", "findutils", "grep",
    "gzip", "libc-bin", "login", "passwd", "python3-venv", "rpm", "sed", "tar",
)  # fmt: skip
LEFT_OUT = ("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/i18n", "/usr/share/info",
            "/etc/apt/apt.conf.d/70debconf")  # fmt: skip
_DPKG = Path("/var/lib/dpkg")


def python() -> str:
    """Return the minor version of this Debian's own Python."""
    return Path("/usr/bin/python3").resolve().name.removeprefix("python")


def lacking() -> str:
    """Return why there can be no such root file system here, "" when there can."""
    missing = set(PACKAGES) - set(_installed()) if (_DPKG / "status").exists() else set(PACKAGES)
    return f"these packages of Debian are not installed: {', '.join(sorted(missing))}" if missing else ""


def make(folder: Path, more: Sequence[str] = ()) -> None:
    """Copy the files of `PACKAGES` and of `more`, and of everything they depend on, under `folder`."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    files = [path.lstrip("/") for name in _closure([*PACKAGES, *more]) for path in _files(name)]
    pack = subprocess.Popen(
        ["tar", "-C", "/", "--no-recursion", "-cf", "-", "-T", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with subprocess.Popen(["tar", "-C", folder, "--keep-directory-symlink", "-xf", "-"], stdin=pack.stdout) as unpack:
        assert pack.stdin is not None
        pack.stdin.write("\n".join(files).encode())
        pack.stdin.close()
    assert pack.wait() == 0 == unpack.returncode
    for name, text in ACCOUNTS.items():
        (folder / "etc" / name).write_text(text)
    certificates = "etc/ssl/certs/ca-certificates.crt"
    (folder / certificates).write_bytes(Path("/", certificates).read_bytes())
    subprocess.run(["ldconfig", "-r", folder], check=True)
    _pip(folder / "srv/pip")


def _pip(folder: Path) -> None:
    """Unpack the pip that Debian's venv would install, compiled so that no date of a file can make it stale."""
    (wheel,) = Path("/usr/share/python-wheels").glob("pip-*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    compile_all = ["/usr/bin/python3", "-m", "compileall", "-q", "--invalidation-mode=checked-hash", str(folder)]
    subprocess.run(compile_all, check=True)


ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "shadow": "root:*:20000:0:99999:7:::\n",
    "gshadow": "root:*::\n",
}


def _installed() -> dict[str, list[str]]:
    """Return each installed package, and the names it also provides, with what it depends on."""
    found: dict[str, list[str]] = {}
    for paragraph in (_DPKG / "status").read_text().split("\n\n"):
        said = dict(re.findall(r"^(Package|Status|Depends|Pre-Depends|Provides): (.*)$", paragraph, re.MULTILINE))
        if "installed" not in said.get("Status", "").split():
            continue
        needs = [*_names(said.get("Depends", "")), *_names(said.get("Pre-Depends", ""))]
        found[said["Package"]] = needs
        for name in _names(said.get("Provides", "")):
            found.setdefault(name, [said["Package"]])
    return found


def _names(relation: str) -> list[str]:
    return re.findall(r"(?:^|[,|] *)([a-z0-9][a-z0-9.+-]+)", re.sub(r"\([^)]*\)", "", relation))


def _closure(todo: list[str]) -> list[str]:
    """Return the packages `todo` and all they depend on; of alternatives, those that are installed."""
    installed, found = _installed(), set()
    while todo:
        name = todo.pop()
        if name in installed and name not in found:
            found.add(name)
            todo += installed[name]
    return sorted(found)


def _files(package: str) -> list[str]:
    for name in (package, f"{package}:amd64"):
        path = _DPKG / "info" / f"{name}.list"
        if path.exists():
            lines = path.read_text().splitlines()
            return [line for line in lines if line != "/." and Path(line).exists() and not line.startswith(LEFT_OUT)]
    return []  # only the name of a thing that another package provides
