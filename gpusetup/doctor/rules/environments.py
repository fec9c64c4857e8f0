"""PYT1…, WHL2…: what an environment is made of: requirements, conda, links, folders of the user's own."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.frameworks import beside, each_framework, each_torch, interpreter
from gpusetup.doctor.rule import Verdicts, error, fix, info, rule, there, warning
from gpusetup.doctor.subjects import has_gpu
from gpusetup.machine.model import Distribution, Machine, Package

METADATA = "Python packaging: core metadata (Requires-Dist), version specifiers"
CONDA_FRAMEWORKS = ("pytorch", "tensorflow", "tensorflow-base", "jaxlib")
SAME = {"pytorch": "torch", "tensorflow-base": "tensorflow"}


@rule(
    "WHL201",
    "A framework's requirement is not met",
    worst="warning",
    over=each_framework,
    source=METADATA,
)
def requirements(machine: Machine, framework: Distribution) -> Verdicts:
    """The framework's own metadata ask for another version of a distribution than the one beside it. Of NVIDIA's
    libraries each release was built and tested with one version; another gives missing symbols, wrong kernels or slow
    ones.

    A requirement that no version here contradicts, because it is not installed, is not spoken of.
    """
    from gpusetup.doctor.requirement import unmet  # noqa: PLC0415 - needed where a framework is

    have = beside(machine, framework)
    wrong = [one for line in framework.requires if (one := unmet(line, have, machine.system.arch))]
    if wrong:
        yield warning(
            f"not met of what {framework.name} {framework.version} requires: {len(wrong)}",
            *wrong[:5],
            fix=fix(
                "requirements", python=interpreter(framework), requirement=f"{framework.name}=={framework.version}"
            ),
        )


def each_conda(machine: Machine) -> Iterator[tuple[str, Package]]:
    """Every framework that conda has installed."""
    for one in machine.conda:
        if one.name in CONDA_FRAMEWORKS:
            yield f"{one.name} {one.version} (conda)", one


@rule(
    "WHL202",
    "Conda's framework was built without CUDA",
    worst="error",
    after=("GPU001",),
    over=each_conda,
    source="conda-forge: how builds are named (cpu, cuda)",
)
def conda_cpu(machine: Machine, one: Package) -> Verdicts:
    """There is an NVIDIA GPU, but conda has chosen a build for the CPU alone, mostly since it saw no driver when it
    solved (a login node, a container's build). ``CONDA_OVERRIDE_CUDA`` tells it which one will be there.
    """
    if one.maker.startswith(("cpu", "mkl", "eigen")) and has_gpu(machine):
        yield error(
            f"conda's {one.name} was built for the CPU alone",
            f"{one.name} {one.version} {one.maker} in {one.place}",
            fix=fix("conda-cuda"),
        )


@rule(
    "PYT101",
    "A framework was installed by conda and by pip into one environment",
    worst="warning",
    over=each_conda,
    source="conda documentation: using pip in a conda environment",
)
def twice(machine: Machine, one: Package) -> Verdicts:
    """The same framework came from both managers: files of the one lie among those of the other, and which is imported
    depends on the order.
    """
    name = SAME.get(one.name, one.name)
    for other in machine.distributions:
        if other.name == name and other.installer not in {"", "conda"} and other.location.startswith(f"{one.place}/"):
            yield warning(
                f"{name} was installed by conda and by {other.installer}",
                f"conda: {one.version} {one.maker}",
                f"{other.installer}: {other.version} in {other.location}",
                fix=fix("one-copy", name=name),
            )


@rule(
    "PYT102",
    "A framework is a link to a working tree",
    worst="info",
    over=each_framework,
    required=False,
    source="PEP 610, direct_url.json",
)
def editable(machine: Machine, framework: Distribution) -> Verdicts:
    """This framework is an editable installation: what it computes changes with the files of somebody's checkout, and
    its version does not say so. A baseline of it holds only for that state.
    """
    if framework.editable:
        yield info(f"{framework.name} is a link to a working tree", f"{framework.version} in {framework.location}")


@rule(
    "PYT103",
    "Packages of the user's own folder mix with the system's",
    worst="info",
    required=False,
    source="Python documentation: site, ENABLE_USER_SITE",
)
def user_site(machine: Machine) -> Verdicts:
    """Parts of a framework lie in ~/.local and others in the environment: ``pip install --user`` put them there for
    every environment of that Python. ``PYTHONNOUSERSITE=1`` leaves them out.
    """
    parts = [one for one in machine.distributions if one.installer]
    own = [one for one in parts if "/.local/lib/python" in one.location]
    others = [one for one in parts if one not in own]
    if own and others:
        yield info(
            f"packages from the user's own folder: {len(own)}, from the environment: {len(others)}",
            *(f"{one.name} {one.version} in {one.location}" for one in own[:3]),
            fix=fix("no-user-site"),
        )


@rule(
    "PYT105",
    "The virtual environment also sees the system's packages",
    worst="info",
    required=False,
    source="Python documentation: venv (include-system-site-packages)",
)
def system_packages(machine: Machine) -> Verdicts:
    """The environment was made with ``--system-site-packages``: what is not installed in it is taken from the system's
    Python, and an update of the system changes what a training runs with.
    """
    frameworks = [subject for subject, _ in each_framework(machine)]
    shared = there(machine.system.system_packages)
    if frameworks and shared:
        yield info("the environment also sees the packages of the system's Python", *frameworks[:4])


@rule(
    "PYT104",
    "torch.compile lacks a tool",
    worst="info",
    over=each_torch,
    required=False,
    source="PyTorch documentation: torch.compiler, troubleshooting; github.com/triton-lang/triton",
)
def no_compiler(machine: Machine, torch: Distribution) -> Verdicts:
    """``torch.compile`` writes kernels with Triton, which compiles a small extension with the C compiler and Python's
    headers at run time. Everything else works without.
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


@rule(
    "ENV201",
    "Keras is told of a backend that is not installed",
    worst="warning",
    required=False,
    source="Keras documentation: configuring the backend",
)
def keras_backend(machine: Machine) -> Verdicts:
    """~/.keras/keras.json names a backend for every program of this user, and the framework is not installed here."""
    backend = there(machine.system.keras_backend)
    names = {one.name for one in machine.distributions}
    wanted = {"tensorflow": {"tensorflow", "tensorflow-cpu"}, "torch": {"torch"}, "jax": {"jax"}}.get(
        backend or "", set()
    )
    if "keras" in names and wanted and not wanted & names and "KERAS_BACKEND" not in machine.system.environment:
        yield warning(
            f"keras.json names {backend}, which is not installed", f"backend: {backend}", fix=fix("keras-json")
        )
