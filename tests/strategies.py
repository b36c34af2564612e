"""Random experiments: small networks, data and settings of every kind that a workbook can hold.

The bounds keep an example at a second: a workbook of a few hundred to a few thousand formulas.
Within them nothing is avoided: units die, runs explode, two data rows may be the same.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from xlsgd.data import Dataset
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import CHOICES, differences
from xlsgd.training.losses import Loss, losses
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.optimizers import Optimizer, optimizers
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules import Schedule, get_schedule, schedules
from xlsgd.training.transforms import Transform, transforms

__all__ = ["cases", "datasets", "experiments", "networks"]

SHAPELESS = ("ReLU", "Sigmoid", "Tanh")


@st.composite
def networks(draw: st.DrawFn, inputs: int) -> Network:
    """Return up to three layers, none wider than two, and one more where that leaves two numbers.

    Two units a layer are enough for a mix-up of units to show, and a derivative of three layers
    written out as one formula stays readable. Letters for names end at 26; nine are the most here.
    """
    layers, width = [], inputs
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(("Linear", "Linear", "Sum", *SHAPELESS)))
        if kind == "Linear":
            out = draw(st.integers(1, 2))
            bias = "" if draw(st.booleans()) else ", no bias"
            layers.append(f"Linear({width}, {out}{bias})")
            width = out
        else:
            layers.append(kind)
            width = 1 if kind == "Sum" else width
    if not any(layer.startswith("Linear") for layer in layers):
        layers.insert(0, f"Linear({inputs}, {inputs})")  # without one there is nothing to train
    if width > 1:
        layers.append(draw(st.sampled_from(("Sum", f"Linear({width}, 1)"))))
    return parse_network(", ".join(layers), inputs)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers with three decimals, as people type them; 0 among them."""
    return st.integers(round(low * 1000), round(high * 1000)).map(lambda n: n / 1000)


def decades(low: int, high: int) -> st.SearchStrategy[float]:
    """Return a number between two powers of ten, small ones as likely as large ones."""
    return st.builds(lambda d, m: float(f"{m}e{d}"), st.integers(low, high - 1), st.integers(1, 9))


@st.composite
def datasets(draw: st.DrawFn, inputs: int) -> Dataset:
    """Return 3 to 8 rows, from small numbers to hundreds: what squares to 1e5 explodes soon."""
    rows = draw(st.integers(3, 8))
    scale = draw(st.sampled_from((1.0, 1.0, 10.0, 300.0)))
    column = st.lists(numbers(-scale, scale), min_size=rows, max_size=rows).map(tuple)
    names = ["x"] if inputs == 1 else [f"x{i}" for i in range(1, inputs + 1)]
    return Dataset("random points", {name: draw(column) for name in names}, draw(column))


@st.composite
def hyperparameters(draw: st.DrawFn, optimizer: Optimizer) -> dict[str, float]:
    """Return values within what the inputs allow: a beta from 0 to almost 1, an eps above 0."""
    found = {}
    for given in optimizer.hyperparameters:
        if given.below is not None:
            least = () if given.positive else (0.0,)
            found[given.key] = draw(st.sampled_from((*least, 0.5, given.value, 0.9, 0.999)))
        elif given.positive:
            found[given.key] = draw(st.sampled_from((given.value, 1e-6, 0.01, 1.0)))
    return found


def fitting(data: Dataset) -> list[Loss]:
    """Return the losses that take one prediction, and any y of the data."""
    return [
        loss
        for loss in losses().values()
        if loss.fewest == 1 and not any(loss.label_fault(y, 1) for y in data.y)
    ]


CHAINS = ("linear 2, cosine", "step, warm-restarts 3, polynomial", "constant-factor * step")


@st.composite
def schedules_for(draw: st.DrawFn, optimizer: Optimizer) -> tuple[Schedule, dict[str, float]]:
    """Return a schedule, half the time the steady one, and hyperparameters that go together."""
    known = schedules()
    steady = optimizer.own_rates or draw(st.booleans())
    some = [*known.values(), *map(get_schedule, CHAINS)]
    chosen = known["constant"] if steady else draw(st.sampled_from(some))
    found = {}
    for given in chosen.hyperparameters:
        if given.whole:
            found[given.key] = float(draw(st.sampled_from((given.minimum or 1, 3, 7, given.value))))
        elif given.below is not None:
            found[given.key] = draw(st.sampled_from((0.25, 0.6, given.value)))
    return chosen, {} if chosen.fault(_all(chosen, found)) else found


