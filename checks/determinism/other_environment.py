"""``python -P other_environment.py JOB CHECKS_DIR…``: train once in this process and print the digests as JSON."""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from pathlib import Path


def main(question: str, folders: list[str]) -> None:
    """Do what a worker does before a job, then train and draw."""
    worker = next(path for folder in folders if (path := Path(folder) / "common" / "worker.py").exists())
    functions = runpy.run_path(str(worker))
    functions["die_with_parent"]()
    functions["mount_checks"](folders)
    job = importlib.import_module("checks.common.job").Job(**json.loads(question))
    importlib.import_module(f"checks.common.{job.framework}").prepare(job)
    portability = importlib.import_module(f"checks.{job.check}.portability")
    backend = importlib.import_module(f"checks.{job.check}.{job.framework}")
    print(json.dumps(portability.digests(backend, job)))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
