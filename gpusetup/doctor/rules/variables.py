"""ENV1…: more variables: which GPU is meant, switches that no longer do anything."""

from __future__ import annotations

from gpusetup.doctor.frameworks import each_tensorflow, release
from gpusetup.doctor.rule import Verdicts, error, fix, info, known, rule, there, warning
from gpusetup.doctor.rules.environment import CUDA_ENV
from gpusetup.doctor.subjects import NVML_SILENT, has_gpu
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import dotted

OLD_SWITCHES = {"TF_DETERMINISTIC_OPS": "2.9", "TF_CUDNN_DETERMINISTIC": "2.9", "TF_CUDNN_USE_FRONTEND": "2.8"}


@rule(
    "ENV101",
    "CUDA_VISIBLE_DEVICES names a GPU that is not here",
    worst="error",
    after=("GPU001", NVML_SILENT),
    source=CUDA_ENV,
)
def strange_uuid(machine: Machine) -> Verdicts:
    """CUDA_VISIBLE_DEVICES names a GPU or a MIG slice by its UUID, and none of this machine has it: CUDA sees none from
    there on.

    It was copied from another machine, the card was changed, or the slices were made anew.
    """
    value = machine.system.environment.get("CUDA_VISIBLE_DEVICES", "")
    named = [part for part in entries(value) if part.startswith(("GPU-", "MIG-"))]
    if named and has_gpu(machine):
        for name in named:
            if not is_here(machine, name):
                yield error(
                    f"no GPU here is called {name}",
                    f"CUDA_VISIBLE_DEVICES={value}",
                    fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
                )


def entries(value: str) -> list[str]:
    """Return what CUDA_VISIBLE_DEVICES names, one by one."""
    return [part.strip() for part in value.split(",")]


def is_here(machine: Machine, name: str) -> bool:
    """Say whether an entry of CUDA_VISIBLE_DEVICES, a number or the beginning of a UUID, is a GPU or slice here.

    Slices were called ``MIG-GPU-<uuid>/<GPU instance>/<compute instance>`` before driver branch 470.
    """
    gpus = known(machine.gpus)
    if name.isdigit():
        return int(name) < len(gpus)
    if not name.startswith("MIG-"):
        return name.startswith("GPU-") and any(known(gpu.uuid).startswith(name) for gpu in gpus)
    for gpu in gpus:
        for one in there(gpu.mig_devices) or ():
            if known(one.uuid).startswith(name):
                return True
            if "/" in name and name == f"MIG-{known(gpu.uuid)}/{known(one.gpu_instance)}/{known(one.compute_instance)}":
                return True
    return False


@rule(
    "ENV109",
    "CUDA_VISIBLE_DEVICES names more than CUDA takes",
    worst="warning",
    after=("GPU001", NVML_SILENT, "ENV001", "ENV101"),
    source=f"{CUDA_ENV}; NVIDIA MIG user guide, CUDA_VISIBLE_DEVICES",
)
def cut_short(machine: Machine) -> Verdicts:
    """CUDA stops at the first entry that is no GPU here, and what stands after it stays hidden. Of several MIG slices
    it takes the first alone: each process can use one.
    """
    named = entries(machine.system.environment.get("CUDA_VISIBLE_DEVICES", ""))
    if len(named) < 2 or not has_gpu(machine):
        return
    wrong = next((index for index, name in enumerate(named) if not is_here(machine, name)), 0)
    said = f"CUDA_VISIBLE_DEVICES={','.join(named)}"
    if 0 < wrong < len(named) - 1:
        hidden = len(named) - wrong - 1
        yield warning(
            f"CUDA stops at {named[wrong]!r}: {hidden} entries after it are hidden", said,
            fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
        )  # fmt: skip
    elif not wrong and all(name.startswith("MIG-") for name in named):
        yield info(f"of {len(named)} MIG slices a process can use the first alone", said)


@rule(
    "ENV102",
    "CUDA may number the GPUs otherwise than NVML",
    worst="info",
    after=("GPU001", NVML_SILENT),
    required=False,
    source=CUDA_ENV,
)
def order(machine: Machine) -> Verdicts:
    """With GPUs of different models CUDA puts the fastest first, while NVML and nvidia-smi go by the PCI bus. With
    ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` both agree.
    """
    if len({known(gpu.name) for gpu in there(machine.gpus) or ()}) < 2:
        return
    if machine.system.environment.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        yield info(
            "CUDA may number the GPUs otherwise than nvidia-smi",
            "CUDA_DEVICE_ORDER is not PCI_BUS_ID",
            fix=fix("pci-order"),
        )


