"""Two files that add one name: one of them would be passed over, so it is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.one_file import copy_with
from tests.test_one_file_adds_data import commanded

AGAIN = '''
    """Another rule under a name that there is."""

    from xlsgd.training.optimizers.sgd import SGD

    OPTIMIZER = SGD()
'''

PLAIN = '''
    """Gradient descent under another name: a step is the learning rate times the slope."""

    from xlsgd.training.optimizers.sgd import SGD


    class Plain(SGD):
        name = "plain"


    OPTIMIZER = Plain()
'''


def test_a_name_that_is_there_is_refused(tmp_path: Path) -> None:
    copy_with(tmp_path, {"training/optimizers/again.py": AGAIN})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "xlsgd", "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "'sgd', which another file beside it adds already" in done.stderr


def test_what_is_said_of_gradient_descent_asks_for_no_name(tmp_path: Path) -> None:
    copy_with(tmp_path, {"training/optimizers/plain.py": PLAIN})
    done = commanded(
        tmp_path,
        ["generate", "graddesc", "--optimizer", "plain", "--lr", "0.0005", "-o", "plain.xlsx"],
        ["explain", "plain.xlsx"],
    )
    assert "learning_rate times curvature is above 1 for 15 of 29 rows" in " ".join(
        done["explain"][1].split()
    )
