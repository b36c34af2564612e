"""One run after the other, as the tabs show them: what many runs at once are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.layouts.torch_tracing import tracer
from xlsgd.tabs.view import View
from xlsgd.verdict import Summary, agrees, epoch_quantities, judge, panel_values
from xlsgd.verdict.threshold import RunLimits

__all__ = ["Panels", "assert_same_run", "panels"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Panels:
    """What a tab's panel says of one run, for every member of torch's ensemble.

    mean_loss: shape (members, epochs).
    """

    limits: RunLimits
    panels: list[dict[str, float | str]]
    mean_loss: Floats

    @property
    def texts(self) -> list[str]:
        return [str(panel["verdict"]) for panel in self.panels]


def panels(view: View, data: Dataset) -> Panels:
    """Return what the panel of the experiment's tab says."""
    experiment, limits = view.experiment, limits_of(view, data)
    traced = tracer(view, data)
    traces = traced.run(experiment.epochs * data.rows)
    epochs = epoch_quantities(traced.by_row(traces), experiment.epochs, experiment.loss.reading)
    found = panel_values(
        experiment,
        limits,
        traces["steps"].values,
        epochs,
        traced.start_loss(traces),
        data.rows,
        experiment.epochs,
    )
    return Panels(limits, found, epochs["mean_loss"])


def assert_same_run(summary: Summary, run: int, one: Panels) -> None:
    """Assert that a run among many went as the one on a tab, as far as float64 can tell."""
    verdicts = judge(summary)
    assert agrees(verdicts.text(run), one.texts), (verdicts.text(run), one.texts)
    above = np.broadcast_to(summary.exploded_above, len(summary.exploded_at))
    assert above[run] == one.limits.exploded_above
    with np.errstate(all="ignore"):
        spread = np.abs(one.mean_loss - one.mean_loss[0]).max(axis=0)
        certain = spread < 1e-9 * np.abs(one.mean_loss[0])  # False where one of them is no number
    np.testing.assert_allclose(
        summary.mean_loss[run][certain], one.mean_loss[0][certain], rtol=1e-7
    )
    if len(set(one.texts)) == 1:
        assert verdicts.text(run) == one.texts[0]
        for key in ("exploded_step", "not_finite_step", "frozen_since", "zero_gradient_since"):
            assert verdicts.steps[key][run] == one.panels[0][key], key
