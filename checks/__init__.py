"""The reference workloads: one folder per check, imported in worker processes only. README.md has the contract."""
