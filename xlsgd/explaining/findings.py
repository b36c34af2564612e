"""What an explanation consists of: plain data, no opinion on how to say it.

Steps, epochs and rows of data are counted from 1, as on the tab. Numbers have all their digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xlsgd.explaining.level import Crawl, Plateau

__all__ = [
    "Bend",
    "ChangedColumn",
    "DeadUnit",
    "Explanation",
    "Frozen",
    "LayerSlopes",
    "Plateau",
    "RateLimit",
    "SaturatedUnit",
    "StillWeights",
    "Suggestion",
    "TabExplanation",
    "Turn",
    "Twin",
    "TwinAt",
    "Validated",
]


@dataclass(frozen=True)
class Turn:
    """The step in which a run left for good.

    It is the last step before which the mean loss over all rows of data was no greater than at the
    start weights. Before it the run was, at least now and then, as good as at its start; after it
    never again.

    rows: of the data, those that the step saw.   curvature: of their loss, along its slope.
    step_over_slope: how long the step was, in units of learning_rate times the slope.
    batch_loss_…: of the rows that the step saw.   mean_loss_…: over all rows of data.
    cell: where to look, "" where nowhere.
    """

    step: int
    epoch: int
    rows: tuple[int, ...]
    curvature: float
    lr_times_curvature: float
    step_over_slope: float
    batch_loss_before: float
    batch_loss_after: float
    mean_loss_before: float
    mean_loss_after: float
    mean_loss_at_start: float
    cell: str


@dataclass(frozen=True)
class Bend:
    """How strongly the mean loss over all rows bends at some weights, and which rate that allows.

    step: the one that begins at these weights; at the end one more than there are.
    sharpness: the largest curvature there; seen: as the optimizer sees it, with weight decay.
    factor: at which rate times curvature small steps of the optimizer that see all rows are stable
        no more; 2 for gradient descent; None where there is no such number.
    limit: factor / seen; None where there is none, and then why says the reason.
    rate: of that step; at the end, of the last one.
    """

    step: int
    sharpness: float
    seen: float
    factor: float | None
    limit: float | None
    rate: float
    why: str = ""


@dataclass(frozen=True)
class RateLimit:
    """How large the learning rate may be.

    kind: ``linear``: the largest stable rate, whatever the start; ``tried``: the smallest rate
        found at which a run from this start explodes or loses a unit within the tab's epochs;
        ``none``: no rate tried does.
    window: a rate above the limit at which a run holds again, None where none was found.
    why: why there is no single limit, "" where there is one.
    times_above: the tab's learning rate, in units of the limit.
    breaks: ``exploded`` or ``dead``: what happens at a limit that was tried.
    growth: by how much one epoch stretches the distance from the solution, where it is linear.
    overshooting_rows, growing_rows: rows of data for which learning_rate times curvature is above
        1, and above 2, where the network is linear in its weights and a step sees one row.
    local_step: the step before which the loss was looked at; local_limit: there, 2 divided by the
        largest curvature of the mean loss over all rows, which is sharpness.
    """

    value: float | None
    kind: str
    why: str = ""
    times_above: float | None = None
    breaks: str = ""
    growth: float | None = None
    overshooting_rows: int | None = None
    growing_rows: int | None = None
    local_step: int | None = None
    sharpness: float | None = None
    local_limit: float | None = None
    window: float | None = None


@dataclass(frozen=True)
class DeadUnit:
    """A unit that is silent for every row of data.

    step: the last one in which it was awake, the one that threw it out; 0 for never, and then all
        that is about this step is empty.
    weights_before, weights_after: those of the unit, around that step.
    reached_before, reached_after, reached_at_end: rows of data for which it is not silent.
    still: weights whose derivative is 0 because of it.
    """

    unit: str
    since: int
    step: int
    epoch: int
    rows: tuple[int, ...]
    curvature: float | None
    lr_times_curvature: float | None
    weights_before: dict[str, float]
    weights_after: dict[str, float]
    reached_before: int
    reached_after: int
    reached_at_end: int
    rows_of_data: int
    still: tuple[str, ...]
    cell: str


@dataclass(frozen=True)
class Frozen:
    """A numerical derivative that is 0 because h is lost.

    weight: the largest one, its value, the spacing of floats there, and backprop's derivative.
    lost: the weights for which weight + h is the weight.
    lost_in_loss: those for which it is not, but the loss is the same to its last digit.
    loss: of that step's last row.
    backprop_verdict, backprop_rmse: how the run goes with gradient set to backprop, where it was
        not set so already.
    """

    since: int
    weight: str
    value: float
    h: float
    spacing: float
    lost: tuple[str, ...]
    lost_in_loss: tuple[str, ...]
    loss: float
    backprop: float
    cell: str
    backprop_verdict: str | None = None
    backprop_rmse: float | None = None


@dataclass(frozen=True)
class StillWeights:
    """Weights whose derivative is exactly 0 for good, though no dead unit is the reason.

    why: weight to the reason, a sentence; "" where none was found.
    """

    since: int
    weights: tuple[str, ...]
    everything: bool
    why: dict[str, str]


@dataclass(frozen=True)
class SaturatedUnit:
    """A unit whose slope is nearly 0 for nearly every row, at the start weights or at the end.

    since: the first step since which it was so to the end; 0 where it is not so any more.
    slope: its steepest in those rows, and steepest: that anywhere.
    least_input, greatest_input: what goes into it, at the end; at the start if it is over.
    weights: those that make what goes into it.
    """

    unit: str
    layer: str
    since: int
    rows_at_start: int
    rows_at_end: int
    rows_of_data: int
    slope: float
    steepest: float
    least_input: float
    greatest_input: float
    weights: tuple[str, ...]
    cell: str


@dataclass(frozen=True)
class LayerSlopes:
    """Derivatives that get much smaller, or larger, on their way back through the layers.

    tensors: of weights, from the first layer to the last.
    at_start, at_end: root mean square of the derivatives of the mean loss over all rows, for each.
    start_factor, end_factor: the first divided by the last; None where it says nothing.
    first_input, last_input: root mean square of what comes into the first and the last layer.
    scales: whether twice the derivative is twice the step of the optimizer.
    """

    tensors: tuple[str, ...]
    at_start: tuple[float, ...]
    at_end: tuple[float, ...]
    start_factor: float | None
    end_factor: float | None
    first_input: float
    last_input: float
    scales: bool
    cell: str


@dataclass(frozen=True)
class TwinAt:
    """A run with the layers whose units can die and without, at another learning rate."""

    learning_rate: float
    verdict_with: str
    verdict_without: str
    rmse_with: float
    rmse_without: float
    losses: int
    equal: bool


@dataclass(frozen=True)
class Twin:
    """The same run without the layers whose units can die.

    losses: how many there are.   equal: whether all are the same.
    first_difference: the step in which the first loss differs, None for none.
    outputs, silent: how often a unit gave something, and how often it was silent.
    limit: the largest stable rate without them, if the network is linear in its weights then.
    all_alike: the prediction at the end with them, if it is the same for every row of data.
    at_suggestion: the same comparison at the suggested rate.
    """

    network: str
    verdict: str
    kind: str
    rmse: float
    mean_loss: float
    losses: int
    equal: bool
    first_difference: int | None
    outputs: int
    silent: int
    limit: float | None
    all_alike: float | None
    at_suggestion: TwinAt | None = None


@dataclass(frozen=True)
class Suggestion:
    """A learning rate that does better, and what a real run at it comes to.

    tried: how many rates were tried before.
    """

    learning_rate: float
    rmse: float
    mean_loss: float
    epochs: int
    verdict: str
    tried: int


@dataclass(frozen=True)
class ChangedColumn:
    """A column, or a single cell, that does not hold xlsgd's formula.

    quantity: what it should hold.   cells: how many of its cells.
    cell, content: the first of them, and what stands in it.
    """

    quantity: str
    cells: int
    cell: str
    content: str


@dataclass(frozen=True)
class Validated:
    """What rows that do not train say of the weights after every epoch.

    rows: how many.   start, best, end: their mean loss at the start weights, where it is lowest,
    and after the last epoch.   best_epoch: after which it is lowest, 0 for the start.
    train_at_best, train_at_end: the mean loss of the rows that train, at the same weights.
    overfits: whether the one has risen since then while the other has fallen.
    """

    rows: int
    epochs: int
    start: float
    best_epoch: int
    best: float
    end: float
    train_at_best: float
    train_at_end: float
    overfits: bool
    best_cell: str
    end_cell: str


@dataclass(frozen=True)
class TabExplanation:
    """How the run of a tab went, and why.

    verdict: torch's; sheet_verdict: what stands on the tab; agree: whether they say the same.
    weights: how many there are.
    rmse: the mean loss as its loss is read; so is all that has rmse in its name.
    mean_rmse: what always predicting the mean of y gives; None where nobody knows.
    bends: how strongly the loss bends at the start weights and at the end, where no single limit
        holds for all weights; of a run that exploded, at the start.
    tried, tried_from, tried_to: how many learning rates were tried, and which.
    unfit: sentences about a loss that takes something else than the network gives.
    sentences: all of it in words.
    changed: columns that are not xlsgd's.   followed: whether the weights are those of xlsgd's
        formulas all the same. If not, the tab is another net than the one that torch trains, and
        nothing is explained but that.
    """

    tab: str
    experiment: str
    network: str
    weights: int
    optimizer: str
    verdict: str
    sheet_verdict: str
    agree: bool
    kind: str
    learning_rate: float
    epochs: int
    rows: int
    start_loss: float
    mean_loss: float
    rmse: float
    mean_rmse: float | None
    limit: RateLimit
    turn: Turn | None = None
    dead: tuple[DeadUnit, ...] = ()
    frozen: Frozen | None = None
    still: StillWeights | None = None
    saturated: tuple[SaturatedUnit, ...] = ()
    layer_slopes: LayerSlopes | None = None
    plateau: Plateau | None = None
    crawl: Crawl | None = None
    validated: Validated | None = None
    bends: tuple[Bend, ...] = ()
    unfit: tuple[str, ...] = ()
    twin: Twin | None = None
    suggestion: Suggestion | None = None
    tried: int = 0
    tried_from: float | None = None
    tried_to: float | None = None
    sentences: tuple[str, ...] = field(default=())
    changed: tuple[ChangedColumn, ...] = ()
    followed: bool = True


@dataclass(frozen=True)
class Explanation:
    """How the runs of a workbook went, and why.

    notes: sentences about the workbook that hold for all of its runs.
    """

    file: str
    engine_version: str
    torch_version: str
    tabs: tuple[TabExplanation, ...]
    notes: tuple[str, ...] = ()
