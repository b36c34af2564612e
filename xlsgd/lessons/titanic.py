"""Who survived the Titanic? Two linear units, ReLU each, summed: trained without Solver."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.passengers import INPUTS, Passengers, made_passengers, read_passengers
from xlsgd.lessons.lesson import NO_COLUMNS, Answer, Columns, Lesson, LessonPlan, Options
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Titanic"]

ONE, TWO = "Linear(10, 1, no bias)", "Linear(10, 2, no bias), ReLU, Sum"
# Rates at which each optimizer gets somewhere in twenty epochs of the whole batch.
_RATES = {
    "sgd": 0.2,
    "momentum": 0.2,
    "momentum-classic": 0.03,
    "nesterov": 0.03,
    "adagrad": 0.1,
    "rmsprop": 0.01,
    "adam": 0.05,
    "rmsprop-fastai": 0.01,
    "adam-fastai": 0.05,
}
_EPOCHS = 20


class Titanic(LessonPlan):
    """Ten inputs a passenger, two units, all passengers in one batch."""

    name = "titanic"
    order = 3
    summary = "who survived? ten inputs, two units with ReLU, summed: no Solver, no macro"

    seeds_weights = True
    says_of = {
        "source": "; for titanic Kaggle's train.csv, or the word titanic for a public copy",
        "points": ", or passengers",
        "seed": "; for titanic, for start weights",
        "start": " of titanic",
    }

    def read_data(self, source: str, columns: Columns = NO_COLUMNS) -> Dataset:
        return read_passengers(source)

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        if noise is not None:
            raise SpecError("--noise: made-up passengers take none; leave it out")
        return made_passengers() if points is None else made_passengers(points)

    def build(self, options: Options) -> Lesson:
        data = made_passengers() if options.data is None else options.data
        if not isinstance(data, Passengers):
            raise SpecError(
                f"the data '{data.title}' has no passengers; read them with "
                "xlsgd.data.passengers.read_passengers, or pass --data FILE"
            )
        if options.gradient not in (None, "backprop"):
            raise SpecError(
                f"--gradient {options.gradient}: this lesson updates by backprop; the numerical "
                "derivative is shown beside it, for the weight named in derivative_of"
            )
        # Here and not at the top: torch loads when weights are made, not to list the lessons.
        from xlsgd.torch_side.solve import random_weights, solved_weights

        def view(id: str, network: str, optimizer: str, title: str, about: str) -> View:
            chosen = get_optimizer(optimizer, options.convention)
            net = parse_network(network, INPUTS)
            return View(
                Experiment(
                    id=id,
                    network=net,
                    loss=SQUARED_ERROR,
                    optimizer=chosen,
                    learning_rate=_RATES.get(chosen.name, 0.05),
                    start=random_weights(net.parameters, options.seed or 0),
                    gradient="backprop",
                    batch_size=data.rows,
                    epochs=_EPOCHS,
                ),
                title=f"{title}, {chosen.name}",
                about=about,
                layout="blocks",
                classifies=True,
                derivative_of=next(p for p in net.parameters if p.endswith("_male")),
            )

        views = [
            view(
                "linear",
                ONE,
                "sgd",
                "one unit, no ReLU",
                "The baseline: a prediction is a weighted sum of ten inputs. It falls below 0 and "
                "climbs above 1; one straight slope for everybody is all it has. At a "
                "learning_rate of 0.3 it explodes.",
            ),
            view(
                "training",
                TWO,
                "sgd",
                "two units with ReLU, summed",
                "Each row is one step over all passengers; the block of its epoch, to the right, "
                "shows every passenger's way through the net and back. Change learning_rate: "
                "0.02 is slow, at 0.3 the loss swings, 3 throws both units out for good.",
            ),
        ]
        for name in options.optimizers or ("adam",):
            views.append(
                view(
                    name,
                    TWO,
                    name,
                    "two units with ReLU, summed",
                    f"The same net from the same weights by {name}: what it remembers stands in "
                    "its columns, starting at 0.",
                )
            )
        if len({one.id for one in views}) < len(views):
            raise SpecError(
                f"--optimizer {', '.join(options.optimizers)}: got one of them twice, need it once"
            )
        if options.start == "solved":
            known: dict[str, Mapping[str, float]] = {}

            def looking(done: int, total: int) -> None:
                if options.progress is not None:
                    options.progress("looking for start weights", done, total)

            for i, one in enumerate(views):
                text = str(one.experiment.network)
                if text not in known:
                    known[text] = solved_weights(one.experiment, data, options.seed or 0, looking)
                views[i] = one.but(start=known[text])
        shapes = f"({data.rows:,} × 10) · (10 × 2)"
        return Lesson(
            name=self.name,
            title="Who survived the Titanic? Two units, ReLU, summed",
            shows=(
                *options.caution,
                "A passenger is ten numbers: family aboard, age, fare, class, port, sex, and a 1. "
                "Two units weigh the ten numbers each, a ReLU lets only sums above 0 pass, and "
                "what passes is added up: the nearer to 1, the likelier the passenger survived.",
                f"The data: {data.title}."
                + (
                    " The passengers are made up, with the shares of survivors of the real ship "
                    "by class, sex and age; pass --data titanic or a copy of Kaggle's train.csv "
                    "for the real ones."
                    if data.made_up
                    else ""
                ),
                "The net learns by gradient descent over all passengers at once, in formulas: no "
                "Solver, no macro, no array entry. One row is one step, one block of columns is "
                "one epoch, passenger by passenger.",
            ),
            change=(
                "On 'training', learning_rate: 0.02 is slow, at 0.3 the loss swings, at 3 both "
                "units are thrown out for good. On 'linear', 0.3 explodes.",
                "The weight whose slope is checked, and h: the chart shows its derivative found by "
                "moving it beside backprop's. The gap shrinks with h.",
                "On 'model', the row 'would you survive?', and the weights themselves: type your "
                "own, or choose those from before training under 'which weights'.",
            ),
            watch=(
                "'training': mean loss and accuracy step by step, and the bars of the weights. "
                "Which inputs speak for survival, which against it, and in which unit?",
                "Grey cells are passengers whom a unit gives 0. Where both units are grey the "
                "prediction is 0, and this passenger asks for no change of any weight.",
                "'compare': in twenty steps two units get about as far as one. What they can do "
                "more gradient descent is slow to find: look at --start solved, where torch has "
                "found the best weights it can.",
            ),
            answers=(
                Answer(
                    "Why two units? One unit is one slope for everybody: being male costs a child "
                    "as much as a grown man. Two units can each serve a different group of "
                    "passengers, and for each passenger the units that are above 0 have a say."
                ),
                Answer(
                    "Why add the ReLUs? Without a ReLU the sum of two linear units is one linear "
                    "unit again, with the sums of their weights. With it a unit is silent where it "
                    "has nothing to say, so adding bends the prediction where one of them falls "
                    "silent."
                ),
                Answer(
                    f"What shapes are multiplied? {shapes} = ({data.rows:,} × 2): every "
                    "passenger's ten inputs with every unit's ten weights. The tab 'matrix' writes "
                    "it as one product; the inner tens must agree, and vanish."
                ),
                Answer(
                    "What is a dead unit here? One that gives 0 for every passenger: its sum is "
                    "negative for all of them, so its ten derivatives are 0 and plain gradient "
                    "descent never wakes it. "
                    "A unit that is 0 for some passengers is not dead, it has chosen whom to serve."
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=0.165,
            model="training",
        )


LESSON = Titanic()
