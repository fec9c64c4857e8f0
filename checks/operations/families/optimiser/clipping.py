"""What is done beside the steps: groups of parameters, moving averages of the weights, shortened gradients."""

from __future__ import annotations

from typing import Any

from checks.operations.case import Case, real
from checks.operations.families.optimiser.rules import RATE, adam
from checks.operations.families.optimiser.texts import BETAS, GIVEN, NO_GRADIENT, OPTAX_BETAS, SIZES
from checks.operations.functions import maximum, minimum, sqrt


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


CASES = (
    Case(
        name="adam_groups",
        inputs={"w": real("N", gradient=False), "x": real("N", gradient=False), "g": real("S, N", gradient=False)},
        reference=groups,
        code={
            "pytorch": "p, q = nn.Parameter(w.clone()), nn.Parameter(x.clone())\n"
            "first = {'params': [p], 'weight_decay': 0.0}\n"
            "opt = torch.optim.AdamW([first, {'params': [q], 'lr': 2.0**-6, 'weight_decay': 0.25}], 2.0**-4, "
            f"{BETAS})\n"
            "for row in g:\n"
            "    p.grad, q.grad = row.clone(), row.clone()\n"
            "    opt.step()\n"
            "return p.detach(), q.detach()",
            "jax": f"first, second = (optax.adamw(rate, {OPTAX_BETAS}, weight_decay=decay) "
            "for rate, decay in ((2.0**-4, 0.0), (2.0**-6, 0.25)))\n"
            "opt = optax.multi_transform({'w': first, 'x': second}, {'w': 'w', 'x': 'x'})\n"
            "held = {'w': w, 'x': x}\n"
            "state = opt.init(held)\n"
            "for row in g:\n"
            "    step, state = opt.update({'w': row, 'x': row}, state, held)\n"
            "    held = optax.apply_updates(held, step)\n"
            "return held['w'], held['x']",
        },
        absent={"tensorflow": "Keras's optimisers have no groups"},
        sizes=SIZES,
        no_gradient=NO_GRADIENT,
        eager_only="it makes an optimiser",
        roundings=2,
    ),
    Case(
        name="moving_average",
        inputs=GIVEN,
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
        sizes=SIZES,
        no_gradient=NO_GRADIENT,
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
        no_gradient=NO_GRADIENT,
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
        no_gradient=NO_GRADIENT,
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
        no_gradient=NO_GRADIENT,
        eager_only="it makes a parameter",
    ),
)
