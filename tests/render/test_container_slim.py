"""What the self-test image leaves out, on a tree laid out as the real wheels are."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support import ROOT

SITE = "ml/lib/python3.12/site-packages"
NEEDED = {
    "ml/bin/python", "prove/bin/gpusetup", f"{SITE}/torch/__init__.py", f"{SITE}/torch/lib/libtorch.so",
    f"{SITE}/torch/bin/torch_shm_manager", f"{SITE}/torch/testing/__init__.py", f"{SITE}/pipeline/__init__.py",
    f"{SITE}/tensorflow/libtensorflow_cc.so.2", f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9",
    f"{SITE}/numpy-2.dist-info/RECORD", "prove/wheels.txt",
}  # fmt: skip
NOT_NEEDED = {
    "ml/bin/pip", "ml/bin/pip3.12", f"{SITE}/torch/include/c10/x.h", f"{SITE}/torch/test/x", f"{SITE}/torch/bin/protoc",
    f"{SITE}/torch/bin/upgrader_models/x.ptl", f"{SITE}/tensorflow/include/x.h", f"{SITE}/nvidia/cudnn/include/x.h",
    f"{SITE}/pip/__init__.py", f"{SITE}/pip-25.dist-info/RECORD", f"{SITE}/numpy/linalg/tests/x.py",
    f"{SITE}/torch/lib/libx.a",
}  # fmt: skip


def test_what_only_building_needs_is_left_out_and_what_torch_starts_stays(tmp_path: Path) -> None:
    """`import torch` ends in "Unable to find torch_shm_manager" without that one program."""
    for name in NEEDED | NOT_NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    text = (ROOT / "containers/slim.sh.j2").read_text().partition("##}")[2].replace("/opt/gpusetup", str(tmp_path))
    subprocess.run(["sh", "-euc", text], check=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == NEEDED
