"""Schedules of the rate: its value before each of twelve steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real
from checks.operations.families.optimiser.texts import NO_GRADIENT
from checks.operations.functions import approximate


def rates(x: Any, kind: str) -> Any:  # noqa: ARG001 - x names device and type
    """Return the rate before each of twelve steps under a schedule that starts at 1."""
    n = np.arange(12.0)
    cosine = 0.125 + 0.875 * (1 + np.cos(np.pi * np.minimum(n, 8) / 8)) / 2
    after = 0.125 + 0.875 * (1 + np.cos(np.pi * n / 8)) / 2
    restarts = 0.125 + 0.875 * (1 + np.cos(np.pi * (n % 4) / 4)) / 2
    made = {
        "step": 0.5 ** (n // 3),
        "several": 0.5 ** ((n >= 2).astype(float) + (n >= 7)),
        "exponential": 0.75**n,
        "cosine": after,
        "cosine_decay": cosine,
        "linear": 0.25 + 0.75 * np.minimum(n, 8) / 8,
        "constant": np.where(n < 4, 0.25, 1.0),
        "polynomial": (1 - np.minimum(n, 8) / 8) ** 2,
        "restarts": restarts,
        "lambda": 1 / (1 + n),
        "sequence": np.where(n < 3, 0.25 + 0.75 * n / 3, 0.75 ** (n - 3)),
    }
    return approximate(made[kind], 64)


_SCHEDULES = {
    "step": "StepLR(opt, 3, 0.5)",
    "several": "MultiStepLR(opt, [2, 7], 0.5)",
    "exponential": "ExponentialLR(opt, 0.75)",
    "cosine": "CosineAnnealingLR(opt, 8, 0.125)",
    "linear": "LinearLR(opt, 0.25, 1.0, 8)",
    "constant": "ConstantLR(opt, 0.25, 4)",
    "polynomial": "PolynomialLR(opt, 8, 2.0)",
    "restarts": "CosineAnnealingWarmRestarts(opt, 4, 1, 0.125)",
    "lambda": "LambdaLR(opt, lambda n: 1 / (1 + n))",
    "sequence": "SequentialLR(opt, [schedules.LinearLR(opt, 0.25, 1.0, 3), schedules.ExponentialLR(opt, 0.75)], [3])",
}
_SCHEDULED = (
    "schedules = torch.optim.lr_scheduler\n"
    "opt = torch.optim.SGD([nn.Parameter(x.clone())], 1.0)\n"
    "plan, found = schedules.{call}, []\n"
    "for _ in range(12):\n"
    "    found.append(opt.param_groups[0]['lr'])\n"
    "    opt.step()\n"
    "    plan.step()\n"
    "return torch.tensor(found, dtype=torch.float64)"
)
_KERAS_SCHEDULES = {
    "exponential": "ExponentialDecay(1.0, 1, 0.75)",
    "step": "ExponentialDecay(1.0, 3, 0.5, staircase=True)",
    "cosine_decay": "CosineDecay(1.0, 8, alpha=0.125)",
    "polynomial": "PolynomialDecay(1.0, 8, 0.0, power=2.0)",
    "several": "PiecewiseConstantDecay([1, 6], [1.0, 0.5, 0.25])",
    "lambda": "InverseTimeDecay(1.0, 1, 1.0)",
}
_OPTAX_SCHEDULES = {
    "exponential": "exponential_decay(1.0, 1, 0.75)",
    "step": "exponential_decay(1.0, 3, 0.5, staircase=True)",
    "cosine_decay": "cosine_decay_schedule(1.0, 8, alpha=0.125)",
    "polynomial": "polynomial_schedule(1.0, 0.0, 2, 8)",
    "linear": "linear_schedule(0.25, 1.0, 8)",
}


def _schedule(kind: str) -> Case:
    code = {}
    if kind in _SCHEDULES:
        code["pytorch"] = _SCHEDULED.format(call=_SCHEDULES[kind])
    if kind in _KERAS_SCHEDULES:
        made = f"plan = keras.optimizers.schedules.{_KERAS_SCHEDULES[kind]}\n"
        code["tensorflow"] = f"{made}return tf.stack([tf.cast(plan(n), tf.float32) for n in range(12)])"
    if kind in _OPTAX_SCHEDULES:
        code["jax"] = (
            f"plan = optax.{_OPTAX_SCHEDULES[kind]}\nreturn jnp.stack([jnp.asarray(plan(n)) for n in range(12)])"
        )
    return Case(
        name=f"schedule_{kind}",
        inputs={"x": real("1", gradient=False)},
        reference=rates,
        code=code,
        absent={name: "no schedule of it" for name in ("pytorch", "tensorflow", "jax") if name not in code},
        sizes={"kind": (kind,)},
        no_gradient=NO_GRADIENT,
        eager_only="it makes an optimiser",
        narrow={"tensorflow": "Keras computes rates in float32"},
    )


CASES = tuple(map(_schedule, dict.fromkeys((*_SCHEDULES, *_KERAS_SCHEDULES))))
