"""Sheet side of the limit: the formula on paper, where one step sees all rows.

Then every step of an epoch has the same Hessian, and the limit is a number that depends on the
optimizer alone, its ``stable_factor``, divided by the largest curvature.
"""

from __future__ import annotations

from xlsgd.base.columns import fill
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.linear_in_weights import linear_in_weights, unit_gains

__all__ = ["full_batch_formula", "limit_formula"]


def limit_formula(experiment: Experiment) -> str:
    """Return the template of the largest stable learning rate, without a leading ``=``.

    For one neuron y = a·x + b, or y = a·x. It is right where ``{batch_size}`` is at least
    ``{rows}``; the formula does not look. It divides by 0 where there
    is no b and every x is 0. Empty where there is no closed form: for other networks, losses and
    optimizers.
    """
    network, bends = experiment.network, experiment.loss.curvature
    factor = experiment.optimizer.stable_factor
    on_top = factor if factor.isdigit() else f"({factor})"
    one = (
        linear_in_weights(network)
        and network.layers[0].parameter_shapes().get("weight") == (1, 1)
        and unit_gains(network) == [1.0]
    )
    as_they_are = experiment.schedule.steady and not experiment.transforms
    as_they_are = as_they_are and not (experiment.param_groups or experiment.frozen)
    if bends is None or not (one and factor and as_they_are):
        return ""
    x = f"{{data.{network.input_names[0]}}}"
    square, times = f"SUMSQ({x})/{{rows}}", ""
    if experiment.loss.is_summed:  # as many times as steep
        times = "{rows}*"
    if "bias" not in network.places[0].parameters:
        return f"{on_top}/({times}{bends:g}*{square})"
    # The Hessian is the loss's curvature times the table [mean of x², mean of x; mean of x, 1]; of
    # a table [p, q; q, 1] the larger eigenvalue is (p + 1 + √((p - 1)² + 4q²))/2.
    larger = f"({square}+1+SQRT(({square}-1)^2+4*AVERAGE({x})^2))"
    half = "" if bends == 2 else f"{bends / 2:g}*"
    return f"{on_top}/({times}{half}{larger})" if times or half else f"{on_top}/{larger}"


def full_batch_formula(experiment: Experiment, tab: str) -> str:
    """Return the template for a tab that shows runs side by side, "" for none.

    tab: the experiment on whose tab hyperparameters and the number of rows are read.
    """
    formula = limit_formula(experiment)

    def seen_from_outside(name: str) -> str:
        return f"{{{name}}}" if name.startswith("data.") else f"{{@{tab}.{name}}}"

    return f"={fill(formula, seen_from_outside)}" if formula else ""
