"""KRN…: is the right kernel module built, allowed, loaded and bound."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import each_card, has_card, module_names
from gpusetup.doctor.kernel.module_packages import prebuilt
from gpusetup.doctor.remedies.system_kind import image_keys
from gpusetup.doctor.rule import Fix, RuleResults, error, fix, info, known, optional, recorded, rule, there, warning
from gpusetup.doctor.rules.drv.driver import no_part_of_a_driver
from gpusetup.machine.dotted import version_key
from gpusetup.machine.model import Machine, Pairs, PciGpu

HELPER = "nvidia-modprobe"
UNINSTALLER = "nvidia-uninstall"
"""What the .run file leaves, and no package of a distribution."""
MODPROBE = "modprobe.d(5); Linux kernel: Documentation/admin-guide/kernel-parameters.txt"
OPEN_DRIVERS = {"nouveau", "nova", "nova_core", "nova-core", "nova_drm", "NovaCore"}
"""As the PCI bus calls the kernel's own drivers; nova's is in Rust, whose drivers are called as their type is."""


def nvidia_is_built(files: tuple[str, ...]) -> bool:
    """Say whether the driver itself is among the modules of a kernel; Debian calls it nvidia-current and the like."""
    stems = {name.partition(".ko")[0] for name in files}
    # a build that stopped half way leaves some of these without the driver
    return any(not stem.endswith(("-uvm", "-drm", "-modeset", "-peermem")) for stem in stems)


@rule(
    "KRN001",
    "module-not-built",
    "The nvidia kernel module is not built for the running kernel",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "DRV003", "KRN101", "KRN103"),
    source="Linux kernel: Documentation/kbuild/modules.rst",
    remedies=("build-module", "install-prebuilt", "restart-into-kernel", "run-file-again"),
)
def not_built(machine: Machine) -> RuleResults:
    """There are NVIDIA modules on disk, but none for the kernel that runs now.

    Where modules are built on the machine, the kernel was updated and akmods or DKMS has not finished, or failed: the
    headers of the new kernel may be missing, or the driver may be too old for it. Where the distribution ships them
    ready-built (Ubuntu's linux-modules-nvidia, openSUSE's KMP), the package for this kernel is missing. Until it is
    solved, the previous kernel in the boot menu works.
    """
    kernel = machine.system.kernel
    # a container sees its host's kernel without its files; WSL has the driver in Windows, and no module
    if not has_card(machine) or machine.system.container or machine.system.virtualization == "wsl":
        return
    if "nvidia" in module_names(machine):
        return
    release = known(kernel.release)
    built = [name for name, files in kernel.modules_on_disk.items() if nvidia_is_built(files)]
    if release not in built:
        yield error(
            "the NVIDIA kernel module is not built for the running kernel",
            f"running kernel: {release}",
            f"kernels with an NVIDIA module: {', '.join(built) or 'none'}",
            f"headers of the running kernel installed: {_yes_or_no(there(kernel.headers))}",
            fix=fix("restart-into-kernel", kernel=there(kernel.next_release) or "")
            if _next_has_it(machine, built)
            else get_module(machine, release),
        )


def _next_has_it(machine: Machine, built: list[str]) -> bool:
    """Say whether the next start is one of a newer kernel with its module, as after an update without a restart.

    Of an older one nobody asked for, so that a module for the running kernel is wanted there.
    """
    kernel = machine.system.kernel
    after = there(recorded(kernel.next_release, "")) or ""
    return after in built and version_key(after) > version_key(known(kernel.release))


def get_module(machine: Machine, kernel: str) -> Fix:
    """Return how the module for `kernel` comes onto this machine: as a package, or built here."""
    if package := prebuilt(machine, kernel):
        return fix("install-prebuilt", package=package, kernel=kernel)
    return fix("run-file-again") if by_run_file(machine) else fix("build-module", kernel=kernel)


def by_run_file(machine: Machine) -> bool:
    """Say whether NVIDIA's .run file installed the driver and nothing builds its modules: no akmods, no DKMS."""
    programs = dict(there(recorded(machine.driver.programs, ())) or ())
    return UNINSTALLER in programs and not there(recorded(machine.system.kernel.builds, ()))


