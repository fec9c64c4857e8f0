"""Collects from hosts over ssh what `gpusetup fleet` compares. No agent: each host runs its own gpusetup, once."""
