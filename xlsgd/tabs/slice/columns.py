"""What stands on a slice tab: the mean loss over one weight, its tangent, and the step along it."""

from __future__ import annotations

from xlsgd.base.columns import Column, Input
from xlsgd.tabs.mean_loss import ROWS, mean_loss, weights_after
from xlsgd.training.experiment import Experiment

__all__ = ["HEADERS", "MARKED", "OF", "POINTS", "columns", "follow", "typed"]

MARKED = "slice tab, format 1"
POINTS = 41
HEADERS = frozenset(("point", "at", "mean_loss", "tangent"))
OF = "slice_of"
"""The field with the name of the run whose loss it is."""
BESIDE = 0.75
"""How far the curve goes on beyond where the weight begins and ends, at first."""


def typed(experiment: Experiment, weight: str, after_epoch: float) -> list[Input]:
    """Return the cells that a reader types into."""
    names = experiment.network.parameters
    return [
        Input("weight", weight, "the weight that moves: choose another", choices=names),
        Input(
            "after_epoch",
            after_epoch,
            f"where it is now: after so many epochs of '{experiment.id}', 0 for the start",
            minimum=0,
            whole=True,
        ),
        Input(
            "beside",
            BESIDE,
            "how much of the curve is drawn to the left and right",
            minimum=0,
            label="drawn beside",
        ),
    ]


def follow(experiment: Experiment) -> list[Input]:
    """Return the fields that follow, in order of calculation."""
    id, names = experiment.id, experiment.network.parameters

    def chosen(what: str) -> str:
        return "+".join(f'IF({{weight}}="{p}",{what.format(p=p)},0)' for p in names)

    ends = "{here},{step_to},{at_start},{at_end}"
    apart = f"(MAX({ends})-MIN({ends}))"
    beside = f"IF({apart}>0,{apart},1)*{{beside}}"
    return [
        ROWS,
        *(
            Input(f"now.{p}", f"={weights_after(experiment, p, '{after_epoch}')}", f"{p} now")
            for p in names
        ),
        Input("h", f"={{@{id}.h}}", "the slope is found by moving the weight by h both ways"),
        Input("loss_below", f"={_loss_at(experiment, '{here}-{h}')}", "mean loss at weight − h"),
        Input("loss_above", f"={_loss_at(experiment, '{here}+{h}')}", "mean loss at weight + h"),
        Input(
            "slope",
            "=({loss_above}-{loss_below})/(2*{h})",
            "slope of the tangent; on a parabola it is exact",
        ),
        Input("rate", f"={{@{id}.learning_rate}}", f"of '{id}'", label="learning rate"),
        _labelled("weight now", "here", chosen("{{now.{p}}}"), "the chosen weight"),
        _labelled(
            "after a step", "step_to", "{here}-{rate}*{slope}", "weight now − learning rate · slope"
        ),
        _labelled("loss now", "loss_here", _loss_at(experiment, "{here}"), "mean loss there"),
        _labelled(
            "loss after it",
            "loss_there",
            _loss_at(experiment, "{step_to}"),
            "mean loss after the step",
        ),
        Input("at_start", f"={chosen(f'{{{{@{id}.init.{{p}}}}}}')}", "the weight at the start"),
        Input("at_end", f"={chosen(f'{{{{@{id}.last.new.{{p}}}}}}')}", "the weight at the end"),
        Input("from", f"=MIN({ends})-{beside}", "the curve is drawn from here"),
        Input("to", f"=MAX({ends})+{beside}", "to here"),
    ]


def _labelled(label: str, key: str, formula: str, note: str) -> Input:
    return Input(key, f"={formula}", note, label=label)


def _loss_at(experiment: Experiment, value: str) -> str:
    """Return the mean loss with the chosen weight at a value and all others as they are now."""
    names = experiment.network.parameters
    cells = {p: f'IF({{weight}}="{p}",{value},{{now.{p}}})' for p in names}
    return mean_loss(experiment, cells)


def columns(experiment: Experiment) -> list[Column]:
    """Return the columns of the points, in order of calculation."""

    def column(quantity: str, formula: str, paper: str, note: str, torch: str) -> Column:
        first = "1" if quantity == "point" else None
        return Column(quantity, formula, paper, note, torch, "over one weight", first)

    tangent = "{loss_here}+{slope}*({at}-{here})"
    return [
        column("point", "={prev.point}+1", f"1 … {POINTS}", "number of a point", "point"),
        column(
            "at",
            f"={{from}}+({{point}}-1)*({{to}}-{{from}})/{POINTS - 1}",
            "from … to",
            "the chosen weight at a point of the curve",
            f"torch.linspace(low, high, {POINTS})",
        ),
        column(
            "mean_loss",
            f"={_loss_at(experiment, '{at}')}",
            f"mean of {experiment.loss.paper}",
            "mean loss of all rows, the other weights as they are now",
            "loss(net(x), y).mean()",
        ),
        column(
            "tangent",
            f"=IF({tangent}<0,NA(),{tangent})",
            "loss now + slope·(weight − now)",
            "the straight line that touches the curve where the weight is now",
            "loss + slope * (w - now)",
        ),
    ]
