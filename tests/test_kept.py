"""Of what one engine gave, its values alone are kept while the next one is at work."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest

import xlsgd
from xlsgd.verifying import engines as engine_comparison


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
