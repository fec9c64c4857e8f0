"""Whether both frameworks can share one Python environment, and which cuDNN TensorFlow gets."""

from __future__ import annotations

import re

from gpusetup.resolve.candidates import CudnnWheel, Layout, TensorflowWheel, ToolkitCudnn, ToolkitOffer, TorchWheel
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds
from gpusetup.versions import cuda, within
from gpusetup.versions import cudnn as cudnn_version


@constraint("tensorflow")
def tensorflow_is_built_with_cuda(tensorflow: TensorflowWheel) -> ConstraintResult:
    """Refuse wheels that are built without CUDA for this processor architecture."""
    rule = tensorflow.no_cuda
    return holds() if rule is None else fails(because(rule, rule.fact))


@constraint("tensorflow")
def tensorflow_brings_cuda(tensorflow: TensorflowWheel) -> ConstraintResult:
    """Demand a release whose extra ``and-cuda`` brings the NVIDIA libraries, from 2.14 on."""
    row = tensorflow.row
    if not tensorflow.gpu or row.and_cuda or tensorflow.hosted:
        return holds()
    return fails(because(row, f"TensorFlow {row.release} has no extra and-cuda: CUDA {row.cuda} and cuDNN {row.cudnn} "
                              f"would have to be installed on the host"))  # fmt: skip


@constraint("tensorflow", "toolkit")
def tensorflow_finds_cuda(tensorflow: TensorflowWheel, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand on the host exactly the CUDA series that a TensorFlow without NVIDIA wheels was built with."""
    if not tensorflow.hosted:
        return holds()
    series = cuda(tensorflow.row.cuda).series
    text = f"TensorFlow {tensorflow.row.release} loads CUDA {series} from the host"
    there = toolkit.runtime and toolkit.series is not None and toolkit.series.series == series
    return ConstraintResult(there, (because(tensorflow.row, text),))


@constraint("tensorflow", "toolkit_cudnn")
def tensorflow_finds_cudnn(tensorflow: TensorflowWheel, cudnn: ToolkitCudnn) -> ConstraintResult:
    """Demand on the host a cuDNN of the same major as such a TensorFlow was built with, and no older."""
    if not tensorflow.hosted:
        return holds()
    wanted = tensorflow.row.cudnn
    text = f"TensorFlow {tensorflow.row.release} loads cuDNN {wanted}, or a newer one of that major, from the host"
    # cuDNN is compatible with what was built against an earlier release of its major (cuDNN API overview)
    there = cudnn.row is not None and cudnn_version(cudnn.row.version).key >= cudnn_version(wanted).key
    same = there and cudnn.row is not None and cudnn.row.version.split(".")[0] == wanted.split(".")[0]
    return ConstraintResult(same, (because(tensorflow.row, text),))


@constraint("tensorflow", "cudnn")
def tensorflow_accepts_cudnn(tensorflow: TensorflowWheel, cudnn: CudnnWheel) -> ConstraintResult:
    """Demand a cuDNN within the range that the extra ``and-cuda`` requires."""
    wanted = tensorflow.row.and_cuda_cudnn
    # the extra names the package with its range: nvidia-cudnn-cu12>=9.3,<10.0
    fits = wanted.startswith(cudnn.package) and within(cudnn.row.version, wanted.removeprefix(cudnn.package))
    text = f"TensorFlow {tensorflow.row.release} requires {wanted}"
    return ConstraintResult(fits, (because(tensorflow.row, text if fits else f"{text}, not {cudnn}"),))


@constraint("environments", "torch", "tensorflow")
def nvidia_wheels_agree(layout: Layout, torch: TorchWheel, tensorflow: TensorflowWheel) -> ConstraintResult:
    """Demand, for a shared environment, that both frameworks can use the same CUDA and NCCL wheels.

    Wheels for different CUDA majors have different names but install their libraries into the same folders
    (``nvidia/cudnn/lib`` above all), so the last one installed overwrites the other. Wheels for the same major are the
    same package, of which pip installs one version; TensorFlow's ranges are compared with torch's pins.
    """
    if not layout.shared or torch.build is None or not tensorflow.gpu or tensorflow.hosted:
        return holds()
    of_torch = because(torch.build, f"torch {torch} brings the NVIDIA wheels of CUDA {torch.build.cuda}"
                                    + (f" with NCCL {torch.build.nccl}" if torch.build.nccl else ""))  # fmt: skip
    row = tensorflow.row
    if cuda(torch.build.cuda).major != cuda(row.cuda).major:
        return fails(of_torch, because(row, f"TensorFlow {row.release} brings those of CUDA {cuda(row.cuda).major}; in "
                                            f"one environment their cuDNN libraries overwrite each other"))  # fmt: skip
    if not within(torch.build.cuda, row.and_cuda_runtime.partition("wheels")[2] or row.and_cuda_runtime):
        return fails(of_torch, because(row, f"TensorFlow {row.release} requires CUDA {row.and_cuda_runtime}"))
    # without it nobody knows which of two pins pip would take
    if not torch.build.nccl:
        return fails(because(torch.build, f"the NCCL that torch {torch} pins is not known, so it cannot be checked "
                                          f"against TensorFlow {row.release}"))  # fmt: skip
    # without the package's name; some rows have the range alone
    nccl = re.sub(r"^[\w-]+(?=[<>=])", "", row.and_cuda_nccl)
    if not within(torch.build.nccl, nccl):
        return fails(of_torch, because(row, f"TensorFlow {row.release} requires {row.and_cuda_nccl}"))
    return holds(of_torch, because(row, f"TensorFlow {row.release} accepts them: {row.and_cuda_runtime}, "
                                        f"{row.and_cuda_nccl}"))  # fmt: skip


@constraint("environments", "torch", "cudnn")
def cudnn_is_the_same(layout: Layout, torch: TorchWheel, cudnn: CudnnWheel) -> ConstraintResult:
    """Demand, for a shared environment, that TensorFlow gets exactly the cuDNN that torch pins."""
    if not layout.shared or torch.build is None:
        return holds()
    same = torch.build.cudnn == cudnn.row.version
    text = f"torch {torch} pins cuDNN {torch.build.cudnn}"
    return ConstraintResult(same, (because(torch.build, text if same else f"{text}, not {cudnn.row.version}"),))
