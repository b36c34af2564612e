"""The steps of optimizers, as people write them, all for one neuron with a row of data a step."""

from __future__ import annotations

from collections.abc import Mapping

from tests.foreign.plans import Column, Tab, Way, book_of
from tests.foreign.reference import (
    Rule,
    adagrad,
    adam,
    decay,
    momentum,
    plain,
    rmsprop,
    train,
)
from tests.foreign.ways.lines import FIXED, SLOPES, STEPS, A, B, line, squared

__all__ = ["ways"]

_Fixed = Mapping[str, tuple[str, float | str]]


def _way(
    name: str,
    words: str,
    states: Mapping[str, Column],
    step: str,
    rule: Rule,
    fixed: _Fixed,
    before: float | None = None,
    **how: object,
) -> Way:
    """Return a way.

    states, step: for a weight ``#``, whose slope is ``[g#]``: columns that remember, and what is
    taken from the weight.   before: what stands above the first row of all that is remembered.
    """
    columns = dict(SLOPES)
    for weight in "ab":
        for key, column in states.items():
            columns[key.replace("#", weight)] = _for(column, weight)
    new = tuple(step.replace("#", weight) for weight in "ab")
    plan = line(name, columns, fixed={**FIXED, **fixed}, new=(new[0], new[1]), **how)
    kept = [key for key in columns if key not in SLOPES and key not in ("t", "x", "y")]
    if before is not None:
        for key in kept:
            plan.tab.put(plan.cell(key, -1), before)
    truth = plan.truth(("a", "b"), words, gradients=("ga", "gb"), states=kept, updates=("na", "nb"))
    return plan.way(truth, ("na", "nb"), lambda: train((A, B), squared, rule, STEPS))


def _for(column: Column, weight: str) -> Column:
    if isinstance(column, str):
        return column.replace("#", weight)
    return tuple(c.replace("#", weight) if isinstance(c, str) else c for c in column)


def _momenta() -> list[Way]:
    beta = 0.8
    fixed: _Fixed = {"beta": ("B2", beta)}
    share: _Fixed = {**fixed, "rest": ("B3", "=1-B2")}
    torch = {"v#": ("=[g#]", "=[beta]*[v#-1]+[g#]")}
    return [
        _way("momentum", "momentum", torch, "=[#]-[rate]*[v#]", momentum(0.05, beta), fixed),
        _way(
            "momentum from zeros",
            "momentum",
            {"v#": "=[beta]*[v#-1]+[g#]"},
            "=[#]-[rate]*[v#]",
            momentum(0.05, beta),
            fixed,
            before=0.0,
        ),
        _way(
            "momentum with the rate inside",
            "momentum",
            {"v#": ("=-[rate]*[g#]", "=[beta]*[v#-1]-[rate]*[g#]")},
            "=[#]+[v#]",
            momentum(0.05, beta),
            fixed,
        ),
        _way(
            "averaged momentum",
            "momentum|average",
            {"v#": "=[beta]*[v#-1]+[rest]*[g#]"},
            "=[#]-[rate]*[v#]",
            momentum(0.05, beta, 1 - beta),
            share,
            before=0.0,
        ),
        _way(
            "averaged momentum by shares in the formula",
            "momentum|average",
            {"v#": ("=0.2*[g#]", "=0.8*[v#-1]+(1-0.8)*[g#]")},
            "=[#]-[rate]*[v#]",
            momentum(0.05, beta, 1 - beta),
            {},
        ),
        _way(
            "nesterov",
            "(?i)nesterov",
            torch,
            "=[#]-[rate]*([g#]+[beta]*[v#])",
            momentum(0.05, beta, ahead=True),
            fixed,
        ),
    ]


def _squares() -> list[Way]:
    eps: _Fixed = {"eps": ("D1", 1e-6)}
    beta: _Fixed = {"beta": ("B2", 0.9), **eps}
    average = "=[beta]*[s#-1]+(1-[beta])*[g#]^2"
    return [
        _way(
            "adagrad",
            "(?i)adagrad",
            {"s#": ("=[g#]^2", "=[s#-1]+[g#]^2")},
            "=[#]-[rate]*[g#]/(SQRT([s#])+[eps])",
            adagrad(0.05, 1e-6),
            eps,
        ),
        _way(
            "rmsprop",
            "(?i)rmsprop",
            {"s#": average},
            "=[#]-[rate]*[g#]/(SQRT([s#])+[eps])",
            rmsprop(0.05, 0.9, 1e-6),
            beta,
            before=0.0,
        ),
        _way(
            "rmsprop by the average of the row before",
            "(?i)rmsprop",
            {"s#": average},
            "=[#]-[rate]/SQRT([s#-1])*[g#]",
            rmsprop(0.05, 0.9, old=2.0),
            beta,
            before=2.0,
        ),
    ]


