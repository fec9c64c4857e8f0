"""The Python environments of a solution: which frameworks each has, and what pip is to install."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gpusetup.distributions import required
from gpusetup.resolve.chosen.locked_requirements import wheel_of
from gpusetup.resolve.domains.jax import built_with
from gpusetup.resolve.model import Environment, Requirement
from gpusetup.versions import dotted, driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.candidates import Interpreter, JaxWheel, TensorflowWheel, TorchWheel
    from gpusetup.resolve.model import Packages, Request
    from gpusetup.resolve.solver.search import Solution

NUMPY_2 = dotted("2.3")
"""From this torch on its wheels work with NumPy 2."""
HAS_NUMPY_2 = dotted("3.9")
OPTAX = Requirement(text="optax")
"""The optimisers of JAX, which has none of its own: its self-test trains with them."""
REPORTS = dotted("3.11")
"""From this Python on, the bundled pip has ``--report`` (added in pip 22.2)."""


def environments(request: Request, solution: Solution, facts: Facts) -> tuple[Environment, ...]:
    """Return one environment for torch and TensorFlow, or one for each, and one for JAX."""
    made = list(_shareable(request, solution, facts))
    if jax := solution.get("jax"):
        made.append(_jax(jax, solution, facts))
    own = request.packages
    made = [_previewed(one, own) for one in made] if own.previewed else made
    return tuple(_with_packages(made, own) if own.pinned or own.built else made)


def _previewed(environment: Environment, own: Packages) -> Environment:
    """Return the environment with the build that was asked for in the place of the framework's release."""
    if own.home not in environment.frameworks:
        return environment
    rest = [one for one in environment.requirements if required(one.text) not in (own.home, f"{own.home}-cpu")]
    return replace(environment, requirements=(*own.previewed, *rest))


def _with_packages(made: list[Environment], own: Packages) -> Iterator[Environment]:
    """Yield the environments, of which one has the user's own packages."""
    home = next((one for one in made if own.home in one.frameworks), made[0])
    pinned = {required(one.text) for one in own.pinned}
    for one in made:
        kept = tuple(line for line in one.requirements if "==" in line.text or required(line.text) not in pinned)
        yield replace(one, requirements=(*kept, *own.pinned), built=own.built) if one is home else one


def _shareable(request: Request, solution: Solution, facts: Facts) -> Iterator[Environment]:
    torch: TorchWheel | None = solution.get("torch")
    tensorflow: TensorflowWheel | None = solution.get("tensorflow")
    if torch and tensorflow and solution["environments"].shared:
        yield _environment("ml", solution["python torch"], torch, tensorflow, solution, facts, request)
        return
    if torch:
        yield _environment("torch", solution["python torch"], torch, None, solution, facts, request)
    if tensorflow:
        yield _environment("tensorflow", solution["python tensorflow"], None, tensorflow, solution, facts, request)


def _environment(
    name: str,
    python: Interpreter,
    torch: TorchWheel | None,
    tensorflow: TensorflowWheel | None,
    solution: Solution,
    facts: Facts,
    request: Request,
) -> Environment:
    requirements: list[Requirement] = []
    cuda = cudnn = ""
    floors = [wheel.floor for wheel in (torch, tensorflow) if wheel and wheel.floor]
    if tensorflow:
        requirements += _tensorflow_requirements(tensorflow, solution)
        if tensorflow.gpu:
            beside = solution["toolkit_cudnn" if tensorflow.hosted else "cudnn"]
            cuda, cudnn = tensorflow.row.cuda, beside.row.version
    if torch:
        requirements = [_torch_requirement(torch, facts, request.machine_arch), *requirements]
        requirements += _numpy(torch, python, alone=tensorflow is None)
        # in a shared environment both frameworks use the CUDA and cuDNN wheels that torch pins
        if torch.build:
            cuda, cudnn = torch.build.cuda, torch.build.cudnn
    return Environment(
        name=name,
        frameworks=tuple(one for one, wheel in (("torch", torch), ("tensorflow", tensorflow)) if wheel),
        cuda=cuda,
        cudnn=cudnn,
        driver_floor=max((floor.driver for floor in floors), key=driver, default=""),
        **_for_python(python, requirements, facts),
    )


