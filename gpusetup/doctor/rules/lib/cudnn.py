"""LIB105: which files the parts of cuDNN come from."""

from __future__ import annotations

import os

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import Fix, RuleResults, fix, rule, warning
from gpusetup.doctor.software.frameworks import interpreter
from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.model import Distribution, Library, Machine
from gpusetup.versions import dotted

MAIN = "libcudnn.so."
PART = "libcudnn_"
OPENED_FROM = {
    "ops_infer": "8.0", "ops_train": "8.0", "cnn_infer": "8.0", "cnn_train": "8.0", "adv_infer": "8.0",
    "adv_train": "8.0", "ops": "9.0", "cnn": "9.0", "adv": "9.0", "graph": "9.0", "heuristic": "9.0",
    "engines_precompiled": "9.0", "engines_runtime_compiled": "9.0", "engines_tensor_ir": "9.20", "ext": "9.25",
}  # fmt: skip
"""The first cuDNN that opens each part: an earlier one never looks for it, whatever the system has. NVIDIA cuDNN
documentation, API overview; tensor_ir: the threads above, its wheel has it from 9.21 on; ext: seen in 9.25."""
THREADS = "github.com/pytorch/pytorch: issues 188892, 187824, 185512"
BY_LINKER = ("LD_LIBRARY_PATH", "ld.so.cache", "default")


@rule(
    "LIB105",
    "cudnn-two-origins",
    "cuDNN sublibraries come from two installations",
    worst="warning",
    after=("GPU001", "WHL005", "FWK205"),  # what a framework has really loaded says more
    source=f"ld.so(8); {THREADS}",
    remedies=("cudnn-whole", "unset"),
)
def mixed_parts(machine: Machine) -> RuleResults:
    """The parts of cuDNN are libraries that open one another by their bare names (``libcudnn_ops``,
    ``libcudnn_graph``, ``libcudnn_engines_…``). Where the wheel lacks one, the dynamic linker takes that of another
    cuDNN on the system. Parts of two versions end with CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH at the first
    convolution.

    nvidia-cudnn-cu13 9.20.0.48, which PyTorch 2.12 and 2.13 pin, lacks ``libcudnn_engines_tensor_ir``; 9.21 has it.
    """
    mains = [one for one in machine.libraries if one.origin == "wheel" and one.soname.startswith(MAIN)]
    for main in mains if has_gpu(machine) else ():
        folder, wheel = os.path.dirname(main.path), _wheel(machine, main)
        own = {one.soname for one in machine.libraries if os.path.dirname(one.path) == folder}
        foreign = [one for one in _parts(machine, main) if _steps_in(one, own, wheel) and not _same(one, main, wheel)]
        if foreign:
            yield warning(
                f"{len(foreign)} of cuDNN's sublibraries would not come from the wheel but from another cuDNN",
                f"the wheel's cuDNN: {wheel.version if wheel else main.version or 'of unknown version'} in {folder}",
                *(
                    f"{one.soname}: {one.path} ({one.version or 'of unknown version'}, by {one.origin})"
                    for one in foreign[:5]
                ),
                fix=_repair(foreign, wheel),
            )


def _parts(machine: Machine, main: Library) -> list[Library]:
    """Return the first copy of each sublibrary that the linker finds outside the wheels."""
    # cuDNN 8 and 9 open parts of their own major alone (libcudnn_ops.so.9)
    number = main.soname.rpartition(".so")[2]
    found: dict[str, Library] = {}
    for one in machine.libraries:
        if one.origin in BY_LINKER and one.soname.startswith(PART) and one.soname.endswith(number):
            found.setdefault(one.soname, one)
    return list(found.values())


def _steps_in(part: Library, own: set[str], wheel: Distribution | None) -> bool:
    """Say whether cuDNN would take this copy: it looks for such a part, and the wheel has none (else LIB003 speaks)."""
    first = OPENED_FROM.get(part.soname.partition(".so")[0].removeprefix(PART))
    known = wheel is not None and is_dotted(wheel.version)
    opened = first is not None and not (wheel and known and dotted(wheel.version) < dotted(first))
    return part.soname not in own and opened


def _same(part: Library, main: Library, wheel: Distribution | None) -> bool:
    """Say whether a sublibrary is of the wheel's release, as far as both say."""
    version = wheel.version if wheel else main.version
    # the wheel adds a fourth number (9.10.2.21), the library's own version has three
    return bool(part.version and version) and part.version.split(".")[:3] == version.split(".")[:3]


def _wheel(machine: Machine, main: Library) -> Distribution | None:
    """Return the distribution that has brought `main`: the one of cuDNN in the same environment."""
    found = (one for one in machine.distributions if one.name.startswith("nvidia-cudnn-cu"))
    return next((one for one in found if main.path.startswith(f"{one.location}/")), None)


def _repair(foreign: list[Library], wheel: Distribution | None) -> Fix | None:
    if any(one.origin == "LD_LIBRARY_PATH" for one in foreign):
        return fix("unset", name="LD_LIBRARY_PATH")
    return fix("cudnn-whole", python=interpreter(wheel), name=wheel.name) if wheel else None
