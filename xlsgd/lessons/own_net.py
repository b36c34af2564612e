"""A workbook of a net of one's own: whatever network, data, loss and optimizer are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.lessons.lesson import Lesson
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network
from xlsgd.training.operations.chosen import Chosen
from xlsgd.training.optimizers import Optimizer
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules import Schedule
from xlsgd.training.schedules.constant import SCHEDULE as CONSTANT
from xlsgd.training.transforms import Transform

__all__ = ["OwnNet", "own_lesson", "shape_of_image"]

FEW = 4
"""Weights of which every row of data can have its own derivatives beside it."""
_LONG = 1000
"""Characters of a loss in one formula, as it stands in a row for every weight moved by itself."""
_ROWS_MOST = 40
"""Rows of data that one still looks through one by one."""
_COMPARED = (
    "It was made of a module of PyTorch. Before it was written, {} of the first step were compared "
    "with what the live objects do, and were the same."
)


@dataclass(frozen=True)
class OwnNet:
    """What is trained, and on what.

    start: start value of every weight, by its name.
    batch_size: rows per update; None for all rows.
    compared: what of the first step is compared with live objects before anything is written, in
        words; "" where there are none.
    """

    network: Network
    loss: Loss
    optimizer: Optimizer
    data: Dataset
    learning_rate: float
    start: Mapping[str, float]
    epochs: int = 10
    batch_size: int | None = None
    hyper: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = CONSTANT
    transforms: tuple[Transform, ...] = ()
    title: str = ""
    param_groups: tuple[ParamGroup, ...] = ()
    frozen: tuple[str, ...] = ()
    compared: str = ""


def own_lesson(*nets: OwnNet) -> Lesson:
    """Return the workbook to be of a net of one's own: one, or the same trained in several ways.

    Few weights and rows are shown row by row, with every derivative found numerically as well;
    many as a step a row, and a block for every epoch.
    Raises SpecError for what does not go together.
    """
    net = nets[0]
    data, network = net.data, net.network
    views = [_view(each, "training" if len(nets) == 1 else each.optimizer.name) for each in nets]
    weights, names = len(network.parameters), [each.optimizer.name for each in nets]
    size = views[0].experiment.batch_size
    added = ", whose losses are added up" if net.loss.is_summed else ""
    rows = () if data.is_nothing else (
        f"The data: {data.title}. What is predicted: {', '.join(data.schema.targets)}; from: "
        f"{_listed(data.schema.inputs)}.",
    )  # fmt: skip
    return Lesson(
        name="own",
        title=net.title or _title(network),
        shows=(
            f"A net of {weights:,} {'weight' if weights == 1 else 'weights'}: "
            f"{_in_words(network)}.",
            *rows,
            f"It learns by {', '.join(names)} from the loss {net.loss.name}, {net.loss.paper}; "
            f"{size:,} {'row' if size == 1 else 'rows'} a step{added}, {net.epochs:,} epochs. "
            "Every number is a formula: no Solver, no macro.",
            *_held_out(data),
            *([_COMPARED.format(net.compared)] if net.compared else []),
        ),
        change=(
            f"On '{views[0].id}', learning_rate: ten times less, ten times more.",
            "The start weights, and a number of the data.",
        ),
        watch=(
            "The verdict at the top of the tab, and the loss step by step.",
            "The numerical derivative beside backprop's: they should agree.",
        ),
        data=data,
        views=tuple(views),
        target_loss=0.0,
    )


def shape_of_image(image: tuple[int, int], network: Network) -> tuple[int, int]:
    """Return rows and columns of an image.  Raises SpecError for those of another one."""
    height, width = image
    if height < 1 or width < 1 or height * width != network.inputs:
        raise SpecError(
            f"image {height} × {width}: the module takes {network.inputs} numbers; need rows × "
            "columns of one image of as many pixels"
        )
    return height, width


def _view(net: OwnNet, id: str) -> View:
    data, network = net.data, net.network
    if network.takes_data and tuple(data.inputs) != network.input_names:
        raise SpecError(
            f"the network takes {', '.join(network.input_names)}, the data has "
            f"{', '.join(data.inputs)}"
        )
    _need_places(network, data)
    size = data.rows if net.batch_size is None else min(net.batch_size, data.rows)
    small = len(network.parameters) <= FEW and size == 1 and data.rows <= _ROWS_MOST
    small = small and not net.loss.weighs
    texts = network.predicted("{{param.{}}}".format)
    targets = list(map("{{{}}}".format, net.loss.targets(len(texts))))
    small = small and len(net.loss.of_row(texts, targets)) <= _LONG
    experiment = Experiment(
        id=id,
        network=network,
        loss=net.loss,
        optimizer=net.optimizer,
        learning_rate=net.learning_rate,
        start=net.start,
        hyper=net.hyper,
        gradient="backprop",
        batch_size=size,
        epochs=net.epochs,
        schedule=net.schedule,
        transforms=net.transforms,
        param_groups=net.param_groups,
        frozen=net.frozen,
    )
    experiment.need_targets(data.targets)
    if data.validation is not None:
        experiment.need_targets(data.validation.targets, "rows that validate")
    labels = {value for column in data.targets for value in column} <= {0.0, 1.0}
    layout = "rows" if small else "blocks"
    return View(
        experiment,
        title=f"{net.title or _title(network)}, {net.loss.name}, {net.optimizer.name}",
        about="Change learning_rate, a start weight, or a number of the data: every cell follows, "
        "and the verdict says how the run goes.",
        layout="function" if data.is_nothing else layout,
        classifies=not small and labels and len(network.predictions) == 1,
    )


def _held_out(data: Dataset) -> list[str]:
    """Return what there is to say of rows that do not train."""
    if data.validation is None:
        return []
    return [
        f"{data.validation.rows:,} more rows do not train, they validate: on 'validation' is their "
        "loss after every epoch, beside that of the rows that train. Where the one rises while the "
        "other falls, the net overfits."
    ]


def _need_places(network: Network, data: Dataset) -> None:
    """Raise SpecError unless columns that choose rows of an embedding hold places in it."""
    for place in network.places:
        column, *values = place.inputs
        if not isinstance(place.layer, Chosen) or column not in data.inputs:
            continue
        for rows in (data, data.validation):
            for row, number in enumerate(rows.inputs[column] if rows else (), 1):
                if number not in range(len(values)):
                    kind = "row" if rows is data else "validation row"
                    raise SpecError(
                        f"{kind} {row}, {column}: got {number:g}, which is no row of the "
                        f"embedding; need a whole number from 0 to {len(values) - 1}"
                    )


def _title(network: Network) -> str:
    layers = list(dict.fromkeys(place.layer.name for place in network.places))
    return f"A net of {', '.join(layers[:4])}{' …' if len(layers) > 4 else ''}"


def _in_words(network: Network) -> str:
    kinds: dict[str, int] = {}
    for place in network.places:
        kinds[place.layer.name] = kinds.get(place.layer.name, 0) + 1
    return _listed([f"{name} × {count}" if count > 1 else name for name, count in kinds.items()])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:7])} … {names[-1]}"
