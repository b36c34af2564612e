"""Columns beside every row that remember what the panel wants to know, and the same in torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.report.compare import SAFETY
from xlsgd.training.experiment import Experiment
from xlsgd.verdict import events
from xlsgd.verdict.evidence import Evidence
from xlsgd.verdict.threshold import RunLimits

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["columns", "quantities"]

Floats = NDArray[np.float64]


# Sheet side


def columns(evidence: Evidence) -> list[Column]:
    """Return the columns that remember, row by row, what the panel wants to know."""

    def column(quantity: str, formula: str, first: str, paper: str, note: str) -> Column:
        torch = "# bookkeeping for the verdict at the top"
        return Column(quantity, formula, paper, note, torch, group="how it goes", first=first)

    def last_step(quantity: str, happened: str, paper: str, note: str) -> Column:
        """Return a column with the last step so far in which something happened, 0 for never.

        happened: an expression with {step} where it did and {before} where it did not.
        """
        return column(
            quantity,
            "=" + happened.replace("{before}", f"{{prev.{quantity}}}"),
            "=" + happened.replace("{before}", "0"),
            paper,
            note,
        )

    def first_step(quantity: str, happened: str, paper: str, note: str) -> Column:
        """Return a column with the first step in which something happened, 0 before."""
        before = f"{{prev.{quantity}}}"
        formula = f"=IF({before}>0,{before},{happened})"
        return column(quantity, formula, f"={happened}", paper, note)

    said, found = evidence.wording, []
    if evidence.start_column is not None:
        found.append(
            Column(
                "start_loss",
                f"={evidence.start_column}",
                paper="loss at the start weights",
                note=f"what the loss{said.rows(' of this row')} would be had nothing been learned",
                torch="loss_at(start weights)",
                group="how it goes",
            )
        )
    found += [
        first_step(
            "exploded_at",
            "IF(ISNUMBER({loss}),IF({loss}>{exploded_above},{step},0),{step})",
            "first step with loss > exploded_above",
            "the step in which the loss first was above exploded_above or no number; "
            "0 as long as that has not happened",
        ),
        first_step(
            "not_finite_at",
            "IF(ISNUMBER({loss}),0,{step})",
            "first step without a loss",
            "the step in which the loss first was too large for a cell; "
            "0 as long as that has not happened",
        ),
    ]
    for unit, output in evidence.units.items():
        found.append(
            last_step(
                f"awake.{unit}",
                f"IF(ISNUMBER({output}),IF({output}>0,{{step}},{{before}}),{{step}})",
                f"last step with {evidence.silences[unit].awake_on_paper(unit)}",
                f"the last step in which {unit} let something through; "
                f"stuck for a whole {said.epoch}: the unit is dead",
            )
        )
    for group, names in evidence.groups.items():
        quantities = [evidence.gradients[p] for p in names]
        alone = len(quantities) == 1
        span = quantities[0] if alone else f"{quantities[0]}:{quantities[-1]}"
        cell = f"{{{span}}}" if alone else f"MAX({{{span}}})"
        nothing = f"{cell}=0" if alone else f"AND({cell}=0,MIN({{{span}}})=0)"
        found.append(
            last_step(
                f"nonzero.{group}",
                f"IF(AND(ISNUMBER({cell}),ISNUMBER({{loss}})),"
                f"IF({nothing},{{before}},{{step}}),{{step}})",
                f"last step with {quantities[0] if alone else f'a derivative of {group}'} ≠ 0",
                f"the last step in which the derivative for {group} was not exactly 0; "
                f"stuck for a whole {said.epoch}: nothing moves {group} any more",
            )
        )
    numerical = "+".join(f"ABS({{{g}}})" for g in evidence.numerical)
    backprop = "+".join(f"ABS({{{g}}})" for g in evidence.backprop)
    weights = [f"param.{p}" for p in evidence.parameters]
    largest = ",".join(f"ABS({{{name}}})" for name in weights)
    if len(evidence.groups) < len(weights):
        side_by_side = f"{{{weights[0]}:{weights[-1]}}}"
        largest = f"MAX({side_by_side}),-MIN({side_by_side})"
    found.append(
        last_step(
            "derivative_alive",
            f"IF(ISNUMBER({numerical}+{backprop}),"
            f"IF(AND({numerical}=0,{backprop}>0,{{h}}<10^-15*MAX({largest})),{{before}},{{step}}),"
            "{step})",
            "last step not frozen",
            "the last step in which the numerical derivative was not frozen: it freezes where "
            "weight + h rounds to the weight",
        )
    )
    return found


# Torch side


def quantities(
    experiment: Experiment, limits: RunLimits, evidence: Evidence, values: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Return what the columns hold, but for ``start_loss``.

    values: quantity to numbers of shape (members, rows), of a run and of an ensemble beside it, or
        (rows,) of a run alone; with ``signal.unit`` for a unit where a row stands for several of
        its outputs, the largest Silence.signal_of.
    """
    import torch

    def tensor(name: str) -> Tensor:
        # A copy where numpy only pretends to have a whole array: torch takes no such thing.
        return torch.from_numpy(np.array(values[name], copy=None, order="C"))

    loss = tensor("loss")
    step = np.broadcast_to(values["step"], loss.shape)
    found = {
        "exploded_at": _first_step(step, events.exploded(loss, limits.exploded_above)),
        "not_finite_at": _first_step(step, events.not_finite(loss)),
    }
    for unit, silence in evidence.silences.items():
        known = f"signal.{unit}" in values
        signal = tensor(f"signal.{unit}") if known else silence.signal_of(tensor(unit))
        found[f"awake.{unit}"] = _last_step(step, events.awake(signal))
    for group, names in evidence.groups.items():
        slopes = [_cancelled(tensor(evidence.gradients[p])) for p in names]
        moving = [events.nonzero(slope, loss) for slope in slopes]
        found[f"nonzero.{group}"] = _last_step(step, torch.stack(moving).any(0))
    frozen = events.frozen(
        map(tensor, evidence.numerical),
        map(tensor, evidence.backprop),
        (tensor(f"param.{p}") for p in evidence.parameters),
        experiment.h,
    )
    found["derivative_alive"] = _last_step(step, ~frozen)
    return found


def _cancelled(gradient: Tensor) -> Tensor:
    """Return derivatives, at the last member of an ensemble those that may have cancelled as 0.

    Whether what is left of two equal losses is 0 or 1e-13 is rounding, and decides whether anything
    moves. Where a sheet's 0 would pass for torch's derivative, it may follow from a 0 as well.
    gradient: shape (members, rows), or (rows,) of a run without an ensemble.
    """
    if gradient.dim() < 2 or len(gradient) < 2:
        return gradient
    own = gradient[0]
    cancels = own.abs() <= SAFETY * (gradient - own).abs().amax(0)
    found = gradient.clone()
    found[-1] = found[-1].where(~cancels, 0.0)
    return found


def _first_step(step: Floats, happened: Tensor) -> Floats:
    """Return, for every row, the first step so far in which something happened; 0 for none."""
    flags = happened.numpy()
    so_far = np.logical_or.accumulate(flags, axis=-1)
    first = np.take_along_axis(step, flags.argmax(-1)[..., None], -1)
    return np.where(so_far, first, 0.0)


def _last_step(step: Floats, happened: Tensor) -> Floats:
    """Return, for every row, the last step so far in which something happened; 0 for never."""
    return np.maximum.accumulate(np.where(happened.numpy(), step, 0.0), axis=-1)
