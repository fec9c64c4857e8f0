"""LIB…: which files the dynamic linker will take."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import FOR_PEOPLE
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import Fix, RuleResults, either, error, fix, optional, rule, there, warning
from gpusetup.doctor.software.linker import is_compat, linker_finds, listed_for
from gpusetup.machine.model import Library, Machine, Unread

LD_SO = "ld.so(8)"
OPEN_VERIFY = "glibc: elf/dl-load.c, open_verify and open_path (read 2026-11-30)"


@rule(
    "LIB001",
    "libcuda-missing",
    "CUDA driver library libcuda.so.1 is missing",
    worst="error",
    blocks="framework",
    after=("GPU001", "DRV003", "CTR001", "DRV208", "LIB005"),
    source="CUDA driver API, libcuda.so.1",
    remedies=("driver-userland", "library-alternative"),
)
def no_libcuda(machine: Machine) -> RuleResults:
    """The dynamic linker finds no ``libcuda.so.1``, by which every CUDA program calls the driver; nvidia-smi works
    without it.

    It belongs to the driver, not to the CUDA toolkit; some distributions ship it in a separate package. In a
    container it is mounted from the host when the container asks for the ``compute`` capability. Debian's package puts
    it into a folder of its own, to which the alternative ``nvidia`` leads: of another branch, or broken, it hides it.
    """
    if has_gpu(machine) and not linker_finds(machine, "libcuda.so.1"):
        others = [one.path for one in machine.libraries if one.soname == "libcuda.so.1"]
        owners = _by_alternative(machine)
        yield error(
            "the dynamic linker finds no libcuda.so.1: no CUDA program can start",
            f"copies elsewhere: {', '.join(others) or 'none'}",
            *(f"{name} is installed" for name in owners[:1]),
            fix=fix("library-alternative" if owners else "driver-userland"),
        )


def _by_alternative(machine: Machine) -> list[str]:
    """Return Debian's packages of libcuda that are installed, and which the linker finds through an alternative."""
    names = (one.name.partition(":")[0] for one in optional(machine.packages, "the library is missing") or ())
    found = [name for name in names if name == "libcuda1" or _is_tesla(name)]
    return [] if machine.system.container else found


def _is_tesla(package: str) -> bool:
    return package.startswith("libnvidia-tesla-") and package.endswith("-cuda1")


@rule(
    "LIB002",
    "mixed-driver-libraries",
    "Driver libraries of several versions are installed",
    worst="warning",
    after=("GPU001",),
    source=LD_SO,
    remedies=(
        "remove-old-libraries",
        "stray-library",
    ),
)
def several_versions(machine: Machine) -> RuleResults:
    """The dynamic linker can find copies of a driver library of different versions, and takes the first.

    Leftovers of the .run installer, a second repository, or a compat package in LD_LIBRARY_PATH are the usual origin.
    Only the copy that matches the kernel module works.
    """
    for soname in ("libcuda.so.1", "libnvidia-ml.so.1"):
        found = [one for one in linker_finds(machine, soname) if one.version]
        if len({one.version for one in found}) > 1:
            module = there(machine.driver.kernel_module)
            yield warning(
                f"{len(found)} copies of {soname} have different versions; the first is used",
                *(f"{one.path}: {one.version} (by {one.origin})" for one in found),
                f"loaded kernel module: {module or 'none'}",
                fix=without(machine, [one for one in found if module and one.version != module]),
            )


def without(machine: Machine, wrong: list[Library]) -> Fix:
    """Return how to be rid of the `wrong` copies: one that no package has can simply be moved away."""
    stray = [one for one in wrong if not one.owner and one.origin != "LD_LIBRARY_PATH"]
    alone = len(wrong) == 1 and stray and not isinstance(machine.packages, Unread)
    return fix("stray-library", path=stray[0].path) if alone else fix("remove-old-libraries")


@rule(
    "LIB003",
    "ld-library-path",
    "LD_LIBRARY_PATH overrides the CUDA libraries in the wheels",
    worst="warning",
    source=LD_SO,
    remedies=("unset",),
)
def shadowed_wheels(machine: Machine) -> RuleResults:
    """A folder in LD_LIBRARY_PATH holds CUDA libraries that installed wheels bring too. The dynamic linker looks
    there before it follows a file's RUNPATH, which NVIDIA's wheels find one another by; only an RPATH goes first.

    The framework then runs with another cuDNN or cuBLAS than the one it was built and tested with: undefined symbols,
    version errors, or other numbers. Old guides tell users to set the variable; wheels do not need it.
    """
    brought = {one.soname: one for one in machine.libraries if one.origin == "wheel"}
    first = [one for one in machine.libraries if one.origin == "LD_LIBRARY_PATH" and one.soname in brought]
    if first:
        names = ", ".join(dict.fromkeys(one.soname for one in first))
        yield warning(
            f"LD_LIBRARY_PATH puts {names} before the copy in the wheel",
            *(f"used: {one.path}; in the wheel: {brought[one.soname].path}" for one in first[:4]),
            *_taken(machine),
            f"LD_LIBRARY_PATH={machine.system.environment.get('LD_LIBRARY_PATH', '')}",
            fix=fix("unset", name="LD_LIBRARY_PATH"),
        )


