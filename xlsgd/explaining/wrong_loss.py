"""A loss that takes something else than the network gives, and targets that it cannot give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from xlsgd.explaining.training import Training
from xlsgd.torch_side.loss_fit import fit_sentences

__all__ = ["loss_sentences"]


def loss_sentences(training: Training, learned: bool) -> Iterator[str]:
    """Yield what is to be said of the loss and of what the network ends in.

    learned: whether the run leaves so little that it need not be asked what holds it back.
    """

    def made() -> NDArray[np.float64]:
        outputs = training.outputs([1, training.steps + 1])
        return np.stack([outputs[name] for name in training.experiment.network.predictions])

    return fit_sentences(training.experiment, training.data, made, learned)
