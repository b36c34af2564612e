"""How a run went, by the sheet's verdict cell and by torch."""

from __future__ import annotations

import numpy as np

from xlsgd import verdict
from xlsgd.checks.examined import ExaminedTab
from xlsgd.report.report import RunVerdict, value_text
from xlsgd.sheets.maps import TabMap, address
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.training.trace import Trace

__all__ = ["run_verdict"]


def run_verdict(
    tab: ExaminedTab,
    maps: TabMap,
    view: View,
    trace: Trace,
    panels: list[dict[str, float | str]],
) -> RunVerdict:
    """Return how the run went, by the sheet's verdict cell and by torch's ensemble.

    panels: of every member.
    """
    layout = get_layout(view.layout)
    shown = tab.cells.get(maps.fields["verdict"])
    sheet = shown if isinstance(shown, str) else value_text(shown)
    texts = [str(panel["verdict"]) for panel in panels]
    panel = panels[0]
    kind, step, column = str(panel["trend"]), 0, ""
    numerical = layout.evidence(view).numerical[0]
    for key, name, where in (
        ("zero_gradient_since", "zero gradient", numerical),
        ("frozen_since", "frozen", numerical),
        *((f"dead_since.{unit}", "dead", unit) for unit in view.experiment.network.silences),
        ("exploded_step", "exploded", "loss"),
    ):
        if panel[key] and not (name == "zero gradient" and panel["last_loss"] == 0):
            kind, step, column = name, int(float(panel[key])), where
    cell = None
    if step:
        row = int(np.argmax(trace["step"] >= step))
        steps = maps.tables["steps"]
        column = column if column in steps.columns else f"awake.{column}"
        cell = address(steps.cell(column, row))
    agree = verdict.agrees(sheet, texts)
    return RunVerdict(sheet, texts[0], tuple(dict.fromkeys(texts)), agree, kind, step or None, cell)
