"""Random nets of every activation with every loss: written, read again, checked against torch."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

import xlsgd
from tests.builders import view_of, write_experiments
from tests.strategies import decades, numbers
from tests.training.test_activations import KINDS
from tests.two_sides import ENDS
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.tabs.view import View
from xlsgd.training.losses import losses

LABELS = (numbers(-5, 5), st.sampled_from((0.0, 1.0)), st.sampled_from((-1.0, 1.0)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[View, Dataset]:
    """Return one or two activations between two linear layers, with what the loss takes behind."""
    loss = losses()[draw(st.sampled_from(list(losses())))]
    rows, width = draw(st.integers(3, 5)), draw(st.integers(1, 2))
    out = 1 if loss.fewest == 1 else draw(st.integers(2, 3))
    scale = draw(st.sampled_from((1, 1, 40)))
    x = draw(st.lists(numbers(-scale, scale), min_size=rows, max_size=rows).map(tuple))
    kind = next(
        kind
        for kind, known in zip(LABELS, ((1.5, -0.5), (0.0, 1.0), (-1.0, 1.0)), strict=True)
        if not any(loss.label_fault(y, out) for y in known)
    )
    y = draw(st.lists(kind, min_size=rows, max_size=rows).map(tuple))
    layers = [f"Linear(1, {width})", draw(st.sampled_from(KINDS))]
    if width == 2:
        layers += draw(st.sampled_from(([], ["Softmax"], ["LogSoftmax"])))
    network = ", ".join([*layers, f"Linear({width}, {out})"]) + ENDS.get(loss.takes, "")
    blocks = draw(st.booleans())
    more = {}
    if loss.together:
        more = {
            f"z{i}": draw(st.lists(kind, min_size=rows, max_size=rows).map(tuple))
            for i in range(1, out)
        }
    data = Dataset("random points", {"x": x}, y, more_targets=more)
    view = view_of(
        network,
        data=data,
        loss=loss.name,
        hyper={g.key: draw(st.sampled_from((0.1, 0.5))) for g in loss.hyperparameters},
        layout="blocks" if blocks else "rows",
        gradient="backprop" if blocks else draw(st.sampled_from(("numerical", "backprop"))),
        batch_size=draw(st.integers(1, rows)),
        learning_rate=draw(decades(-4, 0)),
        epochs=2,
    )
    names = view.experiment.network.parameters
    return view.but(start={p: draw(numbers(-2, 2)) for p in names}), data


@pytest.mark.wide
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    # The same examples for everybody in CI; at home others every time, and failures remembered.
    derandomize=os.environ.get("CI", "").lower() in ("1", "true"),
    suppress_health_check=list(HealthCheck),
)
@given(case=cases())
def test_random_parts_agree_with_torch(case: tuple[View, Dataset]) -> None:
    view, data = case
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write_experiments(Path(folder, "random.xlsx"), view, data=data)
        except SpecError as error:
            # Written out as one formula, some are longer than Excel takes: that is refused.
            if "Excel takes" not in str(error):
                raise
            assume(False)
        report = xlsgd.verify(path)
    tab = next(sheet for sheet in report.sheets if sheet.experiment == "run")
    assert report.ok, (report.first_difference, tab.verdict)
    assert tab.verdict is not None
    assert tab.verdict.agree
    assert tab.unchecked == {}
    event(tab.verdict.kind)
