"""CTR1…: device specifications and engine settings for containers."""

from __future__ import annotations

from itertools import combinations

from gpusetup.doctor.gpu.cards import driver_version
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import Fix, RuleResults, either, error, fix, info, known, recorded, rule, there, warning
from gpusetup.doctor.rules.ctr.toolkit import TOOLKIT
from gpusetup.doctor.software.containers import passing
from gpusetup.machine.model import CdiSpec, Machine
from gpusetup.versions import cuda

AFTER = ("GPU001", "DRV001", "CTR003")
CDI_CACHE = "github.com/cncf-tags/container-device-interface: pkg/cdi/cache.go, resolveConflict (read 2026-11-30)"
VISIBLE = "github.com/NVIDIA/nvidia-container-toolkit: internal/config/image/cuda_image.go, devicesFromEnvvars"


@rule(
    "CTR101",
    "cdi-stale",
    "CDI specification belongs to another driver version",
    worst="error",
    after=AFTER,
    source=TOOLKIT,
    remedies=(
        "generate-cdi",
        "refresh-cdi",
    ),
)
def stale(machine: Machine) -> RuleResults:
    """The specification names libraries of another driver version than the running one: containers get files that are
    missing or of the wrong version. The toolkit's refresh service regenerates it, but misses some changes.
    """
    running = driver_version(machine) if has_gpu(machine) else None
    for spec in (there(machine.containers.cdi) or ()) if running else ():
        # the version is that in the names of the files (libcuda.so.580.95.05): the format has no field for it
        if spec.driver and spec.driver != running:
            yield error(
                f"the CDI specification is for driver {spec.driver}, but driver {running} is running",
                spec.path,
                fix=written_anew(machine, spec.path),
            )


@rule(
    "CTR102",
    "cdi-files-missing",
    "CDI specification names missing files",
    worst="error",
    after=(*AFTER, "CTR101"),
    source=TOOLKIT,
    remedies=(
        "generate-cdi",
        "refresh-cdi",
    ),
)
def missing_files(machine: Machine) -> RuleResults:
    """Files of this host that the specification mounts no longer exist: no container with a GPU can start."""
    for spec in (there(machine.containers.cdi) or ()) if has_gpu(machine) else ():
        if spec.missing:
            yield error(
                f"{len(spec.missing)} files that the CDI specification names do not exist",
                spec.path,
                *spec.missing[:4],
                fix=written_anew(machine, spec.path),
            )


@rule(
    "CTR110",
    "cdi-device-number-stale",
    "CDI specification gives a device node another major number than the driver",
    worst="error",
    after=(*AFTER, "CTR101", "CTR102"),
    source="Container Device Interface: SPEC.md, deviceNodes; github.com/NVIDIA/nvidia-container-toolkit: issue 1934",
    remedies=("generate-cdi", "refresh-cdi"),
)
def stale_number(machine: Machine) -> RuleResults:
    """The specification has the major numbers of the device nodes in it, and the kernel gives that of nvidia-uvm anew
    at each start: the container's node then leads to nothing, and CUDA in it answers 999 while nvidia-smi works.
    """
    given = dict(there(machine.device_majors) or ()) if has_gpu(machine) else {}
    for spec in (there(machine.containers.cdi) or ()) if given else ():
        for node, major in there(recorded(spec.majors, ())) or ():
            name = "nvidia-uvm" if node.startswith("/dev/nvidia-uvm") else ""
            if name in given and major != str(given[name]):
                yield error(
                    f"the CDI specification gives {node} the number {major}, the driver has {given[name]}",
                    spec.path,
                    f"/proc/devices: {name} {given[name]}",
                    fix=written_anew(machine, spec.path),
                )
                break  # its other nodes have the same number


def written_anew(machine: Machine, path: str) -> Fix:
    """Return how the specification at `path` is regenerated: by the toolkit's service where that maintains it."""
    # nvidia-cdi-refresh writes to /var/run/cdi unless its environment file says otherwise (nvidia-container-toolkit:
    # deployments/systemd/nvidia-cdi-refresh.service); a file in /etc/cdi is somebody's own
    if path.startswith(("/run/", "/var/run/")) and any(
        one.name == "nvidia-cdi-refresh" for one in machine.system.services
    ):
        return fix("refresh-cdi", path=path)
    return fix("generate-cdi", path=path)


@rule(
    "CTR103",
    "cdi-duplicate",
    "Two CDI specifications for NVIDIA GPUs",
    worst="error",
    after=AFTER,
    source=CDI_CACHE,
    remedies=("one-cdi",),
)
def doubled(machine: Machine) -> RuleResults:
    """Two CDI specifications define the same devices.

    Within one folder that is a conflict: engines then know none of these devices ("unresolvable CDI devices"), and no
    container gets a GPU. Across folders the one in /run/cdi goes before the one in /etc/cdi, so that what is changed in
    /etc/cdi has no effect.
    """
    for first, second in combinations(there(machine.containers.cdi) or (), 2):
        if both := [name for name in known(first.devices) if name in known(second.devices)]:
            yield from _of_both(first, second, f"both define {', '.join(both[:4])}{' …' * (len(both) > 4)}")


