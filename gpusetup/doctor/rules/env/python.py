"""Variables and files of Python and Keras: PYTHONPATH, LD_PRELOAD, backends."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, fix, info, rule, there, warning
from gpusetup.machine.model import Machine


@rule("ENV004", "ld-preload", "LD_PRELOAD or LD_AUDIT is set", worst="info", source="ld.so(8)")
def preload(machine: Machine) -> Verdicts:
    """LD_PRELOAD or LD_AUDIT puts a library into every program, which can replace functions of the CUDA libraries."""
    said = [
        f"{name}={machine.system.environment[name]}"
        for name in ("LD_PRELOAD", "LD_AUDIT")
        if machine.system.environment.get(name)
    ]
    if said:
        yield info("a library is loaded into every program before all others", *said)


@rule(
    "ENV201",
    "keras-backend-missing",
    "keras.json selects a backend that is not installed",
    worst="warning",
    required=False,
    source="Keras documentation: configuring the backend",
    remedies=("keras-json",),
)
def keras_default_backend(machine: Machine) -> Verdicts:
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


@rule(
    "ENV106",
    "pythonpath",
    "PYTHONPATH or PYTHONHOME is set",
    worst="info",
    source="Python documentation: PYTHONPATH, PYTHONHOME",
)
def python_path(machine: Machine) -> Verdicts:
    """PYTHONPATH or PYTHONHOME puts other folders before the environment's own: another torch or numpy may be
    imported.
    """
    said = [
        f"{name}={value}" for name in ("PYTHONPATH", "PYTHONHOME") if (value := machine.system.environment.get(name))
    ]
    if said:
        yield info("Python looks into other folders before the environment's own", *said)


@rule(
    "ENV107",
    "keras-backend",
    "KERAS_BACKEND selects another backend",
    worst="info",
    source="https://keras.io/getting_started/ (configuring your backend)",
)
def keras_backend(machine: Machine) -> Verdicts:
    """KERAS_BACKEND makes Keras compute with another framework than TensorFlow, whose GPU set-up then matters."""
    value = machine.system.environment.get("KERAS_BACKEND", "")
    if value and value != "tensorflow":
        yield info(f"Keras computes with {value}, not with TensorFlow", f"KERAS_BACKEND={value}")
