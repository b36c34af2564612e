"""What stands on a plane tab: the mean loss over two chosen weights, and the way of the run."""

from __future__ import annotations

from xlsgd.base.columns import Column, Input
from xlsgd.tabs.mean_loss import ROWS, mean_loss, weights_after
from xlsgd.training.experiment import Experiment

__all__ = ["GRID", "LEVELS", "MARKED", "OF", "PLACES", "WAY", "fields", "grid", "typed", "way"]

MARKED = "plane tab, format 1"
OF = "plane_of"
"""The field with the name of the run whose loss it is."""
PLACES = 21
LEVELS = 9
"""Borders between the colours."""
GRID = frozenset(("height", *(f"loss.{i}" for i in range(1, PLACES + 1))))
WAY = frozenset(("epochs_done", "way_across", "way_up", "plot_across", "plot_up"))


def typed(experiment: Experiment, across: str, up: str, after_epoch: float) -> list[Input]:
    """Return the cells that a reader types into."""
    names = experiment.network.parameters
    return [
        Input("across", across, "the weight from left to right", choices=names),
        Input("up", up, "the weight from bottom to top", choices=names),
        Input(
            "after_epoch",
            after_epoch,
            "the others as after so many epochs",
            minimum=0,
            whole=True,
        ),
        Input("beside", 0.25, "how much is shown around the way", minimum=0, label="shown around"),
    ]


def fields(experiment: Experiment) -> list[Input]:
    """Return the fields that follow, in order of calculation."""
    found = [ROWS]
    for p in experiment.network.parameters:
        now = weights_after(experiment, p, "{after_epoch}")
        found.append(Input(f"now.{p}", f"={now}", f"{p} then"))
    for at in ("across", "up"):
        low, high = f"MIN({{way.way_{at}}})", f"MAX({{way.way_{at}}})"
        more = f"IF({high}>{low},{high}-{low},1)*{{beside}}"
        found.append(Input(f"from_{at}", f"={low}-{more}", f"{at}, from here"))
        found.append(Input(f"to_{at}", f"={high}+{more}", "to here"))
    top = f"MAX({{grid.loss.1:grid.loss.{PLACES}}})"
    for i in range(1, LEVELS + 1):
        note = "from one to the next the loss is √10 times" if i == 1 else ""
        formula = f"={top}/10^{(LEVELS + 1 - i) / 2:g}"
        found.append(Input(f"level.{i}", formula, note, label="below"))
    return found


def _column(quantity: str, formula: str, note: str, first: str | None = None) -> Column:
    return Column(quantity, formula, note, note, "loss(net(x), y).mean()", "plane", first)


def way(experiment: Experiment) -> list[Column]:
    """Return the columns of the way: both weights after every epoch, and in cells of the map."""
    names = experiment.network.parameters
    found = [_column("epochs_done", "={prev.epochs_done}+1", "epochs gone through", "0")]
    for at in ("across", "up"):
        then = {p: weights_after(experiment, p, "{epochs_done}") for p in names}
        chosen = "+".join(f'IF({{{at}}}="{p}",{then[p]},0)' for p in names)
        found.append(_column(f"way_{at}", f"={chosen}", f"the weight {at} then"))
    for at in ("across", "up"):
        share = f"({{way_{at}}}-{{from_{at}}})/({{to_{at}}}-{{from_{at}}})*{PLACES - 1}+1"
        found.append(_column(f"plot_{at}", f"={share}", "for the chart, in cells"))
    return found


def grid(experiment: Experiment) -> list[Column]:
    """Return the columns of the map: the weight of every row, and mean losses."""

    def between(begin: str, end: str, place: str) -> str:
        return f"{{{begin}}}+{place}*({{{end}}}-{{{begin}}})/{PLACES - 1}"

    def cell(i: int) -> str:
        at = between("from_across", "to_across", str(i - 1))
        cells = {
            p: f'IF({{across}}="{p}",{at},IF({{up}}="{p}",{{height}},{{now.{p}}}))'
            for p in experiment.network.parameters
        }
        return f"={mean_loss(experiment, cells)}"

    return [
        _column("place", "={prev.place}+1", f"row of the map, 1 … {PLACES}", "1"),
        _column("height", f"={between('to_up', 'from_up', '({place}-1)')}", "the weight up"),
        *(_column(f"loss.{i}", cell(i), "mean loss") for i in range(1, PLACES + 1)),
    ]
