"""One file adds it: each is dropped into a copy of the package, and all that the package does is
tried with it: generate, verify, explain, sweep, list."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.one_file import TRIED, copy_with, in_copy

HARDTANH = '''
    """Cut off at both ends: -1 to 1."""

    from dataclasses import dataclass

    from xlsgd.training.nets.layer import Layer
    from xlsgd.training.nets.silence import Silence

    __all__ = ["LAYER", "Hardtanh"]


    @dataclass(frozen=True)
    class Hardtanh(Layer):
        """x, but -1 below -1 and 1 above 1, as torch.nn.Hardtanh; its slope there is 0."""

        name = "Hardtanh"
        short = "hard"
        summary = "max(-1, min(1, x))"
        silence = Silence((-1.0, 1.0))
        kinks = (-1.0, 1.0)

        def forward(self, x, p):
            return [f"MAX(-1,MIN(1,{value}))" for value in x]

        def backward(self, grad, x, y, p):
            return [f"IF(ABS({value})<1,{g},0)" for g, value in zip(grad, x, strict=True)]

        def module(self):
            from torch import nn

            return nn.Hardtanh()


    LAYER = Hardtanh
'''


def tried(tmp_path: Path, file: str, text: str, experiment: str) -> Any:
    """Drop a file into a copy, and take an experiment with it through everything.

    experiment: arguments of ``tried``: the experiment, its data, two learning rates.
    """
    copy_with(tmp_path, {file: text})
    program = textwrap.dedent(TRIED) + f"\nfound = tried({experiment})\n"
    return in_copy(tmp_path, program)


def listed(folder: Path) -> str:
    """Return what ``xlsgd list`` says in the copy."""
    program = """
        from click.testing import CliRunner
        from xlsgd.cli import main

        found = CliRunner().invoke(main, ["list"]).output
    """
    return str(in_copy(folder, program))


@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_a_layer_that_can_die(layout: str, tmp_path: Path) -> None:
    """At both of its ends: the colours and words that a ReLU has at 0 are the layer's to choose."""
    options = "gradient='backprop', layout='blocks', batch_size=3, " if layout == "blocks" else ""
    found = tried(
        tmp_path,
        "training/nets/hardtanh.py",
        HARDTANH,
        f"experiment_of('Linear(1, 1), Hardtanh, Linear(1, 1)', {options} learning_rate=0.9,"
        " start={'a': 9.0, 'b': 30.0, 'c': 1.0, 'd': 0.0}, epochs=3),"
        " small_data(), 1e-3, 1e3",
    )
    assert found["ok"], found["first difference"]
    assert found["agree"]
    assert found["unchecked"] == {}
    assert "hard1 dead since step 1" in found["verdict"]
    sentences = "\n".join(found["sentences"])
    assert "it gave -1 or 1 for every row since" in sentences
    assert "it is neither -1 nor 1 for 0 of 5 rows" in sentences
    assert "Without the Hardtanh (Linear(1, 1), Linear(1, 1), all else the same)" in sentences
    assert "dead" in found["kinds"]
    assert len(found["swept as verified"]) > 0
    assert all(found["swept as verified"])
    if layout == "rows":
        assert "Hardtanh" in listed(tmp_path)
        assert _colours(tmp_path / "one.xlsx") >= {"OR({}=-1,{}=1)"}


def _colours(path: Path) -> set[str]:
    """Return the rules for colours of the last tab but one, with its cells left open."""
    import re

    from openpyxl import load_workbook

    sheet = load_workbook(path)["run"]
    rules = (rule for rules in sheet.conditional_formatting for rule in rules.rules)
    return {re.sub(r"\$?[A-Z]+\$?\d+", "{}", text) for rule in rules for text in rule.formula}