def _adams() -> list[Way]:
    fixed: _Fixed = {"beta1": ("B2", 0.9), "beta2": ("B3", 0.99), "eps": ("D1", 1e-6)}
    kept: dict[str, Column] = {
        "m#": "=[beta1]*[m#-1]+(1-[beta1])*[g#]",
        "v#": "=[beta2]*[v#-1]+(1-[beta2])*[g#]^2",
    }
    hats: dict[str, Column] = {
        "mh#": "=[m#]/(1-[beta1]^[t])",
        "vh#": "=[v#]/(1-[beta2]^[t])",
    }
    count: dict[str, Column] = {"t": tuple(float(t) for t in range(1, STEPS + 1))}
    step = "[rate]*[mh#]/(SQRT([vh#])+[eps])"
    return [
        _way(
            "adam",
            "(?i)adam",
            {**count, **kept, **hats},
            f"=[#]-{step}",
            adam(0.05, 0.9, 0.99, 1e-6, True),
            fixed,
            before=0.0,
        ),
        _way(
            "adam in one formula with eps inside",
            "(?i)adam",
            {**count, **kept},
            "=[#]-[rate]*([m#]/(1-[beta1]^[t]))/SQRT([v#]/(1-[beta2]^[t])+[eps])",
            adam(0.05, 0.9, 0.99, 1e-6, True, inside=True),
            fixed,
            before=0.0,
        ),
        _way(
            "adam without correction",
            "(?i)adam",
            kept,
            "=[#]-[rate]*[m#]/SQRT([v#])",
            adam(0.05, 0.9, 0.99, 0.0, False),
            fixed,
            before=0.0,
        ),
        _way(
            "adam with decay",
            "(?i)adam",
            {**count, **kept, **hats},
            f"=[#]-{step}-[rate]*[decay]*[#]",
            decay(0.05, 0.1, adam(0.05, 0.9, 0.99, 1e-6, True)),
            {**fixed, "decay": ("D2", 0.1)},
            before=0.0,
        ),
    ]


def _decays() -> list[Way]:
    fixed: _Fixed = {"decay": ("B2", 0.02)}
    rule = plain(0.05, 0.02)
    words = "gradient descent|decay"
    return [
        _way("weight decay", words, {}, "=[#]-[rate]*([g#]+[decay]*[#])", rule, fixed),
        _way("shrinking weights", words, {}, "=[#]*(1-[rate]*[decay])-[rate]*[g#]", rule, fixed),
    ]


def _two_tabs() -> Way:
    first = _way("tabs", "", {}, "=[#]-[rate]*[g#]", plain(0.05), {})
    fast = _momenta()[0]
    tabs = []
    truths = []
    for name, way, words in (
        ("plain", first, "gradient descent"),
        ("with momentum", fast, "momentum"),
    ):
        (old,) = way.book.sheets
        tab = Tab(name)
        tab.grid = way.book.sheets[old]
        tabs.append(tab)
        truths.append(_moved_to(way, old, name, words))
    return Way("two tabs", book_of(*tabs), tuple(truths))


def _moved_to(way: Way, old: str, name: str, words: str):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    truth = way.truths[0]

    def cells(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cell.replace(f"{old}!", f"{name}!") for cell in given)

    def runs(given: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(cells(run) for run in given)

    return replace(
        truth,
        sheets=(name,),
        rule=words,
        weights=runs(truth.weights),
        rate=cells(truth.rate),
        losses=cells(truth.losses),
        gradients=runs(truth.gradients),
        states=runs(truth.states),
        updates=runs(truth.updates),
    )


def ways() -> list[Way]:
    """Return a way for every optimizer and for the ways to write one."""
    return [*_momenta(), *_squares(), *_adams(), *_decays(), _two_tabs()]
