"""The torch half of every layout is found in its folder, or in that of the one it builds upon."""

from __future__ import annotations

import pytest

from tests.builders import small_data, view_of
from xlsgd.base.errors import SpecError
from xlsgd.tabs.layouts.blocks.torch_tracer import BlocksTracer
from xlsgd.tabs.layouts.layout import Layout
from xlsgd.tabs.layouts.rows.layout import RowsLayout
from xlsgd.tabs.layouts.rows.torch_tracer import RowsTracer
from xlsgd.tabs.layouts.torch_tracing import tracer

DATA = small_data(3)


class Tall(RowsLayout):
    name = "tall"


class Lonely(Layout):
    name = "lonely"


@pytest.mark.parametrize(
    ("layout", "expected"),
    [("rows", RowsTracer), ("function", RowsTracer), ("blocks", BlocksTracer)],
)
def test_every_layout_has_one(layout: str, expected: type) -> None:
    view = view_of("Linear(1, 1)", "sgd", layout=layout, data=DATA)
    assert type(tracer(view, DATA)) is expected


def test_a_layout_that_builds_upon_another_is_traced_as_that_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = view_of("Linear(1, 1)", "sgd", data=DATA)
    monkeypatch.setattr("xlsgd.tabs.layouts.torch_tracing.get_layout", lambda name: Tall())
    assert type(tracer(view, DATA)) is RowsTracer


def test_a_layout_without_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("Linear(1, 1)", "sgd", data=DATA)
    lonely = type("Alone", (Lonely,), dict.fromkeys(Lonely.__abstractmethods__))()
    monkeypatch.setattr("xlsgd.tabs.layouts.torch_tracing.get_layout", lambda name: lonely)
    words = "the layout 'lonely' has no torch half: .*; there are: blocks, rows"
    with pytest.raises(SpecError, match=words):
        tracer(view, DATA)