@rule(
    "KRN002",
    "module-built-not-loaded",
    "The nvidia kernel module is built but not loaded",
    worst="error",
    blocks="device nodes",
    symptom=True,
    after=("GPU001", "LOG204", "CTR001"),
    source=MODPROBE,
    remedies=("load-module",),
)
def not_loaded(machine: Machine) -> RuleResults:
    """The module for the running kernel is on disk, and nothing that would forbid it was found, yet it is not loaded.

    Loading it by hand says why: a refused signature, an unknown symbol, or simply that nothing asked for it yet.
    """
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container or "nvidia" in module_names(machine):
        return
    files = kernel.modules_on_disk.get(known(kernel.release), ())
    if nvidia_is_built(files):
        yield error(
            "the NVIDIA kernel module is built for this kernel but not loaded",
            f"module files for the running kernel: {', '.join(files)}",
            f"loaded modules: {', '.join(sorted(module_names(machine))) or 'none of nvidia, nouveau, nova, vfio-pci'}",
            fix=fix("load-module"),
        )


@rule(
    "KRN003",
    "nouveau-bound",
    "nouveau or nova is bound to a GPU",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "KRN201", "KRN103", "KRN110", "KRN112"),
    over=each_card,
    source="NVIDIA driver README, chapter 8",
    remedies=("forbid-nouveau", "rebuild-initramfs"),
)
def open_driver_bound(machine: Machine, card: PciGpu) -> RuleResults:
    """The kernel's own driver (nouveau, or nova from kernel 6.15 on) is bound to this card, so NVIDIA's cannot be.

    It shows a desktop but cannot run CUDA. Either it was never forbidden, or the system fell back to it because the
    NVIDIA module was missing at boot: then that is the thing to repair first. Where no NVIDIA driver is installed,
    forbidding it would leave no driver at all.
    """
    # by what is bound, not by what is loaded: nouveau may be loaded for another card
    if card.driver in OPEN_DRIVERS:
        yield error(
            f"the {card.driver} driver is bound to this GPU, so CUDA cannot use it",
            f"{card.address} (device {card.device_id}) is bound to {card.driver}",
            f"kernel command line: {known(machine.system.kernel.command_line)}",
            fix=fix("rebuild-initramfs" if _is_forbidden(machine, card.driver) else "forbid-nouveau"),
            caused_by="DRV003" if _nothing_else_drives(machine) else "",
        )


def _nothing_else_drives(machine: Machine) -> bool:
    """Say whether no driver of NVIDIA's is here; one that a container brings comes to cards that are free."""
    containers = optional(machine.driver.container, "the host's own folders decide") or ()
    return no_part_of_a_driver(machine) and not containers


def _is_forbidden(machine: Machine, driver: str) -> bool:
    """Say whether modprobe.d blacklists the driver already: then it was loaded from an initramfs that does not."""
    module = "nova_core" if driver == "NovaCore" else driver.replace("-", "_")
    lines = there(recorded(machine.system.kernel.modprobe, ())) or ()
    return any(line.replace("-", "_").split()[:2] == ["blacklist", module] for _, line in lines)


@rule(
    "KRN004",
    "vfio-bound",
    "vfio-pci reserves a GPU for virtual machines",
    worst="warning",
    blocks="kernel module",
    after=("GPU001",),
    over=each_card,
    source="Linux kernel: Documentation/driver-api/vfio.rst",
    remedies=("rebind-card",),
)
def held_for_guests(machine: Machine, card: PciGpu) -> RuleResults:
    """This card is bound to vfio-pci or pci-stub, which hands it to virtual machines; the host itself cannot use it."""
    if card.driver in {"vfio-pci", "pci-stub"}:
        yield warning(
            "this GPU is reserved for virtual machines, the host cannot use it",
            f"{card.address} (device {card.device_id}) is bound to {card.driver}",
            fix=fix("rebind-card"),
        )


