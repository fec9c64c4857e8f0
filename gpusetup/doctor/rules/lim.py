"""LIM: resource limits: shared memory, RLIMIT_MEMLOCK, RLIMIT_NOFILE, cgroup, processors."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import NVML_SILENT, has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, recorded, rule, there, warning
from gpusetup.machine.dotted import whole
from gpusetup.machine.model import Machine

MIB = 1 << 20
# Docker's and podman's default (--shm-size), which PyTorch's documentation names as too small for workers
SMALL_SHARED_MEMORY = 64 * MIB
# the kernel's own default (include/uapi/linux/fs.h, INR_OPEN_CUR): below it somebody has lowered the limit
FEW_FILES = 1024
# the kernel's default since 5.16, before it was 64 KiB (include/uapi/linux/resource.h, MLOCK_LIMIT); RDMA registers
# whole buffers of a model
LITTLE_LOCKED = 8 * MIB


@rule(
    "LIM001",
    "shm-small",
    "Shared memory /dev/shm is small",
    worst="warning",
    required=False,
    source="shm_overview(7); PyTorch documentation, multiprocessing",
    remedies=("shared-memory",),
)
def shared_memory(machine: Machine) -> RuleResults:
    """/dev/shm has at most 64 MiB, as container engines give it: data loaders with worker processes crash with a bus
    error.

    Start the container with ``--shm-size=8g`` or ``--ipc=host``.
    """
    size = there(machine.system.limits.shared_memory)
    if size is not None and size <= SMALL_SHARED_MEMORY:
        yield warning(
            f"/dev/shm has only {size // MIB} MiB: data loaders may crash",
            f"/dev/shm: {size} bytes",
            fix=fix("shared-memory"),
        )


@rule(
    "LIM002",
    "memlock-low",
    "Low RLIMIT_MEMLOCK (ulimit -l) for pinned memory",
    worst="info",
    after=("GPU001",),
    required=False,
    source="getrlimit(2); NVIDIA GPUDirect RDMA documentation",
    remedies=("pinned-memory",),
)
def locked_memory(machine: Machine) -> RuleResults:
    """RLIMIT_MEMLOCK is at most 8 MiB. CUDA's own pinned memory does not count, but RDMA between machines needs much
    more.
    """
    limit = there(machine.system.limits.locked_memory)
    # only where RDMA is set up: a limit that nothing runs into is no finding
    ports = there(recorded(machine.system.infiniband, ())) or ()
    rdma = any(name.startswith("NCCL_IB") for name in machine.system.environment) or any(
        state == "ACTIVE" for _, state in ports
    )
    # -1 is RLIM_INFINITY
    if limit is not None and 0 <= limit <= LITTLE_LOCKED and rdma and has_gpu(machine):
        yield info(
            f"only {limit // 1024} KiB may be pinned: RDMA will fail",
            f"RLIMIT_MEMLOCK: {limit}",
            fix=fix("pinned-memory"),
        )


@rule(
    "LIM003",
    "nofile-low",
    "Low RLIMIT_NOFILE (ulimit -n)",
    worst="info",
    required=False,
    source="getrlimit(2)",
    remedies=("open-files",),
)
def open_files(machine: Machine) -> RuleResults:
    """Fewer than 1024 open files are allowed; data loaders with many workers run into it ("too many open files")."""
    limit = there(machine.system.limits.open_files)
    if limit is not None and 0 <= limit < FEW_FILES:
        yield info(f"only {limit} files may be open", f"RLIMIT_NOFILE: {limit}", fix=fix("open-files"))


@rule(
    "LIM004",
    "cgroup-memory-low",
    "cgroup memory limit is below the GPU's memory",
    worst="info",
    after=(NVML_SILENT,),
    required=False,
    source="cgroups(7)",
)
def memory(machine: Machine) -> RuleResults:
    """This process may use less main memory than one GPU has of its own: loading a model that fits the GPU can end
    it.
    """
    limit = there(machine.system.limits.memory)
    if limit is None or limit < 0 or not has_gpu(machine):
        return
    # one GPU and not all: a process loads one model at a time in most trainings
    largest = max((there(gpu.memory_total) or 0 for gpu in known(machine.gpus)), default=0)
    if limit < largest:
        yield info(
            "the control group allows less memory than a GPU has",
            f"allowed: {limit // MIB} MiB",
            f"GPU: {largest // MIB} MiB",
        )


@rule(
    "LIM005",
    "too-many-threads",
    "More threads are configured than CPUs are allowed (OMP_NUM_THREADS)",
    worst="warning",
    required=False,
    source="cgroups(7); OpenMP specification, OMP_NUM_THREADS",
    remedies=("unset",),
)
def threads(machine: Machine) -> RuleResults:
    """OMP_NUM_THREADS or MKL_NUM_THREADS asks for more threads than the control group gives processors: they get in
    each other's way, and the process is slower than with fewer.
    """
    allowed = there(machine.system.limits.cpus)
    # cpu.max is a quota, and can be more than the machine has
    limit = machine.system.cpus if allowed is None or allowed < 0 else min(allowed, machine.system.cpus)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        asked = machine.system.environment.get(name, "")
        if limit and (whole(asked) or 0) > limit:
            yield warning(
                f"{name} asks for {asked} threads, {limit:g} processors are allowed",
                f"{name}={asked}",
                fix=fix("unset", name=name),
            )


@rule(
    "LIM006",
    "avx-missing",
    "CPU lacks AVX, which TensorFlow needs",
    worst="error",
    source="https://www.tensorflow.org/install/pip (hardware requirements)",
    remedies=("cpu-model",),
)
def no_avx(machine: Machine) -> RuleResults:
    """TensorFlow's wheels for x86-64 are compiled for processors with AVX; without it, importing it ends with SIGILL.

    Some virtual machines hide the instruction set: the hypervisor's CPU model decides.
    """
    installed = [one for one in machine.distributions if one.name in {"tensorflow", "tensorflow-cpu"}]
    if installed and machine.system.arch == "x86_64":
        features = there(machine.system.cpu_features)
        if features is not None and "avx" not in features:
            yield error(
                f"this processor lacks AVX, without which tensorflow {installed[0].version} ends at import",
                f"instruction sets: {', '.join(features) or 'none of those that wheels need'}",
                fix=fix("cpu-model"),
            )
