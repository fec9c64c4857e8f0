"""WHL1…: what the installed wheels contain, beyond PyTorch's own build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cards, cite
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, listed, rule, unlisted, warning
from gpusetup.doctor.rules.whl.wheels import too_old
from gpusetup.doctor.software.built_for import compiled
from gpusetup.doctor.software.frameworks import beside, each_framework, each_tensorflow, release
from gpusetup.facts import facts
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import capability, cuda, cudnn, runs_on

if TYPE_CHECKING:
    from gpusetup.facts.model.cudnn import CudnnSupport

COMPATIBILITY = "CUDA C++ programming guide, binary and PTX compatibility"


@rule(
    "WHL101",
    "wheels-overlap",
    "Two wheels own the same files",
    worst="error",
    after=("WHL005",),
    source="Python packaging: recording installed projects (RECORD)",
    remedies=("separate-environments",),
)
def shared(machine: Machine) -> RuleResults:
    """Two of NVIDIA's wheels contain the same file, so that the one installed last has overwritten the other's.

    Usually they belong to two CUDA majors. Give each framework its own environment.
    """
    for one in machine.shared_files:
        yield error(
            f"{' and '.join(one.owners)} own {one.files} of the same files",
            f"for example {one.example}",
            f"in {one.location}",
            fix=fix("separate-environments"),
        )


@rule(
    "WHL102",
    "tensorflow-no-kernel-image",
    "TensorFlow has no kernel image for this GPU's compute capability",
    worst="error",
    after=("GPU001", "WHL002"),
    over=each_tensorflow,
    source=f"the wheel's own build information; facts: tensorflow; {COMPATIBILITY}",
    remedies=("fitting-tensorflow",),
)
def no_kernels(machine: Machine, tensorflow: Distribution) -> RuleResults:
    """TensorFlow was compiled for a list of compute capabilities; none of its machine code nor its PTX runs on this
    card.

    When only PTX fits, the driver compiles everything at the first use, which takes half an hour or more.
    """
    if not has_gpu(machine) or tensorflow.name == "tensorflow-cpu" or tensorflow.cuda == "cpu":
        return
    rows = (row for row in facts().tensorflow if row.release == release(tensorflow))
    built = compiled(tensorflow, lambda: rows, f"tensorflow {tensorflow.version}")
    for card in cards(machine):
        how = runs_on(built.code, built.ptx, card.capability)
        mine = f"compute capability {card.capability} ({card.known_by})"
        if not how:
            summary = f"tensorflow {tensorflow.version} has no kernels for the {card.name} ({card.subject})"
            yield error(summary, mine, built.known_by, fix=fix("fitting-tensorflow"))
        # it works, after the driver has compiled every kernel once
        elif how.startswith("PTX"):
            summary = f"tensorflow {tensorflow.version} compiles its kernels for the {card.name} at first use"
            yield warning(summary, mine, built.known_by, fix=fix("fitting-tensorflow"))


@rule(
    "WHL103",
    "tensorflow-driver-too-old",
    "The driver is too old for TensorFlow's CUDA",
    worst="error",
    blocks="framework",
    after=("GPU001", "DRV003", "WHL002"),
    over=each_tensorflow,
    source="the wheel's own build information; facts: cuda_major, cuda (minor-version compatibility)",
    remedies=("newer-driver", "update-wsl"),
)
def old_driver(machine: Machine, tensorflow: Distribution) -> RuleResults:
    """The CUDA that TensorFlow was built with needs a newer driver: "CUDA driver version is insufficient"."""
    if not has_gpu(machine) or tensorflow.name == "tensorflow-cpu" or tensorflow.cuda == "cpu":
        return
    rows = (row.cuda for row in facts().tensorflow if row.release == release(tensorflow) and row.cuda)
    series = tensorflow.cuda or listed(rows, f"the CUDA of tensorflow {tensorflow.version}, and its files do not say")
    yield from too_old(machine, tensorflow, cuda(series).series)


@rule(
    "WHL104",
    "cudnn-dropped-gpu",
    "The installed cuDNN no longer supports this GPU",
    worst="error",
    after=("GPU001",),
    over=each_framework,
    source="facts: cudnn_support (NVIDIA cuDNN support matrix)",
    remedies=("older-cudnn",),
)
def old_card(machine: Machine, framework: Distribution) -> RuleResults:
    """The installed cuDNN no longer supports this GPU: convolutions and recurrent layers fail or are slow.

    The last release for Maxwell, Pascal and Volta is 9.10.2; ``tensorflow[and-cuda]`` installs a newer one unless it
    is pinned.
    """
    # a cuDNN of the system has no wheel: LIB and FWK rules judge what is loaded
    found = [one for one in beside(machine, framework).items() if one[0].startswith("nvidia-cudnn-cu")]
    for name, version in found if has_gpu(machine) else ():
        row = _cudnn_support(name, version)
        for card in cards(machine) if row else ():
            if row and capability(card.capability) < capability(row.cc_min):
                yield error(
                    f"{name} {version} does not support the {card.name} ({card.subject})",
                    f"compute capability {card.capability} ({card.known_by})",
                    cite(row, f"from cuDNN {row.first} on {row.cc_min} and newer are supported"),
                    fix=fix("older-cudnn", name=name),
                )


def _cudnn_support(name: str, version: str) -> CudnnSupport | None:
    """Return the newest row of the support matrix that is not newer than the installed cuDNN.

    The matrix is known for some releases only. Support of old cards never comes back, so a card that such a row leaves
    out is out; of one that it has, nothing is said.
    """
    # a wheel's version has a fourth number, the build (9.10.2.21)
    installed, major = cudnn(".".join(version.split(".")[:3])), name.removeprefix("nvidia-cudnn-cu")
    rows = [row for row in facts().cudnn_support if any(series.startswith(f"{major}.") for series in row.cuda)]
    earlier = [row for row in rows if cudnn(row.first) <= installed]
    row = max(earlier, key=lambda row: cudnn(row.first), default=None)
    by = f"judged by {row.id}, the newest before it" if row else "no earlier release has left a card out"
    return unlisted([row] if row and cudnn(row.first) == installed else [], f"the cards of {name} {version}", by) or row
