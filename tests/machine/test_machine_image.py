"""What an image says of itself, out of every shape in which tools write it; nothing of it is unpacked or believed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import CannotLookError, GpusetupError, MissingError, WrongInputError
from gpusetup.machine.image import engines, tar
from gpusetup.machine.image.described import described
from gpusetup.machine.image.name import image_name
from gpusetup.machine.image.read import read_image
from tests.support import ROOT, Run, examples, tool

ENV, LABELS = ["CUDA_VERSION=13.2.1", "PATH=/bin"], {"io.gpusetup.driver-floor": "580"}
CONFIG = {"architecture": "amd64", "os": "linux", "config": {"Env": ENV, "Labels": LABELS}}
SHAPES: dict[str, Any] = {
    "podman or docker image inspect": [
        {"RepoTags": ["lab/a:1"], "Architecture": "amd64", "Config": {"Env": ENV, "Labels": LABELS}}
    ],
    "docker container inspect": [{"Name": "/a", "Config": {"Env": ENV, "Labels": LABELS}}],
    "skopeo inspect": {"Name": "lab/a", "Architecture": "amd64", "Env": ENV, "Labels": LABELS},
    "skopeo inspect --config": CONFIG,
    "buildah inspect": {"FromImage": "lab/a:1", "OCIv1": CONFIG, "Docker": {}},
    "gpusetup container --json": {"stack": {}, "job": {"image": "lab/a:1"}, "labels": LABELS},
    "labels": LABELS,
}


def blob(value: object) -> tuple[str, bytes]:
    raw = json.dumps(value).encode()
    return hashlib.sha256(raw).hexdigest(), raw


def docker_archive() -> dict[str, bytes]:
    name, raw = blob(CONFIG)
    manifest = [{"Config": f"{name}.json", "RepoTags": ["lab/a:1"], "Layers": []}]
    return {"manifest.json": json.dumps(manifest).encode(), f"{name}.json": raw}


def oci_layout(*architectures: str) -> dict[str, bytes]:
    """Return a layout whose index has an attestation, then an index with an image for each architecture."""
    files: dict[str, bytes] = {}

    def add(value: object) -> dict[str, Any]:
        name, raw = blob(value)
        files[f"blobs/sha256/{name}"] = raw
        return {"digest": f"sha256:{name}", "size": len(raw)}

    inner = []
    for one in architectures:
        config = add(CONFIG | {"architecture": one})
        inner.append(add({"config": config, "layers": []}) | {"platform": {"architecture": one, "os": "linux"}})
    attestation = add({"config": add({}), "layers": []}) | {"platform": {"architecture": "unknown", "os": "unknown"}}
    index = add({"manifests": [attestation, *inner]})
    outer = {"manifests": [index | {"annotations": {"org.opencontainers.image.ref.name": "lab/a:1"}}]}
    return files | {"index.json": json.dumps(outer).encode()}


def as_tar(files: dict[str, bytes], path: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_labels(shape: str) -> None:
    found = described(json.dumps(SHAPES[shape]).encode(), "somewhere.json")
    assert found.labels == LABELS
    if "container --json" not in shape and shape != "labels":
        assert found.environment["CUDA_VERSION"] == "13.2.1"
    assert found.name in {"lab/a:1", "lab/a", "a", "somewhere.json"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
@pytest.mark.parametrize("files", [docker_archive(), oci_layout("amd64")], ids=["docker", "oci"])
def test_an_archive_tells_without_being_unpacked(files: dict[str, bytes], mode: str, tmp_path: Path) -> None:
    found = read_image(str(as_tar(files, tmp_path / "image.tar", mode)), "x86_64")
    assert (found.architecture, found.labels, found.name) == ("x86_64", LABELS, "lab/a:1")
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_a_layout_and_the_right_one_of_several(tmp_path: Path) -> None:
    for name, raw in oci_layout("arm64", "amd64").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    assert read_image(str(tmp_path), "x86_64").architecture == "x86_64"
    assert read_image(str(tmp_path), "aarch64").architecture == "aarch64"
    with pytest.raises(WrongInputError, match=r"no readable image|not describe an image"):
        read_image(str(tmp_path), "riscv64")


@pytest.mark.parametrize("outward", ["{outside}", "../../../outside"])
def test_a_layout_is_not_followed_out_of_its_folder(tmp_path: Path, outward: str) -> None:
    layout, outside = tmp_path / "layout", tmp_path / "outside"
    outside.mkdir()
    blobs = {name: raw for name, raw in oci_layout("amd64").items() if name.startswith("blobs")}
    for name, raw in oci_layout("amd64").items():
        (layout / name).parent.mkdir(parents=True, exist_ok=True)
        (layout / name).write_bytes(raw)
    for name, raw in blobs.items():
        (outside / Path(name).name).write_bytes(raw)
        (layout / name).unlink()
        (layout / name).symlink_to(f"{outward.format(outside=outside)}/{Path(name).name}")
    with pytest.raises(WrongInputError, match=r"no readable image|not describe an image"):
        read_image(str(layout), "x86_64")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"[1]", b'{"a": 1}', b"not json", b"[" * 9999, b"{\xff"])
def test_what_describes_no_image_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(WrongInputError):
        read_image(str(tmp_path / "x"))


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest.json": b"[]"},
        {"manifest.json": b'[{"Config": "../../etc/passwd"}]'},
        {"index.json": b'{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}'},
        {"index.json": b'{"manifests": 3}'},
    ],
)
def test_a_broken_or_hostile_archive_is_refused(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(WrongInputError):
        read_image(str(as_tar(files, tmp_path / "image.tar")))


def header(kind: bytes, size: int) -> bytes:
    """Return one block of a tar that announces `size` bytes, to be repeated or followed by them."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def gzipped(path: Path, blocks: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for one in blocks:
            file.write(one)
    return path


