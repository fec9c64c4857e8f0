"""A host that is a folder, made by somebody who wants it to be run: whatever runs or is loaded leaves a mark."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.fake_host import WHOLE, grow
from tests.support import tool

PROGRAMS = (
    "python3", "python", "nvidia-smi", "nvidia-modprobe", "nvidia-persistenced", "nvidia-installer", "nvcc", "gcc",
    "rpm", "dpkg", "dpkg-query", "pacman", "ldconfig", "systemctl", "journalctl", "modinfo", "modprobe", "lspci",
    "uname", "podman", "docker", "buildah", "skopeo", "nvidia-ctk", "nvidia-container-cli", "runuser", "sh", "bash",
    "env", "xz", "zstd",
)  # fmt: skip
PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/bin", "usr/local/cuda-13.0/bin")
LIBRARIES = (
    "libnvidia-ml.so.1", "libcuda.so.1", "libcudart.so.13", "libcudnn.so.9", "libnccl.so.2", "libc.so.6",
    "libzstd.so.1", "liblzma.so.5", "libsqlite3.so.0", "libz.so.1", "ld-linux-x86-64.so.2",
)  # fmt: skip
LIBRARY_FOLDERS = (
    "usr/lib64", "usr/lib", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib/wsl/lib",
    "usr/local/cuda-13.0/lib64", "usr/lib64/python3.14/site-packages/torch/lib",
    "usr/lib64/python3.14/site-packages/nvidia/cudnn/lib",
)  # fmt: skip
MODULES = ("msgspec", "click", "gpusetup", "sitecustomize", "usercustomize", "pynvml", "torch/__init__", "sqlite3")
SOURCE = """
#include <stdio.h>
__attribute__((constructor)) static void ran(void) {
  FILE *mark = fopen("%s", "a");
  if (mark) { fputs("library\\n", mark); fclose(mark); }
}
"""


def hostile_host(folder: Path, mark: Path) -> Path:
    """Grow the whole host in `folder`, in which every program, library and Python module writes a line to `mark`."""
    root = grow(folder / "root", WHOLE)
    (folder / "c.c").write_text(SOURCE % mark)
    subprocess.run([tool("gcc"), "-shared", "-fPIC", "-o", folder / "c.so", folder / "c.c"], check=True)
    library = (folder / "c.so").read_bytes()
    script = f"#!/bin/sh\necho \"$0\" >>'{mark}'\n"
    for place, names, content in (
        (PROGRAM_FOLDERS, PROGRAMS, script.encode()),
        (LIBRARY_FOLDERS, LIBRARIES, library),
        (("usr/lib64/python3.14/site-packages", "usr/lib/python3/dist-packages", "."), MODULES, b""),
    ):
        for name in (f"{one}/{each}" for one in place for each in names):
            path = root / (name if content else f"{name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content or f"open({str(mark)!r}, 'a').write(__file__)\n".encode())
            path.chmod(0o755)
    for kind, name in (("var/log/journal", "system.journal"), ("etc/ld.so.conf.d", "x.conf")):
        (root / kind).mkdir(parents=True, exist_ok=True)
        (root / kind / name).write_bytes(b"LPKSHHRH" + bytes(500))
    (root / "etc/ld.so.preload").write_text(f"{root}/usr/lib64/libcuda.so.1\n")
    return root
