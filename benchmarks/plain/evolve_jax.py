"""A generation of small programs in JAX, `lax.switch` over operations and `vmap` over programs, as a user would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import x64


def runner(constants: tuple[float, ...]) -> Callable[..., Any]:
    def one_step(instruction: Any, s: Any, v: Any) -> Any:
        kind, out, a, b = instruction
        one, other, left, right = s[a % 4], s[b % 4], v[a % 2], v[b % 2]
        branches = (
            lambda: (s, v),
            lambda: (s.at[out % 4].set(one + other), v),
            lambda: (s.at[out % 4].set(one - other), v),
            lambda: (s.at[out % 4].set(one * other), v),
            lambda: (s.at[out % 4].set(left @ right), v),
            lambda: (s, v.at[out % 2].add(one * right)),
            lambda: (s.at[out % 4].set(jnp.array(constants)[b % 8]), v),
        )
        return jax.lax.switch(kind, branches)

    def run(instructions: Any, memory: Any) -> Any:
        for instruction in instructions:
            memory = one_step(instruction, *memory)
        return memory

    def shown(memory: Any, inputs: Any) -> Any:
        return memory[0].at[:2].set(0), memory[1].at[0].set(inputs)

    def score(program: Any, inputs: Any, labels: Any, fresh: Any) -> Any:
        def train(memory: Any, example: Any) -> Any:
            s, v = run(program[1:2], shown(memory, example[0]))
            return run(program[2:], (s.at[0].set(example[1]), v)), None

        def ask(memory: Any, inputs: Any) -> Any:
            memory = run(program[1:2], shown(memory, inputs))
            return memory, memory[0][1]

        memory, _ = jax.lax.scan(train, run(program[:1], (jnp.zeros(4), jnp.zeros((2, 4)))), (inputs, labels))
        return jax.lax.scan(ask, memory, fresh)[1]

    whole = jax.jit(jax.vmap(jax.vmap(score, in_axes=(None, 0, 0, 0)), in_axes=(0, None, None, None)))

    def predictions(*given: Any) -> Any:
        with x64(True):
            return np.asarray(whole(*given))

    return predictions
