"""The reference workloads: one folder per check, imported only in worker processes. README.md has the contract."""
