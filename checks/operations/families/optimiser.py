"""Optimisers step by step from given gradients: groups, L2, amsgrad, maximising, beyond step 1,000, from a checkpoint.

Bound: running error analysis of the published rule (Higham 2002, section 3.3), over all steps; rates and decays are
exact in binary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real
from checks.operations.functions import absolute, approximate, maximum, minimum, sqrt

EPSILON = 2.0**-10
RATE = 2.0**-4


def sgd(w: Any, g: Any, momentum: float = 0, dampening: float = 0, decay: float = 0, nesterov: bool = False) -> Any:
    """Return w after SGD over the rows of g; the first step is not dampened."""
    velocity: Any = None
    for n in range(len(g)):
        slope = g[n] + decay * w
        if momentum:
            velocity = slope if velocity is None else momentum * velocity + (1 - dampening) * slope
            slope = slope + momentum * velocity if nesterov else velocity
        w = w - RATE * slope
    return w


def adam(
    w: Any, g: Any, decay: float = 0, shrink: float = 0, amsgrad: bool = False, inside: bool = False, rate: float = RATE
) -> Any:
    """Return w after Adam with β 7/8 and 31/32.

    `decay` is L2, `shrink` is decoupled, `inside` puts ε before the correction.
    """
    m: Any = 0.0
    v: Any = 0.0
    top: Any = 0.0
    for n in range(1, len(g) + 1):
        w = w * (1 - rate * shrink) if shrink else w
        slope = g[n - 1] + decay * w if decay else g[n - 1]
        m = 0.875 * m + 0.125 * slope
        v = 0.96875 * v + 0.03125 * (slope * slope)
        top = maximum(top, v) if amsgrad else v
        first, second = 1 - 0.875**n, (1 - 0.96875**n) ** 0.5
        bottom = sqrt(top) / second + (EPSILON / second if inside else EPSILON)
        w = w - rate / first * (m / bottom)
    return w


def rms(w: Any, g: Any, centred: bool = False, momentum: float = 0) -> Any:
    """Return w after RMSprop with α 31/32."""
    v: Any = 0.0
    mean: Any = 0.0
    velocity: Any = 0.0
    for n in range(len(g)):
        v = 0.96875 * v + 0.03125 * (g[n] * g[n])
        mean = 0.96875 * mean + 0.03125 * g[n]
        root = sqrt(v - mean * mean) if centred else sqrt(v)
        step = g[n] / (root + EPSILON)
        velocity = momentum * velocity + step if momentum else step
        w = w - RATE * velocity
    return w


def adagrad(w: Any, g: Any, first: float = 0.5) -> Any:
    """Return w after Adagrad that starts from `first`."""
    total: Any = first
    for n in range(len(g)):
        total = total + g[n] * g[n]
        w = w - RATE * (g[n] / (sqrt(total) + EPSILON))
    return w


def adadelta(w: Any, g: Any) -> Any:
    """Return w after Adadelta with ρ 7/8."""
    v: Any = 0.0
    moved: Any = 0.0
    for n in range(len(g)):
        v = 0.875 * v + 0.125 * (g[n] * g[n])
        step = sqrt(moved + EPSILON) / sqrt(v + EPSILON) * g[n]
        moved = 0.875 * moved + 0.125 * (step * step)
        w = w - RATE * step
    return w


def adamax(w: Any, g: Any) -> Any:
    """Return w after Adamax."""
    m: Any = 0.0
    top: Any = 0.0
    for n in range(1, len(g) + 1):
        m = 0.875 * m + 0.125 * g[n - 1]
        top = maximum(0.96875 * top, absolute(g[n - 1]) + EPSILON)
        w = w - RATE / (1 - 0.875**n) * (m / top)
    return w


def groups(w: Any, x: Any, g: Any) -> Any:
    """Return two groups after Adam: rate 1/16 without decay, rate 1/64 with a decay of 1/4."""
    return adam(w, g), adam(x, g, shrink=0.25, rate=RATE / 4)


def clipped(g: Any) -> Any:
    """Return g, shortened to length 1/2 where it is longer."""
    norm = sqrt((g * g).sum())
    return g * minimum(1.0, 0.5 / (norm + 1e-6))


def clipped_global(g: Any) -> Any:
    """Return the same without an ε."""
    norm = sqrt((g * g).sum())
    return g * minimum(1.0, 0.5 / norm)


def clipped_value(g: Any) -> Any:
    """Return every number between -1/4 and 1/4."""
    return minimum(maximum(g, -0.25), 0.25)


def averaged(w: Any, g: Any) -> Any:
    """Return the moving average of w along SGD: three quarters of itself, one of w; the first is a copy."""
    mean: Any = None
    for n in range(len(g)):
        w = w - RATE * g[n]
        mean = w if mean is None else 0.75 * mean + 0.25 * w
    return mean


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


_STEP = "{make}\nfor row in g:\n    p.grad = row.clone()\n    opt.step()\nreturn p.detach()"
_TORCH = _STEP.format(make="p = nn.Parameter(w.clone())\nopt = torch.optim.{call}")
_RESUMED = (
    "import io\n"
    "p = nn.Parameter(w.clone())\n"
    "opt = torch.optim.{call}\n"
    "for n, row in enumerate(g):\n"
    "    if n == len(g) // 2:\n"
    "        file = io.BytesIO()\n"
    "        torch.save([p.detach(), opt.state_dict()], file)\n"
    "        file.seek(0)\n"
    "        kept, state = torch.load(file)\n"
    "        p = nn.Parameter(kept)\n"
    "        opt = torch.optim.{call}\n"
    "        opt.load_state_dict(state)\n"
    "    p.grad = row.clone()\n"
    "    opt.step()\n"
    "return p.detach()"
)
_KERAS = (
    "v = keras.Variable(w)\n"
    "opt = keras.optimizers.{call}\n"
    "for row in tf.unstack(g):\n"
    "    opt.apply_gradients([(row, v)])\n"
    "return v.value"
)
_KERAS_RESUMED = (
    "v = keras.Variable(w)\n"
    "opt = keras.optimizers.{call}\n"
    "for n, row in enumerate(tf.unstack(g)):\n"
    "    if n == len(g) // 2:\n"
    "        state = {{}}\n"
    "        opt.save_own_variables(state)\n"
    "        state = {{key: np.array(value) for key, value in state.items()}}\n"
    "        v = keras.Variable(v.numpy())\n"
    "        opt = keras.optimizers.{call}\n"
    "        opt.build([v])\n"
    "        opt.load_own_variables(state)\n"
    "    opt.apply_gradients([(row, v)])\n"
    "return v.value"
)
_JAX = (
    "opt = optax.{call}\n"
    "state = opt.init(w)\n"
    "for row in g:\n"
    "    step, state = opt.update(row, state, w)\n"
    "    w = optax.apply_updates(w, step)\n"
    "return w"
)
_BETAS = "betas=(0.875, 0.96875), eps=2.0**-10"
_KERAS_BETAS = "beta_1=0.875, beta_2=0.96875, epsilon=2.0**-10"
_OPTAX_BETAS = "b1=0.875, b2=0.96875, eps=2.0**-10"
_NO = "steps are not differentiated"
_GIVEN = {"w": real("N", gradient=False), "g": real("S, N", gradient=False)}
_SIZES = {"N": (1, 7, 33), "S": (7, 12)}


def _case(name: str, reference: Any, torch: str = "", keras: str = "", optax: str = "", **more: Any) -> Case:
    code = {
        "pytorch": more.pop("torch_form", _TORCH).format(call=torch) if torch else "",
        "tensorflow": more.pop("keras_form", _KERAS).format(call=keras) if keras else "",
        "jax": _JAX.format(call=optax) if optax else "",
    }
    return Case(
        name=name,
        inputs=more.pop("inputs", _GIVEN),
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={
            framework: more.get("why", {}).get(framework, "not with this option or formula")
            for framework, text in code.items()
            if not text
        },
        sizes=more.pop("sizes", _SIZES),
        no_gradient=_NO,
        eager_only="it makes an optimiser" if keras or torch else "",
        quick=more.pop("quick", False),
        roundings=2,  # corrections may be multiplied into rates first, or into roots
    )


def _both(
    name: str, reference: Any, torch: str = "", keras: str = "", optax: str = "", **more: Any
) -> tuple[Case, ...]:
    """Return a case, and the same through a checkpoint."""
    return (
        _case(name, reference, torch, keras, optax, **more),
        _case(f"{name}_resumed", reference, torch, keras, "", torch_form=_RESUMED, keras_form=_KERAS_RESUMED),
    )


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
        no_gradient=_NO,
        eager_only="it makes an optimiser",
    )


CASES = (
    *_both("sgd", sgd, "SGD([p], 2.0**-4)", "SGD(2.0**-4)", "sgd(2.0**-4)", quick=True),
    *_both(
        "sgd_momentum",
        lambda w, g: sgd(w, g, momentum=0.75),
        "SGD([p], 2.0**-4, momentum=0.75)",
        "SGD(2.0**-4, momentum=0.75)",
        "sgd(2.0**-4, momentum=0.75)",
    ),
    *_both(
        "sgd_nesterov",
        lambda w, g: sgd(w, g, momentum=0.75, nesterov=True),
        "SGD([p], 2.0**-4, momentum=0.75, nesterov=True)",
        "SGD(2.0**-4, momentum=0.75, nesterov=True)",
        "sgd(2.0**-4, momentum=0.75, nesterov=True)",
    ),
    *_both(
        "sgd_dampened",
        lambda w, g: sgd(w, g, momentum=0.75, dampening=0.25),
        "SGD([p], 2.0**-4, momentum=0.75, dampening=0.25)",
    ),
    *_both("sgd_decay", lambda w, g: sgd(w, g, decay=0.25), "SGD([p], 2.0**-4, weight_decay=0.25)"),
    _case("sgd_maximised", lambda w, g: sgd(w, -g), "SGD([p], 2.0**-4, maximize=True)"),
    _case(
        "sgd_maximised_decay",
        lambda w, g: sgd(w, -g, decay=0.25),
        "SGD([p], 2.0**-4, maximize=True, weight_decay=0.25)",
    ),
    *_both(
        "adam",
        adam,
        f"Adam([p], 2.0**-4, {_BETAS})",
        "",
        f"adam(2.0**-4, {_OPTAX_BETAS})",
        quick=True,
    ),
    *_both("adam_keras", lambda w, g: adam(w, g, inside=True), "", f"Adam(2.0**-4, {_KERAS_BETAS})", quick=True),
    _case(
        "adam_1000_steps",
        adam,
        f"Adam([p], 2.0**-4, {_BETAS})",
        "",
        "",
        sizes={"N": (3, 5), "S": (1010, 1040)},
    ),
    _case(
        "adamw_1000_steps",
        lambda w, g: adam(w, g, shrink=0.25),
        f"AdamW([p], 2.0**-4, {_BETAS}, weight_decay=0.25)",
        sizes={"N": (3, 5), "S": (1010, 1040)},
    ),
    *_both("adam_decay", lambda w, g: adam(w, g, decay=0.25), f"Adam([p], 2.0**-4, {_BETAS}, weight_decay=0.25)"),
    *_both("adam_amsgrad", lambda w, g: adam(w, g, amsgrad=True), f"Adam([p], 2.0**-4, {_BETAS}, amsgrad=True)"),
    _case(
        "adam_amsgrad_falling",
        lambda w, g: adam(w, g * (np.arange(len(g))[:, None] < 3), amsgrad=True),
        f"Adam([p], 2.0**-4, {_BETAS}, amsgrad=True)",
        torch_form="g = g * (torch.arange(len(g), device=g.device)[:, None] < 3)\n" + _TORCH,
    ),
    _case(
        "adam_maximised_decay",
        lambda w, g: adam(w, -g, decay=0.25),
        f"Adam([p], 2.0**-4, {_BETAS}, maximize=True, weight_decay=0.25)",
    ),
    *_both(
        "adamw",
        lambda w, g: adam(w, g, shrink=0.25),
        f"AdamW([p], 2.0**-4, {_BETAS}, weight_decay=0.25)",
        "",
        f"adamw(2.0**-4, {_OPTAX_BETAS}, weight_decay=0.25)",
    ),
    _case("adam_foreach", adam, f"Adam([p], 2.0**-4, {_BETAS}, foreach=True)"),
    _case("adam_fused", adam, f"Adam([p], 2.0**-4, {_BETAS}, fused=True)"),
    *_both("rms", rms, "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10)"),
    *_both(
        "rms_centred", lambda w, g: rms(w, g, centred=True), "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10, centered=True)"
    ),
    *_both(
        "rms_momentum",
        lambda w, g: rms(w, g, momentum=0.5),
        "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10, momentum=0.5)",
    ),
    *_both("adagrad", adagrad, "Adagrad([p], 2.0**-4, initial_accumulator_value=0.5, eps=2.0**-10)"),
    *_both(
        "adadelta",
        adadelta,
        "Adadelta([p], 2.0**-4, 0.875, 2.0**-10)",
        "Adadelta(2.0**-4, 0.875, 2.0**-10)",
        "adadelta(2.0**-4, 0.875, 2.0**-10)",
    ),
    *_both("adamax", adamax, f"Adamax([p], 2.0**-4, {_BETAS})"),
    Case(
        name="adam_groups",
        inputs={"w": real("N", gradient=False), "x": real("N", gradient=False), "g": real("S, N", gradient=False)},
        reference=groups,
        code={
            "pytorch": "p, q = nn.Parameter(w.clone()), nn.Parameter(x.clone())\n"
            "first = {'params': [p], 'weight_decay': 0.0}\n"
            "opt = torch.optim.AdamW([first, {'params': [q], 'lr': 2.0**-6, 'weight_decay': 0.25}], 2.0**-4, "
            f"{_BETAS})\n"
            "for row in g:\n"
            "    p.grad, q.grad = row.clone(), row.clone()\n"
            "    opt.step()\n"
            "return p.detach(), q.detach()"
        },
        absent={"tensorflow": "no groups", "jax": "no groups"},
        sizes=_SIZES,
        no_gradient=_NO,
        eager_only="it makes an optimiser",
        roundings=2,
    ),
    Case(
        name="moving_average",
        inputs=_GIVEN,
        reference=averaged,
        code={
            "pytorch": "from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn\n"
            "m = nn.ParameterList([nn.Parameter(w.clone())])\n"
            "opt, mean = torch.optim.SGD(m, 2.0**-4), AveragedModel(m, multi_avg_fn=get_ema_multi_avg_fn(0.75))\n"
            "for row in g:\n"
            "    m[0].grad = row.clone()\n"
            "    opt.step()\n"
            "    mean.update_parameters(m)\n"
            "return mean.module[0].detach()"
        },
        absent={"tensorflow": "part of each optimiser there", "jax": "optax.ema has another form"},
        sizes=_SIZES,
        no_gradient=_NO,
        eager_only="it makes an optimiser",
        roundings=2,
    ),
    Case(
        name="clip_norm",
        inputs={"g": real("N, 5", gradient=False)},
        reference=clipped,
        code={
            "pytorch": "p = nn.Parameter(g.clone())\np.grad = g.clone()\n"
            "nn.utils.clip_grad_norm_([p], 0.5)\nreturn p.grad"
        },
        absent={"tensorflow": "clip_global_norm", "jax": "clip_global_norm"},
        sizes={"N": (1, 7, 33)},
        no_gradient=_NO,
        eager_only="it makes a parameter",
        quick=True,
    ),
    Case(
        name="clip_global_norm",
        inputs={"g": real("N, 5", gradient=False)},
        reference=clipped_global,
        code={
            "tensorflow": "tf.clip_by_global_norm([g], 0.5)[0][0]",
            "jax": "clip = optax.clip_by_global_norm(0.5)\nreturn clip.update(g, clip.init(g))[0]",
        },
        absent={"pytorch": "clip_norm"},
        sizes={"N": (1, 7, 33)},
        no_gradient=_NO,
        roundings=2,
    ),
    Case(
        name="clip_value",
        inputs={"g": real("N, 5", gradient=False)},
        reference=clipped_value,
        code={
            "pytorch": "p = nn.Parameter(g.clone())\np.grad = g.clone()\n"
            "nn.utils.clip_grad_value_([p], 0.25)\nreturn p.grad",
            "tensorflow": "tf.clip_by_value(g, -0.25, 0.25)",
            "jax": "clip = optax.clip(0.25)\nreturn clip.update(g, clip.init(g))[0]",
        },
        sizes={"N": (1, 7, 33)},
        no_gradient=_NO,
        eager_only="it makes a parameter",
    ),
    *map(_schedule, dict.fromkeys((*_SCHEDULES, *_KERAS_SCHEDULES))),
)
