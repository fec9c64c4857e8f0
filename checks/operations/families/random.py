"""Random functions, dropout and initialisers, each held against its distribution.

Bound: false alarms in at most 10^-9 of the runs of a case (Massart 1990 for the distribution, Hoeffding 1963 for the
independence of neighbours); what a dropout keeps is exact to two roundings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from checks.operations.case import Case, Input, real
from checks.operations.law import (
    bernoulli,
    cauchy,
    exponential,
    gumbel,
    laplace,
    normal,
    poisson,
    steps,
    truncated,
    uniform,
)

COUNT = 1 << 16
_SHARES = (0.125, 0.5, 0.25, 0.125)
_NO = "a sample has no gradient"


def _draw(name: str, law: Any, torch: str = "", tensorflow: str = "", jax: str = "", **more: Any) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs={"x": real("1", gradient=False)},
        reference=lambda x: law,  # noqa: ARG005 - nothing depends on it; it names device and type
        code={framework: text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes={"n": (COUNT,), "seed": tuple(range(100))},
        no_gradient=_NO,
        law=True,
        **more,
    )


def _fresh(text: str) -> str:
    """Return what fills an empty tensor of x's device and type."""
    return f"y = torch.empty(n, dtype=x.dtype, device=x.device)\n{text}\nreturn y"


def _made(text: str, rows: int, columns: int) -> str:
    """Return what fills a matrix that stands for a weight."""
    return f"y = torch.empty({rows}, {columns}, dtype=x.dtype, device=x.device)\nnn.init.{text}\nreturn y"


def _keras(initialiser: str, rows: int = 128, columns: int = 512) -> str:
    return (
        f"keras.initializers.{initialiser[:-1]}{', ' if initialiser[-2] != '(' else ''}seed=seed)(({rows}, {columns}))"
    )


def _jax(function: str, rows: int = 128, columns: int = 512) -> str:
    return f"jax.nn.initializers.{function}(jax.random.key(seed), ({rows}, {columns}), x.dtype)"


def kept(x: Any, p: float) -> Any:
    """Return which numbers a dropout of rate p keeps, and what becomes of them; x is nowhere 0."""
    return bernoulli(1 - p), x / (1 - p)


def kept_channels(x: Any, p: float) -> Any:
    """Return the same for whole channels."""
    return bernoulli(1 - p), x / (1 - p)


def kept_weights(x: Any, p: float) -> Any:  # noqa: ARG001 - the scores are alike whatever it is
    """Return which weights an attention's dropout keeps, and their sum where all would be kept."""
    return bernoulli(1 - p)


def kept_alpha(x: Any) -> Any:  # noqa: ARG001
    """Return which numbers alpha dropout keeps at a rate of 1/4."""
    return bernoulli(0.75)


_POSITIVE = {"x": real("N", 0.5, 1.5, gradient=False)}
_RATES = {"N": (1 << 17,), "p": (0.5, 0.25, 0.125, 0.75), "seed": tuple(range(100))}