def _jax(jax: JaxWheel, solution: Solution, facts: Facts) -> Environment:
    extra = f"[cuda{jax.plugin.cuda}]" if jax.plugin else ""
    requirements = [Requirement(text=f"jax{extra}=={jax.row.release}")]
    cudnn = solution["jax_cudnn"] if jax.plugin else None
    if cudnn:
        requirements.append(Requirement(text=f"{cudnn.package}=={cudnn.row.version}"))
    requirements.append(OPTAX)
    return Environment(
        name="jax",
        frameworks=("jax",),
        cuda=built_with(jax.plugin) if jax.plugin else "",
        cudnn=cudnn.row.version if cudnn else "",
        driver_floor=jax.floor.driver if jax.floor else "",
        **_for_python(solution["python jax"], requirements, facts),
    )


def _for_python(python: Interpreter, requirements: list[Requirement], facts: Facts) -> dict[str, Any]:
    """Return the fields that depend on the Python: itself, the requirements with their wheels' hashes, and pip."""
    return {
        "python": python.version,
        "python_packages": python.packages,
        "requirements": tuple(replace(one, sha256=_sha256(one, python.version, facts)) for one in requirements),
        "pip": _pip(facts) if dotted(python.version) < REPORTS else None,
    }


def _sha256(requirement: Requirement, python: str, facts: Facts) -> str | None:
    row = wheel_of(requirement, python, facts)
    return row.sha256 if row else None


def _pip(facts: Facts) -> Requirement:
    row = next(row for row in facts.wheel if row.package == "pip")
    return Requirement(text=f"pip=={row.release}", sha256=row.sha256)


def _torch_requirement(torch: TorchWheel, facts: Facts, machine: str) -> Requirement:
    """Return torch with its variant, from PyTorch's index; the default variant is the plain release from PyPI.

    For aarch64 PyPI has builds without CUDA under the same versions (fact ``rule-torch-aarch64-index``).
    """
    if torch.build and torch.variant == torch.row.default_variant and machine == "x86_64":
        return Requirement(text=f"torch=={torch.row.release}")
    pattern = next(row.pattern for row in facts.index if row.id == "index-torch")
    return Requirement(text=f"torch=={torch.row.release}+{torch.variant}", index=pattern.format(variant=torch.variant))


def _numpy(torch: TorchWheel, python: Interpreter, *, alone: bool) -> Iterator[Requirement]:
    """Yield NumPy where nothing else brings it, in the version that torch was compiled with (`rule-torch-numpy-1`).

    torch only recommends it, but exchanges no array without it, and the self-test cannot run.
    """
    if dotted(torch.row.release) < NUMPY_2 and dotted(python.version) >= HAS_NUMPY_2:
        yield Requirement(text="numpy<2")
    elif alone:
        yield Requirement(text="numpy")


def _tensorflow_requirements(tensorflow: TensorflowWheel, solution: Solution) -> Iterator[Requirement]:
    row = tensorflow.row
    if not tensorflow.gpu or tensorflow.hosted:
        # the package for the CPU alone has wheels for x86_64 only
        smaller = row.cpu_package if solution["release"].machine == "x86_64" else ""
        package = row.package if tensorflow.gpu else smaller or row.package
        yield Requirement(text=f"{package}=={row.release}")
        yield from (Requirement(text=pin) for pin in row.pins)
        return
    yield Requirement(text=f"tensorflow[and-cuda]=={row.release}")
    cudnn = solution["cudnn"]
    yield Requirement(text=f"{cudnn.package}=={cudnn.row.version}")
