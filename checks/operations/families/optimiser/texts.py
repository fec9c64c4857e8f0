"""How each framework takes steps from given gradients, and goes on from a checkpoint."""

from __future__ import annotations

from typing import Any

from checks.operations.case import Case, real

TORCH = (
    "p = nn.Parameter(w.clone())\n"
    "opt = torch.optim.{call}\n"
    "for row in g:\n"
    "    p.grad = row.clone()\n"
    "    opt.step()\n"
    "return p.detach()"
)
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
JAX = (
    "opt = optax.{call}\n"
    "state = opt.init(w)\n"
    "for row in g:\n"
    "    step, state = opt.update(row, state, w)\n"
    "    w = optax.apply_updates(w, step)\n"
    "return w"
)
JAX_SCANNED = (
    "opt = optax.{call}\n"
    "def step(kept, row):\n"
    "    change, state = opt.update(row, kept[1], kept[0])\n"
    "    return (optax.apply_updates(kept[0], change), state), None\n"
    "(w, _), _ = lax.scan(step, (w, opt.init(w)), g)\n"
    "return w"
)
BETAS = "betas=(0.875, 0.96875), eps=2.0**-10"
KERAS_BETAS = "beta_1=0.875, beta_2=0.96875, epsilon=2.0**-10"
OPTAX_BETAS = "b1=0.875, b2=0.96875, eps=2.0**-10"
NO_GRADIENT = "steps are not differentiated"
GIVEN = {"w": real("N", gradient=False), "g": real("S, N", gradient=False)}
SIZES = {"N": (1, 7, 33), "S": (7, 12)}


def stepped(name: str, reference: Any, torch: str = "", keras: str = "", optax: str = "", **more: Any) -> Case:
    """Return a case of an optimiser from what makes one in each framework; `more` has further fields or texts."""
    code = {
        "pytorch": more.pop("torch_form", TORCH).format(call=torch) if torch else "",
        "tensorflow": more.pop("keras_form", _KERAS).format(call=keras) if keras else "",
        "jax": more.pop("optax_form", JAX).format(call=optax) if optax else "",
    }
    return Case(
        name=name,
        inputs=more.pop("inputs", GIVEN),
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={
            framework: more.get("why", {}).get(framework, "not with this option or formula")
            for framework, text in code.items()
            if not text
        },
        sizes=more.pop("sizes", SIZES),
        no_gradient=NO_GRADIENT,
        eager_only="it makes an optimiser" if keras or torch else "",
        quick=more.pop("quick", False),
        narrow=more.get("narrow", {}),
        roundings=2,  # corrections may be multiplied into rates first, or into roots
    )


def resumed_too(
    name: str, reference: Any, torch: str = "", keras: str = "", optax: str = "", **more: Any
) -> tuple[Case, ...]:
    """Return a case, and the same through a checkpoint."""
    kept = stepped(
        f"{name}_resumed",
        reference,
        torch,
        keras,
        torch_form=_RESUMED,
        keras_form=_KERAS_RESUMED,
        why={"jax": "its state is a tree of arrays, which other libraries save"},
        narrow=more.get("narrow", {}),
    )
    return (stepped(name, reference, torch, keras, optax, **more), kept)