def _of_both(first: CdiSpec, second: CdiSpec, both: str) -> RuleResults:
    paths = first.path, second.path
    folders = [path.rpartition("/")[0] for path in paths]
    if folders[0] == folders[1]:
        # nvidia.yaml is the name that the toolkit's guide and its refresh service write
        spare = next((path for path in paths if not path.endswith("/nvidia.yaml")), paths[0])
        said = f"two CDI specifications in {folders[0]} define the same devices: engines take them from neither"
        yield error(said, *paths, both, fix=fix("one-cdi", path=spare))
    elif by_hand := [path for path in paths if path.startswith("/etc/")]:
        yield warning("two CDI specifications describe the GPUs", *paths, both, fix=fix("one-cdi", path=by_hand[0]))


@rule(
    "CTR104",
    "docker-runtime-missing",
    "NVIDIA runtime is not configured in Docker",
    worst="info",
    after=("GPU001", "CTR002"),
    required=False,
    source=TOOLKIT,
    remedies=("docker-runtime",),
)
def docker_runtime(machine: Machine) -> RuleResults:
    """The toolkit is installed, but /etc/docker/daemon.json names no ``nvidia`` runtime and there is no CDI
    specification.
    """
    engines = machine.containers.engines
    if "docker" in engines and "nvidia-ctk" in engines and has_gpu(machine) and not machine.containers.cdi_specs:
        runtimes = there(machine.containers.docker_runtimes) or ()
        if "nvidia" not in runtimes:
            yield info(
                "Docker's configuration names no NVIDIA runtime",
                f"runtimes: {', '.join(runtimes) or 'none'}",
                fix=fix("docker-runtime"),
            )


@rule(
    "CTR105",
    "image-cuda-too-new",
    "The image requires a newer CUDA than the driver supports",
    worst="error",
    after=("GPU001", "DRV001"),
    source=TOOLKIT,
    remedies=("older-image",),
)
def required_cuda(machine: Machine) -> RuleResults:
    """NVIDIA_REQUIRE_CUDA, set by the image, names the CUDA version that the host's driver has to support
    (``cuda>=12.6``).

    An image that also lists driver versions (``brand=…``) accepts older ones by forward compatibility; it is not
    judged.
    """
    said = machine.system.environment.get("NVIDIA_REQUIRE_CUDA", "")
    # the first word is the version that every driver must have; alternatives follow after blanks
    wanted = said.split()[0].removeprefix("cuda>=") if said.startswith("cuda>=") else ""
    if machine.system.container and wanted and "driver" not in said:
        have = known(machine.driver.cuda)
        if cuda(have) < cuda(wanted):
            yield error(
                f"the image needs CUDA {wanted}, but the driver supports only CUDA {have}",
                f"NVIDIA_REQUIRE_CUDA={said}",
                fix=fix("older-image", cuda=have),
            )


@rule(
    "CTR106",
    "selinux-container-devices",
    "SELinux blocks device access for containers (container_use_devices)",
    worst="info",
    after=("GPU001", "CTR002"),
    required=False,
    source="container_selinux(8): container_use_devices",
    remedies=("selinux-devices",),
)
def selinux(machine: Machine) -> RuleResults:
    """SELinux is enforcing and ``container_use_devices`` is off: a container that gets the device nodes by
    ``--device`` may be denied access ("Insufficient Permissions"). With CDI the engine sets the right label.
    """
    by_hand = "podman" in machine.containers.engines and has_gpu(machine) and not machine.containers.cdi_specs
    if by_hand and there(machine.system.selinux) == "enforcing" and there(machine.system.selinux_devices) is False:
        yield info(
            "SELinux may deny containers the GPU device nodes (container_use_devices is off)",
            "container_use_devices: off",
            fix=fix("selinux-devices"),
        )


@rule(
    "CTR107",
    "container-asks-no-gpu",
    "NVIDIA_VISIBLE_DEVICES requests no GPU",
    worst="warning",
    after=("GPU001",),
    source=f"{TOOLKIT}; {VISIBLE} (read 2026-11-30)",
    remedies=("container-gpu", "cluster-gpu", "container-gpu-lxc"),
)
def none_asked(machine: Machine) -> RuleResults:
    """NVIDIA_VISIBLE_DEVICES is ``none`` or empty, so that the container gets no GPU.

    With ``none`` NVIDIA's runtime still mounts the driver's libraries; an empty value means the same as ``void``: it
    adds nothing at all, as if the container ran under runc.
    """
    value = machine.system.environment.get("NVIDIA_VISIBLE_DEVICES") if machine.system.container else None
    # "void" itself is what CDI specifications set, so that the runtime adds nothing to what they pass
    if value is None or (value != "none" and value.strip(" ,")):
        return
    seen = either(machine.gpus)
    said = "requests no GPU" if value == "none" else "is empty: NVIDIA's runtime passes neither a GPU nor the driver"
    if not seen:
        yield warning(f"NVIDIA_VISIBLE_DEVICES {said}", f"NVIDIA_VISIBLE_DEVICES={value}", fix=passing(machine))
