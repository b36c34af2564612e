"""What of a training tab is on its first screen, and what is folded away.

On the screen stands what a step takes on paper: where we are, data, weights, prediction, loss,
slopes, new weights; above it what a reader may change and how the run went. The rest is folded:
columns right of the table in groups that a click opens, fields in the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsgd.base.columns import Column, Input
from xlsgd.sheets.found_tab import MARKER
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.training.losses import Loss
from xlsgd.training.nets.graph import keys_of
from xlsgd.training.param_groups import lines_of_groups
from xlsgd.training.transforms import Transform

__all__ = ["VERDICT_COLUMNS", "Arrangement", "Section", "arrange"]

VERDICT_COLUMNS = 5
"""Columns that the verdict fills, left of the fields that stand beside it."""

SCREEN_COLUMNS = 16
"""Columns of a table with many weights that a screen shows."""


@dataclass(frozen=True)
class Section:
    """Fields below each other under a heading.  style: of their values."""

    heading: str
    fields: Sequence[Input]
    style: str


@dataclass(frozen=True)
class Arrangement:
    """Where everything of a training tab belongs, without an address.

    top: the fields beside each other above the table, the verdict first.
    shown: the columns of the table of steps that are on the screen, left to right.
    folded: the others, by the words for the fold.
    sections: the other fields, which are folded too.
    """

    top: Sequence[Input]
    shown: Sequence[Column]
    folded: dict[str, list[Column]]
    sections: Sequence[Section]

    @property
    def seen(self) -> int:
        """Columns of the top that are on a screen whatever its table needs."""
        return min(self.width, SCREEN_COLUMNS)

    @property
    def width(self) -> int:
        """Columns of the sheet that the top and the table need."""
        return max(len(self.shown), VERDICT_COLUMNS + len(self.top) - 1)


def arrange(view: View) -> Arrangement:
    """Return what belongs where on the tab of an experiment."""
    layout = get_layout(view.layout)
    inputs = {given.key: given for given in layout.inputs(view)}
    panel = {given.key: given for given in layout.panel(view)}
    changed = [inputs[key] for key in layout.changed_first(view)]
    results = [panel[key] for key in layout.results if key in panel]
    top = [panel["verdict"], *changed, *results]
    taken = {given.key for given in top}
    columns = layout.tables(view)["steps"]
    shown = [column for column in columns if column.group not in layout.folded]
    shown.sort(key=lambda column: column.group not in layout.leading)
    folded: dict[str, list[Column]] = {words: [] for words in layout.folded.values()}
    for column in columns:
        if column.group in layout.folded:
            folded[layout.folded[column.group]].append(column)
    return Arrangement(
        top,
        shown,
        {words: those for words, those in folded.items() if those},
        [
            Section(
                "change these too", [i for i in inputs.values() if i.key not in taken], "input"
            ),
            Section("how the run went", [p for p in panel.values() if p.key not in taken], "value"),
            Section("what this tab trains", _facts(view), "value"),
        ],
    )


def _named(transforms: Sequence[Transform]) -> tuple[str, str]:
    """Return the names of transforms, and what they do."""
    names = ", ".join(each.name for each in transforms)
    return names, "slopes before the optimizer: " + ", ".join(each.summary for each in transforms)


def _reduction(loss: Loss) -> dict[str, tuple[str, str]]:
    """Return what becomes of the losses of a batch, where that is not the mean."""
    words = "a step follows the sum of the losses of its rows, and of a row's targets"
    return {"reduction": (loss.reduction, words)} if loss.is_summed else {}


def _facts(view: View) -> list[Input]:
    schedule, done = view.experiment.schedule, view.experiment.transforms
    groups, frozen = view.experiment.param_groups, view.experiment.frozen
    layout = get_layout(view.layout)
    lines = view.experiment.network.lines
    # No note beside words that need its room.
    facts = {
        "experiment": (view.id, "its name in reports and on 'compare'"),
        **{key: (line, "") for key, line in zip(keys_of(lines), lines, strict=True)},
        "loss": (view.experiment.loss.name, view.experiment.loss.paper),
        **_reduction(view.experiment.loss),
        "optimizer": (view.experiment.optimizer.name, view.experiment.optimizer.summary),
        "torch": (view.experiment.optimizer.torch_line, ""),
        **{key: (text, "") for key, text in lines_of_groups(groups, frozen).items()},
        **({"transforms": _named(done)} if done else {}),
        **({} if schedule.steady else {"schedule": (schedule.name, schedule.summary)}),
        "difference": (view.experiment.difference, view.experiment.rules[0].summary),
        MARKER: (layout.marker, ""),
    }
    return [Input(key, value, note, fixed=True) for key, (value, note) in facts.items()]
