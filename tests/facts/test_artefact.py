"""What wheels contain, read by range requests from a server on this machine, and what is said when that fails."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError, WrongInputError
from tests.facts.local_server import Upstream, serve
from tests.facts.small_wheels import CODE, fat_binary, library, torch_wheel, wheel
from tools.artefact.archive import Archive
from tools.artefact.fatbin import gpu_code
from tools.artefact.open import opened
from tools.artefact.ranged import open_ranged
from tools.artefact.wheel import Content, read

NAME = "torch-9.9.0-cp313-cp313-manylinux_2_28_x86_64.whl"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve() as server:
        server.pages[f"/{NAME}"] = torch_wheel()
        yield server


def content(upstream: Upstream, most: int | None = None, *, whole: bool = False) -> Content:
    with opened(f"{upstream.url}/{NAME}", whole=whole) as archive:
        return read(archive, "torch", most)


def test_everything_in_a_wheel_is_read_by_ranges(upstream: Upstream) -> None:
    found = content(upstream)
    assert found.requires_python == ">=3.10"
    assert found.requires == ("nvidia-cudnn-cu13==9.24.0.43", "triton==3.8.0")
    assert found.needed == ("libcudart.so.13",)
    assert found.search == ("nvidia/cu13/lib",)
    assert (found.binaries, found.cc, found.partly, found.ptx) == (4, ("8.0",), ("9.0a", "12.0f"), ("9.0",))
    assert found.said == ("sm_80", "sm_90", "compute_90")
    assert found.unread == ()
    assert all(span for _, span in upstream.spans)


def test_only_what_is_needed_is_fetched(upstream: Upstream) -> None:
    """A large member that is not asked for is never fetched, though it lies among those that are."""
    ballast = wheel("torch", "9.9.0", {"torch/lib/libtorch_cpu.so": bytes(range(256)) * 40_000})
    noise = random.Random(1).randbytes(9 << 20)
    upstream.pages[f"/{NAME}"] = wheel("torch", "9.9.0", {"torch/a.so": noise, "torch/b.so": ballast})
    with open_ranged(f"{upstream.url}/{NAME}") as file:
        Archive(file, NAME)
        assert file.raw.fetched < 3 << 20  # type: ignore[attr-defined]


def test_a_large_library_is_read_in_part(upstream: Upstream) -> None:
    code = b"".join(fat_binary(CODE) for _ in range(50))
    late = random.Random(2).randbytes(1 << 16) + fat_binary([(2, 100, 0)])
    upstream.pages[f"/{NAME}"] = wheel(
        "torch", "9.9.0", {"torch/lib/libtorch_cuda.so": library([], "", code + late),
                           "torch/lib/libc10_cuda.so": random.Random(3).randbytes(1 << 15)},
    )  # fmt: skip
    part = content(upstream, most=4096)
    assert 0 < part.binaries <= 50
    assert part.cc == ("8.0", "9.0a")
    assert part.unread == ("torch/lib/libc10_cuda.so",)
    assert content(upstream).partly == ("8.0", "9.0a", "10.0")


def test_a_wheel_on_this_machine_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(torch_wheel())
    with opened(f"file://{tmp_path}/{NAME}") as archive:
        assert read(archive, "torch", None).cc == ("8.0",)
    with pytest.raises(CannotLookError, match="cannot read"), opened(f"file://{tmp_path}/none.whl"):
        pass


def test_a_server_without_ranges_is_told_and_read_whole_on_request(upstream: Upstream) -> None:
    upstream.ranges = False
    with pytest.raises(CannotLookError, match=f"the server sends {NAME} only as a whole") as caught:
        content(upstream)
    assert "--whole" in caught.value.remedy
    assert content(upstream, whole=True).cc == ("8.0",)


def _with_size(data: bytes, more: int, *, crc: bool = False) -> bytes:
    """Let the archive's directory state another size, or another checksum, for its first member."""
    at = data.index(b"PK\x01\x02") + (16 if crc else 24)
    (value,) = struct.unpack_from("<I", data, at)
    return data[:at] + struct.pack("<I", value + more) + data[at + 4 :]


def _spoilt(data: bytes) -> bytes:
    """Spoil the first packed bytes of the first member."""
    start = 30 + int.from_bytes(data[26:28], "little")
    return data[:start] + b"\xff" * 8 + data[start + 8 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-100], "is no whole zip archive"),
        (lambda data: data[: len(data) // 2], "is no whole zip archive"),
        (lambda data: b"not a zip at all", "is no whole zip archive"),
        (lambda data: _with_size(data, 3), "the directory of the archive says"),
        (lambda data: _with_size(data, 3, crc=True), "has another checksum than the archive says"),
        (_spoilt, "cannot be unpacked"),
        (lambda data: data.replace(b"PK\x03\x04", b"PK\x03\x05", 1), "is not where the directory"),
        (lambda data: wheel("x", "1", {}).replace(b"METADATA", b"METADATB"), "it is no wheel"),
    ],
)
def test_a_damaged_wheel_is_one_clear_message(upstream: Upstream, spoil: object, said: str) -> None:
    upstream.pages[f"/{NAME}"] = spoil(torch_wheel())  # type: ignore[operator]
    with pytest.raises(CannotLookError, match=said) as caught:
        content(upstream)
    assert "\n" not in caught.value.message
    assert NAME in caught.value.message


def test_a_server_that_sends_fewer_bytes_is_told(upstream: Upstream) -> None:
    upstream.short = 5
    with pytest.raises(CannotLookError, match="were asked for"):
        content(upstream)


def test_a_file_that_changes_meanwhile_is_told(upstream: Upstream) -> None:
    with open_ranged(f"{upstream.url}/{NAME}") as file:
        upstream.pages[f"/{NAME}"] += b"more"
        with pytest.raises(CannotLookError, match="changed while it was read"):
            file.read(10)


def test_a_missing_file_and_an_unsafe_address_are_told(upstream: Upstream) -> None:
    with pytest.raises(CannotLookError, match=r"cannot read none\.whl"):
        open_ranged(f"{upstream.url}/none.whl")
    with pytest.raises(WrongInputError, match="only https is"):
        open_ranged("http://example.org/torch.whl")


def test_a_fat_binary_that_is_cut_off_counts_for_nothing() -> None:
    whole = fat_binary(CODE)
    assert gpu_code(whole + whole).binaries == 2
    assert gpu_code(whole + whole[:-4]).binaries == 1
    assert gpu_code(b"\0" * 4 + whole).binaries == 0  # not at a multiple of 8: the bytes of something else
    assert gpu_code(b"").binaries == 0


def test_an_entry_that_leads_out_of_its_binary_is_not_followed() -> None:
    spoilt = bytearray(fat_binary([(2, 80, 0), (2, 90, 0)]))
    struct.pack_into("<Q", spoilt, 16 + 8, 1 << 40)  # the size of the first entry
    assert gpu_code(bytes(spoilt)) == gpu_code(b"")


def test_an_archive_is_read_from_any_file() -> None:
    archive = Archive(io.BufferedReader(io.BytesIO(torch_wheel())), NAME)
    assert read(archive, "torch", None).binaries == 4
