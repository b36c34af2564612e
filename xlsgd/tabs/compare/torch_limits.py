"""The cells with the largest stable learning rate, above a table of rates.

``limit_full_batch`` is a live formula, for steps that see all rows. ``limit_found`` is a number
that torch has found for the steps which the runs really take: the limit where the network is
linear in its weights, elsewhere the first rate at which a run from this very start explodes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.tabs.compare.limit_formula import full_batch_formula
from xlsgd.tabs.compare.plan import LIMITS
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side.stability import stability_limit
from xlsgd.training.experiment import Experiment

__all__ = ["FOUND", "FULL_BATCH", "full_batch_limit", "limit_inputs", "stale"]

FULL_BATCH, FOUND = LIMITS
_FOUND_WORDS = "largest rate, found"
_AGREE = 1e-6
"""How near a number in a cell must be to what torch finds now."""


def full_batch_limit(experiment: Experiment, data: Dataset) -> float:
    """Return what its formula must give, by the map of a step that sees all rows; nan for none."""
    whole = replace(experiment, batch_size=data.rows)
    value = stability_limit(whole, data).value
    return float("nan") if value is None else value


WINDOWS = "; above it there may be windows of rates that hold again"
"""A limit is where explosions begin, and not where all that is larger explodes."""


def limit_inputs(view: View, data: Dataset, tab: str) -> tuple[tuple[Input, ...], float | None]:
    """Return the cells, and the rate around which a run begins to explode; None if none does."""
    # Here and not at the top: lessons are listed without torch.
    from xlsgd.torch_side.stability.border import explosion_border

    experiment, fields = view.experiment, []
    formula = full_batch_formula(experiment, tab)
    if formula:
        note = "largest stable rate if a step sees all rows: a live formula, 2 / largest curvature"
        fields.append(Input(FULL_BATCH, formula, note, fixed=True, label="largest rate, all rows"))
    limit = stability_limit(experiment, data).value
    if limit is not None:
        size = experiment.batch_size
        rows = "one row" if size == 1 else "all rows" if size >= data.rows else f"{size} rows"
        note = (
            f"largest stable rate if a step sees {rows}, as here: there the map of an epoch "
            "reaches spectral radius 1; found by PyTorch for these points"
            f"{'' if size >= data.rows else WINDOWS}"
        )
        return (*fields, Input(FOUND, limit, note, fixed=True, label=_FOUND_WORDS)), limit
    border = explosion_border(experiment, data, get_layout(view.layout).watched_weight(view))
    if border is None:
        return tuple(fields), None
    note = (
        "smallest rate found that explodes from this start in these epochs: tried in PyTorch, "
        f"since there is no formula{WINDOWS}"
    )
    return (
        *fields,
        Input(FOUND, border.explodes, note, fixed=True, label=_FOUND_WORDS),
    ), border.explodes


def stale(view: View, data: Dataset, found: float) -> str | None:
    """Return what is wrong with a number in ``limit_found``, None if it still holds.

    It is made when the workbook is written, and follows no edit.
    """
    from xlsgd.torch_side.stability.border import explodes

    limit = stability_limit(view.experiment, data).value
    if limit is not None:
        if abs(found - limit) <= _AGREE * limit:
            return None
        return f"it says {found:.7g}; for the points as they are now it is {limit:.7g}"
    if not (np.isfinite(found) and found > 0):
        return f"it says {found:g}, which is no learning rate"
    watched = get_layout(view.layout).watched_weight(view)
    near = np.array([found * (1 - 10 * _AGREE), found])
    try:
        below, above = explodes(view.experiment, data, watched, near)
    except SpecError as error:
        # An edit may leave a schedule whose rates are not the learning rate times something.
        return f"it cannot be found any more: {error}"
    if above and not below:
        return None
    return f"from the start as it is now, a run does not begin to explode at {found:.7g}"
