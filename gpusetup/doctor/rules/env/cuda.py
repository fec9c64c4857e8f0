"""Variables of CUDA: which GPUs are visible, caching and just-in-time compilation."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import NVML_SILENT, has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, rule, there, warning
from gpusetup.doctor.software.frameworks import each_torch, release
from gpusetup.machine.dotted import is_dotted, whole
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import dotted

UUIDS = ("GPU-", "MIG-")
"""How the UUIDs of GPUs and of MIG instances begin."""
CUDA_ENV = "CUDA C++ programming guide: CUDA environment variables"
DEBUGGING = (
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_ENABLE_COREDUMP_ON_EXCEPTION",
    "CUDA_DEVICE_WAITS_ON_EXCEPTION",
    "CUDA_INJECTION32_PATH",
    "CUDA_INJECTION64_PATH",
    "CUDA_PROFILE",
    "NSIGHT_CUDA_DEBUGGER",
)


@rule(
    "ENV001",
    "cuda-visible-devices-empty",
    "CUDA_VISIBLE_DEVICES hides every GPU",
    worst="error",
    blocks="framework",
    after=("GPU001",),
    required=False,
    source=CUDA_ENV,
    remedies=("unset",),
)
def all_hidden(machine: Machine) -> RuleResults:
    """CUDA_VISIBLE_DEVICES is empty, or its first entry names no GPU: CUDA programs see no GPU at all.

    CUDA stops at the first invalid entry. NVML and nvidia-smi ignore the variable and still show every GPU.
    """
    value = machine.system.environment.get("CUDA_VISIBLE_DEVICES")
    if value is None or not has_gpu(machine):
        return
    first = value.partition(",")[0].strip()
    number = whole(first)
    shown = 0 if number is None else len(known(machine.gpus))
    # "-1", "none" and "" all hide every GPU: CUDA takes what it cannot read for the end of the list
    unnamed = number is None and not first.startswith(UUIDS)
    if unnamed or (number is not None and number >= shown):
        # those are often meant; a number that no GPU has is a mistake
        say = warning if unnamed else error
        yield say(
            "CUDA_VISIBLE_DEVICES hides every GPU from CUDA",
            f"CUDA_VISIBLE_DEVICES={value!r}",
            *([] if unnamed else [f"GPUs that NVML shows: {shown}"]),
            fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
        )


@rule(
    "ENV002",
    "cuda-debug-variable",
    "A CUDA debugging variable is set (CUDA_LAUNCH_BLOCKING and similar)",
    worst="warning",
    source="CUDA-GDB documentation; NVIDIA DCGM diagnostics",
    remedies=("unset",),
)
def debugging(machine: Machine) -> RuleResults:
    """A variable for debugging or profiling is set: programs run slower, wait, or write large files."""
    for name in DEBUGGING:
        value = machine.system.environment.get(name, "")
        if value not in {"", "0"}:
            yield warning(
                f"{name} is set: CUDA programs run slower or stop", f"{name}={value}", fix=fix("unset", name=name)
            )


@rule(
    "ENV101",
    "cuda-visible-devices-unknown",
    "CUDA_VISIBLE_DEVICES names a GPU that does not exist",
    worst="error",
    blocks="framework",
    after=("GPU001",),
    source=CUDA_ENV,
    remedies=("unset",),
)
def strange_uuid(machine: Machine) -> RuleResults:
    """CUDA_VISIBLE_DEVICES names a GPU or a MIG instance by a UUID that this machine does not have: CUDA ignores
    this entry and all after it.

    The value was copied from another machine, the card was replaced, or the MIG instances were created again.
    """
    value = machine.system.environment.get("CUDA_VISIBLE_DEVICES", "")
    named = by_uuid(value)
    if named and has_gpu(machine):
        for name in named:
            if not is_here(machine, name):
                yield error(
                    f"CUDA_VISIBLE_DEVICES names {name}, which this machine does not have",
                    f"CUDA_VISIBLE_DEVICES={value}",
                    fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
                )


def entries(value: str) -> list[str]:
    """Return what CUDA_VISIBLE_DEVICES names, one by one."""
    return [part.strip() for part in value.split(",")]


def by_uuid(value: str) -> list[str]:
    """Return the entries of CUDA_VISIBLE_DEVICES that name a GPU or a MIG instance by its UUID."""
    return [part for part in entries(value) if part.startswith(UUIDS)]


def is_here(machine: Machine, name: str) -> bool:
    """Say whether an entry of CUDA_VISIBLE_DEVICES, a number or the beginning of a UUID, is a GPU or slice here.

    Slices were called ``MIG-GPU-<uuid>/<GPU instance>/<compute instance>`` before driver branch 470.
    """
    gpus = known(machine.gpus)
    number = whole(name)
    if number is not None:
        return number < len(gpus)
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
    "cuda-visible-devices-invalid",
    "CUDA_VISIBLE_DEVICES has duplicate or invalid entries",
    worst="warning",
    after=("GPU001", NVML_SILENT, "ENV001", "ENV101"),
    source=f"{CUDA_ENV}; NVIDIA MIG user guide, CUDA_VISIBLE_DEVICES",
    remedies=("unset",),
)
def cut_short(machine: Machine) -> RuleResults:
    """CUDA stops at the first entry that is no GPU of this machine, so that the entries after it stay hidden. Of
    several MIG instances it uses only the first: a process can use one.
    """
    named = entries(machine.system.environment.get("CUDA_VISIBLE_DEVICES", ""))
    if len(named) < 2 or not has_gpu(machine):
        return
    # 0 also stands for a wrong first entry, of which ENV001 and ENV101 speak
    wrong = next((index for index, name in enumerate(named) if not is_here(machine, name)), 0)
    said = f"CUDA_VISIBLE_DEVICES={','.join(named)}"
    if 0 < wrong < len(named) - 1:
        hidden = len(named) - wrong - 1
        yield warning(
            f"CUDA stops at {named[wrong]!r}: {hidden} entries after it are hidden", said,
            fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
        )  # fmt: skip
    elif not wrong and all(name.startswith("MIG-") for name in named):
        yield info(f"a process can use only the first of {len(named)} MIG instances", said)


@rule(
    "ENV110",
    "cuda-visible-devices-mig",
    "CUDA_VISIBLE_DEVICES mixes whole GPUs with a GPU in MIG mode",
    worst="warning",
    after=("GPU001", NVML_SILENT, "ENV001", "ENV101"),
    required=False,
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/mig-device-names.html (read 2026-11-30)",
    remedies=("whole-or-slice",),
)
def beside_slices(machine: Machine) -> RuleResults:
    """CUDA shows a process one MIG instance at most, and none of the whole GPUs where it shows one: what counts all the
    GPUs that the variable names fails ("device < num_gpus").
    """
    named = entries(machine.system.environment.get("CUDA_VISIBLE_DEVICES", ""))
    chosen = [gpu for gpu in there(machine.gpus) or () if str(gpu.index) in named]
    cut = [gpu for gpu in chosen if there(gpu.mig) and there(gpu.mig_devices)]
    if 0 < len(cut) < len(chosen):
        yield warning(
            f"GPU {cut[0].index} is in MIG mode: CUDA shows one of its instances, and none of the other GPUs",
            f"CUDA_VISIBLE_DEVICES={','.join(named)}",
            fix=fix("whole-or-slice", index=str(cut[0].index)),
        )


@rule(
    "ENV102",
    "cuda-device-order",
    "CUDA_DEVICE_ORDER lets CUDA and NVML number the GPUs differently",
    worst="info",
    after=("GPU001", NVML_SILENT),
    required=False,
    source=CUDA_ENV,
    remedies=("pci-order",),
)
def order(machine: Machine) -> RuleResults:
    """With GPUs of different models CUDA numbers the fastest first, while NVML and nvidia-smi number them by PCI
    address. With ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` both agree.
    """
    # FASTEST_FIRST, the default, goes by speed: among equal cards there is none to put first
    if len({known(gpu.name) for gpu in there(machine.gpus) or ()}) < 2:
        return
    if machine.system.environment.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        yield info(
            "CUDA and nvidia-smi may number the GPUs differently",
            "CUDA_DEVICE_ORDER is not PCI_BUS_ID",
            fix=fix("pci-order"),
        )


@rule(
    "ENV104",
    "cuda-cache-disabled",
    "CUDA kernel cache is disabled (CUDA_CACHE_DISABLE)",
    worst="warning",
    source=CUDA_ENV,
    remedies=("unset",),
)
def no_cache(machine: Machine) -> RuleResults:
    """CUDA_CACHE_DISABLE makes CUDA compile PTX again in every process, which can take minutes."""
    value = machine.system.environment.get("CUDA_CACHE_DISABLE", "0")
    if value not in {"", "0"}:
        yield warning(
            "CUDA_CACHE_DISABLE makes every process compile its CUDA kernels again",
            f"CUDA_CACHE_DISABLE={value}",
            fix=fix("unset", name="CUDA_CACHE_DISABLE"),
        )


@rule(
    "ENV105",
    "cuda-jit-forced",
    "CUDA_FORCE_PTX_JIT or CUDA_DISABLE_PTX_JIT is set",
    worst="warning",
    source=CUDA_ENV,
    remedies=("unset",),
)
def forced_jit(machine: Machine) -> RuleResults:
    """CUDA_FORCE_PTX_JIT makes CUDA ignore the machine code in libraries (libraries without PTX then fail);
    CUDA_DISABLE_PTX_JIT forbids compiling PTX (GPUs newer than a library then fail). Both are for testing.
    """
    for name in ("CUDA_FORCE_PTX_JIT", "CUDA_DISABLE_PTX_JIT"):
        value = machine.system.environment.get(name, "0")
        if value not in {"", "0"}:
            yield warning(f"{name} is set, which is meant for testing", f"{name}={value}", fix=fix("unset", name=name))


UUIDS_FROM = "2.0"
"""The first PyTorch that reads UUIDs: github.com/pytorch/pytorch, pull request 92315 (its milestone)."""
NUMBERS_FROM = "1.13"
"""The first PyTorch that counts GPUs by NVML and CUDA_VISIBLE_DEVICES itself (torch/cuda/__init__.py)."""


@rule(
    "ENV111",
    "torch-ignores-uuids",
    "PyTorch 1.13 ignores UUIDs in CUDA_VISIBLE_DEVICES",
    worst="error",
    blocks="framework",
    after=("GPU001", "ENV101"),
    over=each_torch,
    required=False,
    source="github.com/pytorch/pytorch: issue 90543, pull request 92315",
    remedies=("device-numbers",),
)
def uuids(machine: Machine, torch: Distribution) -> RuleResults:
    """PyTorch 1.13 reads CUDA_VISIBLE_DEVICES itself to count the GPUs, and reads numbers alone: with a UUID, as batch
    systems set it, ``torch.cuda.device_count()`` is 0. PyTorch 2.0 reads UUIDs, those of MIG instances too.
    """
    named = by_uuid(machine.system.environment.get("CUDA_VISIBLE_DEVICES", ""))
    number = release(torch)
    affected = is_dotted(number) and dotted(NUMBERS_FROM) <= dotted(number) < dotted(UUIDS_FROM)
    if named and affected and has_gpu(machine):
        yield error(
            f"PyTorch {number} ignores the UUID in CUDA_VISIBLE_DEVICES: it counts no GPU",
            f"CUDA_VISIBLE_DEVICES names {len(named)} by UUID",
            fix=fix("device-numbers"),
        )
