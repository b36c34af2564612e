"""The model tab: one forward pass over all rows of data, for weights at the top.

Two sides again: formulas, and the same from PyTorch's layers. The weights come from the start or
the end of an experiment's training, or from whoever types others over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.tabs.layouts import ROWS
from xlsgd.tabs.layouts.layout import forward_columns, loss_column
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities.accuracy import accuracy, right

__all__ = [
    "BINS",
    "SAYS",
    "WEIGHTS_OF",
    "Forward",
    "fields",
    "forward",
    "forward_table",
    "histogram_table",
    "histogram_values",
    "person_columns",
    "person_words",
    "weight_formula",
    "weight_groups",
]

Floats = NDArray[np.float64]

WEIGHTS_OF = Input(
    "weights_of",
    "trained",
    "which weights: after the last step of training, or at its start",
    choices=("trained", "start"),
)

BINS = (-1e300, *(round(i / 10, 1) for i in range(11)), 1e300)
"""Where the bars of the histogram begin and end."""

_NUMBERS = ("Pclass", "Age", "SibSp", "Parch", "Fare")
"""The cells of the row to fill in that take a number."""

SAYS = ("would survive", "would not survive", "fill in all seven cells")

_PARAMETER = "{{weight.{}}}".format


# Sheet side


def weight_groups(experiment: Experiment) -> list[tuple[str, ...]]:
    """Return the names of the weights, those of one unit together."""
    groups: list[tuple[str, ...]] = []
    for place in experiment.network.places:
        for names in place.parameters.values():
            rows = names if isinstance(names[0], list) else [names]
            groups += [tuple(row) for row in rows]
    return groups


def weight_formula(experiment: Experiment, p: str) -> str:
    """Return the formula of a weight at the top."""
    tab = f"@{experiment.id}"
    return f'=IF({{weights_of}}="start",{{{tab}.init.{p}}},{{{tab}.last.new.{p}}})'


def forward_table(experiment: Experiment) -> list[Column]:
    """Return the columns with one row for every row of data.

    Raises SpecError for several predictions: what follows counts one right or wrong.
    """
    if len(experiment.network.predictions) > 1:
        raise SpecError(
            f"'{experiment.id}': the tab 'model' shows one prediction, the network "
            f"{experiment.network} makes {len(experiment.network.predictions)}"
        )
    return [
        Column(
            "y",
            "={row.y}",
            "y of this row",
            "what is to be predicted, from the data",
            "y[row]",
            group="data",
        ),
        *forward_columns(experiment.network.places, _PARAMETER, "{{row.{}}}".format),
        loss_column(experiment, "{y}"),
    ]


def fields(experiment: Experiment) -> list[Input]:
    """Return what the tab says of all rows together."""
    units = _silent_at_0(experiment)
    found = [
        ROWS,
        Input("mean_loss", "=AVERAGE({forward.loss})", "mean over all rows"),
        Input(
            "accuracy",
            "=" + accuracy("{forward.pred}", "{forward.y}", "{rows}", experiment.loss.cut),
            f"share of rows in which a prediction above {experiment.loss.cut:g} stands for y = 1",
        ),
        Input("above_1", '=COUNTIF({forward.pred},">1")', "predictions above 1: surer than sure"),
    ]
    if units:
        zero = ",".join(f"{{forward.{unit}}},0" for unit in units)
        found.append(Input("all_zero", f"=COUNTIFS({zero})", "rows in which every unit gives 0"))
    return found


def _silent_at_0(experiment: Experiment) -> list[str]:
    """Return the units that give 0 where they are silent, if all do."""
    silences = experiment.network.silences
    return list(silences) if all(s.at == (0.0,) for s in silences.values()) else []


def histogram_table() -> list[Column]:
    """Return the columns with one row for every bar of the histogram."""

    def counted(quantity: str, y: int, words: str) -> Column:
        return Column(
            quantity,
            '=COUNTIFS({forward.pred},">="&{from},{forward.pred},"<"&{to},'
            f"{{forward.y}},{y})",
            words,
            f"rows with y = {y} and a prediction from 'from' up to but without 'to'",
            f"((pred >= from_) & (pred < to) & (y == {y})).sum()",
            group="how the predictions spread",
        )

    return [counted("y_0", 0, "rows with y = 0"), counted("y_1", 1, "rows with y = 1")]


def person_columns(experiment: Experiment, features: Sequence[Column]) -> list[Column]:
    """Return the row to fill in: inputs made of what was filled in, and what the net says.

    features: the inputs, as formulas of the cells to fill in.
    """
    numbers = ",".join(f"{{{name}}}" for name in _NUMBERS)
    words = ",".join(f'{{{name}}}<>""' for name in ("Sex", "Embarked"))
    return [
        *features,
        *forward_columns(experiment.network.places, _PARAMETER, "{{{}}}".format),
        Column(
            "says",
            f"=IF(AND(COUNT({numbers})={len(_NUMBERS)},{words}),IF(ISNUMBER({{pred}}),"
            f'IF({{pred}}>0.5,"{SAYS[0]}","{SAYS[1]}"),"{SAYS[2]}"),"{SAYS[2]}")',
            "pred > 0.5?",
            "above 0.5 counts as survived",
            "pred > 0.5",
            group="forward",
        ),
    ]


# Torch side


@dataclass(frozen=True)
class Forward:
    """A forward pass, for every member of an ensemble.

    rows: quantity to numbers of shape (members, rows).   fields: key to a number per member.
    """

    rows: dict[str, Floats]
    fields: dict[str, list[float | str]]


def forward(experiment: Experiment, data: Dataset, weights: Mapping[str, Floats]) -> Forward:
    """Return what torch has for ``forward_table`` and ``fields``.

    weights: by parameter, shape (members,).
    """
    import torch

    from xlsgd.torch_side import Noise, TorchNet

    members = len(next(iter(weights.values())))
    noise = Noise(members)
    names = experiment.network.input_names
    x = noise.copies(np.array([data.inputs[name] for name in names]).T)
    y = noise.targets(experiment.loss, data.y)
    flat = {
        p: torch.from_numpy(np.ascontiguousarray(v)).unsqueeze(1).expand(y.shape).reshape(-1)
        for p, v in weights.items()
    }
    with torch.no_grad():
        found = TorchNet(experiment, noise).evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1))(
            flat
        )
    rows = {name: value.reshape(y.shape).numpy() for name, value in found.items()}
    rows["y"] = np.broadcast_to(np.array(data.y), y.shape)
    batch = torch.zeros(data.rows, dtype=torch.int64)
    mean = noise.mean(torch.from_numpy(rows["loss"]), batch, 1)[:, 0].numpy()
    pred, label = rows["pred"], rows["y"]
    with np.errstate(invalid="ignore"):
        above = (pred > 1) & np.isfinite(pred)
    per_member: dict[str, Floats] = {
        "rows": np.full(members, float(data.rows)),
        "mean_loss": np.where(np.isfinite(mean), mean, np.nan),
        "accuracy": right(pred, label, experiment.loss.cut).mean(1),
        "above_1": above.sum(1).astype(float),
    }
    units = _silent_at_0(experiment)
    if units:
        zero = np.all([rows[unit] == 0 for unit in units], axis=0)
        per_member["all_zero"] = zero.sum(1).astype(float)
    return Forward(rows, {key: [float(v) for v in each] for key, each in per_member.items()})


def histogram_values(found: Forward, begins: Floats, ends: Floats) -> dict[str, Floats]:
    """Return what is expected of ``histogram_table``, shape (members, bars) each.

    begins, ends: of every bar, as the sheet has them.
    """
    pred, y = found.rows["pred"][:, None, :], found.rows["y"][:, None, :]
    with np.errstate(invalid="ignore"):
        inside = (pred >= begins[None, :, None]) & (pred < ends[None, :, None])
        inside &= np.isfinite(pred)
    return {f"y_{label}": (inside & (y == label)).sum(-1).astype(float) for label in (0, 1)}


def person_words(person: Mapping[str, object], pred: Sequence[float]) -> list[float | str]:
    """Return what the row to fill in says.

    person: what is filled in.   pred: its prediction, one a member.
    """
    filled = all(isinstance(person[name], float) for name in _NUMBERS)
    filled &= all(person[name] not in (None, "") for name in ("Sex", "Embarked"))
    return [
        SAYS[2] if not (filled and np.isfinite(number)) else SAYS[0] if number > 0.5 else SAYS[1]
        for number in pred
    ]
