"""A view: how a training tab shows an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """How a training tab shows an experiment.

    title, about: words for its top.
    layout: how it is laid out; see xlsgd.tabs.layouts.
    rate_elsewhere: whether the learning rate is typed in on a tab that shows runs side by side.
    batch_columns: whether it has the columns for batches for a batch of one row, too.
    derivative_of: in layouts that show one numerical derivative, the weight it is for; the
        first one where not given.
    classifies: whether y is 0 or 1, so that predictions can be counted right or wrong.
    typed: limits that are typed in, by their names in xlsgd.verdict.threshold.RunLimits; the others
        are worked out from data and start weights.
    formats_ago: by how many versions of its format ago the tab was written, 0 as it is now. One
        ago the panel showed errors where numbers are beyond what a cell can hold, and charts drew
        such losses along their edge; two ago, there was not yet what only charts look at: the line
        through the points, and where epochs end.
    says_missing: whether its verdict says first what has no number; those of earlier versions do
        not.
    Raises SpecError for values that make no sense.
    """

    experiment: Experiment
    title: str = ""
    about: str = ""
    layout: str = "rows"
    rate_elsewhere: bool = False
    batch_columns: bool = False
    derivative_of: str = ""
    classifies: bool = False
    typed: Mapping[str, float] = field(default_factory=dict)
    formats_ago: int = 0
    says_missing: bool = True

    def __post_init__(self) -> None:
        network = self.experiment.network
        if self.derivative_of and self.derivative_of not in self.experiment.trained:
            raise SpecError(
                f"derivative_of in '{self.id}': got '{self.derivative_of}', need one of the "
                f"weights: {', '.join(self.experiment.trained)}",
                field="derivative_of",
            )
        count = len(network.predictions)
        if count > 1 and self.classifies:
            raise SpecError(
                f"'{self.id}': the network {network} makes {count} predictions; only one "
                "prediction can be counted right or wrong"
            )

    @property
    def id(self) -> str:
        """What tabs and reports call the experiment."""
        return self.experiment.id

    @property
    def batched(self) -> bool:
        """Whether an update waits for several rows, or might, or divides by the weight of one."""
        several = self.batch_columns or self.experiment.batch_size > 1
        return several or self.experiment.loss.weighs

    @property
    def watched_parameter(self) -> str:
        """The parameter whose numerical derivative is shown where there is room for one."""
        return self.derivative_of or self.experiment.trained[0]

    def at_rate(self, learning_rate: float) -> View:
        """Return the same at another rate; those of groups keep their share of it."""
        return replace(self, experiment=self.experiment.at_rate(learning_rate))

    def but(self, **changes: Any) -> View:
        """Return the same view of an experiment that is changed: see Experiment."""
        return replace(self, experiment=replace(self.experiment, **changes))
