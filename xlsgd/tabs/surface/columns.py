"""What stands on a surface tab: where the least loss is, a map of it, and the runs' ways.

For a line, a·x + b, and a loss that is a parabola of the prediction: then the surface is a bowl
with one lowest point, which a formula finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.tabs.layouts.layout import ROWS
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = [
    "HEADERS",
    "LIMITS",
    "MARKED",
    "PLACES",
    "applies",
    "fields",
    "grid_columns",
    "levels",
    "line_weights",
    "lowest",
    "marks",
    "path_columns",
    "positions",
    "shown_on",
    "window",
]

MARKED = "surface tab, format 1"
PLACES = 25
"""Values of each weight on the map."""
HEADERS = frozenset(f"loss.{i}" for i in range(1, PLACES + 1))
LIMITS = ("from", "to")
LEVELS = 9
"""Borders between the colours of the map."""
BEYOND = 0.75
"""How far the map goes beyond start and least loss, as a share of what is between them."""
FAR = 100
"""Cells beyond the map up to which a way is drawn: charts cut it off at the edge."""


def applies(experiment: Experiment) -> bool:
    """Return whether the loss of an experiment is a bowl over the two weights of a line."""
    network, loss = experiment.network, experiment.loss
    if not network.takes_data or network.inputs != 1 or len(network.places) != 1:
        return False
    (place,) = network.places
    return (
        place.layer.weighs_inputs
        and "bias" in place.parameters
        and len(network.predictions) == 1
        and loss.curvature is not None
        and loss.of_arrays("", "") is not None
    )


def shown_on(lesson: Lesson) -> list[Experiment]:
    """Return the runs of a lesson that its surface tab shows; none where it has no such tab."""
    return [e for e in lesson.experiments if e.id in lesson.surface and applies(e)]


def line_weights(experiment: Experiment) -> tuple[str, str]:
    """Return the names of the slope and of the intercept."""
    parameters = experiment.network.places[0].parameters
    ((slope,),), (intercept,) = parameters["weight"], parameters["bias"]
    return slope, intercept


def lowest(experiment: Experiment) -> list[Input]:
    """Return the fields that say where the surface is lowest: the line of least squares."""
    a, b = line_weights(experiment)
    (x,) = experiment.network.input_names
    # Functions that pass over rows that have been emptied, and over notes among them.
    spread_of_y = "DEVSQ({data.y})"
    times = _half_curvature(experiment)
    return [
        ROWS,
        Input(f"mean_{x}", f"=AVERAGE({{data.{x}}})", f"mean of {x}", label=f"mean of {x}"),
        Input("mean_y", "=AVERAGE({data.y})", "mean of y", label="mean of y"),
        Input(f"spread_{x}", f"=DEVSQ({{data.{x}}})", f"Σ ({x} − mean)²", label=f"spread of {x}"),
        Input(
            f"lowest.{a}",
            f"=IF({{spread_{x}}}>0,SLOPE({{data.y}},{{data.{x}}}),{{@{experiment.id}.init.{a}}})",
            f"where the loss is least: Σ ({x} − mean)·(y − mean) / Σ ({x} − mean)²",
            label=a,
        ),
        Input(
            f"lowest.{b}",
            f"={{mean_y}}-{{lowest.{a}}}*{{mean_{x}}}",
            f"there: mean of y − {a} · mean of {x}",
            label=b,
        ),
        Input(
            "lowest_loss",
            f"={times}MAX(0,{spread_of_y}-{{lowest.{a}}}^2*{{spread_{x}}})/{{rows}}",
            f"mean of {experiment.loss.paper} there",
            label="loss",
        ),
    ]


def _half_curvature(experiment: Experiment) -> str:
    """Return what a squared distance is multiplied with: nothing is written where that is 1."""
    curvature = experiment.loss.curvature
    if curvature is None:
        raise ValueError(f"{experiment.id}: its loss is no parabola, so it has no surface")
    return "" if curvature == 2 else f"{curvature / 2:g}*"


def window(experiment: Experiment) -> list[Input]:
    """Return the inputs that say what the map shows: they follow until they are typed over."""
    found = []
    for p in line_weights(experiment):
        begin, end = f"{{@{experiment.id}.init.{p}}}", f"{{lowest.{p}}}"
        more = f"IF({begin}={end},1,ABS({begin}-{end})*{BEYOND})"
        for limit, formula in zip(
            LIMITS,
            (f"=MIN({begin},{end})-{more}", f"=MAX({begin},{end})+{more}"),
            strict=True,
        ):
            found.append(
                Input(f"{limit}.{p}", formula, f"the map shows {p} {limit}", label=f"{p} {limit}")
            )
    return found


def levels() -> list[Input]:
    """Return the borders between the colours: each is a root of ten times the one before."""
    top = f"MAX({{grid.loss.1:grid.loss.{PLACES}}})"
    return [
        Input(
            f"level.{i}",
            f"={top}/10^{(LEVELS + 1 - i) / 2:g}",
            "from one colour to the next the loss is √10 times as large" if i == 1 else "",
            label="below",
        )
        for i in range(1, LEVELS + 1)
    ]


def marks(experiment: Experiment) -> list[Input]:
    """Return where on the map the lowest point is, counted in cells."""
    return [
        Input(
            f"plot.lowest.{p}",
            f"={_share(f'{{lowest.{p}}}', p)}",
            f"{p} there, in cells",
            label=f"place of {p}",
        )
        for p in line_weights(experiment)
    ]


def fields(experiment: Experiment) -> list[Input]:
    """Return all fields of the tab, in order of calculation."""
    return [*lowest(experiment), *window(experiment), *levels(), *marks(experiment)]


def _share(value: str, p: str) -> str:
    """Return where a value of a weight is on the map, counted in cells from 1."""
    return f"({value}-{{from.{p}}})/({{to.{p}}}-{{from.{p}}})*{PLACES - 1}+1"


def positions(experiment: Experiment) -> list[Input]:
    """Return the cells above the map: the slope of every column."""
    a, _ = line_weights(experiment)
    begin, end, last = f"{{from.{a}}}", f"{{to.{a}}}", PLACES - 1
    between = [f"={begin}+{i}*({end}-{begin})/{last}" for i in range(1, last)]
    formulas = (f"={begin}", *between, f"={end}")
    return [Input(f"at.{i}", each, f"{a} below") for i, each in enumerate(formulas, start=1)]


def grid_columns(experiment: Experiment) -> list[Column]:
    """Return the columns of the map: the intercept of every row, and the mean losses."""
    a, b = line_weights(experiment)
    (x,) = experiment.network.input_names
    times = _half_curvature(experiment)
    group = "the loss over both weights"

    def bowl(i: int) -> str:
        # A parabola in both directions, added up from numbers that are not negative: nothing
        # cancels, and no cell looks at all the data.
        beside = f"({{at.{i}}}-{{lowest.{a}}})"
        width = f"{beside}^2*({{spread_{x}}}/{{rows}})"
        return (
            f"={{lowest_loss}}+{times}({width}+({{height}}-{{lowest.{b}}}+{beside}*{{mean_{x}}})^2)"
        )

    return [
        Column(
            "place",
            "={prev.place}+1",
            f"1 … {PLACES}",
            "number of the row",
            f"range(1, {PLACES + 1})",
            group,
            first="1",
        ),
        Column(
            "height",
            f"={{to.{b}}}-({{place}}-1)*({{to.{b}}}-{{from.{b}}})/{PLACES - 1}",
            f"{b}, from top to bottom",
            f"{b} of this row",
            f"torch.linspace(to_{b}, from_{b}, {PLACES})",
            group,
        ),
        *(
            Column(
                f"loss.{i}",
                bowl(i),
                f"least + (Δ{a})²·variance of {x} + (Δ{b} + Δ{a}·mean {x})²",
                "mean loss of all rows of data with these two weights: Δ is how far they are "
                "from where it is least",
                "loss(net(x), y).mean()",
                group,
            )
            for i in range(1, PLACES + 1)
        ),
    ]


def path_columns(experiments: Sequence[Experiment]) -> list[Column]:
    """Return the columns of the ways: both weights of every run, epoch by epoch."""
    group = "the ways of the weights"
    columns = [
        Column(
            "epochs_done",
            "={prev.epochs_done}+1",
            "0, 1, 2, …",
            "epochs gone through",
            "range(epochs + 1)",
            group,
            first="0",
        )
    ]
    for e in experiments:
        step = f"{{epochs_done}}*{{@{e.id}.steps_per_epoch}}"
        steps = f"{{@{e.id}.steps.step}}"
        # With batches a step has several rows; weights are new in its last.
        last = f"MATCH({step},{steps},0)+COUNTIF({steps},{step})-1"
        columns += [
            Column(
                f"way.{p}.{e.id}",
                f"=SUM(INDEX({{@{e.id}.steps.new.{p}}},{last}))",
                f"new {p} of the epoch's last step",
                f"{p} on '{e.id}' after so many epochs",
                f"{p} after the epoch",
                group,
                first=f"={{@{e.id}.init.{p}}}",
                symbol=f"{p}, {e.id}",
            )
            for p in line_weights(e)
        ]
    for e in experiments:
        weights = line_weights(e)
        shares = [_share(f"{{way.{p}.{e.id}}}", p) for p in weights]
        numbers = f"ISNUMBER(ABS({{way.{weights[0]}.{e.id}}})+ABS({{way.{weights[1]}.{e.id}}}))"
        near = f"MAX(ABS({shares[0]}),ABS({shares[1]}))<{FAR}"
        columns += [
            Column(
                f"plot.{p}.{e.id}",
                f"=IF({numbers},IF({near},{share},NA()),NA())",
                f"({p} − from) / (to − from) · {PLACES - 1} + 1",
                f"{p} for the chart, counted in cells of the map",
                f"1 + {PLACES - 1} * ({p} - from_{p}) / (to_{p} - from_{p})",
                "for the chart",
                symbol=f"{p}, {e.id}",
            )
            for p, share in zip(weights, shares, strict=True)
        ]
    return columns
