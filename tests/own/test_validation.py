"""Rows that validate: after every epoch their loss is that of a plain loop in torch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from torch import nn

import xlsgd
from tests.verify.books import edited, header_row, letter_of
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.data.table import dataset_of
from xlsgd.lessons.generation import write_lesson
from xlsgd.lessons.own_net import OwnNet, own_lesson
from xlsgd.tabs.size import check_size
from xlsgd.tabs.validation import check as validation_check
from xlsgd.tabs.validation.size import size_of_validation
from xlsgd.training.losses import get_loss
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

ROWS, HELD = 7, (2, 4, 6)
"""Rows in all, and those of them that validate."""
EPOCHS = 3

Floats = Any


def table(inputs: int, y: Callable[[Floats], Floats], *, rows: int = ROWS) -> pd.DataFrame:
    """Return rows of numbers with few digits, a target, and a column that says which validate."""
    x = np.random.default_rng(inputs).uniform(-1, 1, (rows, inputs)).round(2)
    frame = pd.DataFrame(x, columns=[f"in_{i}" for i in range(inputs)])
    frame["answer"] = y(x)
    frame["split"] = ["valid" if i in HELD else "train" for i in range(rows)]
    return frame


def skipping() -> nn.Module:
    """Return a net that is a graph: what comes in is added to what comes out."""

    class Skipping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.fc(x)) + x

    return Skipping()


CASES = {
    "rows": (lambda: nn.Linear(1, 1), nn.MSELoss(), 1, lambda x: (2 * x[:, 0] + 1).round(2)),
    "blocks": (
        lambda: nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)),
        nn.HuberLoss(),
        3,
        lambda x: (x[:, 0] - x[:, 1]).round(2),
    ),
    "yes or no": (
        lambda: nn.Linear(2, 1), nn.BCEWithLogitsLoss(), 2, lambda x: (x[:, 0] > 0).astype(float)
    ),
    "classes of a graph": (
        skipping, nn.CrossEntropyLoss(label_smoothing=0.1), 4, lambda x: x.argmax(1)
    ),
}  # fmt: skip


def exported(case: str, path: Path) -> tuple[nn.Module, pd.DataFrame, Any, int]:
    """Write the workbook of a case, and return what it was made of."""
    make, loss, size, y = CASES[case]
    torch.manual_seed(3)
    module = make().double()
    names = {"rows": 1, "classes of a graph": 3}
    frame = table(names.get(case, 2), y)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    xlsgd.export(
        module, optimizer, loss, data=frame, target="answer", validation="split",
        epochs=EPOCHS, batch_size=size, path=path,
    )  # fmt: skip
    return module, frame, loss, size


def plain_loop(
    module: nn.Module, frame: pd.DataFrame, loss: Any, size: int
) -> dict[str, list[float]]:
    """Train as anybody does in torch, and evaluate before the first epoch and after every one."""
    module = copy.deepcopy(module)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    classes = isinstance(loss, nn.CrossEntropyLoss)
    parts = {}
    for name, kind in (("train", "train"), ("validation", "valid")):
        rows = frame[frame["split"] == kind]
        x = torch.tensor(rows.filter(like="in_").to_numpy())
        y = torch.tensor(rows["answer"].to_numpy())
        parts[name] = (x, y.long() if classes else y.double()[:, None])
    seen: dict[str, list[float]] = {}

    def evaluate() -> None:
        with torch.no_grad():
            for name, (x, y) in parts.items():
                out = module(x)
                right = out.argmax(1) == y if classes else (out > 0) == (y == 1)
                seen.setdefault(f"{name}_loss", []).append(float(loss(out, y)))
                seen.setdefault(f"{name}_accuracy", []).append(float(right.double().mean()))

    evaluate()
    x, y = parts["train"]
    for _ in range(EPOCHS):
        for begin in range(0, len(x), size):
            optimizer.zero_grad()
            loss(module(x[begin : begin + size]), y[begin : begin + size]).backward()
            optimizer.step()
        evaluate()
    return seen


def column(path: Path, quantity: str, sheet: str = "validation") -> list[float]:
    """Return the numbers of an epoch's column, from the values that the file has."""
    cells = openpyxl.load_workbook(path, data_only=True)[sheet]
    letter, row = letter_of(cells, quantity, "train_loss"), header_row(cells, "train_loss") + 2
    return [cells[f"{letter}{row + i}"].value for i in range(EPOCHS + 1)]


def field(path: Path, key: str) -> Any:
    cells = openpyxl.load_workbook(path, data_only=True)["validation"]
    return next(
        cells.cell(c.row, c.column + 1).value for row in cells for c in row if c.value == key
    )