MIB = b"\0" * (1 << 20)
BOMBS: dict[str, tuple[str, Callable[[], Iterable[bytes]]]] = {
    "a header of names as large as memory": ("header larger", lambda: [header(tarfile.XHDTYPE, 64 << 20), *[MIB] * 64]),
    "one long name": ("header larger", lambda: [header(tarfile.GNUTYPE_LONGNAME, 64 << 20), *[MIB] * 64]),
    "headers that lead to headers": ("nested too deeply", lambda: [header(tarfile.XHDTYPE, 0)] * 20_000),
    "more files than anybody counts": ("more than", lambda: [header(tarfile.REGTYPE, 0)] * 20_000),
    "many files of what could be JSON": (
        "more to read",
        lambda: [header(tarfile.REGTYPE, 1 << 20), b"[" + MIB[1:]] * 64,
    ),
    "a size that no disk has": ("file larger", lambda: [header(tarfile.REGTYPE, 1 << 80)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_an_archive_that_would_fill_memory_is_given_up_early(bomb: str, tmp_path: Path) -> None:
    says, blocks = BOMBS[bomb]
    path = gzipped(tmp_path / "bomb.tar.gz", blocks())
    tracemalloc.start()
    try:
        with pytest.raises(WrongInputError, match=says):
            read_image(str(path))
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


def test_a_huge_layer_costs_no_time_and_a_compressed_one_not_more_than_is_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = header(tarfile.REGTYPE, 1 << 40)
    plain = tmp_path / "image.tar"
    with plain.open("wb") as file:
        file.write(layer)
        file.truncate(len(layer) + (1 << 40))  # a hole: nothing is on the disk
        file.seek(0, os.SEEK_END)
        file.write(as_tar(docker_archive(), tmp_path / "rest.tar").read_bytes())
    assert read_image(str(plain), "x86_64").labels == LABELS
    monkeypatch.setattr(tar, "SECONDS", -1.0)
    short = gzipped(tmp_path / "image.tar.gz", [header(tarfile.REGTYPE, 64 << 20), *[MIB] * 64])
    with pytest.raises(WrongInputError, match="within"):
        read_image(str(short))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_that_is_cut_off_says_so(mode: str, tmp_path: Path) -> None:
    path = as_tar({"layer": os.urandom(4096), **docker_archive()}, tmp_path / "image.tar", mode)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(WrongInputError, match="it is truncated"):
        read_image(str(path))


@pytest.mark.parametrize(
    ("raw", "says"),
    [(b"\x28\xb5\x2f\xfd rest", "zstd"), (b"\x7fELF" * 200, "not a tar"), (b"", "not a tar"), (b"PK\3\4", "not a tar")],
)
def test_what_is_no_archive_is_told_in_one_line(raw: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(WrongInputError, match=says) as told:
        read_image(str(tmp_path / "x"))
    assert "\n" not in told.value.message


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@given(st.data())
@examples(60)
def test_any_spoilt_archive_is_an_image_or_an_error_of_ours(
    mode: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = as_tar(docker_archive(), tmp_path_factory.mktemp("spoilt") / "image.tar", mode)
    raw = bytearray(path.read_bytes())
    places = st.integers(0, min(len(raw), 2048) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255), min_size=1, max_size=20)).items():
        raw[place] = value
    path.write_bytes(raw)
    try:
        read_image(str(path))
    except GpusetupError:
        return


def test_an_index_that_leads_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    digest = "0" * 64
    index = json.dumps({"manifests": [{"digest": f"sha256:{digest}"}]})
    (tmp_path / "index.json").write_text(index)
    (tmp_path / "blobs" / "sha256" / digest).write_text(index)
    with pytest.raises(WrongInputError):
        read_image(str(tmp_path))


KEYS = ["Config", "config", "Labels", "Env", "Architecture", "OCIv1", "labels", "stack", "job", "Name", "RepoTags"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(KEYS), inner),
    max_leaves=20,
)


@given(ANYTHING)
@examples(150)
def test_any_json_is_an_image_or_an_error_of_ours(value: object) -> None:
    try:
        described(json.dumps(value).encode(), "x")
    except GpusetupError:
        return


@pytest.mark.parametrize("name", ["-x:1", "a", "a:1 b", "A:1", "a:$(id)"])
def test_what_is_no_name_is_never_given_to_an_engine(name: str) -> None:
    with pytest.raises(WrongInputError):
        image_name(name)


def test_engines_are_asked_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that knows the image answers; what the others said is told when none does."""
    for name, body in {
        "podman": "echo 'no such image' >&2; exit 125",
        "skopeo": f"echo '{json.dumps(CONFIG)}'",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name) if (tmp_path / name).exists() else None)
    assert engines.from_engine("lab/a:1").labels == LABELS
    (tmp_path / "skopeo").unlink()
    with pytest.raises(CannotLookError, match="podman: no such image"):
        engines.from_engine("lab/a:1")
    (tmp_path / "podman").unlink()
    with pytest.raises(MissingError):
        engines.from_engine("lab/a:1")


def test_the_command_judges_an_archive_against_a_saved_machine(gpusetup: Run, tmp_path: Path) -> None:
    archive = as_tar(docker_archive(), tmp_path / "image.tar")
    hosts = ROOT / "tests/doctor/hosts"
    fits = gpusetup("doctor", "--machine", hosts / "desktop.json", "--image", archive, "--json", "--all")
    assert fits.returncode == 0, fits.stderr
    assert {one["rule"] for one in json.loads(fits.stdout)["findings"]} >= {"IMG001", "IMG009"}
    none = gpusetup("doctor", "--machine", hosts / "no_gpu.json", "--image", archive)
    assert none.returncode == 1
    assert "ERROR IMG002, lab/a:1" in none.stdout


def test_a_container_is_checked_against_a_host_before_it_is_built(gpusetup: Run) -> None:
    hosts = ROOT / "tests/doctor/hosts"
    asked = ("container", "--framework", "torch", "--gpu", "RTX 4090", "--release", "44", "--check-host", "--machine")
    fits = gpusetup(*asked, hosts / "desktop.json")
    assert fits.returncode == 0, fits.stdout + fits.stderr
    other = gpusetup(*asked, hosts / "pascal_laptop.json")
    assert other.returncode == 1
    assert "IMG005" in other.stdout
    assert "FROM" not in other.stdout
    assert gpusetup("doctor", "--explain", "IMG005").stdout.startswith("# IMG005")


def test_what_buildah_says_of_a_real_image(tmp_path: Path) -> None:
    """A real image, built of nothing: buildah's own archive of it, in both formats, and its inspect."""
    base = [tool("buildah"), "--root", f"{tmp_path}/root", "--runroot", f"{tmp_path}/run", "--storage-driver", "vfs"]

    def run(*words: str) -> str:
        return subprocess.run([*base, *words], capture_output=True, text=True, check=True).stdout.strip()

    made = run("from", "scratch")
    run("config", "--label", "io.gpusetup.driver-floor=580", "--env", "CUDA_VERSION=13.2.1", made)
    run("commit", made, "localhost/a:1")
    for kind in ("docker-archive", "oci-archive"):
        run("push", "localhost/a:1", f"{kind}:{tmp_path / kind}:localhost/a:1")
        found = read_image(str(tmp_path / kind), "x86_64")
        assert found.labels["io.gpusetup.driver-floor"] == "580"
        assert found.environment["CUDA_VERSION"] == "13.2.1"
        assert found.name == "localhost/a:1"
    told = described(run("inspect", "--type", "image", "localhost/a:1").encode(), "buildah")
    assert told.labels["io.gpusetup.driver-floor"] == "580"
