"""Small wheels made by hand: a zip with METADATA, an ELF with DT_NEEDED and RUNPATH, fat binaries of known content."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

CODE = [(2, 80, 0), (2, 90, 1 << 20), (1, 90, 0)]
"""What one fat binary holds: kind (1 PTX, 2 machine code), architecture, flags."""


def fat_binary(entries: list[tuple[int, int, int]], header: int = 64) -> bytes:
    """Return a fat binary with one entry per kind, architecture and flags."""
    inside = b""
    for kind, arch, flags in entries:
        code = b"code".ljust(8 * (1 + arch % 3), b"\0")
        fields = struct.pack("<HHIQIIHHIIIQ", kind, 0x101, header, len(code), len(code), 0, 0, 0, arch, 0, 0, flags)
        inside += fields.ljust(header, b"\0") + code
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(inside)) + inside


def library(needed: list[str], runpath: str, code: bytes = b"", *, rpath: bool = False) -> bytes:
    """Return a 64-bit shared library: two segments (all of it, and the dynamic section), its strings, its GPU code."""
    strings, offsets = b"\0", []
    for text in [*needed, runpath]:
        offsets.append(len(strings))
        strings += text.encode() + b"\0"
    entries = [(1, at) for at in offsets[:-1]] + [(15 if rpath else 29, offsets[-1])]
    strings_at = 64 + 2 * 56
    code_at = -(-(strings_at + len(strings)) // 8) * 8
    dynamic_at = code_at + -(-len(code) // 8) * 8
    table = b"".join(struct.pack("<qQ", tag, value) for tag, value in [*entries, (5, strings_at), (0, 0)])
    size = dynamic_at + len(table)
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 8)
    dynamic = struct.pack("<IIQQQQQQ", 2, 6, dynamic_at, dynamic_at, dynamic_at, len(table), len(table), 8)
    body = (head + load + dynamic + strings).ljust(code_at, b"\0") + code
    return body.ljust(dynamic_at, b"\0") + table


def wheel(name: str, release: str, members: dict[str, bytes], requires: tuple[str, ...] = ()) -> bytes:
    """Return a wheel with METADATA and these members."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {release}", "Requires-Python: >=3.10"]
    lines += [f"Requires-Dist: {text}" for text in requires]
    inside = f"{name.replace('-', '_')}-{release}.dist-info"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        archive.writestr(f"{inside}/METADATA", "\n".join(lines) + "\n\nA wheel.\n")
        archive.writestr(
            f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x86_64\n"
        )
        archive.writestr(f"{inside}/RECORD", "")
    return target.getvalue()


def torch_wheel(entries: list[tuple[int, int, int]] = CODE, binaries: int = 3) -> bytes:
    """Return a torch wheel whose library has so many fat binaries with these entries, after others that vary."""
    code = b"".join(fat_binary(entries) for _ in range(binaries)) + fat_binary([(2, 80, 0), (2, 120, 1 << 21)], 112)
    said = bytes(3) + b"sm_80 sm_90 compute_90\0" + zlib.compress(bytes(range(256)) * 40)
    return wheel(
        "torch",
        "9.9.0",
        {
            "torch/lib/libc10_cuda.so": library(
                ["libcudart.so.13", "libc10.so"], "$ORIGIN/../../nvidia/cu13/lib:$ORIGIN"
            ),
            "torch/lib/libtorch_cuda.so": library(["libcudnn.so.9"], "$ORIGIN", code),
            "torch/lib/libtorch_python.so": said,
        },
        (
            "nvidia-cudnn-cu13==9.24.0.43; platform_system == 'Linux'",
            "sympy>=1.13",
            "triton==3.8.0",
            "nvidia-nccl-cu13; platform_system == 'Windows'",
        ),
    )
