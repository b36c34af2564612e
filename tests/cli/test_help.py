"""Help and list: what there is, without loading what is slow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from xlsgd.cli import main
from xlsgd.data.features import feature_types
from xlsgd.engines import engine_names
from xlsgd.lessons import lesson_plans
from xlsgd.training.gradients import gradient_rules
from xlsgd.training.losses import losses
from xlsgd.training.nets import layer_types
from xlsgd.training.nets.kinds import alone_types
from xlsgd.training.optimizers import optimizers, searches
from xlsgd.training.schedules import schedules
from xlsgd.training.transforms import transforms

pytestmark = pytest.mark.every

Run = Callable[..., Result]
SLOW = (
    "torch",
    "formulas",
    "joblib",
    "distributed",
    "openpyxl",
    "pandas",
    "numpy",
    "schedula",
    "lxml",
)


def test_help_loads_nothing_slow() -> None:
    code = (
        "import sys; from xlsgd.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as left: assert left.code == 0, left.code\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.startswith("Usage: ")
    assert "generate" in ended.stdout
    loaded = set(ended.stderr.strip("[]\n").replace("'", "").split(", "))
    assert "click" in loaded
    assert loaded.isdisjoint(SLOW)


def test_module_is_the_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "xlsgd", "verify", "/nowhere/at/all.xlsx"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "Error: /nowhere/at/all.xlsx: no such file\n"


@pytest.mark.parametrize("command", ["", *main.commands])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_every_command(run: Run, command: str, option: str) -> None:
    result = run(*([command] if command else []), option)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: xlsgd")
    if command:
        assert f"Example:  xlsgd {command}" in result.stdout


def test_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("xlsgd, version ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verify",), "Missing argument 'FILE|DIR...'"),
        (("generate",), "Missing argument 'LESSON'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("verify", "a.xlsx", "--nonsense"), "No such option"),
        (("verify", "a.xlsx", "--rtol", "small"), "'small' is not a valid float"),
        (("diff", "a.xlsx", "--format", "pdf"), "'pdf' is not one of"),
    ],
)
def test_wrong_use(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_list_shows_everything_there_is(run: Run) -> None:
    result = run("list")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    sections = {
        "lessons": lesson_plans(),
        "layers": layer_types(),
        "nets without data": alone_types(),
        "losses": losses(),
        "gradient rules": gradient_rules(),
        "optimizers": optimizers(),
        "step rules of functions": searches(),
        "transforms of slopes": transforms(),
        "features": feature_types(),
        "schedules": schedules(),
        "engines": engine_names(),
    }
    for heading, names in sections.items():
        start = lines.index(f"{heading}:")
        shown = [line.strip() for line in lines[start + 1 : start + 1 + len(names)]]
        for name, line in zip(names, shown, strict=True):
            assert line.startswith(name)
    assert len(lines) == sum(1 + len(names) for names in sections.values())


@pytest.mark.parametrize(
    ("arguments", "status"), [(["list"], 0), (["verify", "no.xlsx"], 2), (["nonsense"], 2)]
)
def test_the_program_ends_with_its_status_and_all_it_said(
    arguments: list[str], status: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "xlsgd", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ended.returncode == status
    assert (ended.stdout if status == 0 else ended.stderr).endswith("\n")
    assert bool(ended.stdout) == (status == 0)
