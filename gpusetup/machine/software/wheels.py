"""What the files of a wheel tell without importing it: its CUDA, who installed it, who else owns its files."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TypeAlias

import msgspec

from gpusetup.machine.dotted import version_key
from gpusetup.machine.host import Host
from gpusetup.machine.model import Distribution, SharedFile, Unread
from gpusetup.machine.software.elf import read_section

RECORD_LIMIT = 4 << 20
_FRAMEWORKS = frozenset(
    (
        "torch", "tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-gpu", "tf-nightly", "tf-nightly-cpu",
        "jax", "jaxlib", "keras", "triton", "torchvision", "torchaudio",
    )
)  # fmt: skip
_FAMILIES = ("cupy", "nvidia-", "jax-cuda")
# ('cuda_version', '12.5.1'), ('is_cuda_build', True): the pairs of an OrderedDict, or of a dict
_TENSORFLOW_CUDA = r"""['"]cuda_version['"][,:] *['"]([\d.]+)"""
_TENSORFLOW_BUILD = r"""['"]is_cuda_build['"][,:] *(True|False)"""
_ARCHITECTURES = rb"\x00((?:(?:sm|compute)_\d{2,3}[af]? ?)+)\x00"
CONSTANTS_LIMIT = 32 << 20
_INSTALLER = r"[a-z0-9._-]{1,40}"
_MANYLINUX = r"manylinux_2_(\d+)_"
_ARCHITECTURE = r"\b(?:sm|compute)_\d{2,3}[af]?\b"


Owned: TypeAlias = dict[tuple[str, str], tuple[str, ...]]
"""(folder, file) → the wheels that list it."""


def is_framework(name: str) -> bool:
    """Say whether the distribution `name` is one whose files are worth a look."""
    return name in _FRAMEWORKS or name.startswith(_FAMILIES)


class Build(msgspec.Struct, frozen=True):
    """What a framework was built for: see `Distribution`."""

    cuda: str = ""
    architectures: tuple[str, ...] = ()


def read_build(host: Host, name: str, location: str) -> Build:
    """Return what torch or tensorflow was built for, as the Python files that their builds generate say."""
    if name == "torch":
        cuda = _torch_cuda(_text(host, f"{location}/torch", "version.py"))
        return Build(cuda, () if cuda in {"", "cpu"} else _torch_architectures(host, location))
    if name.startswith(("tensorflow", "tf-nightly")):
        return _tensorflow_build(_text(host, f"{location}/tensorflow", "python/platform/build_info.py"))
    return Build()


def _torch_cuda(text: str) -> str:
    """Return the version in the line ``cuda: Optional[str] = '13.0'``, ``cpu`` for None."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.rstrip() == "cuda" or name.startswith("cuda:"):
            value = value.strip()
            if value.startswith("None"):
                return "cpu"
            if said := re.match(r"'([\d.]++)'", value):
                return said[1]
    return ""


def _torch_architectures(host: Host, location: str) -> tuple[str, ...]:
    """Return what ``torch.cuda.get_arch_list()`` would: one text of the library, ``sm_75 sm_80 … compute_120``.

    The build puts it into torch/csrc/cuda/Module.cpp (CUDA_ARCH_FLAGS); it lies among the constants, a megabyte.
    """
    top = f"{location}/torch"
    constants = read_section(host, f"{top}/lib/libtorch_python.so", ".rodata", CONSTANTS_LIMIT, owner=host.owner(top))
    said = re.search(_ARCHITECTURES, constants)
    return tuple(said[1].decode().split()) if said else ()


def _tensorflow_build(text: str) -> Build:
    built = re.search(_TENSORFLOW_BUILD, text)
    if built and built[1] == "False":
        return Build("cpu")
    version = re.search(_TENSORFLOW_CUDA, text)
    codes = tuple(dict.fromkeys(re.findall(_ARCHITECTURE, text)))
    return Build(version[1] if version else "", codes)


def read_installer(host: Host, metadata: str) -> str:
    """Return who installed the distribution whose metadata folder is `metadata`, "" where nobody says.

    That is one word; Poetry puts its version behind it.
    """
    word = next(iter(_text(host, metadata, "INSTALLER").lower().split()), "")
    return word if re.fullmatch(_INSTALLER, word) else ""


def shared_files(owned: Owned) -> tuple[SharedFile, ...]:
    """Return which NVIDIA wheels list the same files in their RECORDs, by folder and owners.

    The second to be installed has overwritten the first, and removing either breaks both: nvidia-cudnn-cu12 and -cu13
    unpack the same ``nvidia/cudnn/lib/libcudnn.so.9``. Empty ``__init__.py`` files are shared on purpose.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (location, path), names in owned.items():
        if len(names) > 1:
            groups[location, names].append(path)
    return tuple(
        SharedFile(location=location, owners=names, files=len(paths), example=min(paths))
        for (location, names), paths in groups.items()
    )


def read_owned(host: Host, distributions: tuple[Distribution, ...]) -> Owned:
    """Return (folder, file) → the NVIDIA wheels whose RECORDs list it, empty ``__init__.py`` files left out."""
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in distributions:
        if each.name.startswith("nvidia-"):
            folder = f"{each.location}/{each.name.replace('-', '_')}-{each.version}.dist-info"
            for line in _text(host, folder, "RECORD", RECORD_LIMIT).splitlines():
                path = line.partition(",")[0]
                if path.startswith("nvidia/") and not path.endswith(("__init__.py", ".pyc")):
                    owners[each.location, path].add(each.name)
    return {place: tuple(sorted(names)) for place, names in owners.items()}


def read_glibc(host: Host, metadata: str) -> str:
    """Return the oldest glibc among the tags in the file WHEEL: ``2.28`` of manylinux_2_28, ``2.17`` of 2014."""
    text = _text(host, metadata, "WHEEL")
    said = [f"2.{minor}" for minor in re.findall(_MANYLINUX, text)] + ["2.17"] * ("manylinux2014" in text)
    return min(said, key=version_key, default="")


def is_editable(host: Host, metadata: str) -> bool:
    """Say whether the distribution is a link to a working tree (PEP 610)."""
    return '"editable": true' in _text(host, metadata, "direct_url.json")


def read_requires(host: Host, metadata: str) -> tuple[str, ...]:
    """Return what the metadata require, from their head alone: a description follows it."""
    head = _text(host, metadata, "METADATA").partition("\n\n")[0]
    return tuple(
        line.removeprefix("Requires-Dist: ") for line in head.splitlines() if line.startswith("Requires-Dist: ")
    )


def _text(host: Host, top: str, name: str, limit: int = 1 << 16) -> str:
    """Return the file `name` below `top`, a folder of a wheel, as far as it belongs to whoever made that folder."""
    raw = host.read_bytes(f"{top}/{name}", limit, owner=host.owner(top))
    return "" if isinstance(raw, Unread) else raw.decode(errors="replace")