def _dropout(name: str, torch: str, tensorflow: str = "", jax: str = "", **more: Any) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    inputs: dict[str, Input] = more.pop("inputs", _POSITIVE)
    return Case(
        name=name,
        inputs=inputs,
        reference=more.pop("reference", kept),
        code={framework: text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes=_RATES | more.pop("sizes", {}),
        no_gradient=_NO,
        law=True,
        **more,
    )


_KEPT = "return (y != 0).to(x.dtype), torch.where(y == 0, x / (1 - p), y)"

CASES = (
    _draw(
        "uniform",
        uniform(0, 1),
        "torch.rand(n, dtype=x.dtype, device=x.device)",
        "tf.random.uniform((n,), dtype=x.dtype)",
        "jax.random.uniform(jax.random.key(seed), (n,), x.dtype)",
    ),
    _draw(
        "normal",
        normal(),
        "torch.randn(n, dtype=x.dtype, device=x.device)",
        "tf.random.normal((n,), dtype=x.dtype)",
        "jax.random.normal(jax.random.key(seed), (n,), x.dtype)",
    ),
    _draw("normal_moved", normal(2, 0.5), _fresh("y.normal_(2, 0.5)"), "tf.random.normal((n,), 2, 0.5, x.dtype)"),
    _draw("normal_stateless", normal(), "", "tf.random.stateless_normal((n,), (seed, 1), dtype=x.dtype)"),
    _draw("uniform_stateless", uniform(0, 1), "", "tf.random.stateless_uniform((n,), (seed, 1), dtype=x.dtype)"),
    _draw("normal_like", normal(), "torch.randn_like(x.expand(n))"),
    _draw("uniform_like", uniform(0, 1), "torch.rand_like(x.expand(n))"),
    _draw(
        "normal_generator",
        normal(),
        "",
        "tf.random.Generator.from_seed(seed).normal((n,), dtype=x.dtype)",
        modes=("eager",),
    ),
    _draw(
        "integers",
        steps([1 / 7] * 7),
        "torch.randint(0, 7, (n,), device=x.device)",
        "tf.random.uniform((n,), 0, 7, tf.int32)",
        "jax.random.randint(jax.random.key(seed), (n,), 0, 7)",
    ),
    _draw(
        "bernoulli",
        bernoulli(0.25),
        _fresh("y.bernoulli_(0.25)"),
        "",
        "jax.random.bernoulli(jax.random.key(seed), 0.25, (n,)).astype(x.dtype)",
    ),
    _draw(
        "exponential",
        exponential(2),
        _fresh("y.exponential_(2)"),
        "",
        "jax.random.exponential(jax.random.key(seed), (n,), x.dtype) / 2",
    ),
    _draw("cauchy", cauchy(), _fresh("y.cauchy_()"), "", "jax.random.cauchy(jax.random.key(seed), (n,), x.dtype)"),
    _draw(
        "gumbel",
        gumbel(),
        "-torch.log(-torch.log(torch.rand(n, dtype=torch.float64, device=x.device)))",
        "",
        "jax.random.gumbel(jax.random.key(seed), (n,), x.dtype)",
    ),
    _draw(
        "laplace",
        laplace(),
        "torch.distributions.Laplace(0.0, 1.0).sample((n,))",
        "",
        "jax.random.laplace(jax.random.key(seed), (n,), x.dtype)",
    ),
    _draw(
        "poisson",
        poisson(3),
        "torch.poisson(torch.full((n,), 3.0, dtype=x.dtype, device=x.device))",
        "tf.random.poisson((n,), 3.0, x.dtype)",
        "jax.random.poisson(jax.random.key(seed), 3.0, (n,))",
    ),
    _draw(
        "categories",
        steps(list(_SHARES)),
        f"torch.multinomial(torch.tensor({_SHARES}, device=x.device), n, replacement=True)",
        f"tf.random.categorical(tf.math.log([{list(_SHARES)}]), n)[0]",
        f"jax.random.categorical(jax.random.key(seed), jnp.log(jnp.array({_SHARES})), shape=(n,))",
    ),
    _draw(
        "first_of_permutation",
        steps([1 / 16] * 16),
        "torch.stack([torch.randperm(16, device=x.device)[0] for _ in range(4096)])",
        "",
        "jax.vmap(lambda key: jax.random.permutation(key, 16)[0])(jax.random.split(jax.random.key(seed), 4096))",
    ),
    _draw(
        "truncated_normal",
        truncated(1.0),
        _made("trunc_normal_(y, 0.0, 1.0, -2.0, 2.0)", 128, 512),
        "tf.random.truncated_normal((n,), dtype=x.dtype)",
        "jax.random.truncated_normal(jax.random.key(seed), -2.0, 2.0, (n,), x.dtype)",
    ),
    _draw(
        "glorot_uniform",
        uniform(-math.sqrt(6 / 640), math.sqrt(6 / 640)),
        _made("xavier_uniform_(y)", 128, 512),
        _keras("GlorotUniform()"),
        _jax("glorot_uniform()"),
    ),
    _draw("glorot_normal", normal(0, math.sqrt(2 / 640)), _made("xavier_normal_(y)", 128, 512)),
    _draw(
        "glorot_truncated",
        truncated(math.sqrt(2 / 640) / 0.87962566103423978),
        "",
        _keras("GlorotNormal()"),
        _jax("glorot_normal()"),
    ),
    _draw(
        "he_uniform",
        uniform(-math.sqrt(6 / 512), math.sqrt(6 / 512)),
        _made("kaiming_uniform_(y, nonlinearity='relu')", 128, 512),
        _keras("HeUniform()", 512, 128),
        _jax("he_uniform()", 512, 128),
    ),
    _draw("he_normal", normal(0, math.sqrt(2 / 512)), _made("kaiming_normal_(y, nonlinearity='relu')", 128, 512)),
    _draw("he_normal_fan_out", normal(0, math.sqrt(2 / 128)), _made("kaiming_normal_(y, mode='fan_out')", 128, 512)),
    _draw(
        "he_truncated",
        truncated(math.sqrt(2 / 512) / 0.87962566103423978),
        "",
        _keras("HeNormal()", 512, 128),
        _jax("he_normal()", 512, 128),
    ),
    _draw(
        "lecun_uniform",
        uniform(-math.sqrt(3 / 512), math.sqrt(3 / 512)),
        "",
        _keras("LecunUniform()", 512, 128),
        _jax("lecun_uniform()", 512, 128),
    ),
    _draw(
        "given_uniform",
        uniform(-0.5, 1.5),
        _made("uniform_(y, -0.5, 1.5)", 128, 512),
        _keras("RandomUniform(-0.5, 1.5)"),
    ),
    _draw("given_normal", normal(1, 0.25), _made("normal_(y, 1, 0.25)", 128, 512), _keras("RandomNormal(1.0, 0.25)")),
    _draw("linear_weight", uniform(-(512**-0.5), 512**-0.5), "nn.Linear(512, 128).weight.detach()"),
    _draw("linear_bias", uniform(-0.25, 0.25), "nn.Linear(16, 8192).bias.detach()"),
    _draw("convolution_weight", uniform(-(144**-0.5), 144**-0.5), "nn.Conv2d(16, 512, 3).weight.detach()"),
    _draw("recurrent_weight", uniform(-(64**-0.5), 64**-0.5), "nn.GRU(256, 64).weight_ih_l0.detach()"),
    _draw("embedding_weight", normal(), "nn.Embedding(512, 128).weight.detach()"),
    _draw(
        "attention_weight",
        uniform(-math.sqrt(6 / 512), math.sqrt(6 / 512)),
        "nn.MultiheadAttention(128, 4).in_proj_weight.detach()",
    ),
    _draw(
        "keras_dense_weight",
        uniform(-math.sqrt(6 / 640), math.sqrt(6 / 640)),
        "",
        "layer = keras.layers.Dense(512)\nlayer.build((None, 128))\nreturn layer.kernel",
    ),
    _draw(
        "keras_embedding_weight",
        uniform(-0.05, 0.05),
        "",
        "layer = keras.layers.Embedding(512, 128)\nlayer.build()\nreturn layer.embeddings",
    ),
    _dropout(
        "dropout",
        f"y = F.dropout(x, p)\n{_KEPT}",
        "y = tf.nn.dropout(x, p, seed=seed)\nreturn tf.cast(y != 0, x.dtype), tf.where(y == 0, x / (1 - p), y)",
        "kept = jax.random.bernoulli(jax.random.key(seed), 1 - p, x.shape)\n"
        "y = jnp.where(kept, x / (1 - p), 0)\n"
        "return (y != 0).astype(x.dtype), jnp.where(y == 0, x / (1 - p), y)",
        quick=True,
    ),
    _dropout(
        "dropout_layer",
        f"y = nn.Dropout(p)(x)\n{_KEPT}",
        "y = keras.layers.Dropout(p, seed=seed)(x, training=True)\n"
        "return tf.cast(y != 0, x.dtype), tf.where(y == 0, x / (1 - p), y)",
    ),
    _dropout(
        "dropout_channels",
        "y = F.dropout2d(x[:, :, None, None].expand(-1, -1, 2, 2), p)\n"
        "return (y[:, :, 0, 1] != 0).to(x.dtype), torch.where(y == 0, x[:, :, None, None] / (1 - p), y)[:, :, 1, 1]",
        "y = keras.layers.SpatialDropout1D(p, seed=seed)(tf.repeat(x[:, None, :], 2, 1), training=True)\n"
        "return tf.cast(y[:, 0] != 0, x.dtype), tf.where(y == 0, x[:, None] / (1 - p), y)[:, 1]",
        reference=kept_channels,
        inputs={"x": real("64, 1024", 0.5, 1.5, gradient=False)},
    ),
    _dropout(
        "dropout_alpha",
        "z = F.alpha_dropout(x, 0.25, training=True)\nreturn (z > 0).to(x.dtype)",
        reference=kept_alpha,
    ),
    _dropout(
        "dropout_of_attention",
        "q = torch.zeros(2, 8, 64, 64, dtype=x.dtype, device=x.device)\n"
        "v = torch.eye(64, dtype=x.dtype, device=x.device).expand(2, 8, 64, 64)\n"
        "y = F.scaled_dot_product_attention(q, q, v, dropout_p=p)\n"
        "return (y != 0).to(x.dtype), torch.where(y == 0, torch.full_like(y, 1 / (64 * (1 - p))), y)",
        reference=lambda x, p: (bernoulli(1 - p), np.ones((2, 8, 64, 64)) * x[0] / x[0] / (64 * (1 - p))),
    ),
    _dropout(
        "dropout_of_recurrence",
        "m = nn.GRU(4, 64, 2, dropout=p, batch_first=True, device=x.device, dtype=x.dtype)\n"
        "nn.init.zeros_(m.weight_ih_l1)\n"
        "nn.init.zeros_(m.weight_hh_l1)\n"
        "with torch.no_grad():\n"
        "    m.weight_ih_l1[128:192] = torch.eye(64)\n"
        "    m.bias_ih_l1.zero_()\n"
        "    m.bias_hh_l1.zero_()\n"
        "    y = m(torch.ones(1024, 1, 4, device=x.device, dtype=x.dtype) * 3 + x[:4096].reshape(1024, 1, 4))[0]\n"
        "return (y != 0).to(x.dtype)",
        reference=kept_weights,
    ),
)