@pytest.mark.parametrize("case", CASES)
def test_losses_are_those_of_a_plain_loop(case: str, tmp_path: Path) -> None:
    path = tmp_path / "net.xlsx"
    module, frame, loss, size = exported(case, path)
    seen = plain_loop(module, frame, loss, size)
    for name in ("train_loss", "validation_loss"):
        assert column(path, name) == pytest.approx(seen[name], rel=1e-11)
    if case in ("yes or no", "classes of a graph"):
        for name in ("train_accuracy", "validation_accuracy"):
            assert column(path, name) == pytest.approx(seen[name], abs=1e-15)
    assert field(path, "train_rows") == ROWS - len(HELD)
    assert field(path, "validation_rows") == len(HELD)
    best = int(np.argmin(seen["validation_loss"]))
    assert field(path, "best_epoch") == best
    assert field(path, "best_loss") == pytest.approx(seen["validation_loss"][best], rel=1e-11)
    assert xlsgd.verify(path).ok


@pytest.mark.parametrize("case", ["rows", "classes of a graph"])
def test_every_changed_formula_is_named(case: str, tmp_path: Path) -> None:
    source, target = tmp_path / "net.xlsx", tmp_path / "changed.xlsx"
    exported(case, source)
    changed = []

    def change(book: Any) -> None:
        sheet = book["validation"]
        row = header_row(sheet, "train_loss")
        # One cell in a column, each time in another row, and every field.
        for number in range(1, sheet.max_column + 1):
            filled = [
                cell for cell in next(sheet.iter_cols(number, number, row + 2))
                if isinstance(cell.value, str) and cell.value.startswith("=")
            ]  # fmt: skip
            headed = sheet.cell(row, number).value is not None
            for cell in (
                filled[number % len(filled) :: len(filled)] if headed and filled else filled
            ):
                cell.value = f"=({cell.value[1:]})*1.000001"
                changed.append(cell.coordinate)

    edited(source, target, change)
    report = xlsgd.verify(target)
    named = {d.cell for s in report.sheets if s.name == "validation" for d in s.differences}
    assert len(changed) >= 15
    assert set(changed) <= named


@pytest.mark.parametrize("name", ["passed", "epochs_of", "fields_of"])
def test_every_number_of_torch_counts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.xlsx"
    exported("classes of a graph", path)
    real, keys = getattr(validation_check, name), set()

    def other(*args: Any) -> dict[str, Any]:
        found = real(*args)
        keys.update(found)
        return {
            key: [1.001 * v + 1e-6 for v in values]
            if isinstance(values, list)
            else 1.001 * values + 1e-6
            for key, values in found.items()
        }

    monkeypatch.setattr(validation_check, name, other)
    report = xlsgd.verify(path)
    wrong = {d.quantity for s in report.sheets for d in s.differences}
    assert len(keys) >= 5
    assert keys <= wrong


def test_a_changed_row_changes_what_it_says_and_no_training(tmp_path: Path) -> None:
    source, target = tmp_path / "net.xlsx", tmp_path / "changed.xlsx"
    module, frame, loss, size = exported("blocks", source)

    def change(book: Any) -> None:
        sheet = book["validation"]
        letter, row = letter_of(sheet, "answer", "in_0"), header_row(sheet, "answer", "in_0") + 2
        assert sheet[f"{letter}{row}"].value == frame["answer"][HELD[0]]
        sheet[f"{letter}{row}"] = 9

    edited(source, target, change)
    report = xlsgd.verify(target)
    assert report.ok
    frame.loc[HELD[0], "answer"] = 9.0
    seen = plain_loop(module, frame, loss, size)
    compared = next(s for s in report.sheets if s.name == "validation")
    found = {name: shown for _, name, check, shown, *_ in compared.fields if check == "run"}
    assert found["end_loss"] == pytest.approx(seen["validation_loss"][-1], rel=1e-11)


def test_a_run_that_explodes_is_followed_as_far_as_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "net.xlsx"
    xlsgd.generate(
        "Linear(2, 2), ReLU, Linear(2, 1)", path, epochs=5, learning_rate=1e30, batch_size=1,
        data=dataset_of(
            table(2, lambda x: x[:, 0]), ["answer"], validation="split"
        ),
    )  # fmt: skip
    report = xlsgd.verify(path)
    assert report.ok
    assert "exploded" in next(s for s in report.sheets if s.verdict).verdict.torch


def test_one_optimizer_beside_another(tmp_path: Path) -> None:
    path, without = tmp_path / "net.xlsx", tmp_path / "without.xlsx"
    frame = table(2, lambda x: x[:, 0]).drop(columns="split")
    data = dataset_of(frame, ["answer"], validation=0.4)
    xlsgd.generate("Linear(2, 1)", path, epochs=EPOCHS, data=data, optimizers=("sgd", "adam"))
    sheets = openpyxl.load_workbook(path).sheetnames
    assert [name for name in sheets if "valid" in name] == ["validation sgd", "validation adam"]
    assert xlsgd.verify(path).ok
    edited(path, without, lambda book: book.remove(book["validation sgd"]))
    with pytest.raises(WorkbookError, match="shows rows that validate from another tab"):
        xlsgd.verify(without)

    def bare(book: Any) -> None:
        for row in book["validation adam"]:
            for cell in row:
                cell.value = cell.value if str(cell.value).startswith("=") else None

    edited(path, without, bare)
    with pytest.raises(WorkbookError, match="'validation adam' looks at tabs of xlsgd and, by its"):
        xlsgd.verify(without)


