"""The column ``lr_curvature``: does the step of this row overshoot?"""

from __future__ import annotations

from xlsgd.base.columns import Column, on_paper, range_of
from xlsgd.tabs.view import View
from xlsgd.training.nets.linear_in_weights import unit_gains, weighted_place
from xlsgd.training.rows_are_parabolas import rows_are_parabolas

__all__ = ["curvature_column"]

_MANY = 4
"""More squares than this are written as SUMSQ."""


def curvature_column(view: View) -> Column | None:
    """Return learning_rate times the curvature of this row's loss, in the layout ``rows``.

    None where the curvature depends on the weights, or a step sees more than one row or not its
    slope, or not all weights move by one rate.
    """
    experiment = view.experiment
    apart = experiment.param_groups or experiment.frozen or experiment.transforms
    if view.batched or apart or not rows_are_parabolas(experiment):
        return None
    place, bends = weighted_place(experiment.network), experiment.loss.curvature
    assert bends is not None, "rows are parabolas"
    names = [f"{{{name}}}" for name in place.inputs]
    bias = ["1"] if "bias" in place.parameters else []
    squares = [f"{name}^2" for name in names]
    terms = [f"SUMSQ({range_of(names)})"] if len(names) > _MANY else squares
    # Every unit adds its share to the curvature, by how much it counts in the prediction.
    factor = bends * sum(gain * gain for gain in unit_gains(experiment.network))
    shown = squares if len(names) <= _MANY else [squares[0], "…", squares[-1]]
    on_top = f"{experiment.schedule.cell}*{factor:g}*"
    return Column(
        "lr_curvature",
        f"={on_top}({'+'.join([*bias, *terms])})",
        paper=on_paper(f"{on_top}({'+'.join([*bias, *shown])})"),
        note="learning_rate times the curvature of this row's loss, for plain gradient descent: "
        "above 1 this row's step overshoots, it lands beyond the point where this row's loss is "
        "0; above 2 it leaves this row's error larger than before",
        torch="lr * torch.linalg.eigvalsh(torch.func.hessian(row_loss)(weights)).max()",
        group="how it goes",
    )
