"""Packages and who owns a file, from the databases of rpm, dpkg, pacman and conda."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Unread
from gpusetup.machine.packages import rpm
from gpusetup.machine.packages.conda import read_conda
from gpusetup.machine.packages.installed import FAMILIES, find_owners, read_packages
from gpusetup.machine.read import read
from tests.fake_host import Content, Link, grow
from tests.fake_rpmdb import Rpm, rpmdb
from tests.support import tool

LIBCUDA = "/usr/lib64/libcuda.so.580.95.05"
RPMDB = "/usr/lib/sysimage/rpm/rpmdb.sqlite"
LIBS = Rpm("xorg-x11-drv-nvidia-cuda-libs", "580.95.05", files=("/usr/lib64/libnvidia-ml.so.580.95.05", LIBCUDA))
OTHER = Rpm("bash", "5.3", vendor="Fedora Project", files=("/usr/bin/bash", "/elsewhere/libcuda.so.580.95.05"))


def run(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_rpm_tells_packages_and_owners(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {RPMDB: rpmdb(LIBS, OTHER, Rpm("podman", "5.7.0", "2.fc44", "Fedora Project"))}))
    found = read_packages(host)
    assert found == (
        Package(manager="rpm", name="podman", version="5.7.0-2.fc44", maker="Fedora Project"),
        Package(manager="rpm", name=LIBS.name, version="580.95.05-1.fc44", maker="RPM Fusion"),
    )
    assert find_owners(host, found, [LIBCUDA, "/usr/lib64/libcuda.so.1"]) == {LIBCUDA: LIBS.name}


def test_a_damaged_database_is_unread_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = rpmdb(LIBS, OTHER)
    for length in range(0, len(whole), 509):
        host = Host(grow(tmp_path / str(length), {RPMDB: whole[:length]}))
        found = read_packages(host)
        assert isinstance(found, Unread) or {one.name for one in found} <= {LIBS.name, ""}
        find_owners(host, found, [LIBCUDA])


def test_a_database_of_rpm_itself_is_read(tmp_path: Path) -> None:
    tool("rpmbuild")
    spec = tmp_path / "p.spec"
    spec.write_text(
        "Name: nvidia-stand-in\nEpoch: 3\nVersion: 580.95.05\nRelease: 1\nSummary: x\nLicense: MIT\nVendor: Somebody\n"
        "BuildArch: noarch\n%description\nx\n%install\nmkdir -p %{buildroot}/usr/lib64\n"
        "touch %{buildroot}/usr/lib64/libcuda.so.580.95.05\n%files\n/usr/lib64/libcuda.so.580.95.05\n"
    )
    database = tmp_path / "host/var/lib/rpm"
    backend: list[str | Path] = ["--define", "_db_backend sqlite", "--dbpath", str(database)]
    run("rpmbuild", "-bb", "--define", f"_topdir {tmp_path}/top", spec)
    (built,) = (tmp_path / "top/RPMS").rglob("*.rpm")
    database.mkdir(parents=True)
    run("rpm", *backend, "--initdb")
    run("rpm", *backend, "-i", "--justdb", "--nodeps", "--nosignature", built)
    host = Host(tmp_path / "host")
    found = read_packages(host)
    asked = [*backend, "-q", "--qf", "%{INSTALLTIME}", "nvidia-stand-in"]
    since = int(subprocess.run([tool("rpm"), *asked], capture_output=True, text=True, check=True).stdout)
    assert since > 0
    assert found == (
        Package(manager="rpm", name="nvidia-stand-in", version="3:580.95.05-1", maker="Somebody", installed=since),
    )
    assert find_owners(host, found, ["/lib64/libcuda.so.580.95.05"]) == {
        "/lib64/libcuda.so.580.95.05": "nvidia-stand-in"
    }


STATUS = """Package: libcuda1
Status: hold ok installed
Maintainer: Debian NVIDIA Maintainers <pkg@example.org>
Version: 535.247.01-1~deb12u1

Package: nvidia-smi
Status: deinstall ok config-files
Version: 1

