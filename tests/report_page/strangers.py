"""A fleet in which every host has many reasons of its own: nothing of it can be put together."""

from __future__ import annotations

from gpusetup.fleet.model import (
    BitMinority,
    Bits,
    Difference,
    Figure,
    Fleet,
    Group,
    HostResult,
    Minority,
    Outlier,
    Reason,
)


def strangers(count: int, name: str = "node", rows: int = 300) -> Fleet:
    """Return a fleet in which every host has many reasons of its own, `rows` properties differ and all is slow."""
    names = tuple(f"{name}{number}" for number in range(count))
    reasons = [
        tuple(
            Reason(
                kind="difference",
                weight="drain",
                of="gpu.vbios",
                text=f"{name} VBIOS 96.00.{number}.{one} " + "x" * 150,
            )
            for one in range(40)
        )
        for number in range(min(count, 2000))
    ]
    others = tuple(Minority(value=f"{name} {one}", places=names[:500], hosts=names[:500]) for one in range(40))
    difference = Difference(group="g", property="gpu.vbios", title=f"{name} VBIOS", topic="firmware", weight="warn",
                            unit="GPU", most="a", count=9, of=9, others=others, why="y" * 100)  # fmt: skip
    places = tuple((f"{one}: cuda:0", 100.0) for one in names[:400])
    slow = tuple(Outlier(host=one, device="cuda:0", value=1.0, share=0.7, distance=9.0) for one in names[:500])
    figure = Figure(check="gru", framework="pytorch", precision="float32", measure=f"{name} per second",
                    environment="e", devices=count, hosts=count, median=100.0, lowest=1.0, highest=100.0,
                    slow=slow, limit_low=90.0, limit_high=110.0, values=places)  # fmt: skip
    bit = Bits(check="gru", framework="pytorch", device="cuda", precision="float32", seed=0, environment="e" * 200,
               state="majority", most="a" * 16, count=9, of=9,
               others=(BitMinority(fingerprint="b" * 16, places=names[:500], hosts=names[:500]),) * 20)  # fmt: skip
    return Fleet(
        gpusetup="0", at="2026-11-30T12:00:00Z", verdict="drain", groups=(Group(name=name, product="p", hosts=count),),
        hosts=tuple(HostResult(name=one, state="drain", reasons=reasons[number % len(reasons)], group="g", drain="d")
                    for number, one in enumerate(names)),
        differences=(difference,) * rows, bits=(bit,) * (rows // 3), figures=(figure,) * (rows // 7), alarm_rate=1e-3,
    )  # fmt: skip
