"""PYT1…: what an environment is made of: conda and pip, editable installs, the user's site-packages, compilers."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, fix, info, rule, there, warning
from gpusetup.doctor.software.frameworks import beside, each_framework, each_torch
from gpusetup.machine.model import Distribution, Machine, Package

CONDA_FRAMEWORKS = ("pytorch", "tensorflow", "tensorflow-base", "jaxlib")
SAME = {"pytorch": "torch", "tensorflow-base": "tensorflow"}


def each_conda(machine: Machine) -> Iterator[tuple[str, Package]]:
    """Every framework that conda has installed."""
    for one in machine.conda:
        if one.name in CONDA_FRAMEWORKS:
            yield f"{one.name} {one.version} (conda)", one


@rule(
    "PYT101",
    "framework-pip-and-conda",
    "A framework was installed by both conda and pip",
    worst="warning",
    over=each_conda,
    source="conda documentation: using pip in a conda environment",
    remedies=("one-copy",),
)
def twice(machine: Machine, one: Package) -> RuleResults:
    """The same framework was installed by both package managers: their files are mixed, and which copy is imported
    depends on the order.
    """
    name = SAME.get(one.name, one.name)
    for other in machine.distributions:
        # "" is a distribution without an INSTALLER file, as conda's own builds may be
        if other.name == name and other.installer not in {"", "conda"} and other.location.startswith(f"{one.place}/"):
            yield warning(
                f"{name} was installed by conda and by {other.installer}",
                f"conda: {one.version} {one.maker}",
                f"{other.installer}: {other.version} in {other.location}",
                fix=fix("one-copy", name=name),
            )


@rule(
    "PYT102",
    "editable-framework",
    "A framework is an editable install",
    worst="info",
    over=each_framework,
    required=False,
    source="PEP 610, direct_url.json",
)
def editable(machine: Machine, framework: Distribution) -> RuleResults:
    """This framework is an editable install: what it computes changes with the files of a source tree, and its version
    does not show it. A baseline is valid only for that state.
    """
    if framework.editable:
        yield info(f"{framework.name} is an editable install", f"{framework.version} in {framework.location}")


@rule(
    "PYT103",
    "user-site-packages",
    "User site-packages mix with the environment",
    worst="info",
    required=False,
    source="Python documentation: site, ENABLE_USER_SITE",
    remedies=("no-user-site",),
)
def user_site(machine: Machine) -> RuleResults:
    """Some packages are in ~/.local and others in the environment: ``pip install --user`` installs them for every
    environment of that Python. ``PYTHONNOUSERSITE=1`` ignores them.
    """
    parts = [one for one in machine.distributions if one.installer]
    # site.USER_BASE on Linux, unless PYTHONUSERBASE says otherwise
    own = [one for one in parts if "/.local/lib/python" in one.location]
    others = [one for one in parts if one not in own]
    # any text of it will do (site, ENABLE_USER_SITE)
    if own and others and not machine.system.environment.get("PYTHONNOUSERSITE"):
        yield info(
            f"{len(own)} packages come from the user's site-packages, {len(others)} from the environment",
            *(f"{one.name} {one.version} in {one.location}" for one in own[:3]),
            fix=fix("no-user-site"),
        )


@rule(
    "PYT105",
    "system-site-packages",
    "The virtual environment includes system site-packages",
    worst="info",
    required=False,
    source="Python documentation: venv (include-system-site-packages)",
)
def system_packages(machine: Machine) -> RuleResults:
    """The environment was made with ``--system-site-packages``: packages that are missing in it are taken from
    the system's Python, and a system update changes what a training runs with.
    """
    frameworks = [subject for subject, _ in each_framework(machine)]
    shared = there(machine.system.system_packages)
    if frameworks and shared:
        yield info("the environment includes the system's site-packages", *frameworks[:4])


@rule(
    "PYT104",
    "triton-or-compiler-missing",
    "torch.compile lacks Triton or a C compiler",
    worst="info",
    over=each_torch,
    required=False,
    source="PyTorch documentation: torch.compiler, troubleshooting; github.com/triton-lang/triton",
    remedies=(
        "compile-tools",
        "triton",
    ),
)
def no_compiler(machine: Machine, torch: Distribution) -> RuleResults:
    """``torch.compile`` generates CUDA kernels with Triton, which compiles a small extension with the C compiler and
    Python's headers at run time. Everything else works without them.
    """
    if torch.cuda in {"", "cpu"} or not has_gpu(machine):
        return
    missing = [
        *(
            ["Triton"]
            if not any(name.startswith(("triton", "pytorch-triton")) for name in beside(machine, torch))
            else []
        ),
        *(["a C compiler"] if there(machine.system.gcc) is None else []),
        *(["Python's headers"] if there(machine.system.python_headers) is False else []),
    ]
    if missing:
        remedy = fix("triton") if missing == ["Triton"] else fix("compile-tools")
        yield info(f"torch.compile lacks {' and '.join(missing)}", f"torch {torch.version}", fix=remedy)
