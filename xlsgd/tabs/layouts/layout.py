"""What a layout has to tell: the tables of a training tab, its inputs, and its panel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.base.columns import Column, Input, on_paper
from xlsgd.base.errors import SpecError
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import Scope, TableMap
from xlsgd.tabs.layouts.update import group_words
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import GRADIENT_INPUT
from xlsgd.training.nets import Network
from xlsgd.training.nets.place import map_nested
from xlsgd.training.param_groups import named
from xlsgd.verdict.missing import in_columns, in_inputs

if TYPE_CHECKING:
    from xlsgd.tabs.layouts.drawing import Drawing

__all__ = [
    "ROWS",
    "Layout",
    "forward_columns",
    "loss_column",
    "parameter_columns",
    "row_weight_columns",
    "shared",
]

_SHORT = 14
"""Characters that fit above a column."""

_FOR_CHARTS = ("ends_at", "plot.mean_loss")
"""Of the table of epochs, what earlier versions did not write."""
_FEW = 8
"""Start weights for which there is room beside each other."""

ROWS = Input("rows", "=COUNT({data.y})", "rows of data", fixed=True)


class Layout(ABC):
    """Which tables the tab of an experiment has, and which columns they have.

    Every layout has the tables ``steps`` and ``epochs``: one of steps, in whichever rows it
    takes them, and one with a row an epoch.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    summary: ClassVar[str]
    marker: ClassVar[str]
    """The words by which its tabs are known again."""
    earlier: ClassVar[tuple[str, ...]] = ()
    """The words on tabs that earlier versions wrote, the latest first: see View.formats_ago."""
    headers: ClassVar[frozenset[str]]
    """Quantities that the table of steps of every tab has, and no other table."""
    filled_down: ClassVar[bool] = True
    """Whether the formulas of a column say the same, each of its own row."""
    can_shrink: ClassVar[bool] = True
    """Whether rows that are cleared at the end of its tables leave shorter tables."""

    @property
    def markers(self) -> tuple[str, ...]:
        """All words by which its tabs are known, the present ones first."""
        return (self.marker, *self.earlier)

    needs_data: ClassVar[bool] = True
    """Whether steps go through rows of data."""
    rows: ClassVar[Input] = ROWS
    """The cell that says how many there are."""

    def need_fit(self, experiment: Experiment, has_data: bool) -> None:
        """Raise SpecError unless layout, network and data go together.

        has_data: whether there are rows of data.
        """
        network = experiment.network
        if not network.parameters:
            raise SpecError(
                f"'{experiment.id}': the network {network} has no weights to train", field="network"
            )
        if self.needs_data != has_data:
            needs = "rows of data, and there are none" if self.needs_data else "no data"
            raise SpecError(
                f"'{experiment.id}': its layout, {self.name}, needs {needs}; choose another"
            )
        if has_data != network.takes_data:
            words = "takes no data, and there is some" if has_data else "needs data"
            raise SpecError(f"'{experiment.id}': the network {network} {words}", field="network")

    # Sheet side

    folded: ClassVar[Mapping[str, str]] = {
        "collapsed to one neuron": "numerical check",
        "numerical derivative": "numerical check",
        "backprop": "numerical check",
        "numerical against backprop": "numerical check",
        "how it goes": "diagnosis",
        "for the charts": "for the charts",
    }
    """Groups of the steps' columns that are folded away, and the words for the fold: what is on
    the screen first is what a step takes on paper."""
    leading: ClassVar[tuple[str, ...]] = ()
    """Groups that stand before the others."""
    results: ClassVar[tuple[str, ...]] = ("start_loss", "last_loss", "loss_left")
    """Fields of the panel that stand beside the inputs."""

    def changed_first(self, view: View) -> list[str]:
        """Return the inputs that stand at the top of the tab, by their keys."""
        experiment = view.experiment
        starts = [f"init.{p}" for p in experiment.network.parameters]
        batch = ["batch_size"] if view.batched else []
        hyper = [given.key for given in experiment.hyperparameters]
        few = starts if len(starts) <= _FEW else []
        return ["learning_rate", GRADIENT_INPUT, "h", *batch, *hyper, *few]

    @abstractmethod
    def inputs(self, view: View) -> list[Input]:
        """Return what a reader may change on the tab of an experiment.

        First what all tabs have, so that it has the same place on all of them; then the
        optimizer's.
        """

    @abstractmethod
    def tables(self, view: View) -> dict[str, list[Column]]:
        """Return the columns of every table, in order of calculation."""

    @abstractmethod
    def lengths(self, experiment: Experiment, rows: int) -> dict[str, int]:
        """Return how many rows each table has.  rows: of data."""

    @abstractmethod
    def evidence(self, view: View) -> verdict.Evidence:
        """Return what the panel looks at."""

    def missing(self, view: View) -> tuple[str, ...]:
        """Return the expressions that name what has no number though one is needed."""
        if not view.says_missing:
            return ()
        cells = {
            given.label or given.key.replace("_", " "): f"{{{given.key}}}"
            for given in self.inputs_typed(view)
        }
        return (*in_inputs(cells), *self.missing_data(view.experiment))

    def missing_data(self, experiment: Experiment) -> list[str]:
        """Return those of them that name columns of data."""
        return in_columns([*experiment.network.input_names, *experiment.targets])

    def inputs_typed(self, view: View) -> list[Input]:
        """Return the inputs that are numbers typed in by a reader."""
        experiment = view.experiment
        rule = experiment.optimizer
        # What a rule works out is no number where data are missing.
        states = [
            s for s in experiment.state_names if not _has_rule(rule.start_of(s.split(".")[0]))
        ]
        starts = [
            self.start_input(experiment, name) for name in (*experiment.network.parameters, *states)
        ]
        h = Input("h", experiment.h, "")
        return [self.rate_input(view), h, *starts, *experiment.hyperparameters]

    def panel(self, view: View) -> list[Input]:
        """Return the fields of the panel: live formulas that say how the run went."""
        return verdict.panel(self.evidence(view), in_words=not view.formats_ago)

    def epoch_columns(self, view: View) -> list[Column]:
        """Return the columns of the table with a row an epoch."""
        columns = verdict.epoch_columns(self.evidence(view), view.formats_ago > 0)
        return [c for c in columns if view.formats_ago < 2 or c.quantity not in _FOR_CHARTS]

    def rate_input(self, view: View) -> Input:
        """Return the cell with the learning rate."""
        if view.rate_elsewhere:
            note = "typed in beside the other runs' rates"
            return Input("learning_rate", "={rates.learning_rate}", note, fixed=True)
        rate = view.experiment.learning_rate
        return Input("learning_rate", rate, "size of a step; change me first", minimum=0)

    def start_input(self, experiment: Experiment, name: str) -> Input:
        """Return the cell with the start value of a parameter or of an optimizer's state."""
        is_parameter = name in experiment.network.parameters
        value: float | str = experiment.start.get(name, 0.0)
        if not is_parameter and name not in experiment.start:
            kind, _, p = name.partition(".")
            start = experiment.optimizer.start_of(kind)
            start = start.replace("{g}", self.gradient(p)).replace("{p}", p)
            start = named(start, experiment.own_names(experiment.group(p)))
            value = start if start.startswith("=") else float(start)
        note = f"start value of {name}" if is_parameter else f"{name} before the first step"
        return Input(f"init.{name}", value, note, label=f"start {name}")

    def hyperparameter_inputs(self, experiment: Experiment) -> list[Input]:
        """Return the hyperparameters of optimizer, transforms and schedule, then what the optimizer
        starts with."""
        return [
            *(
                replace(given, value=experiment.hyperparameter(given.key))
                for given in experiment.hyperparameters
            ),
            *(self.start_input(experiment, name) for name in experiment.state_names),
        ]

    def scope(self, experiment: Experiment) -> Scope | None:
        """Return what gives the names in templates that this layout alone knows."""
        return None

    @property
    @abstractmethod
    def drawing(self) -> Drawing:
        """What there is to draw besides the tables."""

    @abstractmethod
    def find(self, tab: FoundTab, experiment: Experiment, steps: TableMap, data_rows: int) -> View:
        """Return how a tab that was found shows an experiment, with the batches that it has.

        steps: its table of steps, with all its headers.
        """

    @abstractmethod
    def find_tables(
        self, tab: FoundTab, view: View, steps: TableMap, data_rows: int
    ) -> tuple[int, dict[str, TableMap]]:
        """Return how many epochs a tab shows, and the tables beside the steps where they stand
        now.  Raises WorkbookError if something is missing."""

    @abstractmethod
    def gradient(self, p: str) -> str:
        """Return the quantity that holds the derivative of one step for parameter p."""

    # What its tables are about: the torch half, in a file of its own, looks at it too

    def watched_weight(self, view: View) -> str | None:
        """Return the weight whose numerical derivative is looked at, where a batch is looked at as
        a whole; None where each row of data has a loss and derivatives of its own."""
        return None

    @abstractmethod
    def worst_start(
        self,
        losses: NDArray[np.float64],
        experiment: Experiment,
        weights: NDArray[np.float64],
    ) -> float:
        """Return the greatest loss that the table of steps shows at the start weights.

        losses: of every row of data at these weights.   weights: how many times each counts.
        """

    def rows_added_up(self, experiment: Experiment) -> int:
        """Return of how many rows of data a loss in the table of steps adds up the losses."""
        return 1


