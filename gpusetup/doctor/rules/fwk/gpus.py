"""FWK10…: does each imported framework use the GPU, and are its numbers right (``--deep``)."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, NVML_SILENT, has_gpu
from gpusetup.doctor.rule import RuleResults, either, error, failure, fix, known, rule, there, warning
from gpusetup.doctor.software.imports import died, each_import, failed_trials, import_failure, said_of
from gpusetup.facts import facts
from gpusetup.facts.defects import defects_of
from gpusetup.machine.model import Framework, Machine, Unread

IMPORT = ("FWK001", "FWK002", "FWK003", "FWK004")
HIDDEN = ("GPU001", "GPU002", GPU_LOST, DRIVER_HANGS, NVML_SILENT, "LIB001", "LIB004", "PRM001", "PRM002", "ENV001")
UNFIT = ("WHL105", "WHL301", "WHL302", "WHL303", "WHL304")
REPORTED = ("FWK207", "FWK208", "FWK301", "FWK302", "FWK303", "FWK304", "FWK305", "FWK306")
LOADED = ("FWK201", "FWK202", "FWK203", "FWK204", "FWK205", "FWK206")
SAYS = "the framework itself: torch.cuda, tf.config.list_physical_devices, jax.devices"
ARITHMETIC = "arithmetic: sums of small whole numbers, exact in any order and in TF32"
NO_CODE = ("no kernel image", "no_binary_for_gpu", "no binary for gpu", "unsupported toolchain")
FAILS = "FWK103 and FWK105 speak of a computation that gives no answer"
PACKAGES = {"pytorch": "torch"}
IDEAS = ("cuda", "gpu", "cudnn", "driver", "dlopen", "librar")


@rule(
    "FWK101",
    "cpu-fallback",
    "A framework runs on the CPU although a GPU is present",
    worst="error",
    symptom=True,
    after=("GPU001", "FWK105", *UNFIT, *REPORTED),
    over=each_import,
    source=SAYS,
    remedies=("cuda-framework",),
)
def silently_on_cpu(machine: Machine, framework: Framework) -> RuleResults:
    """There is a GPU, the framework imports without an error, and then it computes everything on the CPU. There
    is no warning; everything is many times slower.

    The framework's own messages, if any, give the reason: a build without CUDA, a driver that is too old, libraries
    that it cannot load, or a variable that hides the GPUs.
    """
    known(framework.version)
    gpus, refused = framework.gpus, failure(framework.gpus, "this machine has no GPU that it could see")
    if gpus == () or refused:
        if not has_gpu(machine):
            return
        yield error(
            f"{framework.name} computes on the CPU and does not see the GPU",
            f"built for CUDA: {either(framework.cuda) or 'unknown'}, imported by {framework.python}",
            *([f"it reported: {refused.detail}"] if refused else []),
            *said_of(framework, *IDEAS),
            fix=fix("cuda-framework"),
            caused_by="WHL401" if _is_unusable(framework) else "",
        )


def _is_unusable(framework: Framework) -> bool:
    """Say whether this release is known to be unusable, which WHL401 says with the defect."""
    package, version = PACKAGES.get(framework.name, framework.name), either(framework.version) or ""
    return any(row.refuses and not row.effect for row in defects_of(facts(), package, version))


@rule(
    "FWK102",
    "fewer-gpus",
    "A framework sees fewer GPUs than the driver",
    worst="warning",
    after=(*HIDDEN, "ENV101", "FWK101", *IMPORT),
    over=each_import,
    source=SAYS,
    remedies=("kernel-log",),
)
def sees_fewer(machine: Machine, framework: Framework) -> RuleResults:
    """The driver has more GPUs than the framework shows, and no variable or slicing (MIG) accounts for it.

    A GPU that is lost, that another program uses in exclusive mode, or that this build has no code for is left out
    silently.
    """
    gpus, seen = known(machine.gpus), known(framework.gpus)
    chosen = {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"} & set(machine.system.environment)
    if seen and not chosen and len(seen) < len(gpus) and not any(either(gpu.mig) for gpu in gpus):
        yield warning(
            f"{framework.name} sees {len(seen)} of {len(gpus)} GPUs",
            f"it sees: {', '.join(seen)}",
            f"the driver has: {', '.join(either(gpu.name) or 'unnamed GPU' for gpu in gpus)}",
            fix=fix("kernel-log"),
        )


@rule(
    "FWK103",
    "no-kernel-image",
    "No kernel image for this GPU's compute capability in a framework",
    worst="error",
    after=("WHL003", "WHL102", "WHL104", *IMPORT),
    over=each_import,
    source="CUDA runtime API: cudaErrorNoKernelImageForDevice, cudaErrorUnsupportedPtxVersion",
    remedies=("fitting-torch",),
)
def no_code(machine: Machine, framework: Framework) -> RuleResults:
    """The framework sees the GPU, but a computation on it ends with "no kernel image is available for execution on
    the device": this build was not compiled for the card, or its PTX is too new for the driver.
    """
    import_failure(framework)
    for trial, why in failed_trials(framework, FAILS):
        if _is_missing_code(why):
            yield error(
                f"{framework.name} has no code that runs on {trial.device}", why.detail, fix=fix("fitting-torch")
            )
            return


@rule(
    "FWK104",
    "wrong-result",
    "A framework computes a wrong result",
    worst="error",
    after=IMPORT,
    over=each_import,
    source=ARITHMETIC,
    remedies=("prove",),
)
def wrong_number(machine: Machine, framework: Framework) -> RuleResults:
    """A sum of small whole numbers, which has one right answer in any order of summation, came out wrong.

    The hardware or a library is at fault, and no result of this machine can be trusted until the cause is found.
    `gpusetup selftest` finds which operations are affected.
    """
    import_failure(framework)
    for one in framework.trials:
        if not failure(one.answer, FAILS) and one.answer != one.expected:
            yield error(
                f"{framework.name} computes a wrong number on {one.device}",
                f"{one.kernel}: {one.answer!r} instead of {one.expected!r}",
                fix=fix("prove"),
            )


@rule(
    "FWK105",
    "computation-failed",
    "A computation fails, crashes or hangs",
    worst="error",
    after=(
        GPU_LOST,
        DRIVER_HANGS,
        NVML_SILENT,
        "FWK103",
        *LOADED,
        *REPORTED,
        *IMPORT,
    ),
    over=each_import,
    source="what the framework raised, or the child process of gpusetup was ended by",
    remedies=("prove",),
)
def fails(machine: Machine, framework: Framework) -> RuleResults:
    """The framework imports, but listing its devices, or a tiny computation on one of them, raises an error,
    crashes the process, or does not finish in time.

    The kind of computation shows where to look: an elementwise one is the framework's own code, a matrix
    product is cuBLAS, a convolution is cuDNN.
    """
    if import_failure(framework):
        return
    said = failed_trials(framework, "FWK103 speaks of code that is missing")
    failed = [(trial, why) for trial, why in said if not _is_missing_code(why)]
    unread = (framework.cuda, failure(framework.gpus, "FWK101 speaks of a framework that does not see the GPU"))
    lost = [one for one in unread if isinstance(one, Unread) and died(one)]
    if lost:
        yield error(
            f"{framework.name} crashes after its import",
            f"at the step {lost[0].source}: {lost[0].detail}",
            *said_of(framework, "error", "fatal", "abort"),
            fix=fix("prove"),
        )
    elif failed:
        trial, why = failed[0]
        how = "does not finish" if why.unread == "timeout" else "crashes" if died(why) else "fails"
        yield error(
            f"{framework.name}: {trial.kernel} on {trial.device} {how}",
            *(f"{one.kernel} on {one.device}: {reason.detail}" for one, reason in failed[:3]),
            *said_of(framework, "error", "fatal", "abort"),
            fix=fix("prove"),
        )
    else:
        there(framework.cuda)


def _is_missing_code(why: Unread) -> bool:
    return any(text in why.detail.lower() for text in NO_CODE)
