"""CTR1…: device specifications and engine settings for containers."""

from __future__ import annotations

from gpusetup.doctor.cards import driver_version
from gpusetup.doctor.containers import passing
from gpusetup.doctor.rule import Fix, RuleResults, either, error, fix, info, known, rule, there, warning
from gpusetup.doctor.rules.ctr.toolkit import TOOLKIT
from gpusetup.doctor.subjects import has_gpu
from gpusetup.machine.model import Machine
from gpusetup.versions import cuda

AFTER = ("GPU001", "DRV001", "CTR003")


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


def written_anew(machine: Machine, path: str) -> Fix:
    """Return how the specification at `path` is regenerated: by the toolkit's service where that maintains it."""
    # nvidia-cdi-refresh writes to /var/run/cdi alone; a file in /etc/cdi is somebody's own
    if path.startswith(("/run/", "/var/run/")) and any(
        one.name == "nvidia-cdi-refresh" for one in machine.system.services
    ):
        return fix("refresh-cdi", path=path)
    return fix("generate-cdi", path=path)


@rule(
    "CTR103",
    "cdi-duplicate",
    "Two CDI specifications for NVIDIA GPUs",
    worst="warning",
    after=AFTER,
    source=TOOLKIT,
    remedies=("one-cdi",),
)
def doubled(machine: Machine) -> RuleResults:
    """Files in /etc/cdi and in /run/cdi both describe the GPUs. The engine takes each device from the one in /run/cdi,
    so what is changed in /etc/cdi has no effect.
    """
    found = machine.containers.cdi_specs
    by_hand = [path for path in found if path.startswith("/etc/")]
    # the later folder wins; only within one folder are devices of one name a conflict
    # (github.com/cncf-tags/container-device-interface: pkg/cdi/cache.go, resolveConflict)
    if by_hand and len(found) > len(by_hand):
        yield warning("two CDI specifications describe the GPUs", *found, fix=fix("one-cdi", path=by_hand[0]))


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
                fix=fix("older-image"),
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
    source=TOOLKIT,
    remedies=("container-gpu", "cluster-gpu", "container-gpu-lxc"),
)
def none_asked(machine: Machine) -> RuleResults:
    """NVIDIA_VISIBLE_DEVICES is ``none`` or empty: the engine mounts the driver, but passes no GPU."""
    value = machine.system.environment.get("NVIDIA_VISIBLE_DEVICES")
    # "void" is what CDI specifications set, so that the runtime adds nothing to what they pass
    if machine.system.container and value in {"", "none"} and not (either(machine.gpus) or ()):
        yield warning("NVIDIA_VISIBLE_DEVICES requests no GPU", f"NVIDIA_VISIBLE_DEVICES={value}", fix=passing(machine))
