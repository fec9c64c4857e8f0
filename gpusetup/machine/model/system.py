"""The operating system around the GPU."""

from gpusetup.machine.model.kernel import Kernel
from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.value import Value


class SigningKey(Value):
    """A certificate with which this machine signs the modules it builds, and whether it is enrolled."""

    path: str
    enrolled: Reading[bool]
    name: str = ""
    """Its common name."""
    expires: str = ""
    """The last day of its validity, ``2036-08-01``, "" when it does not say."""


class Mok(Value):
    """The machine owner keys (MOK), which Secure Boot trusts in addition to the firmware's."""

    enrolled: Reading[tuple[str, ...]] = NOT_RECORDED
    """Common names of the certificates."""
    pending: Reading[bool] = NOT_RECORDED
    """Whether an enrolment is pending for the next boot."""
    keys: tuple[SigningKey, ...] = ()
    """Keys of akmods, DKMS and shim found on disk."""


class Limits(Value):
    """What this process may use."""

    locked_memory: Reading[int] = NOT_RECORDED
    """Bytes that may be pinned (RLIMIT_MEMLOCK); -1 is without limit."""
    open_files: Reading[int] = NOT_RECORDED
    shared_memory: Reading[int] = NOT_RECORDED
    """Size of /dev/shm in bytes."""
    memory: Reading[int] = NOT_RECORDED
    """The cgroup's memory limit in bytes, -1 for none."""
    cpus: Reading[float] = NOT_RECORDED
    """The cgroup's CPU limit in processors, -1 for none."""


class Service(Value):
    """A systemd unit, by the files and folders it leaves."""

    name: str
    """Without ``.service``."""
    enabled: bool
    running: Reading[bool]


class Disk(Value):
    """A folder that grows, and the free space for this user there, in bytes."""

    use: str
    path: str
    free: int
    total: int


class System(Value):
    """The distribution, kernel, processor and compilers."""

    arch: str
    distro: Reading[str]
    """ID of os-release, such as ``fedora``."""
    release: Reading[str]
    """VERSION_ID of os-release, such as ``44``."""
    pretty_name: Reading[str]
    kernel: Kernel
    secure_boot: Reading[bool]
    libc: Reading[str]
    gcc: Reading[str]
    python: str
    container: str
    """The container engine we run inside (``podman``, ``docker``, …), "" when none was recognised."""
    virtualization: str
    """``wsl``, ``kvm``, … from /proc and DMI, "" when none was recognised."""
    cpu: Reading[str]
    cpus: int
    memory_bytes: Reading[int]
    environment: dict[str, str]
    """Only the variables that change how CUDA or a framework behaves (see ``machine/system/environment.py``)."""
    mok: Mok = Mok()
    selinux: Reading[str] = NOT_RECORDED
    """``enforcing``, ``permissive`` or ``disabled``."""
    selinux_devices: Reading[bool] = NOT_RECORDED
    """The boolean ``container_use_devices``."""
    limits: Limits = Limits()
    groups: Reading[tuple[str, ...]] = NOT_RECORDED
    """Of this user's groups those that can own a GPU's device nodes (``video``, ``render``), and ``root`` for root."""
    services: tuple[Service, ...] = ()
    """Installed units of NVIDIA and of the module builders."""
    cpu_features: Reading[tuple[str, ...]] = NOT_RECORDED
    """Of the processor's instruction sets those that wheels are compiled for (avx, avx2, fma, avx512f, …)."""
    disks: Reading[tuple[Disk, ...]] = NOT_RECORDED
    """The root, the folder for temporary files and that of the user's caches."""
    clocksource: Reading[str] = NOT_RECORDED
    governor: Reading[str] = NOT_RECORDED
    """How the first processor's clock is chosen: ``performance``, ``powersave``, ``schedutil``, …"""
    allowed_cpus: Reading[str] = NOT_RECORDED
    """The processors that this process may run on, as ``0-15,32-47``."""
    uptime: Reading[float] = NOT_RECORDED
    """Seconds since boot."""
    reboot_required: Reading[bool] = NOT_RECORDED
    """Whether an update has requested a reboot."""
    notebook: Reading[bool] = NOT_RECORDED
    image: Reading[str] = NOT_RECORDED
    """``bootc`` or ``ostree`` for a system that is replaced as a whole, "" for one that is made of packages."""
    user_namespace: Reading[bool] = NOT_RECORDED
    """Whether our user numbers are not the host's, as in a rootless container."""
    infiniband: Reading[Pairs] = NOT_RECORDED
    """Port of an InfiniBand or RoCE adapter (``mlx5_0/1``) and its state."""
    selinux_denials: Reading[tuple[str, ...]] = NOT_RECORDED
    """What SELinux has denied that concerns a GPU, the newest last; at most 20."""
    keras_backend: Reading[str] = NOT_RECORDED
    """What ~/.keras/keras.json names."""
    system_packages: Reading[bool] = NOT_RECORDED
    """Whether the active virtual environment also sees the packages of the system's Python; absent without one."""
    python_headers: Reading[bool] = NOT_RECORDED
    """Whether Python.h of the interpreter that runs us is there."""
    distro_like: Reading[tuple[str, ...]] = NOT_RECORDED
    """ID_LIKE of os-release: the distributions that this one derives from, the closest first."""
    graphics_switch: Reading[Pairs] = NOT_RECORDED
    """Tool that switches the graphics of a notebook (``supergfxctl``, ``prime-select``, ``asus-wmi``) and its mode."""
    unfinished_packages: Reading[tuple[str, ...]] = NOT_RECORDED
    """Packages of the driver or a kernel whose installation was begun and not finished, each with its state."""
