"""Faults of one line, each put into a copy of the package: does ``make test`` find it?

    python -m tests.mutations [NUMBER ...]

For every fault the test files named beside it are run as ``make test`` runs them (some cases of
every kind), on the copy, and the first test that fails is printed. A fault that none of them finds
is said so, and the exit status is 1. ``make test-all`` tries one of every side
(tests/test_mutations.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FAULTS", "Fault", "failures", "place_of"]

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "xlsgd"


@dataclass(frozen=True)
class Fault:
    """One line of the package, made wrong.

    side: which part it is in.   what: the fault, in words.   old, new: text of the line; old
    stands in the package once.   tests: files of tests that should find it.
    """

    side: str
    what: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    Fault(
        "sheet",
        "nesterov does not look ahead",
        "*({{{g}}}+{{beta}}*{{velocity.{p}}})",
        "*{{velocity.{p}}}",
        ("test_two_sides.py",),
    ),
    Fault(
        "sheet",
        "the derivative of tanh without its square",
        "(1-{y}*{y})",
        "(1-{y})",
        ("test_two_sides.py",),
    ),
    Fault(
        "sheet",
        "the derivative of ReLU at exactly 0 is 1",
        "IF({x}>0,{grad},0)",
        "IF({x}>=0,{grad},0)",
        ("test_properties.py", "verify/test_kinks.py"),
    ),
    Fault(
        "sheet",
        "a batch's mean divides by one row too many",
        'f"={{grad_sum.{p}}}/{{{divisor}}}"',
        'f"={{grad_sum.{p}}}/({{{divisor}}}+1)"',
        ("test_two_sides.py",),
    ),
    Fault(
        "sheet",
        "the histogram counts a border twice",
        '=COUNTIFS({forward.pred},">="&{from},{forward.pred},"<"&{to},',
        '=COUNTIFS({forward.pred},">="&{from},{forward.pred},"<="&{to},',
        ("titanic", "test_workbook_formulas.py"),
    ),
    Fault(
        "torch",
        "Adam's betas are swapped",
        "torch.optim.Adam(\n            parameters,\n            lr=learning_rate or 1e-310,\n"
        '            betas=(hyper["beta1"], hyper["beta2"])',
        "torch.optim.Adam(\n            parameters,\n            lr=learning_rate or 1e-310,\n"
        '            betas=(hyper["beta2"], hyper["beta1"])',
        ("test_two_sides.py",),
    ),
    Fault(
        "torch",
        "the central difference divides by h",
        'return (moved["up"] - moved["down"]) / (2 * h)',
        'return (moved["up"] - moved["down"]) / h',
        ("test_two_sides.py",),
    ),
    Fault(
        "torch",
        "one fall is enough to oscillate",
        "(rises >= 2) & (falls >= 2),",
        "(rises >= 2) & (falls >= 1),",
        ("test_borders_of_verdicts.py", "test_verdicts_agree.py"),
    ),
    Fault(
        "torch",
        "one prediction above 1 too many",
        '"above_1": above.sum(1).astype(float),',
        '"above_1": above.sum(1) + 1.0,',
        ("titanic",),
    ),
    Fault(
        "checks",
        "the compare tab's run is never compared",
        'compared = check == "step" or predictable',
        "compared = False",
        ("verify/test_report.py",),
    ),
    Fault(
        "checks",
        "a million times the rounding is allowed",
        "SAFETY = 16.0",
        "SAFETY = 16e6",
        ("test_two_sides.py", "verify/test_formulas_changed.py", "verify/test_typed_over.py"),
    ),
    Fault(
        "checks",
        "a saved value may be a thousandth off",
        "return value == saved or abs(saved - value) <= tolerance.around(value)",
        "return abs(saved - value) <= tolerance.around(value) + abs(value) / 1000",
        ("verify/test_stored_values.py",),
    ),
    Fault(
        "engine",
        "a quotient by infinity is 0",
        'self.line(f"if {written.text} - {written.text} != 0.0: raise Doubt")',
        'self.line("pass")',
        ("engines",),
    ),
    Fault(
        "engine",
        "INT rounds towards 0",
        'return writer.let(f"float(floor({x}))", NUMBER)',
        'return writer.let(f"float(int({x}))", NUMBER)',
        ("engines",),
    ),
    Fault(
        "finder",
        "a table's last row may have one formula alone",
        "if 2 * count >= len(columns))",
        "if count >= 1)",
        ("verify/test_own_additions.py", "verify/test_own_notes.py", "verify/test_data_rows.py"),
    ),
    Fault(
        "finder",
        "the row above is always the one before in the sheet",
        "return self.rows[place - 1] if place else row - 1",
        "return row - 1",
        ("verify/test_layout_changed.py",),
    ),
    Fault(
        "finder",
        "one long range is enough for more rows of data",
        "return max(last for last, count in usual.values() if 2 * count > most)",
        "return max(last for last, count in usual.values())",
        ("verify/test_data_rows.py",),
    ),
)


def place_of(fault: Fault) -> Path:
    """Return the only module of the package that has the line."""
    found = [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        for _ in range(path.read_text(encoding="utf-8").count(fault.old))
    ]
    if len(found) != 1:
        raise LookupError(f"{fault.what}: {fault.old!r} stands {len(found)} times in the package")
    return found[0]


def failures(fault: Fault) -> list[str]:
    """Return the first tests of every file that fail on a copy with the fault."""
    with tempfile.TemporaryDirectory(prefix="xlsgd-fault-") as folder:
        copy = Path(folder, "copy")
        copy.mkdir()
        for path in ROOT.iterdir():
            if path.name in ("xlsgd", "tests"):
                shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("*.pyc"))
            elif not path.name.startswith("."):
                (copy / path.name).symlink_to(path)
        if (shared := ROOT.parent / "shared").is_dir():
            (copy.parent / "shared").symlink_to(shared)
        wrong = copy / place_of(fault).relative_to(ROOT)
        text = wrong.read_text(encoding="utf-8")
        wrong.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "--width", "some", "--maxfail", "1"]
        command += ["-p", "no:cacheprovider", *(f"tests/{name}" for name in fault.tests)]
        own = {"XLSGD_TESTS_FOLDER", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        done = subprocess.run(
            command, cwd=copy, env={**kept, "PYTHONPATH": str(copy)}, capture_output=True, text=True
        )
        return re.findall(r"^(?:FAILED|ERROR) tests/(\S+)", done.stdout, flags=re.MULTILINE)


def main(numbers: list[int]) -> int:
    """Print a line for every fault; return the exit status."""
    missed = 0
    for number in numbers or range(len(FAULTS)):
        fault = FAULTS[number]
        found = failures(fault)
        missed += not found
        said = found[0] if found else f"NOT FOUND by {', '.join(fault.tests)}"
        print(f"{number:2} {fault.side:7} {fault.what}: {said}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))
