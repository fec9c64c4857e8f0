"""Optimisers step by step from given gradients."""

from __future__ import annotations

from checks.operations.case import real
from checks.operations.families.optimiser.more_rules import (
    amsgrad_corrected,
    asgd,
    falling,
    ftrl,
    lamb,
    lion,
    nadam,
    radam,
    rprop,
)
from checks.operations.families.optimiser.rules import adadelta, adagrad, adam, adamax, rms, sgd
from checks.operations.families.optimiser.texts import (
    BETAS,
    JAX,
    JAX_SCANNED,
    KERAS_BETAS,
    OPTAX_BETAS,
    TORCH,
    resumed_too,
    stepped,
)

LONG = {"N": (3, 5), "S": (1010, 1040)}
# torch/optim/optimizer.py, _get_scalar_dtype: float32 unless torch.set_default_dtype says float64
SCALARS = {"pytorch": "PyTorch keeps a rate or a product that it updates in the default type, float32"}
FTRL = (
    "Ftrl(2.0**-4, initial_accumulator_value=0.5, l1_regularization_strength=2.0**-6, "
    "l2_regularization_strength=2.0**-5)"
)

CASES = (
    *resumed_too("sgd", sgd, "SGD([p], 2.0**-4)", "SGD(2.0**-4)", "sgd(2.0**-4)", quick=True),
    *resumed_too(
        "sgd_momentum",
        lambda w, g: sgd(w, g, momentum=0.75),
        "SGD([p], 2.0**-4, momentum=0.75)",
        "SGD(2.0**-4, momentum=0.75)",
        "sgd(2.0**-4, momentum=0.75)",
    ),
    *resumed_too(
        "sgd_nesterov",
        lambda w, g: sgd(w, g, momentum=0.75, nesterov=True),
        "SGD([p], 2.0**-4, momentum=0.75, nesterov=True)",
        "SGD(2.0**-4, momentum=0.75, nesterov=True)",
        "sgd(2.0**-4, momentum=0.75, nesterov=True)",
    ),
    *resumed_too(
        "sgd_dampened",
        lambda w, g: sgd(w, g, momentum=0.75, dampening=0.25),
        "SGD([p], 2.0**-4, momentum=0.75, dampening=0.25)",
    ),
    *resumed_too(
        "sgd_decay",
        lambda w, g: sgd(w, g, decay=0.25),
        "SGD([p], 2.0**-4, weight_decay=0.25)",
        "",
        "chain(optax.add_decayed_weights(0.25), optax.sgd(2.0**-4))",
    ),
    stepped("sgd_maximised", lambda w, g: sgd(w, -g), "SGD([p], 2.0**-4, maximize=True)"),
    stepped(
        "sgd_maximised_decay",
        lambda w, g: sgd(w, -g, decay=0.25),
        "SGD([p], 2.0**-4, maximize=True, weight_decay=0.25)",
    ),
    *resumed_too(
        "adam",
        adam,
        f"Adam([p], 2.0**-4, {BETAS})",
        "",
        f"adam(2.0**-4, {OPTAX_BETAS})",
        quick=True,
    ),
    *resumed_too("adam_keras", lambda w, g: adam(w, g, inside=True), "", f"Adam(2.0**-4, {KERAS_BETAS})", quick=True),
    stepped(
        "adam_1000_steps",
        adam,
        f"Adam([p], 2.0**-4, {BETAS})",
        "",
        f"adam(2.0**-4, {OPTAX_BETAS})",
        optax_form=JAX_SCANNED,
        sizes=LONG,
        why={"tensorflow": "adam_keras_1000_steps"},
    ),
    stepped(
        "adam_keras_1000_steps",
        lambda w, g: adam(w, g, inside=True),
        "",
        f"Adam(2.0**-4, {KERAS_BETAS})",
        sizes=LONG,
    ),
    stepped(
        "adamw_1000_steps",
        lambda w, g: adam(w, g, shrink=0.25),
        f"AdamW([p], 2.0**-4, {BETAS}, weight_decay=0.25)",
        sizes=LONG,
    ),
    *resumed_too("adam_decay", lambda w, g: adam(w, g, decay=0.25), f"Adam([p], 2.0**-4, {BETAS}, weight_decay=0.25)"),
    *resumed_too("adam_amsgrad", lambda w, g: adam(w, g, amsgrad=True), f"Adam([p], 2.0**-4, {BETAS}, amsgrad=True)"),
    *resumed_too(
        "adam_amsgrad_keras",
        lambda w, g: adam(w, g, amsgrad=True, inside=True),
        "",
        f"Adam(2.0**-4, {KERAS_BETAS}, amsgrad=True)",
    ),
    stepped(
        "amsgrad_corrected",
        lambda w, g: amsgrad_corrected(w, falling(g)),
        "",
        "",
        f"amsgrad(2.0**-4, {OPTAX_BETAS})",
        optax_form="g = g * (jnp.arange(len(g))[:, None] < 3)\n" + JAX,
    ),
    stepped(
        "adam_amsgrad_falling",
        lambda w, g: adam(w, falling(g), amsgrad=True),
        f"Adam([p], 2.0**-4, {BETAS}, amsgrad=True)",
        torch_form="g = g * (torch.arange(len(g), device=g.device)[:, None] < 3)\n" + TORCH,
    ),
    stepped(
        "adam_maximised_decay",
        lambda w, g: adam(w, -g, decay=0.25),
        f"Adam([p], 2.0**-4, {BETAS}, maximize=True, weight_decay=0.25)",
    ),
    *resumed_too(
        "adamw",
        lambda w, g: adam(w, g, shrink=0.25),
        f"AdamW([p], 2.0**-4, {BETAS}, weight_decay=0.25)",
        "",
        f"adamw(2.0**-4, {OPTAX_BETAS}, weight_decay=0.25)",
    ),
    *resumed_too(
        "adamw_keras",
        lambda w, g: adam(w, g, shrink=0.25, inside=True),
        "",
        f"AdamW(2.0**-4, weight_decay=0.25, {KERAS_BETAS})",
    ),
    *resumed_too("adam_foreach", adam, f"Adam([p], 2.0**-4, {BETAS}, foreach=True)"),
    *resumed_too("adam_fused", adam, f"Adam([p], 2.0**-4, {BETAS}, fused=True)"),
    *resumed_too("rms", rms, "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10)"),
    *resumed_too(
        "rms_centred", lambda w, g: rms(w, g, centred=True), "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10, centered=True)"
    ),
    *resumed_too(
        "rms_momentum",
        lambda w, g: rms(w, g, momentum=0.5),
        "RMSprop([p], 2.0**-4, 0.96875, 2.0**-10, momentum=0.5)",
    ),
    *resumed_too("adagrad", adagrad, "Adagrad([p], 2.0**-4, initial_accumulator_value=0.5, eps=2.0**-10)"),
    *resumed_too(
        "adadelta",
        adadelta,
        "Adadelta([p], 2.0**-4, 0.875, 2.0**-10)",
        "Adadelta(2.0**-4, 0.875, 2.0**-10)",
        "adadelta(2.0**-4, 0.875, 2.0**-10)",
    ),
    *resumed_too("adamax", adamax, f"Adamax([p], 2.0**-4, {BETAS})", "", f"adamax(2.0**-4, {OPTAX_BETAS})"),
    *resumed_too(
        "rms_keras",
        lambda w, g: rms(w, g, inside=True),
        "",
        "RMSprop(2.0**-4, 0.96875, epsilon=2.0**-10)",
        "rmsprop(2.0**-4, 0.96875, 2.0**-10)",
    ),
    *resumed_too(
        "rms_keras_centred",
        lambda w, g: rms(w, g, centred=True, inside=True),
        "",
        "RMSprop(2.0**-4, 0.96875, epsilon=2.0**-10, centered=True)",
        "rmsprop(2.0**-4, 0.96875, 2.0**-10, centered=True)",
    ),
    *resumed_too(
        "rms_keras_momentum",
        lambda w, g: rms(w, g, momentum=0.5, inside=True),
        "",
        "RMSprop(2.0**-4, 0.96875, 0.5, 2.0**-10)",
        "rmsprop(2.0**-4, 0.96875, 2.0**-10, momentum=0.5)",
    ),
    *resumed_too(
        "adagrad_keras",
        lambda w, g: adagrad(w, g, inside=True),
        "",
        "Adagrad(2.0**-4, 0.5, 2.0**-10)",
        "adagrad(2.0**-4, 0.5, 2.0**-10)",
    ),
    *resumed_too("adamax_keras", lambda w, g: adamax(w, g, after=True), "", f"Adamax(2.0**-4, {KERAS_BETAS})"),
    *resumed_too(
        "nadam",
        lambda w, g: nadam(w, g, 0.25),
        f"NAdam([p], 2.0**-4, {BETAS}, momentum_decay=0.25)",
        narrow=SCALARS,
    ),
    *resumed_too(
        "nadam_keras",
        lambda w, g: nadam(w, g, 1.0),
        "",
        f"Nadam(2.0**-4, {KERAS_BETAS})",
        narrow={"tensorflow": "Keras casts its decay, 0.96, by way of float32"},
    ),
    stepped("nadam_constant", lambda w, g: nadam(w, g, 0.0), "", "", f"nadam(2.0**-4, {OPTAX_BETAS})"),
    *resumed_too("radam", lambda w, g: radam(w, g, inside=True), f"RAdam([p], 2.0**-4, {BETAS})"),
    stepped("radam_outside", radam, "", "", f"radam(2.0**-4, {OPTAX_BETAS})"),
    *resumed_too("rprop", rprop, "Rprop([p], 2.0**-4, (0.5, 1.25), (2.0**-6, 1.0))"),
    *resumed_too("asgd", asgd, "ASGD([p], 2.0**-4, 2.0**-5, 0.75, 3)", narrow=SCALARS),
    *resumed_too("lion", lion, "", "Lion(2.0**-4, 0.875, 0.96875)", "lion(2.0**-4, 0.875, 0.96875, weight_decay=0.0)"),
    *resumed_too("lamb", lamb, "", f"Lamb(2.0**-4, {KERAS_BETAS})", f"lamb(2.0**-4, {OPTAX_BETAS})"),
    *resumed_too("ftrl", ftrl, "", FTRL),
    stepped(
        "sparse_adam",
        lambda w, g: adam(w, g, inside=True),
        f"SparseAdam([p], 2.0**-4, {BETAS})",
        torch_form=TORCH.replace("row.clone()", "row.clone().to_sparse()"),
        inputs={"w": real("N", gradient=False), "g": real("S, N", 0.5, 1.5, gradient=False)},
    ),
)
