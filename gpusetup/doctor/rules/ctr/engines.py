"""CTR2…: engines against the toolkit: versions, runtimes, Kubernetes, rootless users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import (
    RuleResult,
    RuleResults,
    either,
    error,
    failure,
    fix,
    info,
    optional,
    recorded,
    rule,
    there,
    unknown,
    unlisted,
    warning,
)
from gpusetup.doctor.rules.ctr.toolkit import TOOLKIT
from gpusetup.facts import facts
from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.model import Machine
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts.model.containers import CdiSupport

CDI_ENGINES = ("podman", "docker", "containerd", "crio")


@rule(
    "CTR201",
    "engine-too-old-for-cdi",
    "Container engine is too old for the CDI specification version",
    worst="error",
    after=("GPU001", "CTR003"),
    source="facts: cdi_support",
    remedies=("older-cdi",),
)
def old_engine(machine: Machine) -> RuleResults:
    """The toolkit writes specifications of a version that this engine does not read: it reports that the
    device ``nvidia.com/gpu=all`` cannot be resolved, or refuses the file.
    """
    engines = [one for one in machine.containers.engines if one in CDI_ENGINES]
    for spec in (there(machine.containers.cdi) or ()) if has_gpu(machine) else ():
        for engine in engines if spec.version else ():
            row, version = _needed(engine, spec.version), machine.containers.versions.get(engine, "")
            # an engine below /opt or built by hand has no package that tells its version
            if row and not version:
                yield unknown(
                    f"cannot check {engine}: its version is unknown, and CDI {row.cdi} needs {row.engine_from}",
                    f"{machine.containers.engines[engine]}: belongs to no known package",
                )
            elif row and dotted(version) < dotted(row.engine_from):
                yield error(
                    f"{engine} {version} does not read CDI {spec.version}",
                    spec.path,
                    cite(row, f"CDI {row.cdi} needs {engine} {row.engine_from} and newer"),
                    fix=fix("older-cdi"),
                )


def _needed(engine: str, version: str) -> CdiSupport | None:
    """Return the row of the newest specification that is not newer than `version`.

    The tables do not say from which release on an engine reads the earlier ones.
    """
    rows = [row for row in facts().cdi_support if row.engine == engine and dotted(row.cdi) <= dotted(version)]
    row = max(rows, key=lambda row: dotted(row.cdi), default=None)
    if row and row.cdi == version:
        return row
    judged = f"judged by CDI {row.cdi}" if row else "every release that reads CDI at all reads that one"
    unlisted([], f"which {engine} reads CDI {version}", judged)
    return row


@rule(
    "CTR202",
    "image-libc-unsupported",
    "The image's C library (musl) cannot load NVIDIA's driver libraries",
    worst="error",
    after=("GPU001",),
    source=f"{TOOLKIT}; NVIDIA driver README, minimum requirements (glibc)",
    remedies=("glibc-image",),
)
def musl(machine: Machine) -> RuleResults:
    """The driver libraries that an engine mounts into a container need glibc; this image is based on musl, as
    Alpine is. Use an image of Debian, Ubuntu, Fedora or another distribution with glibc. It is an error where NVML
    cannot be loaded; an image may bring what glibc's programs need (gcompat), and then it works.
    """
    if machine.system.container and there(machine.system.libc) == "musl" and has_gpu(machine):
        say = error if failure(machine.gpus, "the C library decides") else warning
        yield say(
            "this image is based on musl, and the driver libraries need glibc", "libc: musl", fix=fix("glibc-image")
        )


def _is_node(machine: Machine) -> bool:
    """Say whether a kubelet has run here."""
    return there(recorded(machine.containers.device_plugins, None)) is not None


@rule(
    "CTR203",
    "containerd-runtime-missing",
    "NVIDIA runtime is not configured in containerd",
    worst="warning",
    after=("GPU001", "CTR002"),
    required=False,
    source=f"{TOOLKIT}; github.com/NVIDIA/k8s-device-plugin: issue 107",
    remedies=("containerd-runtime",),
)
def containerd(machine: Machine) -> RuleResults:
    """This machine is a Kubernetes node with containerd and NVIDIA's toolkit, but containerd's configuration does
    not name the runtime: containers run under runc and see no GPU, that of the device plugin too, so that the node
    offers none.
    """
    # the kubelet makes the folder of its plugins: where there is none, containerd serves Docker
    told, node = there(machine.containers.containerd_nvidia), _is_node(machine)
    if node and told is False and "nvidia-ctk" in machine.containers.engines and has_gpu(machine):
        yield warning(
            "containerd runs containers with runc: it does not know the NVIDIA runtime",
            "no file of containerd's configuration names nvidia",
            fix=fix("containerd-runtime"),
        )


@rule(
    "CTR208",
    "crio-runtime-missing",
    "NVIDIA runtime is not configured in CRI-O",
    worst="info",
    after=("GPU001", "CTR002"),
    required=False,
    source=TOOLKIT,
    remedies=("crio-runtime",),
)
def crio(machine: Machine) -> RuleResults:
    """This machine is a Kubernetes node with CRI-O and NVIDIA's toolkit, but no file of CRI-O's configuration names the
    runtime, and there is no CDI specification, which it reads as well.
    """
    told, node = there(machine.containers.crio_nvidia), _is_node(machine)
    by_cdi = bool(machine.containers.cdi_specs)
    if node and told is False and not by_cdi and "nvidia-ctk" in machine.containers.engines and has_gpu(machine):
        yield info(
            "CRI-O's configuration names no NVIDIA runtime", "no file below /etc/crio names it", fix=fix("crio-runtime")
        )


@rule(
    "CTR204",
    "kubernetes-no-gpu",
    "Kubernetes node advertises no nvidia.com/gpu",
    worst="warning",
    after=("GPU001", "DRV001", "CTR203", "CTR208"),
    required=False,
    source="github.com/NVIDIA/k8s-device-plugin: README.md; Kubernetes documentation, device plugins, RuntimeClass",
    remedies=("device-plugin", "device-plugin-runtime", "docker-default-runtime"),
)
def no_plugin(machine: Machine) -> RuleResults:
    """A kubelet runs here, but no device plugin of NVIDIA's has registered: the node has no ``nvidia.com/gpu`` to
    offer.

    Where ``nvidia`` is not containerd's default runtime, the plugin's own pods need ``runtimeClassName: nvidia``, or
    they see no GPU and wait.
    """
    sockets = there(machine.containers.device_plugins)
    if sockets is not None and has_gpu(machine) and not any("nvidia" in name for name in sockets):
        yield _no_plugin(machine, sockets)


def _no_plugin(machine: Machine, sockets: tuple[str, ...]) -> RuleResult:
    """Return that the node offers no GPU, with the engine whose default runtime keeps it from the plugin's pods."""
    because = "another engine may serve the kubelet"
    default = optional(machine.containers.containerd_default, because)
    docker = optional(machine.containers.docker_default, because)
    # only where containerd knows the runtime can a pod name it
    other = bool(default) and default != "nvidia" and either(machine.containers.containerd_nvidia)
    by_docker = not default and "nvidia" in (optional(machine.containers.docker_runtimes, because) or ())
    runc = by_docker and docker != "nvidia"
    engine = f"containerd's default runtime: {default}" if default else f"docker's default runtime: {docker}"
    return warning(
        "no NVIDIA device plugin has registered with the kubelet",
        f"sockets: {', '.join(sockets) or 'none'}",
        *([engine] if default or docker else []),
        fix=fix("docker-default-runtime" if runc else "device-plugin-runtime" if other else "device-plugin"),
    )


