"""What JAX needs of the card, the driver, cuDNN and Python. It gets an environment of its own.

Where torch shares an environment, whichever is imported first decides which cuDNN both use (fact
``rule-jax-environment``), so there is nothing to agree on with the other frameworks.
"""

from __future__ import annotations

from gpusetup.resolve.candidates import CardKind, CudnnWheel, DriverOffer, Interpreter, JaxWheel
from gpusetup.resolve.constraints.python import listed
from gpusetup.resolve.constraints.wheels import above_floor, documented
from gpusetup.resolve.domains.jax import built_with
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds
from gpusetup.versions import runs_on, within


@constraint("jax")
def jax_is_apart(jax: JaxWheel) -> ConstraintResult:
    """Say why it has an environment of its own."""
    return holds(because(jax.apart, jax.apart.fact))


@constraint("card", "jax")
def jax_has_kernels(card: CardKind, jax: JaxWheel) -> ConstraintResult:
    """Demand a plugin whose own kernels run on the card; XLA compiles the rest for the card that it finds."""
    if jax.plugin is None:
        return holds()
    have = runs_on(jax.plugin.cc, jax.plugin.ptx, card.cc)
    if have:
        return holds(because(jax.row, f"{jax.plugin.package} {jax.row.release} has {have}, which runs on {card}"))
    compiled = ", ".join(jax.plugin.cc)
    text = f"{jax.plugin.package} {jax.row.release} was compiled for {compiled}, none of which runs on {card}"
    return fails(because(jax.row, text))


@constraint("driver", "jax")
def driver_runs_jax(driver: DriverOffer, jax: JaxWheel) -> ConstraintResult:
    """Demand a driver that can run programs of the plugin's CUDA."""
    if jax.plugin is None:
        return holds()
    return above_floor(driver, jax.floor, built_with(jax.plugin), f"JAX {jax}")


@constraint("jax", "jax_cudnn")
def jax_accepts_cudnn(jax: JaxWheel, cudnn: CudnnWheel) -> ConstraintResult:
    """Demand a cuDNN within the range that the plugin requires."""
    if jax.plugin is None:
        return holds()
    wanted = jax.plugin.cudnn
    fits = wanted.startswith(cudnn.package) and within(cudnn.row.version, wanted.removeprefix(cudnn.package))
    text = f"JAX {jax} requires {wanted}"
    return ConstraintResult(fits, (because(jax.row, text if fits else f"{text}, not {cudnn}"),))


@constraint("card", "jax_cudnn")
def jax_cudnn_knows_card(card: CardKind, cudnn: CudnnWheel) -> ConstraintResult:
    """Demand a cuDNN whose support matrix includes the card."""
    return documented(card, cudnn.row.version, cudnn.support)


@constraint("jax", "python jax")
def jax_has_python(jax: JaxWheel, python: Interpreter) -> ConstraintResult:
    """Demand a Python that jaxlib and the plugin have wheels for."""
    return listed(python, jax.python, f"JAX {jax.row.release}", jax)
