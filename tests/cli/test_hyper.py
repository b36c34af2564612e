"""Options of optimizers, schedules and slopes on the command line."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.cli.conftest import Run
from tests.verify.books import edited, field_cell
from xlsgd.sheets.found_tab import MARKER

SMALL = ("generate", "graddesc", "--points", "5", "--epochs", "2", "-q")


def inputs(path: Path, tab: str, *keys: str) -> list[object]:
    """Return what stands in the cells of inputs."""
    sheet = openpyxl.load_workbook(path)[tab]
    return [sheet[field_cell(sheet, key)].value for key in keys]


def test_options_become_inputs_of_the_tab(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    words = "--optimizer adamw --optimizer sgd --weight-decay 0.02 --clip-norm 3 --hyper beta1=0.8"
    result = run(*SMALL, *words.split(), "-o", path)
    assert (result.exit_code, result.stderr) == (0, "")
    # AdamW has a decay of its own, and what sgd has no use for is not on its tab.
    assert inputs(path, "adamw", "weight_decay", "clip_norm", "beta1") == [0.02, 3, 0.8]
    assert inputs(path, "adamw", "transforms") == ["clip-norm"]
    assert inputs(path, "sgd", "transforms") == ["clip-norm, weight-decay"]
    assert inputs(path, "sgd", "weight_decay", "clip_norm") == [0.02, 3]
    assert xlsgd.verify(path).ok


def test_without_options_nothing_is_there(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    run(*SMALL, "--optimizer", "sgd", "-o", path)
    words = {cell.value for row in openpyxl.load_workbook(path)["sgd"].iter_rows() for cell in row}
    assert MARKER in words or "xlsgd" in words
    assert not words & {"transforms", "schedule", "weight_decay", "clip_norm", "rate_every"}


def test_an_edit_changes_both_sides(run: Run, tmp_path: Path) -> None:
    path, changed = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    run(*SMALL, "--optimizer", "adam", "--clip-norm", "3", "--schedule", "cosine", "-o", path)
    for key, value in (("clip_norm", 0.5), ("cosine_steps", 4), ("beta1", 0.5)):
        book = edited(path, changed, lambda b, k=key, v=value: _set(b, k, v))
        report = xlsgd.verify(book)
        assert report.ok, (key, report.first_difference)


def _set(book: openpyxl.Workbook, key: str, value: float) -> None:
    sheet = book["adam"]
    sheet[field_cell(sheet, key)].value = value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--optimizer lbfgs", "the optimizer LBFGS cannot be shown in a sheet: a step of it asks"),
        ("--optimizer SparseAdam", "SparseAdam cannot be shown in a sheet: it is Adam for"),
        ("--optimizer adafactor", "use adam or rmsprop."),
        ("--optimizer muon", "use momentum-classic or adamw."),
        ("--optimizer adam --hyper beta1=1.5", "beta1 in 'adam': got 1.5, need a number from 0"),
        ("--optimizer sgd --weight-decay -1", "weight_decay in 'sgd': got -1, need a number from"),
        ("--optimizer sgd --clip-norm 0", "clip_norm in 'sgd': got 0, need"),
        ("--optimizer sgd --clip-value few", "'few' is not a valid float"),
        (
            "--optimizer sgd --schedule step --hyper gamma=half",
            "got 'gamma=half', need name=number",
        ),
        ("--optimizer sgd --hyper gamma=1", "--hyper gamma: no experiment of this lesson has"),
        ("--optimizer sgd --schedule onecycle", "did you mean 'one-cycle'?"),
        ("--optimizer sgd --schedule learning_rate*x", "cannot read 'x' in the rate"),
        ("--optimizer sgd --schedule-by epoch", "schedule_by epoch: there is no schedule"),
        ("--optimizer sgd --schedule step --schedule-by row", "unknown by 'row'"),
        ("--optimizer rprop --schedule step", "rprop takes the learning rate for its first step"),
        ("--optimizer rmsprop --convention fastai --clip-norm 1", "begins with the first slope"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    words: str, said: str, run: Run, tmp_path: Path
) -> None:
    result = run(*SMALL, *words.split(), "-o", tmp_path / "a.xlsx")
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "a.xlsx").exists()


def test_a_schedule_by_epoch_is_as_long_as_the_run(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    words = "--optimizer sgd --schedule one-cycle --epochs 7 --batch-size 2"
    run(*SMALL, *words.split(), "-o", path)
    assert inputs(path, "sgd", "total_steps", "rate_every") == [21, 1]
    run(*SMALL, *words.split(), "--schedule-by", "epoch", "-o", path, "--force")
    assert inputs(path, "sgd", "total_steps", "rate_every") == [7, 3]


def test_the_list_has_defaults(run: Run) -> None:
    said = run("list").stdout
    assert "[beta1=0.9, beta2=0.999, eps=1e-08]" in said
    assert "  clip-norm" in said


@pytest.mark.parametrize("words", ["--optimizer rprop", "--schedule cosine --hyper eta_min=0.001"])
def test_rates_that_do_not_scale(words: str, run: Run, tmp_path: Path) -> None:
    """They are trained one after the other, and the workbooks beside the border agree."""
    path = tmp_path / "a.xlsx"
    optimizer = [] if "--optimizer" in words else ["--optimizer", "sgd"]
    assert run(*SMALL, *optimizer, *words.split(), "-o", path).exit_code == 0
    result = run("explain", path)
    assert result.exit_code == 0
    assert "Tried in torch: " in " ".join(result.stdout.split())
    few = ["--x", "learning_rate=0.001:1:4:log", "--points", "5", "--epochs", "2", "-q"]
    swept = run("sweep", "graddesc", *optimizer, *words.split(), *few, "-o", tmp_path / "s")
    assert (swept.exit_code, swept.stderr) == (0, "")
    assert len((tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()) >= 5


def test_a_number_that_torch_refuses(run: Run, tmp_path: Path) -> None:
    """Rprop's etaplus has to be above 1, and may not be 1."""
    words = ["graddesc", "--optimizer", "rprop", "--points", "5", "--epochs", "2", "-q"]
    reason = "the optimizer rprop in 'rprop': etaplus: got 1, need a number greater than 1"
    made = run("generate", *words, "--hyper", "etaplus=1", "-o", tmp_path / "a.xlsx")
    assert (made.exit_code, made.stdout) == (2, "")
    assert reason in made.stderr
    swept = run("sweep", *words, "--x", "etaplus=1:2:3", "-o", tmp_path / "s")
    assert (swept.exit_code, swept.stdout) == (2, "")
    assert reason in swept.stderr


def test_a_limit_that_holds_no_more_is_said(run: Run, tmp_path: Path) -> None:
    path, changed = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    words = "generate learning-rates --points 5 --epochs 2 -q --optimizer sgd --schedule cosine"
    assert run(*words.split(), "-o", path).exit_code == 0
    names = openpyxl.load_workbook(path).sheetnames

    def edit(book: openpyxl.Workbook) -> None:
        for name in names:
            sheet = book[name]
            cell = _cell_of(sheet, "eta_min")
            if cell:
                sheet[cell].value = 0.00001

    result = run("verify", edited(path, changed, edit))
    assert result.exit_code in (0, 1)
    said = " ".join((result.stdout + result.stderr).split())
    assert "from the start as it is now, a run does not begin to explode at" in said


def _cell_of(sheet: openpyxl.worksheet.worksheet.Worksheet, key: str) -> str:
    try:
        return str(field_cell(sheet, key))
    except (LookupError, StopIteration):  # no such field on this tab
        return ""
