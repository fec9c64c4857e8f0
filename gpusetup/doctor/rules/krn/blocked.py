"""KRN1…: what keeps the module from being loaded or the right one from being taken."""

from __future__ import annotations

from gpusetup.doctor.gpu.graphics_tools import tool_of
from gpusetup.doctor.gpu.subjects import has_card, module_names
from gpusetup.doctor.rule import RuleResults, error, fix, known, rule, there, warning
from gpusetup.doctor.rules.krn.module import OPEN_DRIVERS
from gpusetup.machine.model import Machine

MODPROBE = "modprobe.d(5)"
# by their ends: distributions have them in /bin, /usr/bin or both
OFF = ("/false", "/true")
NAMES = (["nvidia"], ["nvidia-current"], ["nvidia_current"], ["nvidia-current-open"], ["nvidia_current_open"])
"""What the module itself is called, on Debian by its flavour."""
SUPPORT = {
    "nvidia-current": "nvidia-kernel-support",
    "nvidia-current-open": "nvidia-open-kernel-support",
}
"""Debian's modules, and the package that has modprobe's names for them."""
TESLA = "nvidia-tesla-"
"""How the modules of Debian's older branches begin; their packages are named alike."""
FLAVOURS = {"nvidia-current-open": "current-open", "nvidia-current": "current"}
"""Debian's modules by the folder in which their configuration lies."""


@rule(
    "KRN105",
    "module-blacklisted-modprobe",
    "modprobe.d blocks the nvidia kernel module",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "GPU010"),
    source=MODPROBE,
    remedies=(
        "allow-modprobe",
        "envycontrol-hybrid",
        "supergfxctl-hybrid",
        "prime-select-on-demand",
        "system76-power-hybrid",
    ),
)
def forbidden(machine: Machine) -> RuleResults:
    """A file of modprobe.d blacklists nvidia, gives its name to nothing (``alias nvidia off``), or makes loading it do
    nothing (``install nvidia /bin/false``).

    Tools that switch a notebook's graphics write such files (EnvyControl, supergfxctl, prime-select, system76-power):
    the tool has to be asked for the other mode, or it writes the file again.
    """
    for path, line in (there(machine.system.kernel.modprobe) or ()) if has_card(machine) else ():
        if _blocks(line.split()):
            tool = tool_of(machine, path)
            yield error(
                f"modprobe.d blocks the NVIDIA module{f', by {tool.name}' if tool else ''}",
                f"{path}: {line}",
                fix=fix(tool.remedy) if tool else fix("allow-modprobe", path=path, line=line),
            )
            # one tool writes all its lines, and its own switch takes all of them back
            if tool:
                return


def _blocks(words: list[str]) -> bool:
    """Say whether one line of modprobe.d keeps nvidia itself from being loaded."""
    # a blacklist of nvidia_drm or nvidia_uvm alone leaves the driver itself
    if words[1:2] not in NAMES:
        return False
    stub = words[0] == "install" and words[-1].endswith(OFF)
    return words[0] == "blacklist" or stub or (words[0] == "alias" and words[2:3] == ["off"])


@rule(
    "KRN110",
    "glx-alternative-mesa",
    "Debian's alternative glx is not NVIDIA's",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "DRV003"),
    source="packages.debian.org: glx-alternative-nvidia (update-glx, /etc/nvidia)",
    remedies=("glx-alternative",),
)
def without_glx(machine: Machine) -> RuleResults:
    """Debian's driver brings its configuration of modprobe, the blacklist of nouveau among it, through the alternative
    ``glx``. It leads to Mesa here, so that nouveau is bound although NVIDIA's driver is installed.
    """
    # asked only where nouveau holds a card: a desktop may well want Mesa's glx beside a driver that works
    held = [card.address for card in there(machine.pci) or () if card.driver in OPEN_DRIVERS]
    led = dict(there(machine.driver.alternatives) or ()).get("glx", "") if held else ""
    if "mesa" in led:
        yield error(
            "Debian's alternative glx leads to Mesa, so nouveau is not forbidden",
            f"/etc/alternatives/glx: {led}",
            f"bound to nouveau or nova: {', '.join(held)}",
            fix=fix("glx-alternative"),
        )


@rule(
    "KRN111",
    "nvidia-alternative-differs",
    "Debian's alternative nvidia is of another module flavour",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "DRV003", "KRN001", "KRN110"),
    required=False,
    source="packages.debian.org: nvidia-alternative",
    remedies=("nvidia-alternative",),
)
def other_flavour(machine: Machine) -> RuleResults:
    """The alternative ``nvidia`` says which of Debian's modules ``modprobe nvidia`` loads. It names a flavour of which
    no module is built for this kernel: ``modprobe nvidia`` fails, while a module is loaded from the next start on.
    """
    files = machine.system.kernel.modules_on_disk.get(known(machine.system.kernel.release), ())
    built = {flavour for file in files for stem, flavour in FLAVOURS.items() if file.partition(".ko")[0] == stem}
    if not built or not has_card(machine):
        return
    led = dict(there(machine.driver.alternatives) or ()).get("nvidia", "").rpartition("/")[2]
    if led in FLAVOURS.values() and led not in built:
        say = warning if "nvidia" in module_names(machine) else error
        yield say(
            f"modprobe nvidia means the module {led}, built is {', '.join(sorted(built))}",
            f"/etc/alternatives/nvidia: {led}",
            f"modules for this kernel: {', '.join(files)}",
            fix=fix("nvidia-alternative", flavour=sorted(built)[0]),
        )


@rule(
    "KRN112",
    "kernel-support-missing",
    "Debian's package that lets modprobe find the nvidia module is missing",
    worst="error",
    blocks="kernel module",
    after=("GPU001", "DRV003", "KRN001"),
    required=False,
    source="packages.debian.org: nvidia-kernel-support, list of files",
    remedies=("kernel-support",),
)
def without_support(machine: Machine) -> RuleResults:
    """Debian's modules are called nvidia-current and the like. The package nvidia-kernel-support has what makes
    ``modprobe nvidia`` mean them, and the blacklist of nouveau: without it nouveau takes the card, and where nouveau is
    forbidden by hand the module is not found.
    """
    files = machine.system.kernel.modules_on_disk.get(known(machine.system.kernel.release), ())
    stems = {file.partition(".ko")[0] for file in files}
    if not has_card(machine) or "nvidia" in module_names(machine) or "nvidia" in stems:
        return
    wanted = [package for stem in sorted(stems) if (package := _support_of(stem))]
    have = {one.name.partition(":")[0] for one in known(machine.packages) if one.manager == "dpkg"}
    # a module that is found by no package's work is somebody's own, as is a name in modprobe.d
    if have and wanted and not have & set(wanted):
        yield error(
            f"modprobe does not find Debian's nvidia module: {wanted[0]} is not installed",
            f"modules for this kernel: {', '.join(files)}",
            fix=fix("kernel-support", package=wanted[0]),
        )


def _support_of(stem: str) -> str:
    """Return the package that gives modprobe a name for the module `stem` of Debian, "" for its parts and others."""
    branch = stem.removeprefix(TESLA)
    return f"{TESLA}{branch}-kernel-support" if branch != stem and branch.isdigit() else SUPPORT.get(stem, "")
