"""What the page on conventions says, against the formulas and the files that there are."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xlsgd.base.cells import Book, Formula
from xlsgd.engines.formulas import ENGINE
from xlsgd.training.nets.sigmoid import Sigmoid

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conventions.md"
THINGS = ("LAYER", "FUNCTION", "LOSS", "RULE", "OPTIMIZER", "SCHEDULE", "TRANSFORM", "FEATURE")
"""What a file is called by that adds one thing."""


def added(folder: Path) -> Iterator[str]:
    """Yield the names of what the files of a folder add, as they stand in the text of the files:
    whatever a registry makes of them."""
    for file in sorted(folder.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        values = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        thing = next((values[name] for name in THINGS if name in values), None)
        if thing is None:
            continue
        called = thing.func if isinstance(thing, ast.Call) else thing
        assert isinstance(called, ast.Name), file
        (own,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == called.id)
        yield from (
            ast.literal_eval(node.value)
            for node in own.body
            if isinstance(node, ast.Assign)
            and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["name"]
        )


FOLDERS = sorted(
    folder
    for folder in (*(ROOT / "xlsgd" / "training").iterdir(), ROOT / "xlsgd" / "data" / "features")
    if folder.is_dir() and any(added(folder))
)


def test_folders_are_found() -> None:
    names = {folder.name for folder in FOLDERS}
    assert names >= {"nets", "operations", "losses", "optimizers", "schedules", "transforms"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_has_a_row_in_a_table_made_from_the_program(folder: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    tables = re.findall(r"^<!-- table: .+? -->$(.*?)^<!-- end -->$", text, flags=re.M | re.S)
    rows = {row for table in tables for row in re.findall(r"^\| `([^`]+)` \|", table, flags=re.M)}
    names = list(added(folder))
    assert names
    assert not [name for name in names if name not in rows], "run: python scripts/refresh_docs.py"


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