Package: libcurl4
Status: install ok installed
Version: 7
"""


def test_dpkg_tells_what_is_installed_held_and_whose(tmp_path: Path) -> None:
    path = "/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.535.247.01"
    tree: dict[str, Content] = {
        "/var/lib/dpkg/status": STATUS,
        "/var/lib/dpkg/info/libcuda1:amd64.list": f"/.\n{path}\n",
    }
    host = Host(grow(tmp_path, tree))
    found = read_packages(host)
    assert found == (
        Package(
            manager="dpkg",
            name="libcuda1",
            version="535.247.01-1~deb12u1",
            maker="Debian NVIDIA Maintainers",
            held=True,
        ),
    )
    assert find_owners(host, found, [path, "/usr/lib/libcuda.so.1"]) == {path: "libcuda1"}


def test_dpkg_itself_says_the_same() -> None:
    tool("dpkg-query")
    told = run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n")
    found = read_packages(Host(Path("/")))
    assert not isinstance(found, Unread)
    rows = {tuple(line.split()[1:]) for line in told.splitlines() if line.startswith("installed ")}
    assert {(one.name, one.version) for one in found} == {row for row in rows if row[0].startswith(FAMILIES)}


def test_pacman_tells_packages_and_owners(tmp_path: Path) -> None:
    local = "/var/lib/pacman/local"
    tree: dict[str, Content] = {
        f"{local}/nvidia-utils-580.95.05-2/files": "%FILES%\nusr/\nusr/lib/libcuda.so.580.95.05\n",
        f"{local}/zlib-1:1.3-1/files": "",
    }
    host = Host(grow(tmp_path, tree))
    found = read_packages(host)
    assert found == (Package(manager="pacman", name="nvidia-utils", version="580.95.05-2"),)
    assert find_owners(host, found, ["/usr/lib/libcuda.so.580.95.05"]) == {
        "/usr/lib/libcuda.so.580.95.05": "nvidia-utils"
    }


def test_a_system_without_a_database_says_so(tmp_path: Path) -> None:
    found = read_packages(Host(tmp_path))
    assert isinstance(found, Unread)
    assert found.unread == "absent"
    old = read_packages(Host(grow(tmp_path, {"/var/lib/rpm/Packages": b"\0"})))
    assert isinstance(old, Unread)
    assert old.unread == "unsupported"


def test_conda_tells_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = {"pytorch-2.6.0-cpu_generic_py312_0.json": "", "numpy-2.2.1-py312h1.json": "", "zlib-1.3-0.json": ""}
    grow(tmp_path, {f"/conda-meta/{name}": text for name, text in meta.items()})
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    assert read_conda(Host(Path("/"))) == (
        Package(manager="conda", name="numpy", version="2.2.1", maker="py312h1", place=str(tmp_path)),
        Package(manager="conda", name="pytorch", version="2.6.0", maker="cpu_generic_py312_0", place=str(tmp_path)),
    )
    assert read_conda(Host(tmp_path)) == ()


def test_libraries_know_whose_they_are(tmp_path: Path) -> None:
    site = "/usr/lib64/python3.14/site-packages"
    elf = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0\x3e\0"
    tree: dict[str, Content] = {
        RPMDB: rpmdb(LIBS),
        LIBCUDA: elf,
        "/usr/lib64/libcuda.so.1": Link("libcuda.so.580.95.05"),
        "/lib64": Link("usr/lib64"),
        "/usr/lib64/libcudart.so.12": elf,
        f"{site}/nvidia_nccl_cu13-2.28.3.dist-info/RECORD": "nvidia/nccl/lib/libnccl.so.2,,1\n",
        f"{site}/nvidia/nccl/lib/libnccl.so.2": elf,
    }
    assert {one.soname: one.owner for one in read(grow(tmp_path, tree), 5).libraries} == {
        "libcuda.so.1": LIBS.name,
        "libcudart.so.12": "",
        "libnccl.so.2": "nvidia-nccl-cu13",
    }


def test_a_database_whose_changes_lie_beside_it_is_read_as_it_is(tmp_path: Path) -> None:
    raw = rpmdb(LIBS)
    walled = raw[:18] + b"\2\2" + raw[20:]
    assert read_packages(Host(grow(tmp_path, {RPMDB: walled}))) == read_packages(Host(grow(tmp_path, {RPMDB: raw})))


_TABLE = "CREATE TABLE Packages (hnum INTEGER, blob BLOB)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packages", "why"),
    [
        ("CREATE VIEW Packages AS SELECT hnum, zeroblob(100000000) AS blob FROM Name", "has not rpm's tables"),
        ("CREATE TABLE Packages (hnum INTEGER, blob AS (zeroblob(100000000)))", "are computed"),
        ("CREATE TABLE Pakete (hnum INTEGER, blob BLOB)", "has not rpm's tables"),
        (f"{_TABLE}; INSERT INTO Packages SELECT 1, x'00' FROM Name", "MiB in its rows|not read within"),
        (f"{_TABLE}; INSERT INTO Packages VALUES (1, zeroblob(9000000))", "MiB in its rows|not read within"),
        (f"{_TABLE}; INSERT INTO Packages VALUES (1, zeroblob(17000000))", "too big"),
    ],
)
def test_a_database_made_to_take_memory_is_refused_before_it_does(tmp_path: Path, packages: str, why: str) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE Name (key TEXT, hnum INTEGER, idx INTEGER);"
        "CREATE TABLE Basenames (key TEXT, hnum INTEGER, idx INTEGER);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
        "INSERT INTO Name SELECT 'nvidia-x', 1, 0 FROM n;" + packages
    )
    database.commit()
    tracemalloc.start()
    told = read_packages(Host(grow(tmp_path, {RPMDB: database.serialize()})))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(told, Unread)
    assert re.search(why, told.detail)
    assert most < 300 << 20


def test_a_status_of_very_many_packages_is_refused(tmp_path: Path) -> None:
    entry = "Package: nvidia-x\nStatus: install ok installed\n\n"
    told = read_packages(Host(grow(tmp_path, {"/var/lib/dpkg/status": entry * 5_001})))
    assert isinstance(told, Unread)
    assert "more than 5000" in told.detail


def test_a_header_that_points_behind_its_end_has_nothing_there() -> None:
    """A damaged index: one entry of numbers at byte 60 of data that has none."""
    entry = b"".join(number.to_bytes(4, "big") for number in (rpm.FOLDER_OF, rpm.INT32, 60, 3))
    header = rpm.Header((1).to_bytes(4, "big") + bytes(4) + entry)
    assert header.numbers(rpm.FOLDER_OF) == ()
    assert header.path(0) == ""
