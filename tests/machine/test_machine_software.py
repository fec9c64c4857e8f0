"""Libraries in the linker's order, wheels and distributions."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Distribution, SharedFile
from gpusetup.machine.read import read
from gpusetup.machine.software.distributions import read_distributions
from gpusetup.machine.software.libraries import read_cached, read_libraries
from gpusetup.machine.software.linker_cache import entries
from gpusetup.machine.software.wheels import read_owned, shared_files
from tests.fake_host import FEDORA, Content, Link, grow
from tests.support import tool


def test_a_library_of_another_machine_is_told_apart(tmp_path: Path) -> None:
    elf = b"\x7fELF%c\x01\x01" + b"\0" * 9 + b"\x03\0%c\0"
    tree: dict[str, Content] = {
        "/usr/lib64/libcuda.so.1": elf % (2, 62),
        "/usr/lib/libcuda.so.1": elf % (1, 3),
        "/lib64": Link("usr/lib64"),
        "/lib": Link("usr/lib"),
        "/usr/lib/libcudnn.so.9": "not a library",
    }
    host = Host(grow(tmp_path, tree))
    found = read_libraries(host, "x86_64", {}, (), read_cached(host))
    assert {(each.path, each.bits, each.machine) for each in found} == {
        ("/usr/lib64/libcuda.so.1", 64, "x86_64"),
        ("/usr/lib/libcuda.so.1", 32, "i686"),
        ("/usr/lib/libcudnn.so.9", 0, ""),
    }


SITE = "/usr/lib64/python3.13/site-packages"


def wheels(root: Path, tree: dict[str, Content]) -> dict[str, Distribution]:
    return {each.name: each for each in read_distributions(Host(grow(root, tree)))}


def test_wheels_tell_their_cuda_without_being_imported(tmp_path: Path) -> None:
    found = wheels(
        tmp_path,
        {
            f"{SITE}/torch-2.13.0.dist-info/INSTALLER": "uv\n",
            f"{SITE}/torch/version.py": "__version__ = '2.13.0+cu126'\ncuda: Optional[str] = '12.6'\nhip = None\n",
            f"{SITE}/tensorflow-2.21.0.dist-info/INSTALLER": "pip\n",
            f"{SITE}/tensorflow/python/platform/build_info.py": "build_info = collections.OrderedDict([('cuda_compute_"
            "capabilities', ['sm_60', 'sm_89', 'compute_90']), ('cuda_version', '12.5.1'), ('is_cuda_build', True)])\n",
            f"{SITE}/Some_Thing-1.0.dist-info/INSTALLER": "pip\n",
        },
    )
    assert (found["torch"].cuda, found["torch"].installer) == ("12.6", "uv")
    assert (found["tensorflow"].cuda, found["tensorflow"].architectures) == (
        "12.5.1",
        ("sm_60", "sm_89", "compute_90"),
    )
    assert found["some-thing"].installer == ""


@pytest.mark.parametrize(
    ("text", "cuda"), [("cuda: Optional[str] = None\n", "cpu"), ("cuda = '13.0'\n", "13.0"), ("", "")]
)
def test_torch_says_what_it_was_built_for(tmp_path: Path, text: str, cuda: str) -> None:
    tree: dict[str, Content] = {f"{SITE}/torch-2.14.0.dist-info/METADATA": "", f"{SITE}/torch/version.py": text}
    assert wheels(tmp_path, tree)["torch"].cuda == cuda


def test_two_wheels_that_own_one_file_are_named(tmp_path: Path) -> None:
    both = "nvidia/__init__.py,,0\nnvidia/cudnn/lib/libcudnn.so.9,sha256=x,1\nnvidia/cudnn/lib/libcudnn_ops.so.9,,1\n"
    tree: dict[str, Content] = {
        f"{SITE}/nvidia_cudnn_cu12-9.10.2.21.dist-info/RECORD": both,
        f"{SITE}/nvidia_cudnn_cu13-9.13.0.50.dist-info/RECORD": both,
        f"{SITE}/nvidia_nccl_cu13-2.28.3.dist-info/RECORD": "nvidia/__init__.py,,0\nnvidia/nccl/lib/libnccl.so.2,,1\n",
    }
    host = Host(grow(tmp_path, tree))
    assert shared_files(read_owned(host, read_distributions(host))) == (
        SharedFile(
            location=SITE,
            owners=("nvidia-cudnn-cu12", "nvidia-cudnn-cu13"),
            files=2,
            example="nvidia/cudnn/lib/libcudnn.so.9",
        ),
    )


def test_libraries_come_in_the_linkers_order_and_each_once(tmp_path: Path) -> None:
    site = "/usr/lib64/python3.14/site-packages"
    tree = FEDORA | {
        "/usr/lib64/libcuda.so.1": Link("libcuda.so.580.95.05"),
        "/usr/lib64/libcuda.so.580.95.05": "",
        "/usr/local/cuda": Link("/usr/local/cuda-13.0"),
        "/usr/local/cuda-13.0/lib64/libcudart.so.13": Link("libcudart.so.13.0.96"),
        "/usr/local/cuda-13.0/lib64/libcudart.so.13.0.96": "",
        "/usr/local/cuda-13.0/version.json": '{"cuda" : {"name" : "CUDA SDK", "version" : "13.0.2"}}',
        "/usr/local/cuda-13.0/compat/libcuda.so.1": "",
        f"{site}/nvidia/cudnn/lib/libcudnn.so.9": "",
        f"{site}/nvidia_cudnn_cu13-9.13.0.50.dist-info/RECORD": "",
    }
    machine = read(grow(tmp_path, tree), 5)
    assert [(each.soname, each.version, each.origin) for each in machine.libraries] == [
        ("libcuda.so.1", "580.95.05", "default"),
        ("libcudnn.so.9", "", "wheel"),
        ("libcudart.so.13", "13.0.96", "toolkit"),
        ("libcuda.so.1", "", "toolkit"),
    ]
    assert machine.driver.user_library == "580.95.05"
    assert machine.toolkits == {"/usr/local/cuda-13.0": "13.0.2"}
    assert [(each.name, each.version, each.location) for each in machine.distributions] == [
        ("nvidia-cudnn-cu13", "9.13.0.50", site)
    ]


def test_the_linkers_cache_is_read_as_ldconfig_reads_it() -> None:
    if shutil.which("ldconfig", path="/sbin:/usr/sbin") is None or not Path("/etc/ld.so.cache").exists():
        pytest.skip("this system has no ldconfig")
    told = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    listed = [(line.split(" (")[0].strip(), line.rsplit(" => ", 1)[1]) for line in told.splitlines() if " => " in line]
    raw = Path("/etc/ld.so.cache").read_bytes()
    assert list(entries(raw)) == listed
    assert list(entries(raw, (b"libc.", b"libm"))) == [one for one in listed if one[0].startswith(("libc.", "libm"))]


def test_a_damaged_cache_yields_what_can_be_read() -> None:
    raw = Path("/etc/ld.so.cache").read_bytes() if Path("/etc/ld.so.cache").exists() else b"glibc-ld.so.cache1.1"
    whole = list(entries(raw))
    for length in range(0, len(raw), 997):
        assert len(list(entries(raw[:length]))) <= len(whole)
    assert list(entries(b"\xff" * 5000)) == []


def test_distributions_are_those_that_python_itself_lists() -> None:
    theirs = {
        (each.metadata["Name"].replace("_", "-").replace(".", "-").lower(), each.version)
        for each in importlib.metadata.distributions()
    }
    assert {(each.name, each.version) for each in read(Path("/"), 5).distributions} == theirs


def test_another_active_environment_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages"
    (site / "torch-2.13.0+cu126.dist-info").mkdir(parents=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    found = [each for each in read(Path("/"), 5).distributions if each.location == str(site)]
    assert [(each.name, each.version) for each in found] == [("torch", "2.13.0+cu126")]


def test_torch_tells_its_architectures_without_being_imported(tmp_path: Path) -> None:
    tool("gcc")
    source = tmp_path / "module.c"
    source.write_text(
        'const char *other(void) { return "built for sm_20 and newer"; }\n'
        'const char *flags(void) { return "sm_75 sm_80 sm_100a compute_120"; }\n' + "static const char pad[1 << 20];\n"
        "const char *padding(void) { return pad; }\n"
    )
    place = tmp_path / f"host{SITE}/torch/lib/libtorch_python.so"
    place.parent.mkdir(parents=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", place, source], check=True)
    tree: dict[str, Content] = {
        f"{SITE}/torch-2.14.0.dist-info/METADATA": "",
        f"{SITE}/torch/version.py": "cuda: Optional[str] = '13.0'\n",
    }
    found = wheels(tmp_path / "host", tree)["torch"]
    assert (found.cuda, found.architectures) == ("13.0", ("sm_75", "sm_80", "sm_100a", "compute_120"))
    raw = place.read_bytes()
    for length in range(0, len(raw), 4093):
        place.write_bytes(raw[:length])
        assert wheels(tmp_path / "host", {})["torch"].architectures in {(), found.architectures}
