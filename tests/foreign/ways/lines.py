"""One neuron a·x + b, a row of data a step, written down as people do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.foreign.plans import Column, Plan, Tab, Way
from tests.foreign.reference import central, forward, plain, train

__all__ = ["RATE", "STEPS", "A", "B", "X", "Y", "line", "squared", "ways"]

X = (0.5, -1.0, 1.5, 2.0, -0.5, 1.0)
Y = (1.6, -1.1, 3.7, 4.4, 0.2, 2.9)
A, B, RATE, STEPS = 0.3, 0.1, 0.05, 12


def squared(a: Any, b: Any, step: int) -> Any:
    return (a * X[step % 6] + b - Y[step % 6]) ** 2


def half(a: Any, b: Any, step: int) -> Any:
    return squared(a, b, step) / 2


NEW = ("=[a]-[rate]*[ga]", "=[b]-[rate]*[gb]")
FORWARD: dict[str, Column] = {
    "a": (A, "=[na-1]"),
    "b": (B, "=[nb-1]"),
    "x": X,
    "y": Y,
    "p": "=[a]*[x]+[b]",
}
SLOPES: dict[str, Column] = {
    "loss": "=([p]-[y])^2",
    "ga": "=2*([p]-[y])*[x]",
    "gb": "=2*([p]-[y])",
}
FIXED: dict[str, tuple[str, float | str]] = {"rate": ("B1", RATE)}


def line(
    name: str,
    columns: Mapping[str, Column],
    *,
    fixed: Mapping[str, tuple[str, float | str]] = FIXED,
    new: tuple[str, str] = NEW,
    **how: Any,
) -> Plan:
    """Return a plan of a line: what goes forward, columns of its own, and the new weights."""
    every = {**FORWARD, **columns, "na": new[0], "nb": new[1]}
    return Plan(Tab(name), STEPS, fixed, every, **how)


def _plain(
    plan: Plan, rule: Any = None, loss: Any = squared, assumed: bool = False, **true: Any
) -> Way:
    """Return the way of a plan with plain steps.   assumed: whether no cell holds the loss."""
    settings = {"gradients": ("ga", "gb"), "updates": ("na", "nb"), **true}
    if assumed:
        settings.update(loss=None, assumed="(?i)²|\\^2|squared?")
    truth = plan.truth(("a", "b"), "gradient descent", **settings)
    return plan.way(truth, ("na", "nb"), lambda: train((A, B), loss, rule or plain(RATE), STEPS))


def _numerical() -> list[Way]:
    h = 0.01
    fixed = {**FIXED, "h": ("D1", h)}
    up = {
        "loss": "=([p]-[y])^2",
        "lossa": "=(([a]+[h])*[x]+[b]-[y])^2",
        "lossb": "=([a]*[x]+[b]+[h]-[y])^2",
    }
    down = {
        "downa": "=(([a]-[h])*[x]+[b]-[y])^2",
        "downb": "=([a]*[x]+[b]-[h]-[y])^2",
    }
    plans = {
        "forward": (
            line(
                "forward quotient",
                {**up, "ga": "=([lossa]-[loss])/[h]", "gb": "=([lossb]-[loss])/[h]"},
                fixed=fixed,
            ),
            forward(h),
        ),
        "central": (
            line(
                "central quotient",
                {
                    **up,
                    **down,
                    "ga": "=([lossa]-[downa])/(2*[h])",
                    "gb": "=([lossb]-[downb])/(2*[h])",
                },
                fixed=fixed,
            ),
            central(h),
        ),
        "literal": (
            line(
                "h in the formula",
                {
                    "loss": "=([p]-[y])^2",
                    "ga": "=((([a]+0.001)*[x]+[b]-[y])^2-[loss])/0.001",
                    "gb": "=(([a]*[x]+[b]+0.001-[y])^2-[loss])/0.001",
                },
            ),
            forward(0.001),
        ),
    }
    found = []
    for plan, by in plans.values():
        truth = plan.truth(
            ("a", "b"), "gradient descent", gradients=("ga", "gb"), updates=("na", "nb")
        )
        run = partial(train, (A, B), squared, plain(RATE), STEPS, by)
        found.append(plan.way(truth, ("na", "nb"), run))
    return found


def ways() -> list[Way]:
    """Return ways to write one neuron with plain steps."""
    without = {"ga": SLOPES["ga"], "gb": SLOPES["gb"]}
    typed = tuple(round(0.06 - 0.002 * step, 3) for step in range(STEPS))
    found = [
        _plain(line("rows", SLOPES)),
        _plain(
            line(
                "half the square",
                {"loss": "=0.5*([y]-[p])^2", "ga": "=-([y]-[p])*[x]", "gb": "=-([y]-[p])"},
            ),
            loss=half,
        ),
        _plain(line("no loss", without), assumed=True),
        _plain(line("no words", SLOPES, labels=False)),
        _plain(
            line("one product", {}, new=("=[a]-[rate]*2*([p]-[y])*[x]", "=[b]-2*[rate]*([p]-[y])")),
            gradients=(),
            assumed=True,
        ),
        _plain(
            line(
                "delta first",
                {
                    "e": "=[p]-[y]",
                    "loss": "=[e]^2",
                    "delta": "=2*[e]",
                    "ga": "=[delta]*[x]",
                    "gb": "=[delta]",
                },
            )
        ),
        _plain(
            line("rate typed per row", {**SLOPES, "rate": typed}, fixed={}),
            plain(lambda t: typed[t - 1]),
        ),
        _plain(
            line(
                "schedule in a column",
                {
                    "t": tuple(float(t) for t in range(STEPS)),
                    "rate": "=[rate0]/(1+[fall]*[t])",
                    **SLOPES,
                },
                fixed={"rate0": ("B1", RATE), "fall": ("B2", 0.1)},
            ),
            plain(lambda t: RATE / (1 + 0.1 * (t - 1))),
            rate="rate",
        ),
        _plain(
            line(
                "rate that falls",
                {"rate": (RATE, "=[rate-1]*[share]"), **SLOPES},
                fixed={"share": ("B1", 0.9)},
            ),
            plain(lambda t: RATE * 0.9 ** (t - 1)),
        ),
        _plain(line("transposed", SLOPES, at="C4", across=True)),
        _plain(line("somewhere else", SLOPES, at="H23", fixed={"rate": ("AA3", RATE)})),
        _plain(line("free rows between", SLOPES, gap=2, every=6)),
        _notes(),
        _starts(),
    ]
    return found + _numerical()


def _notes() -> Way:
    plan = line("notes about", SLOPES, at="B9", fixed={"rate": ("F3", RATE)})
    tab = plan.tab
    tab.put("A1", "My first neural net. Teacher said: loss must fall!")
    tab.put("E3", "lr ->")
    tab.put("B6", "weights")
    tab.put("D6", "data")
    tab.put("M12", "from here on it is better")
    tab.put("N13", 42.0)
    tab.put("B23", "mean of the loss")
    first, last = plan.cell("loss", 0), plan.cell("loss", STEPS - 1)
    tab.put("D23", f"=AVERAGE({first}:{last})")
    return _plain(plan)


def _starts() -> Way:
    fixed = {**FIXED, "a0": ("B2", A), "b0": ("B3", B)}
    columns = {**FORWARD, "a": ("=[a0]", "=[na-1]"), "b": ("=[b0]", "=[nb-1]"), **SLOPES}
    plan = Plan(Tab("starts above"), STEPS, fixed, {**columns, "na": NEW[0], "nb": NEW[1]}, at="A7")
    return _plain(plan)
