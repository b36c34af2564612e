"""Things that an installed package adds by an entry point, without a file in ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("warm")

OPTIMIZER = '''
"""Sign descent: every step has the same length, only its direction follows the slope."""

from xlsgd.training.optimizers.optimizer import Optimizer, column


class SignDescent(Optimizer):
    name = "sign-descent"
    summary = "p − learning_rate·sign(g)"
    torch_line = "SignDescent(params, lr)"

    def columns(self, p, g):
        formula = f"={{param.{p}}}-{{learning_rate}}*SIGN({{{g}}})"
        return [column(f"new.{p}", formula, paper="", note="", torch_line=self.torch_line)]

    def torch_optimizer(self, parameters, learning_rate, hyper):
        import torch

        class Steps(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure=None):
                for group in self.param_groups:
                    for p in group["params"]:
                        p.sub_(group["lr"] * p.grad.sign())

        return Steps(parameters, {"lr": learning_rate})


OPTIMIZER = SignDescent()
'''


def _install(folder: Path, value: str = "xlsgd_sign:OPTIMIZER", code: str = OPTIMIZER) -> None:
    """Put a package into a folder, as an installer would."""
    (folder / "xlsgd_sign.py").write_text(code, "utf-8")
    about = folder / "xlsgd_sign-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: xlsgd-sign\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[xlsgd.optimizers]\nsign = {value}\n")


def _xlsgd(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xlsgd", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{Path.cwd()}", "HOME": str(folder)},
    )


def test_an_optimizer_of_another_package(tmp_path: Path) -> None:
    _install(tmp_path)
    assert "sign-descent" in _xlsgd(tmp_path, "list").stdout
    options = ("--optimizer", "sign-descent", "--lr", "0.01", "--epochs", "2", "-o", "sign.xlsx")
    made = _xlsgd(tmp_path, "generate", "graddesc", *options)
    assert (made.returncode, made.stderr) == (0, "")
    checked = _xlsgd(tmp_path, "verify", "sign.xlsx")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 cells differ" in checked.stdout


def test_what_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    _install(tmp_path, code="raise RuntimeError('out of order')\n")
    done = _xlsgd(tmp_path, "list")
    assert done.returncode == 2
    assert "xlsgd-sign" in done.stderr
    assert "RuntimeError: out of order" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    _install(tmp_path, code=OPTIMIZER.replace("sign-descent", "adam"))
    done = _xlsgd(tmp_path, "list")
    assert done.returncode == 2
    assert "adds 'adam', which is there already" in done.stderr
