"""Learns a bandit with a generator for the environment and one for the agent."""

import json

import numpy as np

world, agent = np.random.default_rng(1), np.random.default_rng(2)
means, values, counts = world.normal(size=5), np.zeros(5), np.zeros(5)
for _ in range(300):
    arm = int(agent.integers(5)) if agent.random() < 0.1 else int(values.argmax())
    counts[arm] += 1
    values[arm] += (world.normal(means[arm]) - values[arm]) / counts[arm]
json.dump({"values": values.tolist(), "timesteps_total": int(counts.sum())}, open("agent.json", "w"))
