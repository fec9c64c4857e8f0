"""Variables and files of Python and Keras: PYTHONPATH, LD_PRELOAD, backends."""

from __future__ import annotations

from gpusetup.doctor.rule import RuleResults, fix, info, rule, there, warning
from gpusetup.machine.model import Machine


@rule("ENV004", "ld-preload", "LD_PRELOAD or LD_AUDIT is set", worst="info", source="ld.so(8)")
def preload(machine: Machine) -> RuleResults:
    """LD_PRELOAD or LD_AUDIT loads a library into every program, which can replace functions of the CUDA libraries."""
    said = [
        f"{name}={machine.system.environment[name]}"
        # an allocator such as jemalloc is a common and harmless reason, so it is only noted
        for name in ("LD_PRELOAD", "LD_AUDIT")
        if machine.system.environment.get(name)
    ]
    if said:
        yield info("LD_PRELOAD or LD_AUDIT loads a library into every program", *said)


@rule(
    "ENV201",
    "keras-backend-missing",
    "keras.json selects a backend that is not installed",
    worst="warning",
    required=False,
    source="Keras documentation: configuring the backend",
    remedies=("keras-json",),
)
def keras_default_backend(machine: Machine) -> RuleResults:
    """~/.keras/keras.json selects a backend for every program of this user, and that framework is not installed."""
    backend = there(machine.system.keras_backend)
    names = {one.name for one in machine.distributions}
    wanted = {"tensorflow": {"tensorflow", "tensorflow-cpu"}, "torch": {"torch"}, "jax": {"jax"}}.get(
        backend or "", set()
    )
    # the variable goes before the file (Keras documentation)
    if "keras" in names and wanted and not wanted & names and "KERAS_BACKEND" not in machine.system.environment:
        yield warning(
            f"keras.json selects the backend {backend}, which is not installed",
            f"backend: {backend}",
            fix=fix("keras-json"),
        )


@rule(
    "ENV106",
    "pythonpath",
    "PYTHONPATH or PYTHONHOME is set",
    worst="info",
    source="Python documentation: PYTHONPATH, PYTHONHOME",
)
def python_path(machine: Machine) -> RuleResults:
    """PYTHONPATH or PYTHONHOME puts other folders before the environment's packages: another torch or numpy may be
    imported.
    """
    said = [
        f"{name}={value}" for name in ("PYTHONPATH", "PYTHONHOME") if (value := machine.system.environment.get(name))
    ]
    if said:
        yield info("PYTHONPATH or PYTHONHOME puts other folders before the environment's packages", *said)


@rule(
    "ENV107",
    "keras-backend",
    "KERAS_BACKEND selects another backend",
    worst="info",
    source="https://keras.io/getting_started/ (configuring your backend)",
)
def keras_backend(machine: Machine) -> RuleResults:
    """KERAS_BACKEND makes Keras use another framework than TensorFlow; the GPU support of that one matters then."""
    value = machine.system.environment.get("KERAS_BACKEND", "")
    if value and value != "tensorflow":
        yield info(f"Keras uses the backend {value} instead of TensorFlow", f"KERAS_BACKEND={value}")
