"""xlsgd explain: statuses, what goes where, and the JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import xlsgd
from tests.verify.books import EPOCHS, SIX_POINTS
from xlsgd.cli import main

Run = Callable[..., Result]

FIELDS = {
    *("tab", "experiment", "network", "weights", "optimizer", "verdict", "sheet_verdict"),
    *("agree", "kind", "learning_rate", "epochs", "rows", "start_loss", "mean_loss", "rmse"),
    *("mean_rmse", "turn", "limit", "dead", "frozen", "still", "twin", "suggestion", "tried"),
    *("tried_from", "tried_to", "sentences", "changed", "followed"),
    *("saturated", "layer_slopes", "plateau", "crawl", "validated", "bends", "unfit"),
}


@pytest.fixture
def run() -> Run:
    def command(*arguments: object, columns: int = 80) -> Result:
        words = [str(argument) for argument in arguments]
        env = {"COLUMNS": str(columns)}
        return CliRunner().invoke(main, words, prog_name="xlsgd", env=env, catch_exceptions=False)

    return command


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workbook with one tab, which explodes until no number is left."""
    path = tmp_path_factory.mktemp("explain") / "hot.xlsx"
    return xlsgd.generate(
        "graddesc",
        path,
        epochs=EPOCHS,
        data=SIX_POINTS,
        optimizers=("sgd",),
        learning_rate=1e20,
        gradient="backprop",
    )


def shown(result: Result) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(result.stdout, parse_constant=pytest.fail)
    return data


def test_in_words(run: Run, hot: Path) -> None:
    result = run("explain", hot)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("sgd: exploded at step ")
    assert "Tried in torch: with learning_rate" in " ".join(result.stdout.split())
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_wrapped_to_the_terminal(run: Run, hot: Path, columns: int) -> None:
    lines = run("explain", hot, columns=columns).stdout.splitlines()
    width = min(columns, 100)
    assert max(map(len, lines)) <= width
    assert max(map(len, lines)) > width - 20


def test_as_json(run: Run, hot: Path, tmp_path: Path) -> None:
    result = run("explain", hot, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    document = shown(result)
    assert document["schema"] == "xlsgd.explain/1"
    assert document["file"] == str(hot)
    assert document["notes"] == []
    (tab,) = document["tabs"]
    assert set(tab) == FIELDS
    assert tab["kind"] == "exploded"
    assert {"step", "epoch", "rows", "lr_times_curvature", "cell"} <= set(tab["turn"])
    assert {"value", "kind", "why", "times_above"} <= set(tab["limit"])
    assert set(tab["suggestion"]) == {
        *("learning_rate", "rmse", "mean_loss", "epochs", "verdict", "tried"),
    }
    assert (tab["dead"], tab["frozen"], tab["twin"]) == ([], None, None)
    # What is no finite number is its name.
    assert tab["rmse"] == tab["mean_loss"] == "nan"
    assert tab["learning_rate"] == 1e20
    found = xlsgd.explain(hot).tabs[0]
    assert found.limit.value == tab["limit"]["value"]  # all digits
    assert list(found.sentences) == tab["sentences"]

    file = tmp_path / "findings.json"
    again = run("explain", hot, "--json", file)
    assert again.exit_code == 0
    assert again.stdout == run("explain", hot).stdout
    assert json.loads(file.read_text(encoding="utf-8")) == document


def test_only_some_tabs(run: Run, hot: Path) -> None:
    assert run("explain", hot, "--tab", "sgd").exit_code == 0
    result = run("explain", hot, "--tab", "sgd", "--tab", "two")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {hot}: tab 'two' is no training tab of this workbook; there are: sgd\n"
    )


def test_what_cannot_be_explained(run: Run, hot: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.xlsx"
    result = run("explain", missing)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {missing}: no such file\n"
    text = tmp_path / "text.xlsx"
    text.write_text("no workbook")
    result = run("explain", text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(text) in result.stderr
    result = run("explain", hot, "--engine", "nonsense")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nonsense" in result.stderr
    result = run("explain", hot, "--json", tmp_path / "nowhere" / "findings.json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_workbook_itself_is_never_written_to(run: Run, hot: Path) -> None:
    before = hot.read_bytes()
    result = run("explain", hot, "--json", hot)
    assert result.exit_code == 2
    assert "is read and would be overwritten" in result.stderr
    assert hot.read_bytes() == before