@rule(
    "CTR205",
    "systemd-cgroup-reload",
    "systemd daemon-reload revokes the GPU from Docker containers (cgroup driver)",
    worst="warning",
    after=("GPU001", "CTR002"),
    required=False,
    source="github.com/NVIDIA/nvidia-container-toolkit: issue 48",
    remedies=("char-links",),
)
def char_links(machine: Machine) -> RuleResults:
    """Docker's containers get the GPU by the NVIDIA runtime hook, and /dev/char has no links to the device nodes: when
    systemd reloads, it revokes their access, and NVML in them answers 999. CDI is not affected; the NVIDIA
    runtime itself uses it from toolkit 1.18 on (its mode jit-cdi).
    """
    engines, runtimes = machine.containers.engines, there(machine.containers.docker_runtimes) or ()
    old_way = "docker" in engines and "nvidia" in runtimes and not machine.containers.cdi_specs and has_gpu(machine)
    if old_way and not _by_jit_cdi(machine) and there(machine.containers.char_links) is False:
        said = "/dev/char has no links to NVIDIA's device nodes: a reload of systemd takes the GPU from containers"
        yield warning(said, "no /dev/char/195:255", fix=fix("char-links"))


@rule(
    "CTR206",
    "rootless-cgroups",
    "Rootless container engine cannot set device cgroups (no-cgroups)",
    worst="warning",
    after=("GPU001", "CTR002"),
    required=False,
    source=f"{TOOLKIT} (rootless mode)",
    remedies=("no-cgroups",),
)
def rootless(machine: Machine) -> RuleResults:
    """A container engine runs without root, and the toolkit's setting ``no-cgroups`` is off: its hook tries to
    change the device cgroup, which only root may. With CDI there is no such hook.
    """
    by_hook = "nvidia-ctk" in machine.containers.engines and not machine.containers.cdi_specs and has_gpu(machine)
    if by_hook and there(machine.system.user_namespace) and there(machine.containers.no_cgroups) is False:
        yield warning(
            "the toolkit's no-cgroups is false, and this engine is rootless", "no-cgroups: false", fix=fix("no-cgroups")
        )