def _taken(machine: Machine) -> list[str]:
    """Return which files of the frameworks the linker would give a library from LD_LIBRARY_PATH, the first three."""
    needed = optional(machine.needed, "the names of the libraries decide")
    taken = [one for one in needed or () if one.by == "LD_LIBRARY_PATH"]
    return [f"{one.file} would load {one.path}" for one in taken[:3]]


@rule(
    "LIB004",
    "libcuda-stub",
    "A stub of libcuda is loaded instead of the driver's",
    worst="error",
    blocks="framework",
    source="CUDA installation guide for Linux: stubs",
    remedies=("unset",),
)
def stub(machine: Machine) -> RuleResults:
    """The first ``libcuda.so.1`` that the linker finds is the toolkit's stub, which is for linking only: each CUDA call
    fails (error 34).
    """
    for one in linker_finds(machine, "libcuda.so.1")[:1]:
        if "/stubs/" in one.path:
            yield error(
                "the dynamic linker loads the toolkit's stub instead of the driver's libcuda",
                one.path,
                fix=fix("unset", name="LD_LIBRARY_PATH"),
            )


@rule(
    "LIB007",
    "stub-folder",
    "LD_LIBRARY_PATH contains the CUDA toolkit's stubs folder",
    worst="warning",
    after=("GPU001", "LIB004"),
    source="CUDA installation guide for Linux: stubs; github.com/numba/numba: issue 8985",
    remedies=("library-path-folder",),
)
def stub_folder(machine: Machine) -> RuleResults:
    """The toolkit's folder ``lib64/stubs`` holds libraries without code, which a compiler links programs with on
    machines without a driver. Programs that open ``libcuda.so`` by that name, such as Numba, get the stub from
    there: each CUDA call fails with error 34.

    A stubs folder belongs into the compiler's ``-L`` or LIBRARY_PATH, never into LD_LIBRARY_PATH.
    """
    # ld.so takes both as separators
    folders = machine.system.environment.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
    stubs = [folder for folder in folders if folder.rstrip("/").endswith("/stubs")]
    if stubs and has_gpu(machine):
        yield warning(
            "LD_LIBRARY_PATH leads programs to the stub of libcuda",
            *stubs,
            fix=fix("library-path-folder", folder=stubs[0]),
        )


@rule(
    "LIB005",
    "wrong-architecture-library",
    "The dynamic linker finds a driver library of another architecture",
    worst="error",
    blocks="framework",
    after=("GPU001", "CTR001"),
    source=OPEN_VERIFY,
    remedies=("driver-userland",),
)
def other_architecture(machine: Machine) -> RuleResults:
    """Every copy of a driver library is for another CPU architecture or for 32 bits, so that nothing can load it
    ("wrong ELF class", or "cannot open shared object file"). The dynamic linker passes over such copies and goes on
    looking; beside one that fits they do no harm. Often only the 32-bit libraries for games are installed.
    """
    for soname in ("libcuda.so.1", "libnvidia-ml.so.1"):
        found = listed_for(machine, soname)
        if found and has_gpu(machine) and not linker_finds(machine, soname):
            yield error(
                f"every {soname} that the dynamic linker finds is for another processor or for 32 bits",
                *(f"{one.path}: {one.machine or 'another processor'}, {one.bits} bits" for one in found[:4]),
                fix=fix("driver-userland"),
            )


@rule(
    "LIB006",
    "cuda-compat-first",
    "CUDA forward-compatibility libcuda precedes the driver's",
    worst="error",
    source="https://docs.nvidia.com/deploy/cuda-compatibility/",
    remedies=(
        "remove-compat",
        "unset",
    ),
)
def compatibility(machine: Machine) -> RuleResults:
    """The linker finds the libcuda of a cuda-compat package first. It is for data-centre GPUs on older drivers; on
    other GPUs CUDA fails with error 804, and with a newer driver with error 803.
    """
    for one in linker_finds(machine, "libcuda.so.1")[:1]:
        if is_compat(one):
            by_variable = one.origin == "LD_LIBRARY_PATH"
            refused = _without_compat(machine)
            say = error if refused else warning
            yield say(
                "the forward-compatibility libcuda is used instead of the driver's",
                f"{one.path} (by {one.origin})",
                *([f"it supports only data-centre GPUs, not: {', '.join(refused)}"] if refused else []),
                fix=fix("unset", name="LD_LIBRARY_PATH")
                if by_variable
                else fix("remove-compat", folder=one.path.rpartition("/")[0]),
            )


def _without_compat(machine: Machine) -> list[str]:
    """Return the names of the GPUs that are not made for data centres; for the severity alone."""
    names = [either(gpu.name) or "" for gpu in either(machine.gpus) or ()]
    return list(dict.fromkeys(name for name in names if any(word in name.lower() for word in FOR_PEOPLE)))
