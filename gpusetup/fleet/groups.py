"""Who is whose equal: hosts with the same product of GPU, by the PCI bus, and the same role."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from gpusetup.fleet.host import NO_GPU, Host


def grouped(hosts: Iterable[Host], role: Callable[[str], str]) -> Mapping[str, Sequence[Host]]:
    """Return the hosts of each group, by its name; "" for those of which nothing says which GPUs they have."""
    found: dict[tuple[str, str], list[Host]] = defaultdict(list)
    for host in hosts:
        found[host.product, role(host.name)].append(host)
    named: dict[str, Sequence[Host]] = {}
    for (product, kind), some in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        base = _name(product, kind, some)
        name, number = base, 1
        while name in named:
            name, number = f"{base} ({number + 1})", number + 1
        named[name] = some
    return named


def _name(product: str, role: str, hosts: Sequence[Host]) -> str:
    """Return the commonest model of the group; of a host whose driver is silent only the bus is known."""
    if not product:
        return role
    models = Counter(one.model for one in hosts if one.model)
    arch, _, ids = product.partition(" ")
    model = models.most_common(1)[0][0] if models else (f"GPU 10de:{ids}" if ids else f"{NO_GPU}, {arch}")
    return f"{role}: {model}" if role else model