def _has_rule(start: str) -> bool:
    return start.startswith("=")


# What layouts share


def shared(*parts: int | str) -> str:
    """Return the end of an expression that divides by numbers, names of cells or 1."""
    dividing = [f"{{{part}}}" if isinstance(part, str) else str(part) for part in parts]
    return "".join(f"/{part}" for part in dividing if part != "1")


def parameter_columns(experiment: Experiment) -> list[Column]:
    """Return the weights before every step."""
    return [
        Column(
            f"param.{p}",
            f"={{prev.new.{p}}}",
            paper=p,
            note=f"{p} before {experiment.network.wording.update}{group_words(experiment, p)}",
            torch=p,
            group="weights",
            first=f"={{init.{p}}}",
            symbol=p,
        )
        for p in experiment.network.parameters
    ]


def forward_columns(
    network: Network, parameter: Callable[[str], str], value: Callable[[str], str]
) -> list[Column]:
    """Return the outputs of every layer.

    parameter, value: the templates for the name of a parameter, and of an input of the network.
    """
    meaning = ", the prediction" if len(network.predictions) == 1 else ", a prediction"
    columns, said = [], network.wording
    for place in network.places:
        x = network.operands(place, parameter, value)
        parameters = {
            kind: map_nested(parameter, names) for kind, names in place.parameters.items()
        }
        taken = place.inputs if len(place.inputs) <= 4 else (place.inputs[0], "…", place.inputs[-1])
        names = ", ".join(taken)
        texts = place.layer.forward(x, parameters)
        papers = place.layer.written(place.inputs) or list(map(on_paper, texts))
        for quantity, text, paper in zip(place.outputs, texts, papers, strict=True):
            columns.append(
                Column(
                    quantity,
                    f"={text}",
                    paper=paper,
                    note=f"{place.layer}: {place.layer.summary}"
                    + (said.rows(meaning) if quantity in network.predictions else ""),
                    torch=f"{quantity} = nn.{place.layer.name}(…)({names})",
                    group="forward",
                )
            )
    return columns


