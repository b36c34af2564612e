"""Values kept in little room are the values; what an engine gave is not kept beside them."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest

import xlsgd
from xlsgd.base.cells import CellError, Position, Scalar
from xlsgd.engines.kept import KeptValues
from xlsgd.verifying import engines as engine_comparison


def test_values_that_are_kept_are_the_values() -> None:
    values: dict[Position, Scalar] = {
        (1, 1): 0.1,
        (1, 2): -0.0,
        (2, 1): "a word",
        (2, 2): CellError("#NUM!"),
        (3, 1): float("inf"),
        (3, 2): True,
        (9, 9): 5.0,
    }
    places = {position: i for i, position in enumerate([(1, 1), (1, 2), (2, 1), (3, 1), (7, 7)])}
    kept = KeptValues(values, places)
    assert dict(kept) == values
    assert str(kept[1, 2]) == "-0.0"
    assert kept.get((7, 7)) is None
    assert len(kept) == len(values)


def test_an_engine_leaves_nothing_behind_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = xlsgd.generate("graddesc", tmp_path / "g.xlsx", epochs=2, optimizers=("momentum",))
    earlier: list[weakref.ref[object]] = []
    left: list[int] = []
    recalculate = engine_comparison.recalculate

    def counted(*args: object, **options: object) -> object:
        left.append(sum(each() is not None for each in earlier))
        opened = recalculate(*args, **options)  # type: ignore[arg-type]
        earlier.append(weakref.ref(opened))
        return opened

    monkeypatch.setattr(engine_comparison, "recalculate", counted)
    found = xlsgd.compare_engines(path, ["formulas", "ironcalc", "stored"])
    assert found.ok
    assert left == [0, 0, 0]
