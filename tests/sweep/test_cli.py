"""xlsgd sweep: what it writes and says, and what makes no sense."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import xlsgd
from xlsgd.base.errors import SpecError
from xlsgd.cli import main
from xlsgd.data import made_data
from xlsgd.sweeping import lesson as lessons
from xlsgd.sweeping.grid import Sweep

Run = Callable[..., Result]
SMALL = ("--epochs", 2, "--points", 4, "--optimizer", "sgd")
ENDS = ("png", "csv", "xlsx")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs xlsgd sweep in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> Result:
        words = ["sweep", *map(str, arguments)]
        return CliRunner().invoke(main, words, prog_name="xlsgd", catch_exceptions=False)

    return command


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_sweep(run: Run, tmp_path: Path) -> None:
    result = run("graddesc", *SMALL, "--x", "lr=1e-5:1e-2:40", "--check", 1)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "one neuron, sgd: 40 runs of 2 epochs"
    assert lines[1] == "window: learning_rate 1e-05 to 0.01"
    assert any(line.startswith("border: between learning_rate 0.000") for line in lines)
    assert any("2 runs drawn by lot, 2 agree, 0 differ" in line for line in lines)
    assert lines[-3:] == [f"graddesc-sweep.{end}" for end in ENDS]
    assert files(tmp_path) == sorted(lines[-3:])
    frame = pd.read_csv("graddesc-sweep.csv")
    counts = [match for line in lines if (match := re.fullmatch(r" +(\d+) ([a-z ]+)", line))]
    assert {m[2]: int(m[1]) for m in counts} == frame.kind.value_counts().to_dict()


def test_a_map_and_a_closer_look(run: Run, tmp_path: Path) -> None:
    result = run(
        "two-neuron", "--tab", "two-relu", "--epochs", 2, "--points", 4, "--zoom", 1,
        "--x", "lr=1e-6:1:30", "--y", "init.a=-1:2:5", "--check", 0, "-o", tmp_path / "near",
        "--table", tmp_path / "t.parquet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    windows = [line for line in result.stdout.splitlines() if line.startswith("window: ")]
    assert windows[0] == "window: learning_rate 1e-06 to 1, init.a -1 to 2"
    assert len(windows) == 2
    assert files(tmp_path) == ["near.png", "near.xlsx", "t.parquet"]
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert frame.learning_rate.max() / frame.learning_rate.min() < 10
    assert "recalculated" not in result.stdout


def test_quiet(run: Run) -> None:
    result = run("graddesc", *SMALL, "--x", "lr=1e-5:1e-2:5", "--check", 1, "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"graddesc-sweep.{end}" for end in ENDS]


def test_a_rate_for_each_layer_is_said_to_be_unchecked(run: Run) -> None:
    result = run("two-neuron", "--epochs", 1, "--points", 3, "--tab", "two", "--x", "lr.2=1e-6:1:4")
    assert result.exit_code == 0
    assert "not recalculated: a workbook has one learning rate for all layers" in result.stderr


def test_options_reach_the_runs(run: Run, tmp_path: Path) -> None:
    run(
        "graddesc", *SMALL, "--noise", 3, "--seed", 5, "--gradient", "backprop", "--batch-size", 2,
        "--init", "b=7", "--x", "init.a=0:1:3", "--lr", 0.0001, "--check", 0,
    )  # fmt: skip
    frame = pd.read_csv("graddesc-sweep.csv")
    book = xlsgd.generate(
        "graddesc", tmp_path / "one.xlsx", epochs=2, optimizers=["sgd"], gradient="backprop",
        batch_size=2, init={"a": 0.5, "b": 7.0}, learning_rate=0.0001, data=made_data(4, 3.0, 5),
    )  # fmt: skip
    cells = xlsgd.verify(book).frame()
    losses = cells[(cells.quantity == "mean_loss") & (cells.sheet == "sgd")]
    assert frame["init.a"].tolist() == [0.0, 0.5, 1.0]
    assert frame.last_loss[1] == pytest.approx(losses.torch_value.iloc[-1], rel=1e-12)


def test_optimizers_choose_their_tab(run: Run) -> None:
    result = run("two-neuron", "--optimizer", "adam", "--epochs", 1, "--check", 0, "--x", "lr")
    assert "two neurons, adam" in result.stdout


def test_verdicts_that_a_workbook_does_not_share(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = lessons.sweep_experiment

    def wrong(*arguments: object, **options: object) -> Sweep:
        found: Sweep = real(*arguments, **options)  # type: ignore[arg-type]
        return replace(found, verdicts=np.full(found.runs, "converging", dtype=object))

    monkeypatch.setattr(lessons, "sweep_experiment", wrong)
    result = run("graddesc", *SMALL, "--x", "lr=1e-3:1:9", "--check", 1, "-q")
    assert result.exit_code == 1
    assert "FAIL learning_rate" in result.stdout
    assert "the sweep says: converging" in result.stdout
    assert "torch says:     exploded at step" in result.stdout


# What makes no sense


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--x", "speed=1:2"), "there are: learning_rate, init.a, init.b, h"),
        (("--x", "lr=2:1"), "need LOW below HIGH"),
        (("--y", "beta=0:1"), "there are: learning_rate, init.a, init.b, h"),
        (("--tab", "adagrid"), "has no such tab; there are: sgd"),
        (("--zoom", -1), "zoom: got -1"),
        (("--check", -1), "--check: got -1"),
        (("--check-seed", -1), "--check-seed: got -1"),
        (("--seed", -1), "seed: got -1"),
        (("--table", "x.txt"), "ends in .csv or .parquet"),
        (("-o", "none/x"), "there is no folder none"),
        (("--data", "none.csv"), "none.csv"),
        (("--lr", 0.0), "no range is obvious"),
        (("--epochs", 0), "epochs in 'sgd': got 0"),
    ],
)
def test_what_makes_no_sense(
    run: Run, tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    small = [w for w in SMALL if "--data" not in arguments or w not in ("--points", 4)]
    result = run("graddesc", *small, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert files(tmp_path) == []


def test_no_border_to_look_closer_at(run: Run, tmp_path: Path) -> None:
    result = run("graddesc", *SMALL, "--x", "lr=1e-9:1e-8:5", "--zoom", 1)
    assert result.exit_code == 2
    assert "border: no border in this window" in result.stdout
    assert result.stderr.startswith("Error: zoom: all runs of this window lie on one side")
    assert files(tmp_path) == []


def test_unknown_lesson(run: Run) -> None:
    result = run("graddessert")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There are: graddesc" in result.stderr


def test_no_gpu(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = run("graddesc", *SMALL, "--device", "cuda")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "PyTorch finds none on this machine; use cpu" in result.stderr


@pytest.mark.parametrize("end", ENDS)
def test_existing_files_are_refused_before_anything_is_computed(
    run: Run, tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"graddesc-sweep.{end}").write_text("precious")

    def computed(*_: object, **__: object) -> None:
        raise AssertionError("began to compute")

    monkeypatch.setattr(lessons, "sweep_experiment", computed)
    result = run("graddesc", *SMALL)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "exists already; pass --force to replace it" in result.stderr
    assert (tmp_path / f"graddesc-sweep.{end}").read_text() == "precious"


def test_force_replaces(run: Run, tmp_path: Path) -> None:
    (tmp_path / "graddesc-sweep.csv").write_text("precious")
    result = run("graddesc", *SMALL, "--x", "lr=1e-3:1:3", "--check", 0, "--force")
    assert result.exit_code == 0
    assert (tmp_path / "graddesc-sweep.csv").read_text().startswith("learning_rate,kind,")


def test_data_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "points.csv"
    data.write_text("x,y\n1,2\n2,4\n")
    result = run("graddesc", "--data", data, "-o", tmp_path / "points", "--force")
    assert result.exit_code == 2
    assert "is read and would be overwritten" in result.stderr
    assert data.read_text() == "x,y\n1,2\n2,4\n"


def test_a_device_that_is_none(run: Run) -> None:
    with pytest.raises(SpecError, match="need one of cpu, cuda"):
        xlsgd.sweep("graddesc", device="cuda:7")
    assert "did you mean 'cuda'?" in run("graddesc", "--device", "cuda:7").stderr