def _by_jit_cdi(machine: Machine) -> bool:
    """Say whether the NVIDIA runtime makes the device requests of every container of Docker.

    From 1.18 on its mode "auto" is jit-cdi on a host, not legacy (nvidia-container-toolkit: internal/info/auto.go); a
    container of runc with ``--gpus`` still goes by the hook.
    """
    version = machine.containers.versions.get("nvidia-ctk", "")
    by_runtime = there(recorded(machine.containers.docker_default, "runc")) == "nvidia"
    return by_runtime and is_dotted(version) and dotted(version) >= dotted("1.18.0")


@rule(
    "CTR212",
    "root-without-cgroups",
    "no-cgroups keeps the GPU from the containers of a Docker that runs as root",
    worst="warning",
    after=("GPU001", "CTR002"),
    required=False,
    source=f"{TOOLKIT} (rootless mode); github.com/NVIDIA/nvidia-container-toolkit: issue 381",
    remedies=("cgroups",),
)
def by_root(machine: Machine) -> RuleResults:
    """The toolkit's setting ``no-cgroups`` is on, which only rootless engines need: its hook then allows the device
    nodes to no container, and NVML in one answers "Unknown Error" (999). What is passed by ``--device`` or CDI works.
    """
    engines, runtimes = machine.containers.engines, there(machine.containers.docker_runtimes) or ()
    by_hook = "docker" in engines and "nvidia" in runtimes and not machine.containers.cdi_specs and has_gpu(machine)
    rootless = there(machine.system.user_namespace) or there(recorded(machine.containers.docker_rootless, before=False))
    if by_hook and not _by_jit_cdi(machine) and there(machine.containers.no_cgroups) and not rootless:
        said = "the toolkit's no-cgroups is true, and Docker runs as root: its containers are denied the GPU"
        yield warning(said, "no-cgroups: true", fix=fix("cgroups"))


@rule(
    "CTR207",
    "wsl-cdi-device-missing",
    "CDI specification in WSL lacks /dev/dxg",
    worst="error",
    after=("WSL001",),
    source="https://docs.nvidia.com/cuda/wsl-user-guide/",
    remedies=("wsl-cdi",),
)
def wsl(machine: Machine) -> RuleResults:
    """Inside WSL the GPU is /dev/dxg; a specification that was generated in another mode names /dev/nvidia* and files
    that do not exist.
    """
    for spec in (there(machine.containers.cdi) or ()) if machine.system.virtualization == "wsl" else ():
        if any(path.startswith("/dev/nvidia") for path in spec.missing):
            yield error(
                "the CDI specification was not generated for WSL", spec.path, *spec.missing[:3], fix=fix("wsl-cdi")
            )
