"""The Python versions that each framework has wheels for."""

from __future__ import annotations

from gpusetup.resolve.candidates import Interpreter, JaxWheel, Layout, TensorflowWheel, TorchWheel
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds


@constraint("python")
def python_is_packaged(python: Interpreter) -> ConstraintResult:
    """Say where the interpreter comes from."""
    where = (
        f"is packaged as {' '.join(python.packages)} beside the system's" if python.packages else "is the system's own"
    )
    return holds(because(python.row, f"Python {python.version} {where}"))


@constraint("torch", "python torch")
def torch_has_python(torch: TorchWheel, python: Interpreter) -> ConstraintResult:
    """Demand a Python that the torch release has wheels for."""
    return listed(python, torch.row.python, f"torch {torch.row.release}", torch)


@constraint("tensorflow", "python tensorflow")
def tensorflow_has_python(tensorflow: TensorflowWheel, python: Interpreter) -> ConstraintResult:
    """Demand a Python that the TensorFlow release has wheels for."""
    return listed(python, tensorflow.row.python, f"TensorFlow {tensorflow.row.release}", tensorflow)


def listed(
    python: Interpreter, built: tuple[str, ...], what: str, wheel: TorchWheel | TensorflowWheel | JaxWheel
) -> ConstraintResult:
    """Return whether `python` is among those that a release is `built` for."""
    text = f"{what} has wheels for Python {built[0]} to {built[-1]}"
    if python.version in built:
        return holds(because(wheel.row, text))
    return fails(because(wheel.row, f"{text}, not {python.version}"))


@constraint("environments", "python torch", "python tensorflow")
def one_environment_has_one_python(layout: Layout, torch: Interpreter, tensorflow: Interpreter) -> ConstraintResult:
    """Demand the same interpreter for both frameworks in one environment."""
    if not layout.shared or torch is tensorflow:
        return holds()
    text = f"an environment has one Python, but torch would use {torch.version} and TensorFlow {tensorflow.version}"
    return fails(because(tensorflow.row, text))