def _all(schedule: Schedule, hyper: dict[str, float]) -> dict[str, float]:
    return {given.key: float(given.value) for given in schedule.hyperparameters} | hyper


@st.composite
def transforms_for(
    draw: st.DrawFn, optimizer: Optimizer
) -> tuple[tuple[Transform, ...], dict[str, float]]:
    """Return what is done to slopes, mostly nothing, and hyperparameters."""
    taken = {given.key for given in optimizer.hyperparameters}
    possible = [t for t in transforms().values() if not taken & {g.key for g in t.hyperparameters}]
    if "first." in optimizer.start_state or draw(st.booleans()):
        possible = []
    chosen = tuple(t for t in possible if t.name != "maximize" and draw(st.booleans()))
    every = [given for each in chosen for given in each.hyperparameters]
    return chosen, {
        given.key: float(draw(st.integers(1, 9))) if given.whole else draw(decades(-2, 2))
        for given in every
    }


@st.composite
def experiments(draw: st.DrawFn, data: Dataset) -> Experiment:
    """Return an experiment on data.

    learning_rate: 1e-5 to 10, as likely to crawl as to explode. h: large enough that
    (loss at p + h - loss) is not all rounding. One to three epochs: what goes wrong with an
    epoch's end shows in the second.
    """
    network = draw(networks(len(data.inputs)))
    optimizer = draw(st.sampled_from(list(optimizers().values())))
    schedule, of_schedule = draw(schedules_for(optimizer))
    done, of_done = draw(transforms_for(optimizer))
    return Experiment(
        id="run",
        network=network,
        optimizer=optimizer,
        learning_rate=draw(st.one_of(decades(-5, 1), st.just(0.0))),
        start={p: draw(numbers(-2, 2)) for p in network.parameters},
        hyper={**draw(hyperparameters(optimizer)), **of_done, **of_schedule},
        schedule=schedule,
        transforms=done,
        gradient=draw(st.sampled_from(CHOICES)),
        difference=draw(st.sampled_from(list(differences()))),
        h=draw(decades(-4, 0)),
        batch_size=draw(st.integers(1, data.rows)),
        epochs=draw(st.integers(1, 3)),
        loss=draw(st.sampled_from(fitting(data))),
    )


@st.composite
def grouped(draw: st.DrawFn, experiment: Experiment) -> Experiment:
    """Return an experiment in which half the time some weights have options of their own, or are
    kept fixed."""
    *some, _ = draw(st.permutations(list(experiment.network.tensors)))
    if not some or draw(st.booleans()):
        return experiment
    size = draw(st.integers(0, len(some)))
    group, frozen = some[:size], draw(st.sets(st.sampled_from(some[size:]))) if some[size:] else ()
    moved = experiment.schedule.moved(experiment.optimizer)
    own = {"learning_rate": draw(decades(-5, 1)), **draw(hyperparameters(experiment.optimizer))}
    if any(each.by_group for each in experiment.transforms):
        own["weight_decay"] = draw(decades(-2, 2))
    keys = tuple(key for key in own if key != moved and draw(st.booleans()))
    if not (group and keys):
        return replace(experiment, frozen=tuple(frozen))
    return replace(
        experiment,
        hyper={**experiment.hyper, **{f"{key}.head": own[key] for key in keys}},
        param_groups=(ParamGroup("head", tuple(group), keys),),
        frozen=tuple(frozen),
    )


@st.composite
def cases(draw: st.DrawFn, groups: bool = False) -> tuple[Experiment, Dataset]:
    """Return an experiment and its data, with one input or two.   groups: whether it may have
    groups of weights, and fixed ones."""
    data = draw(datasets(draw(st.integers(1, 2))))
    experiment = draw(experiments(data))
    return draw(grouped(experiment)) if groups else experiment, data
