"""A host that no recipe is for: what can be had there all the same, from wheels and images, and how to ask for more."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import RefusedError
from gpusetup.facts import systems
from gpusetup.resolve import attempt
from gpusetup.resolve.model import GIVEN, WHEELS, Reason, Refusal, Relaxation, Stack

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.asked.request import RequestOptions
    from gpusetup.resolve.model import Environment, Request


def refuse_foreign(asked: RequestOptions, facts: Facts) -> Refusal | None:
    """Return the refusal for a host that no recipe is for, None for any other.

    The wheels are those that fit the host's cards and its driver; a request that no wheel fits is refused for that.
    """
    if not asked.foreign:
        return None
    found = _wheels_alone(asked, facts)
    if isinstance(found, Refusal):
        return replace(found, because=(_no_recipe(asked.foreign, facts), *found.because))
    because = [_no_recipe(asked.foreign, facts)]
    if found.choice("driver"):
        because.append(_about_driver(asked.request, found))
    return Refusal(
        request=asked.request, because=tuple(because), ways_out=(*_as_it_is(asked, found, facts), *_ways(found, facts))
    )


def _wheels_alone(asked: RequestOptions, facts: Facts) -> Stack | Refusal:
    """Return the wheels that fit the host, for its own Python where there are any."""
    request = asked.request if asked.request.repo else replace(asked.request, repo=WHEELS)
    own = ".".join(asked.machine.system.python.split(".")[:2]) if asked.machine else ""
    found = attempt(replace(request, python=own), facts) if own and not request.python else None
    return found if isinstance(found, Stack) else attempt(request, facts)


def _no_recipe(name: str, facts: Facts) -> Reason:
    *others, last = (row.title for row in facts.distribution)
    known = " and ".join(filter(None, (", ".join(others), last)))
    return Reason(fact="request:distro", text=f"this host is {name}, and there are recipes for {known} only")


def _about_driver(request: Request, stack: Stack) -> Reason:
    """Return what there is to know about the driver, which stays or is to be installed."""
    if request.present_driver and stack.driver is None:
        return Reason(fact="machine:driver", text=f"driver {request.present_driver} is there and fits")
    if request.driver_of:
        text = f"driver {request.driver} is {GIVEN[request.driver_of]}: install no other"
        return Reason(fact="request:driver_of", text=text)
    return Reason(fact="machine:driver", text=_driver_needed(request, stack))


def _driver_needed(request: Request, stack: Stack) -> str:
    floor = max((one.driver_floor for one in stack.environments), default="")
    kind = f" with the {stack.driver.flavour} kernel modules" if stack.driver else ""
    newest = max((card.arch for card in request.cards), default="")
    last = (
        f", branch {stack.driver.branch} for {newest}" if stack.driver and stack.driver.flavour == "proprietary" else ""
    )
    present = f"driver {request.present_driver} does not fit: " if request.present_driver else ""
    return f"{present}install driver {floor} or newer{last}{kind} from this system's own packages"


def _as_it_is(asked: RequestOptions, found: Stack, facts: Facts) -> Iterator[Relaxation]:
    """Yield the wheels that a present driver runs which does not fit the newest: it may not be the user's to change."""
    present = asked.request.present_driver
    if not present or found.driver is None:
        return
    older = _wheels_alone(replace(asked, request=replace(asked.request, driver=present)), facts)
    for one in older.environments if isinstance(older, Stack) else ():
        text = f"with driver {present} as it is, older wheels, in an environment of Python {one.python}"
        yield Relaxation(text=text, options=_pip(one))


def _ways(stack: Stack, facts: Facts) -> Iterator[Relaxation]:
    for one in stack.environments:
        yield Relaxation(text=f"the wheels alone, in an environment of Python {one.python}", options=_pip(one))
    frameworks = tuple(word for name in stack.request.frameworks for word in ("--framework", name))
    yield Relaxation(text="a container image that brings them", options=("gpusetup", "container", *frameworks))
    usual = systems.distribution(facts)
    yield Relaxation(text=f"the recipe for {usual.title} all the same", options=("--distro", usual.name))


def _pip(environment: Environment) -> tuple[str, ...]:
    indexes = sorted({one.index for one in environment.requirements} - {""})
    extra = tuple(word for index in indexes for word in ("--extra-index-url", index))
    return ("pip", "install", *(one.text for one in environment.requirements), *extra)


def required(result: Stack | Refusal) -> Stack:
    """Return the stack; raises `RefusedError` (exit code 4) for a refusal."""
    if isinstance(result, Refusal):
        raise RefusedError(*in_words(result))
    return result


def in_words(refusal: Refusal) -> tuple[str, str]:
    """Return why and the ways out, each as one line."""
    because = "; ".join(reason.text for reason in refusal.because)
    ways = "; ".join(f"{way.text}: {shlex.join(way.options)}" for way in refusal.ways_out)
    return because, ways or "no single change would allow one"
