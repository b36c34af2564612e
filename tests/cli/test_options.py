"""Options of all commands: choices, numbers, names of files, and how they are looked for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import openpyxl
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from tests.verify.books import field_cell
from xlsgd.cli import main
from xlsgd.engines import engine_names
from xlsgd.lessons import lesson_plans
from xlsgd.training.optimizers import optimizers, searches

pytestmark = pytest.mark.every

Run = Callable[..., Result]
SMALL = ("--epochs", 1, "--optimizer", "sgd", "--points", 3)
EVERY = [
    (name, parameter)
    for name, command in main.commands.items()
    for parameter in command.params
    if parameter.name != "help"
]


def option_of(parameter: click.Parameter) -> list[str]:
    """Return the words that come before the value of a parameter."""
    return [parameter.opts[0]] if isinstance(parameter, click.Option) else []


def given(command: str, parameter: click.Parameter, value: str) -> list[str]:
    """Return a command line with a value for one parameter, and what must be there beside it."""
    needed = {"generate": ["graddesc"], "sweep": ["graddesc"], "verify": ["none.xlsx"],
              "diff": ["none.xlsx"], "explain": ["none.xlsx"]}.get(command, [])  # fmt: skip
    if isinstance(parameter, click.Argument):
        return [command, value] if parameter.name != "other" else [command, *needed, value]
    return [command, *needed, *option_of(parameter), value]


# Choices


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("generate", "graddecs"), "graddesc"),
        (("sweep", "two-neurons"), "two-neuron"),
        (("generate", "graddesc", "--optimizer", "rms"), "rmsprop"),
        (("generate", "graddesc", "--optimizer", "Adam"), "adam"),
        (("sweep", "graddesc", "--optimizer", "nestrov"), "nesterov"),
        (("generate", "graddesc", "--convention", "fast.ai"), "fastai"),
        (("generate", "graddesc", "--gradient", "numeric"), "numerical"),
        (("generate", "graddesc", "--difference", "centre"), "central"),
        (("generate", "titanic", "--start", "solve"), "solved"),
        (("sweep", "graddesc", "--device", "cud"), "cuda"),
        (("verify", "none.xlsx", "--engine", "formula"), "formulas"),
        (("explain", "none.xlsx", "--engine", "iron"), "ironcalc"),
        (("diff", "none.xlsx", "--engine", "libre-office"), "libreoffice"),
        (("verfy", "none.xlsx"), "verify"),
    ],
)
def test_a_slip_is_understood(run: Run, words: tuple[str, ...], guess: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"id you mean '{guess}'?" in result.stderr


def test_what_is_like_nothing_is_answered_with_all_there_is(run: Run) -> None:
    message = run("verify", "none.xlsx", "--engine", "quattro").stderr
    assert "did you mean" not in message
    assert f"there are: {', '.join([*engine_names(), 'all'])}." in message


def completed(words: list[str], beginning: str) -> set[str]:
    """Return what a shell is told that a word may become."""
    shell = ShellComplete(main, {}, "xlsgd", "_XLSGD_COMPLETE")
    return {item.value for item in shell.get_completions(words, beginning)}


def test_a_shell_completes_names() -> None:
    assert completed(["generate"], "") == set(lesson_plans())
    assert completed(["sweep"], "gr") == {"graddesc"}
    assert completed(["generate", "graddesc", "--optimizer"], "") == {*optimizers(), *searches()}
    assert completed(["sweep", "graddesc", "--optimizer"], "mom") == {
        "momentum", "momentum-classic", "momentum-dampened"
    }  # fmt: skip
    assert completed(["verify", "a.xlsx", "--engine"], "") == {*engine_names(), "all"}
    for command in ("diff", "explain"):
        assert completed([command, "a.xlsx", "--engine"], "") == set(engine_names())
    assert completed(["generate", "graddesc", "--convention"], "") == {"torch", "fastai"}
    assert completed(["generate", "graddesc", "--gradient"], "") == {"numerical", "backprop"}
    assert completed(["generate", "graddesc", "--difference"], "") == {"forward", "central"}
    assert completed(["generate", "titanic", "--start"], "") == {"random", "solved"}
    assert completed(["sweep", "graddesc", "--device"], "c") == {"cpu", "cuda"}


# Numbers


def test_the_learning_rate_has_its_long_name_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    assert run("generate", "graddesc", *SMALL, "--learning-rate", 0.125, "-o", path).exit_code == 0
    sheet = openpyxl.load_workbook(path)["sgd"]
    assert sheet[field_cell(sheet, "learning_rate")].value == 0.125
    names = {o for p in main.commands["sweep"].params for o in p.opts}
    assert {"--lr", "--learning-rate"} <= names


NUMBERS = [
    (command, parameter)
    for command, parameter in EVERY
    if isinstance(parameter.type, click.types.FloatParamType | click.types.IntParamType)
    and not getattr(parameter, "is_flag", False)
]


@pytest.mark.parametrize(
    ("command", "parameter"), NUMBERS, ids=[f"{c} {p.name}" for c, p in NUMBERS]
)
@pytest.mark.parametrize("value", ["0,001", "1,000,000"])
def test_a_comma_in_a_number_is_explained(
    run: Run, command: str, parameter: click.Parameter, value: str
) -> None:
    result = run(*given(command, parameter, value))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"got '{value}', need a decimal point and no thousands separator." in result.stderr
    assert "Write 1.5 or 1000, not 1,5 or 1,000." in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("generate", "graddesc", "--init", "a=0,5"),
        ("generate", "graddesc", "--init", "a=1,b=0,5"),
        ("sweep", "graddesc", "--x", "learning_rate=0,001:0,1"),
    ],
)
def test_a_comma_in_a_list_of_numbers_is_explained(
    run: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "need a decimal point and no thousands separator." in result.stderr


# Files and folders

FILES = [(c, p) for c, p in EVERY if isinstance(p.type, click.Path)]


def test_there_are_options_for_files() -> None:
    assert len(FILES) >= 10


@pytest.mark.parametrize(("command", "parameter"), FILES, ids=[f"{c} {p.name}" for c, p in FILES])
def test_an_empty_name_is_none(
    run: Run,
    command: str,
    parameter: click.Parameter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*given(command, parameter, ""))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "got an empty name, need that of a file or folder." in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.csv", "out.xlsm", "out", "out.xlsx.txt"])
def test_a_workbook_has_a_workbooks_name(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    result = run("generate", "graddesc", *SMALL, "-o", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {path}: what is written is an Excel workbook; give it a name that ends in .xlsx\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["map.png", "map.csv", "map.XLSX", "map.parquet"])
def test_a_sweep_adds_the_endings_itself(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    result = run("sweep", "graddesc", "-o", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {path}: endings are added to it; leave out ")
    assert not list(tmp_path.iterdir())


def test_seeds_write_a_folder(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "class.xlsx"
    result = run("generate", "graddesc", "--seeds", "1-2", "-o", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {path}: --seeds writes a folder; give the name of one\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["verify", "diff", "explain"])
@pytest.mark.parametrize(
    ("name", "words"),
    [("class", "no such file or folder"), ("a.xlsx", "no such file"), ("a.ods", "no such file")],
)
def test_what_is_missing_is_called_so(
    run: Run, tmp_path: Path, command: str, name: str, words: str
) -> None:
    result = run(command, tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {tmp_path / name}: {words}\n"


@pytest.mark.parametrize("suffix", ["", ".numbers"])
@pytest.mark.parametrize("command", ["verify", "diff", "explain"])
def test_a_name_that_no_system_takes(run: Run, tmp_path: Path, command: str, suffix: str) -> None:
    result = run(command, tmp_path / (300 * "n" + suffix))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {tmp_path}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "a.xlsx", "--json", "no/r.json"),
        ("verify", "a.xlsx", "--junit", "no/r.xml"),
        ("verify", "a.xlsx", "--jsonl", "no/r.jsonl"),
        ("explain", "a.xlsx", "--json", "no/r.json"),
        ("generate", "graddesc", "-o", "no/a.xlsx"),
        ("generate", "graddesc", "--data", "http://127.0.0.1:9/p.csv", "-o", "no/a.xlsx"),
        ("sweep", "graddesc", "-o", "no/map"),
    ],
)
def test_a_missing_folder_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """a.xlsx is not there either: where to write is looked at before anything is read."""
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: no/")
    assert result.stderr.endswith(": there is no folder no; make it first\n")
    assert not list(tmp_path.iterdir())


# Help


@pytest.mark.parametrize("columns", [80, 100])
def test_no_help_of_a_line_is_cut(columns: int) -> None:
    shown = CliRunner().invoke(main, ["--help"], terminal_width=columns).stdout
    lines = shown.partition("Commands:\n")[2].splitlines()
    assert [re.match(r" +(\S+)", line)[1] for line in lines] == sorted(main.commands)  # type: ignore[index]
    assert not [line for line in lines if "..." in line or "…" in line]


@pytest.mark.parametrize("words", [[], *([name] for name in main.commands)])
def test_no_help_page_loads_what_is_slow(words: list[str]) -> None:
    code = (
        "import sys; from xlsgd.cli import main\n"
        f"try: main({[*words, '--help']})\n"
        "except SystemExit as left: assert left.code == 0, left.code\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(ended.stderr.strip("[]\n").replace("'", "").split(", "))
    slow = {"torch", "formulas", "pandas", "numpy", "openpyxl", "lxml", "tqdm", "joblib"}
    assert "click" in loaded
    assert loaded.isdisjoint(slow)
