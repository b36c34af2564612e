"""What a learner is meant to change, changed: sheet and torch follow together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import SIX_POINTS, edited, field_cell, passes
from xlsgd.report import Report

Make = Callable[..., Path]


def set_field(source: Path, target: Path, tab: str, key: str, value: object) -> Path:
    """Save a workbook with another value beside a key."""

    def edit(workbook: object) -> None:
        sheet = workbook[tab]  # type: ignore[index]
        sheet[field_cell(sheet, key)] = value

    return edited(source, target, edit)


def verdict_of(report: Report, tab: str) -> str:
    """Return the verdict that sheet and torch agree on."""
    verdict = next(sheet.verdict for sheet in report.sheets if sheet.name == tab)
    assert verdict is not None
    assert verdict.agree
    return verdict.sheet


def test_as_generated(untouched: Report) -> None:
    assert passes(untouched)
    assert untouched.notes == []


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "rate", [0, 1e-300, 1e-12, 1e-5, 3e-4, 4e-4, 4.5e-4, 6e-4, 0.001, 0.01, 1, 1000, 1e300]
)
def test_learning_rate(small: Path, target: Path, rate: float) -> None:
    assert passes(xlsgd.verify(set_field(small, target, "sgd", "learning_rate", rate)))


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0, "standing still"), (1e-4, "converging"), (0.001, "exploded at step ")],
)
def test_verdict_follows_learning_rate(small: Path, target: Path, rate: float, words: str) -> None:
    report = xlsgd.verify(set_field(small, target, "sgd", "learning_rate", rate))
    assert passes(report)
    assert words in verdict_of(report, "sgd")


@pytest.mark.parametrize("h", [1e-300, 1e-20, 1e-9, 0.5, 10, 1e6])
def test_h(small: Path, target: Path, h: float) -> None:
    assert passes(xlsgd.verify(set_field(small, target, "sgd", "h", h)))


@pytest.mark.sampled
@pytest.mark.parametrize("key", ["init.a", "init.b"])
@pytest.mark.parametrize("value", [0, -7.25, 1e-300, 1e6, 1e160, 2, 30])
def test_start_weight(small: Path, target: Path, key: str, value: float) -> None:
    assert passes(xlsgd.verify(set_field(small, target, "sgd", key, value)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", 100),
        ("beta1", 0),
        ("beta1", 0.5),
        ("beta1", 0.999),
        ("beta2", 0),
        ("beta2", 0.9),
        ("eps", 1e-3),
        ("eps", 5),
        ("init.avg_grad.a", -250),
        ("init.avg_grad.b", 3.5),
        ("init.sq_avg.a", 1e4),
        ("init.sq_avg.b", 0.25),
        ("gradient", "backprop"),
    ],
)
def test_input_of_adam(small: Path, target: Path, key: str, value: object) -> None:
    assert passes(xlsgd.verify(set_field(small, target, "adam", key, value)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gradient", "backprop"),
        ("exploded_above", 10),
        ("exploded_above", 1e300),
        ("chart_limit", 1.5),
        ("chart_limit", 0),
    ],
)
def test_other_input(small: Path, target: Path, key: str, value: object) -> None:
    assert passes(xlsgd.verify(set_field(small, target, "sgd", key, value)))


def test_exploded_above_moves_the_explosion(small: Path, target: Path) -> None:
    report = xlsgd.verify(set_field(small, target, "sgd", "exploded_above", 10))
    assert verdict_of(report, "sgd").startswith("exploded at step 1")


@pytest.mark.parametrize(
    ("optimizer", "key", "value"),
    [
        ("momentum", "beta", 0),
        ("momentum-classic", "beta", 0),
        ("nesterov", "beta", 0),
        ("momentum", "beta", 0.5),
        ("momentum", "init.velocity.a", 100),
        ("momentum-classic", "beta", 0.5),
        ("momentum-classic", "init.velocity.b", -3),
        ("nesterov", "beta", 0.5),
        ("nesterov", "init.velocity.a", 10),
        ("rmsprop", "eps", 0.1),
        ("adagrad", "eps", 0.1),
        ("rmsprop", "gradient", "backprop"),
        ("adagrad", "gradient", "backprop"),
    ],
)
def test_input_of_other_optimizers(
    make: Make, target: Path, optimizer: str, key: str, value: object
) -> None:
    source = make("momentum", "momentum-classic", "nesterov", "rmsprop", "adagrad")
    assert passes(xlsgd.verify(set_field(source, target, optimizer, key, value)))


@pytest.mark.parametrize(
    ("optimizer", "key", "value"),
    [
        ("rmsprop-fastai", "init.sq_avg.a", 4),
        ("rmsprop-fastai", "learning_rate", 0.5),
        ("adam-fastai", "beta1", 0.5),
        ("momentum", "beta", 0.5),
    ],
)
def test_input_in_fastai_convention(
    make: Make, target: Path, optimizer: str, key: str, value: object
) -> None:
    source = make("momentum", "rmsprop", "adam", convention="fastai")
    assert passes(xlsgd.verify(set_field(source, target, optimizer, key, value)))


@pytest.mark.parametrize("size", [1, 2, 5, 6, 100])
def test_batch_size(make: Make, target: Path, size: int) -> None:
    source = make("sgd", "adam", batch_size=4)
    path = set_field(source, target, "sgd", "batch_size", size)
    assert passes(xlsgd.verify(set_field(path, target, "adam", "batch_size", size)))


@pytest.mark.parametrize(
    ("cell", "value"),
    [("A6", 15), ("A9", 0), ("A11", -40.5), ("B6", 0), ("B8", -1e4), ("B11", 1e8), ("A7", 1e200)],
)
def test_data_value(small: Path, target: Path, cell: str, value: float) -> None:
    def edit(workbook: object) -> None:
        workbook["data"][cell] = value  # type: ignore[index]

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_all_data_the_same_or_zero(small: Path, target: Path) -> None:
    def edit(workbook: object) -> None:
        for row in range(6, 6 + SIX_POINTS.rows):
            workbook["data"][f"A{row}"] = 0  # type: ignore[index]
            workbook["data"][f"B{row}"] = 0  # type: ignore[index]

    assert passes(xlsgd.verify(edited(small, target, edit)))


@pytest.mark.parametrize(
    ("tab", "key", "formula"),
    [
        ("sgd", "learning_rate", "=1/10000"),
        ("sgd", "learning_rate", "=adam!B4/3000"),
        ("sgd", "init.a", "=data!A6/7"),
        ("sgd", "h", "=10^-2"),
        ("adam", "beta1", "=1-0.1"),
        ("adam", "init.avg_grad.a", "=1/2"),
        ("adam", "init.sq_avg.b", "=2*8"),
    ],
)
def test_input_typed_as_a_formula(
    small: Path, target: Path, tab: str, key: str, formula: str
) -> None:
    report = xlsgd.verify(set_field(small, target, tab, key, formula))
    assert passes(report)
    sheet = next(sheet for sheet in report.sheets if sheet.name == tab)
    assert list(sheet.unchecked), "a formula that is compared with nothing is to be listed"


def test_data_typed_as_a_formula(small: Path, target: Path) -> None:
    def edit(workbook: object) -> None:
        for row in range(6, 6 + SIX_POINTS.rows):
            workbook["data"][f"B{row}"] = f"=3*A{row}-2"  # type: ignore[index]

    report = xlsgd.verify(edited(small, target, edit))
    assert passes(report)
    data = next(sheet for sheet in report.sheets if sheet.name == "data")
    assert list(data.unchecked) == [f"B{row}" for row in range(6, 6 + SIX_POINTS.rows)]


def test_target_loss_of_compare(small: Path, target: Path) -> None:
    for loss in (0, 1e4, 1e9):
        assert passes(xlsgd.verify(set_field(small, target, "compare", "target_loss", loss)))


def test_numbers_that_openpyxl_saves_have_no_stored_values(small: Path, target: Path) -> None:
    report = xlsgd.verify(edited(small, target, lambda workbook: None))
    assert passes(report)
    assert len(report.notes) == 1
    assert report.notes[0].startswith("the file stores no values beside its formulas")
