"""What stands on a tab of pairs: weights by the names of what they are of, given and predicted.

For a net of two inputs that are both places in a list, as users and films: what it has learned of
every row of one list stands at the left, of every row of the other above, and where a row and a
column meet, its prediction is made of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.data.schema import Schema
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.place import Place
from xlsgd.training.operations.chosen import Chosen

__all__ = [
    "MARKED",
    "Side",
    "above",
    "fields",
    "free_weights",
    "pair_columns",
    "sides",
    "weight_formula",
]

MARKED = "pairs tab, format 1"


@dataclass(frozen=True)
class Side:
    """One of the two inputs.

    input: its name.   names: what its values stand for.
    chosen: what is chosen by it, such as ``user_1``, and the weights that it is chosen from.
    """

    input: str
    names: tuple[str, ...]
    chosen: dict[str, tuple[str, ...]]


def sides(experiment: Experiment, schema: Schema) -> tuple[Side, Side]:
    """Return the two inputs of a net.

    Raises SpecError for a net that has not two, or that does more with them than to choose weights.
    """
    network = experiment.network
    found = []
    for name in network.input_names:
        takes = [place for place in network.places if name in place.inputs]
        if len(network.input_names) != 2 or len(network.predictions) != 1 or not takes:
            raise SpecError(_fault(experiment))
        if not all(_is_choice(place, name, network.free) for place in takes):
            raise SpecError(_fault(experiment))
        chosen = {place.outputs[0]: place.inputs[1:] for place in takes}
        size = min(map(len, chosen.values()))
        words = next((f for f in schema.features if f.quantity == name), None)
        names = getattr(words, "words", ())
        if len(names) != size:
            names = tuple(f"{name} {i}" for i in range(size))
        found.append(Side(name, tuple(names), chosen))
    first, second = found
    weights = [p for side in found for names in side.chosen.values() for p in names]
    if len({*weights}) < len(weights):
        raise SpecError(f"pairs of '{experiment.id}': an embedding is used twice; use two")
    return first, second


def _is_choice(place: Place, name: str, free: Sequence[str]) -> bool:
    choice, *values = place.inputs
    return isinstance(place.layer, Chosen) and choice == name and {*values} <= {*free}


def _fault(experiment: Experiment) -> str:
    return (
        f"pairs of '{experiment.id}': need a net with one prediction and two inputs that do "
        f"nothing but choose weights of an embedding; got {experiment.network}"
    )


def weight_formula(experiment: Experiment, p: str) -> str:
    """Return the formula of a weight: as it is after the last step of training."""
    return f"={{@{experiment.id}.last.new.{p}}}"


def free_weights(experiment: Experiment, two: tuple[Side, Side]) -> list[str]:
    """Return the weights that are of no value of an input."""
    own = {p for side in two for names in side.chosen.values() for p in names}
    return [p for p in experiment.network.parameters if p not in own]


def above(name: str, column: int) -> str:
    """Return the key of a cell above a column, with what its value of the second input chooses."""
    return f"above.{name}.{column}"


def pair_columns(experiment: Experiment, two: tuple[Side, Side]) -> list[Column]:
    """Return the columns with one row for every value of the first input."""
    rows, across = two
    count = range(1, len(across.names) + 1)

    def table(key: str, group: str, formula: Callable[[int], str], paper: str) -> list[Column]:
        return [
            Column(
                f"{key}.{j}",
                formula(j),
                paper,
                f"{group}, {across.names[j - 1]}",
                "",
                group,
                symbol=across.names[j - 1],
            )
            for j in count
        ]

    def meets(j: int) -> str:
        return f"({{data.{rows.input}}}={{place}})*({{data.{across.input}}}={j - 1})"

    return [
        Column("place", "={prev.place}+1", "0, 1, …", f"number of the {rows.input}", "", "", "0"),
        *table("given", "given", lambda j: f"=SUMPRODUCT({meets(j)}*{{data.y}})/MAX(1,"
               f"{{count.{j}}})", "mean of y"),
        *table("pred", "predicted", lambda j: f"={_prediction(experiment, two, j)}", "pred"),
        *table("count", "rows of data", lambda j: f"=SUMPRODUCT({meets(j)})", "how many"),
    ]  # fmt: skip


def _prediction(experiment: Experiment, two: tuple[Side, Side], column: int) -> str:
    """Return the prediction where a row and a column meet, of the weights beside and above."""
    network = experiment.network
    known = {name: f"{{{name}}}" for name in two[0].chosen}
    known |= {name: f"{{{above(name, column)}}}" for name in two[1].chosen}
    weight, value = "{{weight.{}}}".format, "{{{}}}".format
    for place in network.places:
        if place.outputs[0] in known:
            continue
        nested = {kind: _nested(weight, names) for kind, names in place.parameters.items()}
        own = network.operands(place, weight, value)
        x = [known.get(name, text) for name, text in zip(place.inputs, own, strict=True)]
        outputs = place.layer.forward(type(own)(x), nested)
        known |= {name: f"({text})" for name, text in zip(place.outputs, outputs, strict=True)}
    return known[network.predictions[0]][1:-1]


def _nested(weight: Callable[[str], str], names: object) -> object:
    if isinstance(names, str):
        return weight(names)
    assert isinstance(names, list)
    return [_nested(weight, each) for each in names]


def fields(experiment: str, two: tuple[Side, Side]) -> list[Input]:
    """Return what the tab says of all pairs together."""
    last = len(two[1].names)
    given, pred, count = (f"{{pairs.{k}.1:pairs.{k}.{last}}}" for k in ("given", "pred", "count"))
    apart = f"SUMPRODUCT(({count}>0)*({pred}-{given})^2)"
    return [
        Input("experiment", experiment, "the tab that trains these weights", fixed=True),
        Input("pairs_given", f"=SUMPRODUCT(1*({count}>0))", "that are in the data"),
        Input("pairs_missing", f"=SUMPRODUCT(1*({count}=0))", "that are not: in bold"),
        Input(
            "root_mean_square",
            f"=SQRT({apart}/MAX(1,{{pairs_given}}))",
            "of predicted − given, over pairs that are given",
        ),
    ]
