"""Seeds and switches for a user's own script, set inside its process, and what they cannot promise.

`generators.py` seeds, `kernels.py` switches, `audit.py` finds switches without effect; `seeds.py` and
`switching.py` are `gpusetup.seed_everything` and `gpusetup.deterministic`. No framework is imported here: what the
script imports later is seeded and switched when it does.
"""
