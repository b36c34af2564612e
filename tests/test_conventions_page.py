"""What the page on conventions says of numbers in formulas, against the formulas."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from xlsgd.base.cells import Book, Formula
from xlsgd.engines.formulas import ENGINE
from xlsgd.training.nets.sigmoid import Sigmoid

PAGE = Path(__file__).resolve().parent.parent / "docs" / "conventions.md"


def test_where_the_sigmoid_is_cut_off() -> None:
    found = re.search(
        r"Sigmoid cuts its input off at −(\d+), where the result is below 10⁻³⁰⁷: a cell cannot "
        r"hold e⁷¹⁰",
        PAGE.read_text(encoding="utf-8"),
    )
    assert found is not None
    cut = -float(found[1])
    formula = Formula("=" + Sigmoid().forward(["A1"], {})[0])
    last, beyond = (
        ENGINE.calculate(Book({"s": {(1, 1): x, (1, 2): formula}})).values["s"][1, 2]
        for x in (cut, math.nextafter(cut, -math.inf))
    )
    assert last == pytest.approx(math.exp(cut), rel=1e-12)
    assert isinstance(last, float)
    assert 0 < last < 1e-307
    assert beyond == 0.0
    with pytest.raises(OverflowError):
        math.exp(710)
