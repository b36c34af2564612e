"""The rules of a verdict, over what is known of a run at its end.

- exploded at step n: the first row whose loss is above ``exploded_above`` or is no number, if the
  mean loss of the last epoch is so as well: a run that comes back has not exploded.
- no number since step n: the first row whose loss is no number, if it has exploded.
- unit dead since step n: a unit that can be silent, as a ReLU at 0, last was not so in step n - 1,
  and at least one whole epoch has passed since: every row of the data has been tried.
- zero gradient for a weight: its derivative has been exactly 0 for at least a whole epoch; for
  every weight: nothing moves any more. Not said where the loss is 0: there is nothing to find.
- numerical derivative frozen since step n: from step n to the end every numerical derivative is
  exactly 0 while backprop's are not, and h is lost against the size of the weights.
- trend, a word about the mean losses of complete epochs; the first that fits:
  standing still (zero gradient for every weight),
  oscillating (of late at least two rises and two falls),
  diverging (a rise in the last epoch), creeping up (a slight one),
  worse than at the start,
  oscillating (it has been lower by a tenth and more),
  too slow (falling, half of the start's loss is left and the pace has not slackened:
  learning_rate could be larger),
  converging (a fall in the last epoch), converging slowly (a slight one),
  converged (level now, fell earlier),
  standing still (level, never fell: at its minimum from the start, or learning_rate is too small
  to see).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BEYOND",
    "CLEAR",
    "HIGHER",
    "LEFT",
    "LEVEL",
    "NONE",
    "ONE_EPOCH",
    "PACE",
    "RECENT",
    "TRENDS",
    "Summary",
    "Verdicts",
    "judge",
    "told_by_number",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CLEAR, LEVEL = 0.01, 0.0001
"""A change of the mean loss by more than the first share is a rise or a fall; by less than the
second it is none."""
RECENT = 8
"""Rises and falls are counted in so many epochs, the last ones: a run that swung about at first
and then settles does not oscillate."""
HIGHER = 1.1
"""A loss that is this many times the lowest so far has left it again."""
LEFT = 0.5
"""A run that still has more than this share of its start's loss may be too slow …"""
PACE = 0.5
"""… if its last fall is more than this share of its average fall: one that slackens is at the end
of what is easy, and a larger learning rate need not help."""

MANY_UNITS = 3
"""Of more units than this a verdict says how many are dead, not which."""

NONE = "none"
BEYOND = "beyond what a cell can hold"
"""What the panel says in place of a number that there is none of."""
BESIDE_NAME, LONGEST_NAMES = 70, 7500
"""Characters that a formula has for a name beside it, and for all of them; Excel takes 8192."""
ONE_EPOCH = "one epoch: train longer to see a trend"
TRENDS = (
    ONE_EPOCH,
    "not finite",
    "standing still",
    "oscillating",
    "diverging",
    "creeping up",
    "worse than at the start",
    "too slow",
    "converging",
    "converging slowly",
    "converged",
)


@dataclass(frozen=True)
class Summary:
    """What is known of runs at their end; arrays of shape (runs,) unless they say otherwise.

    last_step: updates done.   last_epoch: epochs completed, at least 1.   steps_per_epoch: updates.
    exploded_at, not_finite_at: the first step with such a loss, 0 for never.
    derivative_alive: the last step in which the numerical derivative was not frozen.
    awake: unit to the last step in which it let something through, 0 for never.
    nonzero: weight to the last step in which its derivative was not 0.
    mean_loss: of every epoch, nan where it is not finite, shape (runs, epochs).
    start_loss: mean loss at the start weights.
    exploded_above: a loss that counts as exploded.
    """

    last_step: int
    last_epoch: int
    steps_per_epoch: int
    exploded_at: Floats
    not_finite_at: Floats
    derivative_alive: Floats
    awake: Mapping[str, Floats]
    nonzero: Mapping[str, Floats]
    mean_loss: Floats
    start_loss: Floats
    exploded_above: Floats | float


def told_by_number(names: Collection[str]) -> bool:
    """Return whether weights are so many, or called so long, that a formula with all their names
    would be longer than Excel takes: then it is said how many stand still."""
    return sum(len(name) + BESIDE_NAME for name in names) > LONGEST_NAMES