def test_a_tab_that_has_lost_its_marker_or_a_row_is_not_passed_over(tmp_path: Path) -> None:
    source, target = tmp_path / "net.xlsx", tmp_path / "changed.xlsx"
    exported("rows", source)

    def unmarked(book: Any) -> None:
        for row in book["validation"]:
            for cell in row:
                cell.value = None if cell.value == "xlsgd" else cell.value

    edited(source, target, unmarked)
    with pytest.raises(WorkbookError, match="'validation' has the headers of one of xlsgd's tabs"):
        xlsgd.verify(target)
    edited(source, target, lambda book: book["validation"].delete_rows(8))
    with pytest.raises(WorkbookError, match="cannot grow or shrink"):
        xlsgd.verify(target)


def test_a_label_that_is_none_is_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "net.xlsx", tmp_path / "changed.xlsx"
    exported("classes of a graph", source)

    def change(book: Any) -> None:
        sheet = book["validation"]
        letter, row = letter_of(sheet, "answer", "in_0"), header_row(sheet, "answer", "in_0") + 2
        sheet[f"{letter}{row}"] = 7

    edited(source, target, change)
    with pytest.raises(WorkbookError, match=r"validation: .*got 7; .* needs a class"):
        xlsgd.verify(target)
    frame = table(3, lambda x: x.argmax(1))
    frame.loc[HELD[0], "answer"] = 7
    module = nn.Linear(3, 3).double()
    with pytest.raises(SpecError, match=r"rows that validate, row 1, y: got 7; .* needs a class"):
        xlsgd.export(
            module, torch.optim.SGD(module.parameters()), nn.CrossEntropyLoss(), data=frame,
            target="answer", validation="split", path=tmp_path / "other.xlsx",
        )  # fmt: skip


def own(rows: int, epochs: int) -> Any:
    network = parse_network("Linear(2, 1)", ("in_0", "in_1"))
    frame = table(2, lambda x: x[:, 0], rows=rows).drop(columns="split")
    data = dataset_of(frame, ["answer"], validation=0.25)
    start = dict.fromkeys(network.parameters, 0.5)
    return own_lesson(
        OwnNet(network, get_loss("l1"), get_optimizer("sgd"), data, 0.1, start, epochs)
    )


def test_its_formulas_are_counted_before_it_is_written(tmp_path: Path) -> None:
    lesson = own(8, 2)
    write_lesson(lesson, tmp_path / "net.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "net.xlsx")["validation"]
    formulas = [c for row in sheet for c in row if str(c.value).startswith("=")]
    # Five fields say something of the whole run, and the first epoch is a number.
    assert size_of_validation(lesson)[0] == len(formulas) - 5 + 1
    with pytest.raises(SpecError, match=r"rows with those that validate, are .* would fit"):
        check_size(own(1000, 1100))


def test_overfitting_is_explained_with_the_epoch(tmp_path: Path) -> None:
    path = tmp_path / "net.xlsx"
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    # What trains says 1 everywhere but in one row; what validates says 1 there, too.
    frame = pd.DataFrame(
        {
            "in_0": [-1.0, -0.5, 0.0, 0.5, 1.0, 0.9],
            "answer": [1.0, 1.0, 1.0, 1.0, 3.0, 1.0],
            "split": ["train"] * 5 + ["valid"],
        }
    )
    xlsgd.export(
        module, torch.optim.Adam(module.parameters(), lr=0.1), nn.MSELoss(), data=frame,
        target="answer", validation="split", epochs=12, path=path,
    )  # fmt: skip
    global EPOCHS
    EPOCHS, before = 12, EPOCHS
    try:
        seen = plain_loop(module, frame, nn.MSELoss(), 5)["validation_loss"]
    finally:
        EPOCHS = before
    best = int(np.argmin(seen))
    assert 0 < best < 12
    (tab,) = xlsgd.explain(path).tabs
    assert tab.validated is not None
    assert tab.validated.overfits
    assert (tab.validated.best_epoch, tab.validated.rows) == (best, 1)
    assert math.isclose(tab.validated.best, seen[best], rel_tol=1e-11)
    assert math.isclose(tab.validated.end, seen[-1], rel_tol=1e-11)
    text = " ".join(tab.sentences)
    assert f"lowest after epoch {best}, {seen[best]:.4g} (validation!C{6 + best})" in text
    assert f"has risen to {seen[-1]:.4g} after epoch 12 (validation!C18)" in text
    assert f"stop there (--epochs {best})" in text
    assert "Tried in torch: with" not in text


def test_it_is_found_again_where_rows_and_columns_were_inserted(
    tmp_path: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    source = tmp_path / "net.xlsx"
    exported("yes or no", source)
    edits = [
        ("insert_row", "validation", 3),
        ("insert_column", "validation", 2),
        ("insert_row", "validation", 12),
        ("insert_column", "data", 1),
        ("rename", "validation", "held out"),
    ]
    report = xlsgd.verify(libreoffice_edit(source, tmp_path / "edited.xlsx", edits))
    assert report.ok
    assert next(s for s in report.sheets if s.name == "held out").looked_at