def row_weight_columns(experiment: Experiment, value: Callable[[str], str]) -> list[Column]:
    """Return how many times a row of data counts, where rows have weights of their own.

    value: gives the template for the name of what is to be predicted.
    """
    if not experiment.loss.weighs:
        return []
    (y,), count = experiment.targets, len(experiment.network.predictions)
    return [
        Column(
            "row_weight",
            f"={experiment.loss.row_weight(value(y), count)}",
            paper="w[y]",
            note="the weight of this row's class: as many times it counts",
            torch="w[y]",
            group="forward",
        )
    ]


def loss_column(experiment: Experiment, value: Callable[[str], str]) -> Column:
    """Return the loss of every row of data.

    value: gives the template for the name of what is to be predicted.
    """
    loss, targets = experiment.loss, list(map(value, experiment.targets))
    several = loss.losses_of_row(len(targets)) > 1
    return Column(
        "loss",
        "=" + loss.of_row([f"{{{name}}}" for name in experiment.network.predictions], targets),
        paper=f"{loss.reduction} of {loss.paper}" if several else loss.paper,
        note=loss.name
        + experiment.network.wording.rows(" of this row")
        + (f", the {loss.reduction} over its targets" if several else ""),
        torch=f"{loss.torch}.{loss.reduction}(-1)" if several else loss.torch,
        group="forward",
        symbol=loss.paper if len(loss.paper) <= _SHORT else "",
    )
