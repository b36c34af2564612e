"""Is it a 3 or a 7? Small images, a weight for every pixel, then hidden units."""

from __future__ import annotations

from xlsgd.data import Dataset
from xlsgd.data.digits import HEIGHT, digit_data
from xlsgd.data.drawings import drawn_data
from xlsgd.data.schema import Words
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import get_loss
from xlsgd.training.nets import Network, parse_network

__all__ = ["LESSON", "ThreeOrSeven"]

_SEVENS = (
    "#### ...# ..#. .#.. .#..",
    "#### #..# ...# ..#. ..#.",
    "###. ..#. .##. ..#. ..#.",
    ".### ...# ...# ..#. .#..",
)
_THREES = (
    "###. ...# .##. ...# ###.",
    ".##. #..# ..#. #..# .##.",
    "#### ...# ..## ...# ####",
    "##.. ..#. ##.. ..#. ##..",
)
_TWICE, _HEIGHT, _NOISE, _SEED = 2, 7, 0.3, 7
_UNITS, _RATE, _SLOWER, _EPOCHS, _START = 2, 1.0, 0.5, 8, 10
_WORDS = Words(
    title="Images of a 7 or a 3, a row each",
    hint="Change a pixel in yellow, or noise at the top, and every tab follows.",
    one="image",
    many="images",
    above="a 3",
    below="a 7",
    counts="a 3",
    groups=("7s", "3s"),
    made_of="what the net sees",
)
_LOGITS = "bce-with-logits"


class ThreeOrSeven(LessonPlan):
    """A weighted sum of pixels by two losses; hidden units; one whose inputs are all 0."""

    name = "three-or-seven"
    order = 11
    summary = "3s and 7s, a weight a pixel: what bias, hidden units, 1 − p and dead units are"
    takes_data = False
    seeds_weights = True
    has_digits = True

    def build(self, options: Options) -> Lesson:
        options.need_backprop()
        data = digit_data(7, 3, len(_THREES) * _TWICE, _WORDS) if options.digits else _drawn()
        height = HEIGHT if options.digits else _HEIGHT
        pixels = tuple(data.inputs)

        def view(id: str, text: str, loss: str, about: str, bias: float = 0.0) -> View:
            network = parse_network(text, pixels)
            return View(
                Experiment(
                    id=id,
                    network=network,
                    loss=get_loss(loss),
                    optimizer=options.one_optimizer("sgd"),
                    learning_rate=_RATE if len(network.places) < 3 else _SLOWER,
                    start=_started(network, data, options.seed, bias),
                    gradient="backprop",
                    batch_size=data.rows,
                    epochs=_EPOCHS,
                ),
                title=f"{id}: {text}",
                about=about,
                layout="blocks",
                classifies=True,
            )

        n = len(pixels)
        hidden = f"Linear({n}, {_UNITS}), ReLU, Linear({_UNITS}, 1)"
        views = (
            view(
                "linear",
                f"Linear({n}, 1), Sigmoid",
                "mnist-loss",
                "A weight for every pixel and one bias, squeezed between 0 and 1, by the loss of "
                "fast.ai's book: 1 − p for a 3, p for a 7.",
            ),
            view(
                "entropy",
                f"Linear({n}, 1)",
                _LOGITS,
                "The same sum by cross-entropy, which has the sigmoid inside: −ln p for a 3, "
                "−ln (1 − p) for a 7. What comes out is above 0 for a 3 and below 0 for a 7.",
            ),
            view(
                "hidden",
                hidden,
                _LOGITS,
                "Two sums, two ReLUs, and a sum of those. The second unit begins with weights for "
                "blank pixels alone, so that all its inputs are 0; its bias of 0.1 keeps it alive.",
                0.1,
            ),
            view(
                "dead",
                hidden,
                _LOGITS,
                "The same start, but the second unit's bias is 0: it gives 0 for every image, its "
                "slope there is 0, and no step ever moves it.",
            ),
        )
        return Lesson(
            name=self.name,
            title="A 3 or a 7? A weight for every pixel",
            question="Is the bias added to every pixel? Why below 0 for a 7? What are the 30 for?",
            answers=(
                Answer(
                    "The bias is added once: pixel times weight, summed over all pixels, plus this "
                    "bias. 'images linear' has the sum as one formula, under Linear.",
                    "{at.images/linear.after.b}",
                ),
                Answer(
                    "Below 0 stands for a 7: the sum has no borders, and the sigmoid makes 0.5 of "
                    "0. 'images entropy' shows a 7 first, and this is what the net says of it.",
                    "{at.images/entropy.after.pred}",
                ),
                Answer(
                    "fast.ai's loss is 1 − p for a 3 and p for a 7; cross-entropy is −ln of 1 "
                    "minus that. This is the first for the same 7, on 'images linear'.",
                    "{at.images/linear.after.loss}",
                ),
                Answer(
                    "The 30 are units, each a sum of all pixels by weights of its own; how many is "
                    "your choice, here 2. With 1 it is one sum with a bend. They get to this loss.",
                    "{@hidden.last_loss}",
                ),
                Answer(
                    "If all inputs are 0 the bias is left. At 0 a ReLU has no slope, so 'dead' "
                    "keeps this output for ever; a bias of 0.1, on 'hidden', is enough to live.",
                    "{at.images/dead.after.relu2}",
                ),
            ),
            shows=options.caution,
            change=(
                "shown row on a tab of images, in yellow: another image, and all that follows.",
                "A pixel on 'data'"
                + ("." if options.digits else ", or noise: from which on are 3s taken for 7s?"),
                "On 'dead', the start value of b2: 0.1 wakes the unit, −0.1 does not.",
            ),
            watch=(
                "Weights of pixels that are blank in every image stay as random as they began: no "
                "slope reaches them.",
                "The weights after training: orange where ink speaks for a 3, blue for a 7.",
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=0.3,
            images={each.id: (height, n // height) for each in views},
        )


def _drawn() -> Dataset:
    """Return made-up images, with blank pixels around them as handwritten digits have."""
    drawings = []
    for pair in zip(_SEVENS, _THREES, strict=True):
        for drawing in pair:
            lines = [f".{line}." for line in drawing.split()]
            drawings.append(" ".join(("." * len(lines[0]), *lines, "." * len(lines[0]))))
    labels = [0.0, 1.0] * len(_THREES)
    title = f"{len(drawings) * _TWICE} made-up images, {_HEIGHT} × 6 pixels, noise by seed {_SEED}"
    return drawn_data(title, drawings * _TWICE, labels * _TWICE, _WORDS, _NOISE, _SEED)


def _started(network: Network, data: Dataset, seed: int | None, bias: float) -> dict[str, float]:
    """Return small random weights; of several units the last one looks at blank pixels alone."""
    # Here and not at the top: lessons are listed without numbers to calculate with.
    import numpy as np

    random = np.random.default_rng(_START if seed is None else seed)
    first, last = network.places[0].parameters, network.places[-1].parameters
    start = {p: round(random.normal(0, 0.15), 2) for unit in first["weight"] for p in unit}
    if len(first["bias"]) > 1:
        blank = [not any(column) for column in data.inputs.values()]
        start |= {p: 0.0 for p, b in zip(first["weight"][-1], blank, strict=True) if not b}
        start |= dict(zip(first["bias"], (0.1, bias), strict=True))
        start |= {p: round(random.normal(0, 0.5), 1) for p in last["weight"][0]}
    return start


LESSON = ThreeOrSeven()
