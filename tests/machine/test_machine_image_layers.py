"""What is installed in an image is read from its layers as data, and no archive leads out of our folder."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError, GpusetupError, WrongInputError
from gpusetup.machine.image import layers
from gpusetup.machine.image.installed import read_installed
from gpusetup.machine.image.layers import unpack

SITE = "opt/gpusetup/torch/lib/python3.13/site-packages"
METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: BSD-3-Clause\n"
STATUS = (
    "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
)


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def files(said: dict[str, str | bytes]) -> bytes:
    return tar(*((entry(name), text.encode() if isinstance(text, str) else text) for name, text in said.items()))


def image(folder: Path, *found: bytes) -> Path:
    """Write the archive that `podman save` would, with these layers."""
    names = [f"{number}/layer.tar" for number in range(len(found))]
    path = folder / "image.tar"
    path.write_bytes(
        tar(
            (entry("manifest.json"), json.dumps([{"Config": "c.json", "Layers": names}]).encode()),
            *((entry(name), layer) for name, layer in zip(names, found, strict=True)),
        )
    )
    return path


def unpacked(tmp_path: Path, *found: bytes) -> Path:
    root = tmp_path / "above" / "root"
    root.mkdir(parents=True)
    unpack(image(tmp_path, *found), root)
    return root


def metadata(name: str, version: str) -> dict[str, str | bytes]:
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": METADATA.format(name=name, version=version)}


def test_wheels_packages_and_hashes_of_all_layers_are_listed(tmp_path: Path) -> None:
    low = files(
        metadata("torch", "2.9.0")
        | {"var/lib/dpkg/status": STATUS, "usr/lib/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n', "bin/python3": "#!"}
        | {"opt/gpusetup/torch/wheels.txt": f"torch==2.9.1 --hash=sha256:{'a' * 64}\n"}
        | {"usr/lib/python3/dist-packages/x-1.dist-info/METADATA": METADATA.format(name="x", version="1")}
    )
    high = files(metadata("torch", "2.9.1") | {f"{SITE}/.wh.torch-2.9.0.dist-info": ""})
    found = read_installed(unpacked(tmp_path, low, gzip.compress(high)))
    assert [(one.name, one.version, one.spdx, one.folder) for one in found.wheels] == [
        ("torch", "2.9.1", "BSD-3-Clause", f"/{SITE}")
    ]
    assert [(one.kind, one.name, one.version, one.architecture) for one in found.packages] == [
        ("deb", "bash", "5.2-1", "amd64")
    ]
    assert (found.distribution, found.release) == ("ubuntu", "24.04")
    assert found.hashes == {"torch==2.9.1": "a" * 64}
    assert not (tmp_path / "above/root/bin").exists(), "only what is looked for is written"


HOSTILE: dict[str, bytes] = {
    "a path that leads out": files({f"../../{SITE}/a-1.dist-info/METADATA": "x"}),
    "an absolute path": files({f"/{SITE}/a-1.dist-info/METADATA": "x"}),
    "a whiteout of the folder above": files({".wh...": "", "etc/.wh...": "", ".wh.": "", "x/.wh..": ""}),
    "a whiteout of everything": files({".wh..wh..opq": ""}),
    "a link in the place of a folder": tar(
        (entry("opt", tarfile.SYMTYPE, "/"), b""),
        (entry(f"{SITE}/a-1.dist-info/METADATA"), b"Name: a\n"),
    ),
    "a link to a file of the host": tar((entry("var/lib/dpkg/status", tarfile.SYMTYPE, "/etc/shadow"), b"")),
    "a hard link to a file of the host": tar((entry("var/lib/dpkg/status", tarfile.LNKTYPE, "/etc/shadow"), b"")),
    "a pipe": tar((entry("var/lib/dpkg/status", tarfile.FIFOTYPE), b"")),
    "a device": tar((entry("usr/lib/os-release", tarfile.CHRTYPE), b"")),
    "a file in the place of a folder": files({"opt/gpusetup/a/wheels.txt": "x", "opt/gpusetup/a/wheels.txt/b": "y"}),
    "a metadata file of 2 MiB": files({f"{SITE}/a-1.dist-info/METADATA": b"Name: a\n" + b"x" * (2 << 20)}),
    "a name of 300 characters": files({f"{'n' * 300}/{SITE}/a-1.dist-info/METADATA": "x"}),
    "a name that is no text": files({"opt/\udcff\udcfe/site-packages/a-1.dist-info/METADATA": "x"}),
    "no tar": b"\x7fELF" * 200,
    "a layer that is cut off": files(metadata("a", "1"))[:700],
    "a gzip bomb": gzip.compress(bytes(64 << 20), compresslevel=1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_layer_leads_out_of_our_folder(kind: str, tmp_path: Path) -> None:
    (tmp_path / "above").mkdir()
    (tmp_path / "above/neighbour").write_text("stays")
    root = tmp_path / "above/root"
    root.mkdir()
    try:
        unpack(image(tmp_path, HOSTILE[kind]), root)
        read_installed(root)
    except GpusetupError:
        pass
    assert (tmp_path / "above/neighbour").read_text() == "stays"
    assert sorted(one.name for one in (tmp_path / "above").iterdir() if one.name != "root") == ["neighbour"]
    assert not [one for one in root.rglob("*") if one.is_symlink() or not (one.is_file() or one.is_dir())]
    assert sum(one.stat().st_size for one in root.rglob("*") if one.is_file()) < 1 << 20


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}", b'[{"Layers": 1}]', b'[{"Layers": ["nowhere"]}]', b"[" * 100_000]
)
def test_an_archive_without_layers_is_an_error_of_ours(manifest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(tar((entry("manifest.json"), manifest)))
    with pytest.raises(WrongInputError, match="cannot read the image's layers"):
        unpack(path, tmp_path)


def test_an_image_with_more_files_than_any_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "FILES", 3)
    many = files({f"{SITE}/a{number}-1.dist-info/METADATA": "x" for number in range(5)})
    with pytest.raises(WrongInputError, match="more packages than any"):
        unpacked(tmp_path, many)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<400) "
        "SELECT i AS hnum, zeroblob(100000000) AS blob FROM n",
        "CREATE TABLE Packages (hnum INTEGER, blob BLOB AS (zeroblob(100000000))); INSERT INTO Packages VALUES (1)",
        "CREATE TABLE Other (x)",
    ],
)
def test_a_database_that_makes_things_up_is_refused(made: str, tmp_path: Path) -> None:
    place = tmp_path / "usr/lib/sysimage/rpm/rpmdb.sqlite"
    place.parent.mkdir(parents=True)
    opened = sqlite3.connect(place)
    opened.executescript(made)
    opened.close()
    with pytest.raises(CannotLookError, match="cannot list"):
        read_installed(tmp_path)


def test_an_old_database_is_not_taken_for_an_image_without_packages(tmp_path: Path) -> None:
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    (tmp_path / "var/lib/rpm/Packages").write_bytes(b"\0" * 64)
    with pytest.raises(CannotLookError, match="not SQLite"):
        read_installed(tmp_path)
