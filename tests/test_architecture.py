"""The structure of the package: floors, walls, sizes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.package_map import PACKAGE, circles, floors, graph, modules, reached

MOST_FLOORS = 9
MOST_LINES = 400

TORCH_WING = [
    name
    for name in modules()
    if name.startswith("xlsgd.torch_side") or ".torch_" in name.removeprefix("xlsgd")
]
"""In the folders of tabs, the files whose names begin with torch."""

SHEET_WING = [
    name
    for name in modules()
    if name.startswith(("xlsgd.sheets", "xlsgd.data", "xlsgd.tabs"))
    and name not in TORCH_WING
    and not name.endswith(("check", "checks", "worked_out"))
]
"""All of the tabs but what checks them: there both sides meet."""


def test_no_more_floors_than_can_be_kept_in_mind() -> None:
    found = floors()
    assert len(found) > 15
    assert max(found.values()) <= MOST_FLOORS


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == []


def test_a_circle_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"xlsgd.a": {"xlsgd.b"}, "xlsgd.b": {"xlsgd.c"}, "xlsgd.c": {"xlsgd.a"}}
    monkeypatch.setattr("tests.package_map.graph", lambda: wrong)
    assert circles() == [["xlsgd.a", "xlsgd.b", "xlsgd.c"]]


def test_every_module_has_a_room() -> None:
    loose = [path.name for path in PACKAGE.glob("*.py")]
    assert sorted(loose) == ["__init__.py", "__main__.py"]


def test_every_file_can_be_read_in_one_sitting() -> None:
    lines = {n: len(path.read_text("utf-8").splitlines()) for n, path in modules().items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_every_room_says_what_it_is() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text("utf-8").startswith('"""'), path


@pytest.mark.parametrize("module", SHEET_WING)
def test_the_sheet_wing_never_reaches_torch(module: str) -> None:
    """Whatever is imported on the way: formulas are made without a look at the torch runs."""
    assert reached(module, at_once=True).isdisjoint(TORCH_WING)


@pytest.mark.parametrize("module", TORCH_WING)
def test_the_torch_wing_never_reaches_the_sheets(module: str) -> None:
    drawing = ("xlsgd.sheets.writing", "xlsgd.sheets.charts", "xlsgd.sheets.style")
    reachable = reached(module, at_once=True)
    assert not [n for n in reachable if n in drawing or n.endswith(".sheet")]


def test_the_wings_are_not_empty() -> None:
    assert len(SHEET_WING) > 20
    assert len(TORCH_WING) > 20


def test_engines_know_cells_and_files_of_cells_only() -> None:
    ground = ("base", "formula", "processes", "xlsx", "engines")
    for module in modules():
        if module.startswith("xlsgd.engines"):
            rooms = {n.split(".")[1] for n in reached(module, at_once=False) if "." in n}
            assert rooms <= set(ground), module


def test_torch_is_imported_when_it_runs_only() -> None:
    for module, path in modules().items():
        lines = path.read_text("utf-8").splitlines()
        assert not [x for x in lines if x.startswith(("import torch", "from torch"))], module


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["generate", "--help"]])
def test_help_loads_nothing_large(command: list[str]) -> None:
    program = (
        "import sys\n"
        "from xlsgd.cli import main\n"
        "try:\n"
        f"    main({command!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "large = {'torch', 'formulas', 'pandas', 'openpyxl', 'scipy'} & sys.modules.keys()\n"
        "sys.exit(' '.join(sorted(large)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_graph_is_that_of_the_package() -> None:
    assert "xlsgd.base.cells" in graph()["xlsgd.sheets.maps"]
