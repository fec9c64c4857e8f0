"""A job, as the engine would send it."""

from checks.common.job import Job

JOB = Job(
    check="any",
    framework="reference",
    device="cpu",
    seed=3,
    round=1,
    profile="quick",
    threads=1,
    trace="",
    log="",
    data="",
)
