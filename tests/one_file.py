"""A copy of the package with a file dropped into it, and programs that run with that copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xlsgd

__all__ = ["TRIED", "copy_with", "in_copy"]

ROOT = Path(__file__).parents[1]

TRIED = """
    from pathlib import Path

    import xlsgd
    from click.testing import CliRunner
    from tests.builders import experiment_of, small_data, view_of, write_experiments
    from xlsgd.base.errors import SpecError
    from xlsgd.cli import main
    from xlsgd.data import Dataset
    from xlsgd.sweeping.axes import Axis
    from xlsgd.sweeping.check import check_sweep
    from xlsgd.sweeping.grid import sweep_experiment
    from xlsgd.training.schedules import schedules

    LABELLED = Dataset("labels", small_data(6).inputs, (1.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    CLASSES = Dataset("classes", small_data(6).inputs, (2.0, 0.0, 2.0, 1.0, 0.0, 1.0))

    def tried(views, data, low, high):
        '''Take views through generate, verify, explain, sweep and list; tell what came.'''
        path = write_experiments(Path("one.xlsx"), *views, data=data)
        report = xlsgd.verify(path)
        sheets = {sheet.experiment: sheet for sheet in report.sheets if sheet.verdict}
        explained = {tab.experiment: tab for tab in xlsgd.explain(path).tabs}
        axis, runs = Axis("learning_rate", low, high, 7, True), {}
        for view in views:
            tab, sweep = sheets[view.id], sweep_experiment(view, data, [axis])
            runs[view.id] = {
                "verdict": tab.verdict.sheet,
                "agree": tab.verdict.agree and not tab.unchecked,
                "sentences": "\\n".join(explained[view.id].sentences),
                "kinds": list(sweep.kinds),
                "last losses": [float(loss) for loss in sweep.numbers["last_loss"]],
                "swept as verified": [one.agree for one in check_sweep(sweep, per_side=1)],
            }
        return {
            "ok": report.ok,
            "first difference": str(report.first_difference),
            "runs": runs,
            "listed": CliRunner().invoke(main, ["list"]).output,
        }

    def refused(does):
        '''Return the error that something ends in.'''
        try:
            return f"not refused: {does()}"
        except SpecError as error:
            return str(error)
"""
"""Defines ``tried`` and ``refused`` for programs of ``in_copy``, and imports what they need."""


def copy_with(folder: Path, files: Mapping[str, str]) -> None:
    """Copy the package into a folder, and drop files into the copy.

    files: by their path in the package, such as ``training/optimizers/mine.py``.
    """
    source = Path(xlsgd.__file__).parent
    shutil.copytree(source, folder / "xlsgd", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in files.items():
        target = folder / "xlsgd" / path
        assert not target.exists(), f"{path} is a file of the package"
        target.parent.mkdir(exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")


def in_copy(folder: Path, program: str) -> Any:
    """Run a program with a copy of the package, and return what it leaves in ``found``, as JSON."""
    guard = "import xlsgd\nassert xlsgd.__file__.startswith({!r}), xlsgd.__file__\n"
    end = "\nimport json\nprint(json.dumps(found))\n"
    text = guard.format(str(folder)) + textwrap.dedent(program) + end
    path = os.pathsep.join((str(folder), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
