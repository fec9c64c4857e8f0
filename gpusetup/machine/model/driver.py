"""The driver."""

from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.value import Value


class Driver(Value):
    """The driver version as reported by each of its parts."""

    nvml: Reading[str]
    """nvmlSystemGetDriverVersion."""
    nvml_library: Reading[str]
    """nvmlSystemGetNVMLVersion."""
    cuda: Reading[str]
    """The newest CUDA the driver runs, ``13.0`` (nvmlSystemGetCudaDriverVersion_v2)."""
    kernel_module: Reading[str]
    """/proc/driver/nvidia/version or /sys/module/nvidia/version."""
    module_license: Reading[str]
    """Licence of the module on disk or loaded; ``Dual MIT/GPL`` is the open flavour."""
    user_library: Reading[str]
    """Version in the file name that libcuda.so.1 resolves to."""
    confidential: Reading[bool] = NOT_RECORDED
    """Whether confidential computing is on (nvmlSystemGetConfComputeState)."""
    confidential_ready: Reading[bool] = NOT_RECORDED
    """Whether the GPUs take work in that mode (nvmlSystemGetConfComputeGpusReadyState)."""
    module_gcc: Reading[str] = NOT_RECORDED
    """The gcc that built the loaded module, ``15.2.1``."""
    parameters: Reading[Pairs] = NOT_RECORDED
    """/proc/driver/nvidia/params, and ``modeset`` of nvidia_drm."""
    gsp_firmware: Reading[Pairs] = NOT_RECORDED
    """Driver version and a GSP firmware file that lies on disk for it."""
    alternatives: Reading[Pairs] = NOT_RECORDED
    """Debian's alternatives ``glx`` and ``nvidia`` and the folder that each leads to: they decide which driver's files
    and which module's configuration count."""
    container: Reading[Pairs] = NOT_RECORDED
    """Whose container installs the driver beside the host (``GPU Operator``, ``GKE``) and the folder that it is in."""
    programs: Reading[Pairs] = NOT_RECORDED
    """The driver's own programs and where they are: nvidia-smi, nvidia-modprobe; nvidia-uninstall of the .run file."""
    umad: Reading[bool] = NOT_RECORDED
    """Whether ib_umad is in the kernel: by it the fabric manager reaches NVSwitches of the fourth generation (B200)."""
    subnet_manager: Reading[bool] = NOT_RECORDED
    """Whether the NVLink subnet manager (nvlsm) is installed, which those NVSwitches need as well."""
    xids: tuple[tuple[str, int], ...] = ()
    """PCI address and Xid that NVML reported while the machine was watched (``--watch``)."""
