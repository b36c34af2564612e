"""What stands on a tab of running averages: the signal, two averages, how much is left of a wave
and how late it comes, by a formula and as measured."""

from __future__ import annotations

from typing import Any

from xlsgd.base.columns import Column, Input

__all__ = ["HEADERS", "MARKED", "columns", "inputs", "measured"]

MARKED = "averages tab, format 1"
HEADERS = frozenset(("signal", "dampened", "classic", "measures", "since"))


def inputs(share: float, omega: float | None, settled: float) -> list[Input]:
    """Return what a reader may change.   omega: None where the signal is typed in."""
    found = [
        Input("share", share, "share of the old average that is kept", minimum=0, below=1),
        Input(
            "settled",
            settled,
            "measured are the rows after this one",
            minimum=0,
            whole=True,
            label="settled after",
        ),
    ]
    if omega is not None:
        found.append(Input("omega", omega, "ω: by how much x moves from row to row", positive=True))
    return found


def columns(wave: bool) -> list[Column]:
    """Return the columns of the table, in order of calculation.

    wave: whether the signal is sin(x), and not typed in.
    """

    def column(
        quantity: str, formula: str, paper: str, note: str, torch: str, **more: Any
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="running averages", **more)

    found = [column("step", "={prev.step}+1", "1, 2, 3 …", "number of the row", "step", first="1")]
    if wave:
        found += [
            column("x", "={omega}*{step}", "ω·step", "where the wave is", "x"),
            column("signal", "=SIN({x})", "sin(x)", "what is averaged: the slope", "torch.sin(x)"),
            column(
                "cosine", "=COS({x})", "cos(x)", "a quarter ahead, to measure with", "torch.cos(x)"
            ),
        ]
    else:
        found.append(column("signal", "", "typed in", "what is averaged: the slope", "slope"))
    found += [
        column(
            "dampened",
            "={share}*{prev.dampened}+(1-{share})*{signal}",
            "share·v + (1 − share)·slope",
            "running average from 0, dampened: no more than 1 part in all of every slope",
            "v = share * v + (1 - share) * slope",
            first="=(1-{share})*{signal}",
        ),
        column(
            "classic",
            "={share}*{prev.classic}+{signal}",
            "share·v + slope",
            "the same, classic: slopes count whole, so it grows 1/(1 − share) times as large",
            "v = share * v + slope",
            first="={signal}",
        ),
        column(
            "measures",
            "=IF({step}>{settled},1,0)",
            "step > settled",
            "1 in the rows that are measured",
            "step > settled",
        ),
        column(
            "since",
            "=IF({measures}=1,{dampened},MAX({signals.signal}))",
            "dampened, once settled",
            "the dampened average where it is measured, before that the greatest slope",
            "torch.where(measures, dampened, slopes.max())",
        ),
    ]
    if wave:
        found.append(
            column(
                "predicted",
                "={gain}*SIN({x}-{lag})",
                "gain·sin(x − lag)",
                "what the formulas for gain and lag say that the average is, once settled",
                "gain * torch.sin(x - lag)",
            )
        )
    return found


def measured(wave: bool) -> list[Input]:
    """Return the fields that say what became of the signal, in order of calculation."""
    found = [
        Input("highest", "=MAX({signals.dampened})", "the greatest dampened average of all rows"),
        Input(
            "lowest_since",
            "=MIN({signals.since})",
            "the least, of the rows that are measured",
            label="lowest once settled",
        ),
        Input("highest_classic", "=MAX({signals.classic})", "the greatest classic average"),
    ]
    if not wave:
        return found
    sums = {
        "sum_ss": ("signal", "signal"),
        "sum_sc": ("signal", "cosine"),
        "sum_cc": ("cosine", "cosine"),
        "sum_vs": ("dampened", "signal"),
        "sum_vc": ("dampened", "cosine"),
    }
    solved = "({sum_ss}*{sum_cc}-{sum_sc}^2)"
    return [
        Input(
            "gain",
            "=(1-{share})/SQRT(1-2*{share}*COS({omega})+{share}^2)",
            "what is left of the wave's height: (1 − share) / |1 − share·e^(−iω)|",
        ),
        Input(
            "lag",
            "=ATAN({share}*SIN({omega})/(1-{share}*COS({omega})))",
            "how late it comes, in x: the angle of 1 − share·e^(−iω)",
        ),
        Input("lag_in_steps", "={lag}/{omega}", "the same in rows", label="lag in rows"),
        *(
            Input(
                key,
                f"=SUMPRODUCT({{signals.measures}},{{signals.{one}}},{{signals.{other}}})",
                f"Σ {one}·{other}, of the rows that are measured",
            )
            for key, (one, other) in sums.items()
        ),
        Input(
            "in_step",
            f"=({{sum_vs}}*{{sum_cc}}-{{sum_vc}}*{{sum_sc}})/{solved}",
            "how much of sin(x) is in the average: the line of least squares",
        ),
        Input(
            "behind",
            f"=({{sum_vs}}*{{sum_sc}}-{{sum_vc}}*{{sum_ss}})/{solved}",
            "how much of −cos(x), a quarter of a wave late, is in it",
        ),
        Input("gain_measured", "=SQRT({in_step}^2+{behind}^2)", "the wave's height, as measured"),
        Input("lag_measured", "=ATAN2({in_step},{behind})", "how late it comes, as measured"),
        *found,
    ]
