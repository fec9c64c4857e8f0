"""Encode runs in the compact form of a proof, and decode them."""

from __future__ import annotations

import base64
import hashlib
import math
import sys
from array import array
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.selftest.model import Record, Result, Run, place_of
from gpusetup.selftest.proof import Kept, KeptResult, Proof, Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Case, Picture, Place

_DIGITS = 16  # hexadecimal digits of a SHA-256: 64 bits are ample against chance, and a proof stays readable


class Packed(NamedTuple):
    """The encoded runs, with the environments and layouts they share, by name."""

    runs: tuple[Kept, ...]
    environments: dict[str, dict[str, str]]
    layouts: dict[str, tuple[Tensor, ...]]


def pack(runs: Sequence[Run]) -> Packed:
    """Return the runs without their scratch files, and with shared environments and layouts stored once."""
    environments: dict[str, dict[str, str]] = {}
    layouts: dict[str, tuple[Tensor, ...]] = {}
    seen: set[tuple[str, str]] = set()
    shared: set[tuple[Place, tuple[Case, ...] | tuple[Picture, ...]]] = set()
    kept = []
    for run in runs:
        found = None
        if (result := run.result) is not None:
            layout = tuple(map(_tensor, result.records))
            names = _name(result.environment), _name(layout)
            environments[names[0]], layouts[names[1]] = result.environment, layout
            found = _keep(result, *names, again=(names[1], result.fingerprint) in seen)
            seen.add((names[1], result.fingerprint))
            cases, pictures = ((place_of(run.job), kept_once) for kept_once in (result.cases, result.pictures))
            if cases in shared:
                found = msgspec.structs.replace(found, cases=())
            if pictures in shared:
                found = msgspec.structs.replace(found, pictures=())
            shared |= {cases, pictures}
        job = msgspec.structs.replace(run.job, trace="", log="")
        kept.append(Kept(job=job, outcome=run.outcome, seconds=run.seconds, result=found, cause=run.cause, log=run.log))
    return Packed(tuple(kept), environments, layouts)


def unpack(proof: Proof | Packed) -> list[Run]:
    """Return the runs of a proof with their records; `WrongInputError` when they are inconsistent."""
    try:
        return list(_unpack(proof))
    except (KeyError, ValueError) as error:
        remedy = "save it again with gpusetup"
        raise WrongInputError(f"the saved proof is inconsistent: {error}", remedy) from error


def _unpack(proof: Proof | Packed) -> Iterator[Run]:
    seen: dict[tuple[str, str], tuple[Record, ...]] = {}
    for run in proof.runs:
        found = None
        if (result := run.result) is not None:
            key = result.layout, result.fingerprint
            if key not in seen:
                seen[key] = tuple(_records(proof.layouts[result.layout], result))
            found = Result(
                environment=proof.environments[result.environment],
                records=seen[key],
                invariants=result.invariants,
                measures=result.measures,
                fingerprint=result.fingerprint,
                observations=result.observations,
                cases=result.cases,
                absent=result.absent,
                pictures=result.pictures,
            )
        yield Run(job=run.job, outcome=run.outcome, seconds=run.seconds, result=found, cause=run.cause, log=run.log)


def _keep(result: Result, environment: str, layout: str, *, again: bool) -> KeptResult:
    return KeptResult(
        environment=environment,
        layout=layout,
        fingerprint=result.fingerprint,
        digests="" if again else "".join(record.digest for record in result.records),
        values="" if again else base64.b64encode(b"".join(map(_values, result.records))).decode("ascii"),
        invariants=result.invariants,
        measures={name: float(f"{value:.6g}") for name, value in result.measures.items()},
        observations=result.observations,
        cases=result.cases,
        absent=result.absent,
        pictures=result.pictures,
    )


def _tensor(record: Record) -> Tensor:
    return Tensor(
        step=record.step,
        kind=record.kind,
        name=record.name,
        dtype=record.dtype,
        shape=record.shape,
        sampled=len(record.sample),
    )


def _values(record: Record) -> bytes:
    if not record.sample:
        return b""
    numbers = (record.largest, *record.sample)
    found: array[float] = array(_code(record.dtype), (math.nan if number is None else number for number in numbers))
    return _little(found).tobytes()


def _records(layout: Sequence[Tensor], result: KeptResult) -> Iterator[Record]:
    raw, start = base64.b64decode(result.values, validate=True), 0
    if len(result.digests) != _DIGITS * len(layout):
        raise ValueError(f"{len(layout)} tensors, {len(result.digests) // _DIGITS} digests")
    for place, tensor in enumerate(layout):
        if any(length < 0 for length in tensor.shape) or not 0 <= tensor.sampled <= math.prod(tensor.shape):
            raise ValueError(f"{tensor.name} cannot have {tensor.sampled} samples")
        values: array[float] = array(_code(tensor.dtype))
        size = (tensor.sampled + 1) * values.itemsize if tensor.sampled else 0
        values.frombytes(raw[start : start + size])
        if len(values) != (tensor.sampled + 1 if tensor.sampled else 0):
            raise ValueError(f"no values for {tensor.name}")
        start += size
        largest, *sample = [number if math.isfinite(number) else None for number in _little(values)] or [0.0]
        yield Record(
            step=tensor.step,
            kind=tensor.kind,
            name=tensor.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            digest=result.digests[place * _DIGITS : (place + 1) * _DIGITS],
            largest=largest,
            sample=tuple(sample),
        )


def _code(dtype: str) -> Literal["f", "d"]:
    return "f" if dtype in {"float32", "float16", "bfloat16"} else "d"


def _little(numbers: array[float]) -> array[float]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _name(shared: object) -> str:
    """Return a short name derived from the content, the same in every proof."""
    return hashlib.sha256(msgspec.json.encode(shared, order="sorted")).hexdigest()[:12]