@rule(
    "KRN005",
    "module-blacklisted-cmdline",
    "The kernel command line blocks the nvidia module",
    worst="error",
    blocks="kernel module",
    after=("GPU001",),
    source=MODPROBE,
    remedies=("allow-module",),
)
def forbidden(machine: Machine) -> RuleResults:
    """``modprobe.blacklist=``, ``module_blacklist=`` or ``rd.driver.blacklist=`` on the kernel command line names
    nvidia.
    """
    if not has_card(machine):
        return
    for word in (there(machine.system.kernel.command_line) or "").split():
        name, _, value = word.partition("=")
        # of kmod, the kernel and dracut; kmod's alone does not hold against an explicit modprobe, the kernel's does
        if name in {"modprobe.blacklist", "module_blacklist", "rd.driver.blacklist"} and "nvidia" in value.split(","):
            yield error(
                "the kernel command line blocks the nvidia module", word, fix=fix("allow-module", argument=word)
            )


@rule(
    "KRN006",
    "nvidia-uvm-missing",
    "The nvidia_uvm kernel module (unified memory, CUDA) is not loaded",
    worst="error",
    blocks="framework",
    after=("DRV001",),
    source="CUDA installation guide for Linux",
    remedies=("load-uvm",),
)
def no_uvm(machine: Machine) -> RuleResults:
    """The driver is loaded without nvidia_uvm, which CUDA needs for memory: nvidia-smi works while CUDA says error
    999.

    The first CUDA program of an ordinary user can load it only when the set-uid helper ``nvidia-modprobe`` is
    installed; without, it is an error.
    """
    names = module_names(machine)
    # the list of a container is its host's, but who may load a module there is the host's matter
    if "nvidia" in names and "nvidia_uvm" not in names and not machine.system.container:
        helper = HELPER in dict(there(recorded(machine.driver.programs, ((HELPER, ""),))) or ())
        say = warning if helper else error
        yield say(
            f"nvidia_uvm is not loaded: nvidia-smi works, CUDA {'may not' if helper else 'does not'}",
            f"loaded modules: {', '.join(sorted(names))}",
            *([] if helper else [f"{HELPER}, which loads it for users, is not installed"]),
            fix=fix("load-uvm"),
        )


@rule(
    "KRN007",
    "kernel-headers-missing",
    "Kernel headers for the running kernel are missing",
    worst="info",
    after=("GPU001", "KRN001"),
    source="Linux kernel: Documentation/kbuild/modules.rst",
    remedies=("install-headers",),
)
def no_headers(machine: Machine) -> RuleResults:
    """Without headers neither akmods nor DKMS can build the module again when the driver is updated.

    A driver whose modules come ready-built for each kernel does not need them.
    """
    if has_card(machine) and not machine.system.container and not known(machine.system.kernel.headers):
        release = known(machine.system.kernel.release)
        of_container: Pairs = optional(machine.driver.container, "the host's own headers decide") or ()
        # none of these builds a module on the host
        if prebuilt(machine, release) or image_keys(machine) or of_container:
            return
        yield info(
            "the headers of the running kernel are not installed, so its driver module cannot be rebuilt",
            f"/lib/modules/{release}/build leads nowhere",
            fix=fix("install-headers", kernel=release),
        )


@rule(
    "KRN008",
    "newer-kernel-without-module",
    "A newer installed kernel has no nvidia kernel module",
    worst="warning",
    after=("GPU001", "DRV003", "KRN001", "KRN009", "KRN102", "KRN103"),
    source="Linux kernel: Documentation/kbuild/modules.rst",
    remedies=("build-module", "install-prebuilt"),
)
def next_boot(machine: Machine) -> RuleResults:
    """All is well now, but a kernel that is newer than the running one has no NVIDIA module: the next start may lack
    the GPU.
    """
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container or not kernel.modules_on_disk:
        return
    running = known(kernel.release)
    # KRN001's case: what the next kernel lacks matters only while this one works
    if not nvidia_is_built(kernel.modules_on_disk.get(running, ())):
        return
    for release, files in kernel.modules_on_disk.items():
        if version_key(release) > version_key(running) and not nvidia_is_built(files):
            yield warning(
                f"kernel {release} is installed but has no NVIDIA module: the next start may lack the GPU",
                f"running kernel: {running}",
                f"modules for {release}: {', '.join(files) or 'none'}",
                fix=get_module(machine, release),
            )


def _yes_or_no(answer: bool | None) -> str:
    return "unknown" if answer is None else "yes" if answer else "no"
