"""One installed package that adds a thing of every kind, without a file in ours."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.one_file_parts import CROSS_ENTROPY, CUT_OFF, PULLED, SWING
from tests.report.test_formats import TAP
from tests.test_one_file_adds_a_tab import BEST, ENGINE, LAYOUT
from tests.test_one_file_adds_data import FLATS, ROOT, VALLEY

pytestmark = pytest.mark.usefixtures("warm")

ADDED = {
    "optimizers": ("pulled", PULLED, "OPTIMIZER"),
    "nets": ("cut_off", CUT_OFF, "LAYER"),
    "losses": ("cross_entropy", CROSS_ENTROPY, "LOSS"),
    "schedules": ("swing", SWING, "SCHEDULE"),
    "features": ("root", ROOT, "FEATURE"),
    "tabs": ("best", BEST, "KIND"),
    "layouts": ("tall", LAYOUT, "LAYOUT"),
    "engines": ("borrowed", ENGINE, "ENGINE"),
    "formats": ("tap", TAP, "FORMAT"),
    "lessons": ("flats", FLATS, "LESSON"),
}
MORE = {"lessons": ("valley", VALLEY, "LESSON")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, as an installer would leave it."""
    folder = tmp_path_factory.mktemp("installed")
    package = folder / "xlsgd_more"
    package.mkdir()
    (package / "__init__.py").write_text("")
    points = []
    for added in (ADDED, MORE):
        for group, (name, text, attribute) in added.items():
            (package / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")
            points.append(f"[xlsgd.{group}]\n{name} = xlsgd_more.{name}:{attribute}\n")
    by_group: dict[str, list[str]] = {}
    for point in points:
        head, line = point.split("\n", 1)
        by_group.setdefault(head, []).append(line)
    about = folder / "xlsgd_more-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: xlsgd-more\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "".join(f"{head}\n{''.join(lines)}" for head, lines in by_group.items())
    )
    return folder


def run(folder: Path, *words: str) -> str:
    """Return what a command says; it must end with 0."""
    done = subprocess.run(
        [sys.executable, "-m", "xlsgd", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{Path.cwd()}", "HOME": str(folder)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_are_listed(installed: Path) -> None:
    listed = run(installed, "list")
    for name in ("pulled", "CutOff", "binary cross-entropy", "swing", "root", "flats", "valley"):
        assert name.lower() in listed.lower(), name
    assert "borrowed" in run(installed, "engines")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("lesson", ["flats", "valley"])
def test_a_lesson_with_a_rule_a_tab_an_engine_and_a_format(installed: Path, lesson: str) -> None:
    book = f"{lesson}.xlsx"
    run(installed, "generate", lesson, "--epochs", "3", "-o", book)
    assert "agrees with torch" in run(installed, "verify", book)
    assert "borrowed" in run(installed, "verify", book, "--engine", "borrowed")
    assert "ok" in run(installed, "verify", book, "--tap", "-")
    assert run(installed, "explain", book)
    words = ("--x", "learning_rate=0.001:0.05:5:log", "-o", f"{lesson}-swept")
    run(installed, "sweep", lesson, *words)


def test_an_optimizer_and_a_schedule_of_it(installed: Path) -> None:
    words = ("--optimizer", "pulled", "--schedule", "swing", "--epochs", "2", "-o", "both.xlsx")
    run(installed, "generate", "graddesc", *words)
    assert "0 cells differ" in run(installed, "verify", "both.xlsx")
