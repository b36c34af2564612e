"""A filter of 3 × 3 weights that nobody made by hand: it learns to tell two shapes apart."""

from __future__ import annotations

from collections import OrderedDict

from xlsgd.data import Dataset
from xlsgd.data.drawings import drawn_data
from xlsgd.data.schema import Words
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import get_loss
from xlsgd.training.nets import Network

__all__ = ["LESSON", "Convolution"]

_SIZE, _LONG, _FILTER, _FILTERS = 5, 3, 3, 2
_ROWS, _BATCH, _NOISE, _SEED = 16, 8, 0.1, 1
_RATE, _EPOCHS = 0.3, 6
_WORDS = Words(
    title="Images of a bar, a row each",
    hint="Change a pixel in yellow, or noise at the top, and every tab follows.",
    one="image",
    many="images",
    above="upright",
    below="lying",
    counts="upright",
    groups=("lying bars", "upright bars"),
    made_of="what the net sees",
)


class Convolution(LessonPlan):
    """A bar somewhere in an image: does it stand or lie?"""

    name = "convolution"
    order = 19
    summary = "3 × 3 filters, max pooling: filters learn to tell upright bars from lying ones"
    takes_data = False
    seeds_weights = True

    def build(self, options: Options) -> Lesson:
        # Here and not at the top: lessons are listed without numbers to calculate with.
        import numpy as np

        options.need_backprop()
        data = _bars()
        network = _network(tuple(data.inputs))
        names = network.parameters
        start = np.random.default_rng(options.seed or 0).normal(0, 0.3, len(names)).round(1)
        view = View(
            Experiment(
                id="filters",
                network=network,
                loss=get_loss("bce-with-logits"),
                optimizer=options.one_optimizer("adam"),
                learning_rate=_RATE,
                start=dict(zip(names, map(float, start), strict=True)),
                gradient="backprop",
                batch_size=_BATCH,
                epochs=_EPOCHS,
            ),
            title="Two filters, ReLU, max pooling, a linear layer",
            about="Above 0 the net says that the bar stands, below 0 that it lies. The filters and "
            "what they make of an image are on 'images'; here is every step that led to them.",
            layout="blocks",
            classifies=True,
        )
        return Lesson(
            name=self.name,
            title="Convolution: filters that learn",
            question="The filters in the convolution sheet are made by hand. Who makes real ones?",
            answers=(
                Answer(
                    "Nobody: a filter is 3 × 3 weights and a bias, random at first, and trained as "
                    "all weights are. In the middle of the first filter stands, after training:",
                    "{at.images/filters.after.conv.weight[0,0,1,1]}",
                ),
                Answer(
                    "The same 9 weights lie over every place of the image: pixel times weight, "
                    "summed, plus the bias. That is conv, a feature map; this is its first cell.",
                    "{at.images/filters.after.conv_1_1_1}",
                ),
                Answer(
                    "ReLU keeps what is above 0, and max pooling the greatest of the map: how much "
                    "of its pattern a filter finds, wherever it is. This much in the image shown.",
                    "{at.images/filters.after.pool_1}",
                ),
                Answer(
                    "A linear layer weighs what both filters found: above 0 the bar stands, below "
                    "0 it lies. For the image shown, at first one with a standing bar, it is:",
                    "{at.images/filters.after.pred}",
                ),
                Answer(
                    f"It took {_EPOCHS} epochs of {_ROWS} images. The last one's mean loss is "
                    "this; one that holds both for as likely has a loss of ln 2 = 0.6931.",
                    "{@filters.last_loss}",
                ),
            ),
            shows=options.caution,
            change=(
                "shown row on 'images', in yellow: another bar, elsewhere. What do the maps show?",
                "A start weight of a filter on 'filters', or the seed of all (--seed): other "
                "filters come out, and some starts get stuck.",
                "noise on 'data': how much of it can there be until the bar is lost?",
            ),
            watch=(
                "The filters before and after: orange where ink speaks for the pattern, blue where "
                "it speaks against it.",
                "pool: how much each filter answers to bars that stand, and to bars that lie.",
            ),
            data=data,
            views=options.apply((view,), data),
            target_loss=0.2,
            images={view.id: (_SIZE, _SIZE)},
        )


def _bars() -> Dataset:
    """Return images with a bar that stands and images with one that lies, by turns, each at a place
    of its own."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    places = [(along, across) for along in range(_SIZE - _LONG + 1) for across in range(_SIZE)]
    drawings = []
    for lots in zip(*(random.permutation(places)[: _ROWS // 2] for _ in range(2)), strict=True):
        for stands, (along, across) in zip((True, False), lots, strict=True):
            image = np.full((_SIZE, _SIZE), ".")
            image[across, along : along + _LONG] = "#"
            lines = image.T if stands else image
            drawings.append(" ".join("".join(line) for line in lines))
    title = f"{_ROWS} made-up images, {_SIZE} × {_SIZE} pixels, noise by seed {_SEED}"
    return drawn_data(title, drawings, [1.0, 0.0] * (_ROWS // 2), _WORDS, _NOISE, _SEED)


def _network(pixels: tuple[str, ...]) -> Network:
    """Return the net, as the PyTorch module that it is."""
    from torch import nn

    from xlsgd.torch_side.modules import read_module

    layers = OrderedDict(
        image=nn.Unflatten(1, (1, _SIZE, _SIZE)),
        conv=nn.Conv2d(1, _FILTERS, _FILTER),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(_SIZE - _FILTER + 1),
        flat=nn.Flatten(),
        out=nn.Linear(_FILTERS, 1),
    )
    return read_module(nn.Sequential(layers), pixels, False)


LESSON = Convolution()
