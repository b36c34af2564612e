"""Compare the matrix tab with one product of matrices in torch."""

from __future__ import annotations

import numpy as np

from xlsgd.base.cells import Formula
from xlsgd.checks.expected import ranked
from xlsgd.tabs.comparing import FIELDS, ROWS, WEIGHTS, check_fields, compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.matrix import columns as matrix
from xlsgd.tabs.matrix import torch_values as torch_matrix
from xlsgd.tabs.model import columns as model
from xlsgd.tabs.model.torch_weights import Weights, of_run, weights_shown
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS
from xlsgd.verdict import BEYOND

__all__ = ["check_matrix"]


def check_matrix(work: Examination, experiment: Experiment) -> None:
    """Compare the matrix tab of an experiment."""
    found, run = work.found, work.of(Trained).alone[experiment.id]
    maps = found.maps.of("matrix")[experiment.id]
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    of = found.maps.of("model")[experiment.id]
    shown = work.tabs[of.sheet]
    names = experiment.network.parameters
    start = str(shown.cells.get(of.fields[model.WEIGHTS_OF.key])).lower() == "start"
    alone: Weights = {}
    for i, (p, template) in enumerate(matrix.weight_formulas(experiment).items()):
        position, source = maps.fields[f"weight.{p}"], of.fields[f"weight.{p}"]
        tab.check_formula(position, (WEIGHTS, i, 0), f"weight.{p}", wanted(template)(position[0]))
        value = number_in(shown.cells.get(source))
        own = not isinstance(shown.contents.get(source), Formula)
        by_run = None if own else of_run(experiment, run, p, start)
        alone[p] = np.array([value] * MEMBERS if by_run is None else by_run)
        for check, members in (("step", [value]), ("run", list(map(float, alone[p])))):
            key = f"weight.{p}"
            tab.compare_fields(check, {key: position}, {key: members}, WEIGHTS, i)
    columns = matrix.product_table(experiment)
    fields = matrix.fields(experiment, maps.earlier_format)
    tab.check_cells(maps.tables["product"], columns, work.writer(maps, "product"), ranked(ROWS))
    check_fields(tab, wanted, maps, fields, FIELDS)
    for check, data, weights in (
        ("step", found.shown, weights_shown(tab, maps, names)),
        ("run", found.data, alone),
    ):
        rows, means = torch_matrix.values(experiment, data, weights)
        compare_rows(tab, check, maps, "product", columns, rows)
        places = {given.key: maps.fields[given.key] for given in fields}
        none = float("nan") if maps.earlier_format else BEYOND
        losses: list[float | str] = [m if np.isfinite(m) else none for m in means]
        expected = dict.fromkeys(places, losses)
        if check == "step":
            theirs = number_in(shown.cells.get(of.fields["mean_loss"]))
            of_model: list[float | str] = [theirs if np.isfinite(theirs) else none]
            expected = {**expected, "mean_loss_of_model": of_model}
        tab.compare_fields(check, places, expected, FIELDS)