@rule(
    "ENV103",
    "A switch for determinism has no effect any more",
    worst="warning",
    over=each_tensorflow,
    source="github.com/NVIDIA/framework-reproducibility: doc/d9m/tensorflow.md",
)
def old_switch(machine: Machine, tensorflow: Distribution) -> Verdicts:
    """TensorFlow does not look at this variable since the release named: call
    ``tf.config.experimental.enable_op_determinism()`` (with its parentheses) instead.
    """
    for name, gone in OLD_SWITCHES.items():
        if name in machine.system.environment and dotted(release(tensorflow)) >= dotted(gone):
            yield warning(
                f"{name} has no effect in TensorFlow {release(tensorflow)}",
                f"{name}={machine.system.environment[name]}",
                fix=fix("op-determinism"),
            )


@rule("ENV104", "CUDA's cache of compiled kernels is off", worst="warning", source=CUDA_ENV)
def no_cache(machine: Machine) -> Verdicts:
    """CUDA_CACHE_DISABLE makes CUDA compile PTX anew in every process, which can take minutes."""
    value = machine.system.environment.get("CUDA_CACHE_DISABLE", "0")
    if value not in {"", "0"}:
        yield warning(
            "CUDA_CACHE_DISABLE makes every process compile kernels anew",
            f"CUDA_CACHE_DISABLE={value}",
            fix=fix("unset", name="CUDA_CACHE_DISABLE"),
        )


@rule("ENV105", "CUDA is forced to compile every kernel, or forbidden to", worst="warning", source=CUDA_ENV)
def forced_jit(machine: Machine) -> Verdicts:
    """CUDA_FORCE_PTX_JIT makes CUDA ignore the machine code in libraries (libraries without PTX then fail);
    CUDA_DISABLE_PTX_JIT forbids compiling PTX (cards newer than a library then fail). Both are for tests.
    """
    for name in ("CUDA_FORCE_PTX_JIT", "CUDA_DISABLE_PTX_JIT"):
        value = machine.system.environment.get(name, "0")
        if value not in {"", "0"}:
            yield warning(f"{name} is set, which is meant for tests", f"{name}={value}", fix=fix("unset", name=name))


@rule(
    "ENV106",
    "Python looks into other folders first",
    worst="info",
    source="Python documentation: PYTHONPATH, PYTHONHOME",
)
def python_path(machine: Machine) -> Verdicts:
    """PYTHONPATH or PYTHONHOME puts other folders before the environment's own: another torch or numpy may be
    imported.
    """
    said = [
        f"{name}={value}" for name in ("PYTHONPATH", "PYTHONHOME") if (value := machine.system.environment.get(name))
    ]
    if said:
        yield info("Python looks into other folders before the environment's own", *said)


@rule(
    "ENV107",
    "Keras is told to use another backend",
    worst="info",
    source="https://keras.io/getting_started/ (configuring your backend)",
)
def keras_backend(machine: Machine) -> Verdicts:
    """KERAS_BACKEND makes Keras compute with another framework than TensorFlow, whose GPU set-up then matters."""
    value = machine.system.environment.get("KERAS_BACKEND", "")
    if value and value != "tensorflow":
        yield info(f"Keras computes with {value}, not with TensorFlow", f"KERAS_BACKEND={value}")


@rule(
    "ENV108", "TF32 is forced on", worst="warning", source="NVIDIA cuBLAS and cuDNN documentation: NVIDIA_TF32_OVERRIDE"
)
def forced_tf32(machine: Machine) -> Verdicts:
    """TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1 lets every float32 matrix product be computed with a mantissa of 10 bits,
    whatever the program says: results differ from those of other machines in the third or fourth digit.
    """
    value = machine.system.environment.get("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "0")
    if value not in {"", "0"}:
        yield warning(
            "float32 matrix products are computed in TF32, whatever the program says",
            f"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE={value}",
            fix=fix("unset", name="TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
        )