@dataclass(frozen=True)
class Verdicts:
    """How runs went; arrays of shape (runs,) under the names of the panel's fields.

    steps: ``exploded_step``, ``not_finite_step``, ``frozen_since``, ``zero_gradient_since``, 0 for
        never.
    dead_since: unit to step, 0 for alive.   still: weight to whether its derivative is 0 for good.
    numbers: what the trend was read from.   trend: index into TRENDS.
    """

    steps: Mapping[str, Floats]
    dead_since: Mapping[str, Floats]
    still: Mapping[str, Flags]
    numbers: Mapping[str, Floats]
    trend: NDArray[np.int64]

    def trend_word(self, run: int) -> str:
        """Return the word for the trend of a run."""
        return TRENDS[self.trend[run]]

    def still_weights(self, run: int) -> str:
        """Return the weights of a run whose derivative is 0 for good, such as ``a, b``, or NONE."""
        names = [p for p, still in self.still.items() if still[run]]
        if names and told_by_number(self.still):
            return f"{len(names)} of {len(self.still)} tensors"
        return ", ".join(names) or NONE

    def dead_units(self, run: int) -> int:
        """Return how many units of a run are dead."""
        return sum(int(since[run] > 0) for since in self.dead_since.values())

    def kind(self, run: int) -> str:
        """Return the worst that happened to a run in one word, else its trend."""
        if self.steps["exploded_step"][run]:
            return "exploded"
        if any(step[run] for step in self.dead_since.values()):
            return "dead"
        if self.steps["frozen_since"][run]:
            return "frozen"
        if self.steps["zero_gradient_since"][run] and self.numbers["last_loss"][run] != 0:
            return "zero gradient"
        return self.trend_word(run)

    def text(self, run: int) -> str:
        """Return the verdict on a run in the words of the panel."""
        at = {name: int(step[run]) for name, step in self.steps.items()}
        words = [self.trend_word(run)]
        if at["exploded_step"]:
            words = [f"exploded at step {at['exploded_step']}"]
            if at["not_finite_step"]:
                words.append(f"no number since step {at['not_finite_step']}")
        if len(self.dead_since) <= MANY_UNITS:
            for unit, since in self.dead_since.items():
                if since[run]:
                    words.append(f"{unit} dead since step {int(since[run])}")
        elif dead := self.dead_units(run):
            words.append(f"{dead} of {len(self.dead_since)} units dead")
        if not at["frozen_since"] and self.numbers["last_loss"][run] != 0:
            if at["zero_gradient_since"]:
                step = at["zero_gradient_since"]
                words.append(f"zero gradient for every weight since step {step}")
            elif self.still_weights(run) != NONE:
                words.append(f"zero gradient for {self.still_weights(run)}")
        if at["frozen_since"]:
            words.append(f"numerical derivative frozen since step {at['frozen_since']}")
        return "; ".join(words)


def judge(runs: Summary) -> Verdicts:
    """Return how runs went, all of them at once."""
    last, before = runs.last_epoch - 1, max(runs.last_epoch - 2, 0)
    mean_loss = runs.mean_loss
    with np.errstate(all="ignore"):
        last_loss = mean_loss[:, last]
        came_back = last_loss <= runs.exploded_above
        exploded_step = np.where(came_back, 0.0, runs.exploded_at)
        not_finite_step = np.where(exploded_step > 0, runs.not_finite_at, 0.0)
        dead_since = {unit: _since(runs, awake) for unit, awake in runs.awake.items()}
        still_since = {p: _since(runs, nonzero) for p, nonzero in runs.nonzero.items()}
        still = {p: since > 0 for p, since in still_since.items()}
        all_still = np.logical_and.reduce(list(still.values()))
        latest = np.maximum.reduce(list(still_since.values()))
        alive = runs.derivative_alive
        changes = changes_of(mean_loss)
        recent = changes[:, max(0, runs.last_epoch - RECENT) : runs.last_epoch]
        rises, falls = (recent > CLEAR).sum(-1), (recent < -CLEAR).sum(-1)
        lowest_loss = np.fmin.accumulate(mean_loss, axis=-1)[:, last]
        change = changes[:, last]
        some = np.isfinite(runs.start_loss) & (runs.start_loss > 0)
        loss_left = np.where(some, last_loss / runs.start_loss, 0.0 * last_loss)
        gained = (runs.start_loss - last_loss) / runs.last_epoch
        fell = mean_loss[:, before] - last_loss
        pace = np.where(gained > 0, fell / gained, 0.0 * fell)
        steps = {
            "exploded_step": exploded_step,
            "not_finite_step": not_finite_step,
            "frozen_since": np.where(alive < runs.last_step, alive + 1, 0.0),
            "zero_gradient_since": np.where(all_still, latest, 0.0),
        }
        slow = (loss_left > LEFT) & (pace > PACE)
        falling = np.where(
            slow, _code("too slow"), np.where(change < -CLEAR, _code("converging"),
                                              _code("converging slowly"))
        )  # fmt: skip
        level = np.where(
            (falls > 0) | (last_loss < (1 - CLEAR) * mean_loss[:, 0])
            | (last_loss < (1 - CLEAR) * runs.start_loss),
            _code("converged"), _code("standing still"),
        )  # fmt: skip
        rules = (
            (runs.last_epoch < 2, _code(ONE_EPOCH)),
            (~np.isfinite(change), _code("not finite")),
            ((steps["zero_gradient_since"] > 0) & (last_loss > 0), _code("standing still")),
            ((rises >= 2) & (falls >= 2), _code("oscillating")),
            (change > CLEAR, _code("diverging")),
            (change > LEVEL, _code("creeping up")),
            (last_loss > (1 + CLEAR) * runs.start_loss, _code("worse than at the start")),
            (last_loss > HIGHER * lowest_loss, _code("oscillating")),
            (change < -LEVEL, falling),
        )
        trend = level
        for holds, code in reversed(rules):  # the first that fits counts
            trend = np.where(holds, code, trend)
    numbers = {
        "rises": rises.astype(float),
        "falls": falls.astype(float),
        "last_change": change,
        "last_loss": last_loss,
        "lowest_loss": lowest_loss,
        "start_loss": runs.start_loss,
        "loss_left": loss_left,
        "pace": pace,
    }
    return Verdicts(steps, dead_since, still, numbers, trend.astype(np.int64))


def changes_of(mean_loss: Floats) -> Floats:
    """Return by which share every epoch's mean loss changed, 0 in the first; shape as given."""
    change = np.zeros_like(mean_loss)
    before = mean_loss[..., :-1]
    with np.errstate(all="ignore"):
        change[..., 1:] = np.where(before == 0, 0.0, mean_loss[..., 1:] / before - 1)
    return change


def _since(runs: Summary, last: Floats) -> Floats:
    """Return the step since which something has not happened for a whole epoch; 0 if it has."""
    return np.where(runs.last_step - last >= runs.steps_per_epoch, last + 1, 0.0)


def _code(word: str) -> int:
    return TRENDS.index(word)
