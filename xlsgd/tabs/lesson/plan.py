"""What a lesson's workbook is to hold: words, data and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xlsgd.data import Dataset
from xlsgd.tabs.averages.plan import Averages
from xlsgd.tabs.compare.plan import ComparedRuns
from xlsgd.tabs.counts.plan import Counts
from xlsgd.tabs.curve.plan import ShownCurve
from xlsgd.tabs.curves.plan import Curves
from xlsgd.tabs.pairs.plan import Pairs
from xlsgd.tabs.plane.plan import Plane
from xlsgd.tabs.slice.plan import Slice
from xlsgd.tabs.units.plan import Units
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment

__all__ = ["Answer", "Lesson"]


@dataclass(frozen=True)
class Answer:
    """A sentence that answers the question of a lesson.

    look: the cell that it speaks of, as a template (see xlsgd.tabs.lesson.answers); "" for none.
    Its live value is shown beside the sentence, with a link that goes there.
    form: the number format of that value; four decimals where not given.
    """

    words: str
    look: str = ""
    form: str = ""


@dataclass(frozen=True)
class Lesson:
    """A workbook to be: words, data, and experiments as they are shown.

    shows, change, watch: paragraphs of the first tab: what there is to see, what to change, what
    happens then.   target_loss: the mean loss that the runs race to on the tab ``compare``.
    question: what a learner asked, in the learner's words.
    answers: what answers it, plain words for those without a cell; without a question, the
        paragraphs under "Questions".
    surface: the experiments whose ways over the loss are shown on a tab of its own, by their ids.
    side_by_side: tabs with some of the runs beside each other, in place of ``compare``.
    averages: tabs with a signal and its running averages.
    descents: tabs with a function of one weight, and the ways of runs down it.
    counts: tabs with what was counted over many runs.
    images: the experiments whose weights and outputs are shown as images, by their ids, and the
        rows and columns of such an image.
    curves: tabs with functions over one number.
    units: tabs with the units of a hidden layer one by one.
    pairs: tabs with every pair of two inputs.
    slices: tabs with the mean loss of a run over one of its weights.
    planes: tabs with the mean loss of a run over two of its weights, and its way.
    bowls: the experiments of which a tab says how steep their loss is, by their ids.
    model: the experiment whose forward pass is shown on tabs of its own; "" for none.
    """

    name: str
    title: str
    shows: tuple[str, ...]
    change: tuple[str, ...]
    watch: tuple[str, ...]
    data: Dataset
    views: tuple[View, ...]
    target_loss: float
    question: str = ""
    answers: tuple[Answer | str, ...] = ()
    model: str = ""
    surface: tuple[str, ...] = ()
    images: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    side_by_side: tuple[ComparedRuns, ...] = ()
    averages: tuple[Averages, ...] = ()
    descents: tuple[ShownCurve, ...] = ()
    units: tuple[Units, ...] = ()
    counts: tuple[Counts, ...] = ()
    curves: tuple[Curves, ...] = ()
    pairs: tuple[Pairs, ...] = ()
    slices: tuple[Slice, ...] = ()
    bowls: tuple[str, ...] = ()
    planes: tuple[Plane, ...] = ()

    @property
    def has_looks(self) -> bool:
        """Whether an answer has a cell to look at."""
        return any(answer.look for answer in self.answered)

    @property
    def answered(self) -> list[Answer]:
        """The answers, each as one."""
        return [Answer(each) if isinstance(each, str) else each for each in self.answers]

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """What is trained, tab by tab."""
        return tuple(view.experiment for view in self.views)

    def view(self, id: str) -> View:
        """Return the view of the experiment of that id.  Raises StopIteration for none."""
        return next(view for view in self.views if view.id == id)

    def experiment(self, id: str) -> Experiment:
        """Return the experiment of that id.  Raises StopIteration for none."""
        return self.view(id).experiment

    @property
    def compare_tabs(self) -> tuple[ComparedRuns, ...]:
        """The tabs that show runs side by side: those of the lesson, else one with all runs."""
        everything = ComparedRuns(
            "compare", tuple(view.id for view in self.views), self.target_loss
        )
        return self.side_by_side or (everything,)
