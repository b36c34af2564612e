"""The structure of the package: floors, walls, sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package_map import (
    PACKAGE,
    circles,
    first_imports,
    floors,
    graph,
    imports_by_function,
    modules,
    reached,
    rooms,
)
from xlsgd.tabs.kind import kinds

MOST_FLOORS = 9
MOST_LINES = 400

TORCH_WING = [
    name
    for name in modules()
    if name.startswith("xlsgd.torch_side") or ".torch_" in name.removeprefix("xlsgd")
]
"""In the folders of tabs, the files whose names begin with torch."""

MEETING = [
    name
    for name in modules()
    if name.startswith("xlsgd.tabs.") and name.endswith((".check", "_check", ".worked_out"))
]
"""What checks a kind of tab: there both sides meet."""

SHEET_WING = [
    name
    for name in modules()
    if name.startswith(("xlsgd.sheets", "xlsgd.data", "xlsgd.tabs"))
    and name not in TORCH_WING
    and name not in MEETING
]

DOORS = ("prepare", "check", "look_at_formulas")
"""The methods of a kind of tab that may open what checks it."""


def test_no_more_floors_than_can_be_kept_in_mind() -> None:
    found = floors()
    assert len(found) > 15
    assert max(found.values()) <= MOST_FLOORS


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    """Not even to say of which type something is."""
    assert circles(rooms()) == []


def test_no_folders_of_a_room_import_each_other_in_a_circle() -> None:
    """But those of tabs: a lesson's plan consists of the plans of all kinds, and each kind is
    handed it."""
    folders = {name for name, path in modules().items() if path.name == "__init__.py"}
    found = [circle for circle in circles(rooms(3)) if len(folders & {*circle}) > 1]
    assert [circle for circle in found if not circle[0].startswith("xlsgd.tabs.")] == []


def test_what_only_type_checkers_read_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"xlsgd.a.one": {"xlsgd.b.two"}, "xlsgd.b.two": {"xlsgd.a.one"}}
    monkeypatch.setattr("tests.package_map.graph", lambda typed: wrong if typed else {})
    assert circles(rooms()) == [["xlsgd.a", "xlsgd.b"]]
    with pytest.raises(ValueError, match="in a circle"):
        floors()


def test_every_module_can_be_imported_first() -> None:
    """Whichever module is asked for first, no package that it lies in needs it to begin."""
    assert circles(first_imports()) == []


def test_a_circle_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"xlsgd.a": {"xlsgd.b"}, "xlsgd.b": {"xlsgd.c"}, "xlsgd.c": {"xlsgd.a"}}
    monkeypatch.setattr("tests.package_map.graph", lambda: wrong)
    assert circles() == [["xlsgd.a", "xlsgd.b", "xlsgd.c"]]


def test_every_module_has_a_room() -> None:
    loose = [path.name for path in PACKAGE.glob("*.py")]
    assert sorted(loose) == ["__init__.py", "__main__.py"]


def test_every_file_can_be_read_in_one_sitting() -> None:
    """Those of the package, and as well those that try it."""
    root = PACKAGE.parent
    tried = [p for room in ("tests", "scripts", "benchmarks") for p in (root / room).rglob("*.py")]
    own = [p for p in tried if "node_modules" not in p.parts]
    assert {path.parts[len(root.parts)] for path in own} == {"tests", "scripts", "benchmarks"}
    lines = {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in [*modules().values(), *own]
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_every_room_says_what_it_is() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text("utf-8").startswith('"""'), path


def test_no_two_classes_have_one_name() -> None:
    """But those that a registry finds, such as a layer and a schedule that are called Linear, and
    those of the engines, which are a world of their own."""
    own = ("xlsgd.training.", "xlsgd.engines.", "xlsgd.data.features.", "xlsgd.report.formats.")
    homes: dict[str, list[str]] = {}
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not f"{module}.".startswith(own):
                homes.setdefault(node.name, []).append(module)
    assert len(homes) > 100
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


@pytest.mark.parametrize("module", SHEET_WING)
def test_the_sheet_wing_never_reaches_torch(module: str) -> None:
    """Whatever is imported on the way, by functions too: formulas are made without a look at the
    torch runs."""
    assert "import torch" not in modules()[module].read_text("utf-8")
    assert reached(module, at_once=False, but=MEETING).isdisjoint(TORCH_WING)


@pytest.mark.parametrize("module", SHEET_WING)
def test_importing_the_sheet_wing_loads_nothing_of_torch(module: str) -> None:
    assert reached(module, at_once=True).isdisjoint([*TORCH_WING, *MEETING])


@pytest.mark.parametrize("module", SHEET_WING)
def test_only_the_check_of_a_kind_of_tab_opens_the_door_to_torch(module: str) -> None:
    opening = {
        name
        for name, imported in imports_by_function(module).items()
        if not imported.isdisjoint(MEETING)
    }
    assert opening <= set(DOORS)
    assert not opening or "\nKIND = " in modules()[module].read_text("utf-8")


def test_a_workbook_is_written_without_torch(tmp_path: Path) -> None:
    """Whatever is imported by a name that only a run puts together: the registries' files."""
    program = (
        "import sys, xlsgd\n"
        "xlsgd.generate('graddesc', sys.argv[1], epochs=1)\n"
        "print(*sys.modules)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "book.xlsx")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "xlsgd.tabs.layouts.rows.layout" in loaded
    assert loaded.isdisjoint({"torch", *TORCH_WING, *MEETING})


def test_a_hole_in_the_wall_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "xlsgd": set(),
        "xlsgd.tabs": set(),
        "xlsgd.tabs.line": {"xlsgd.tabs.helper"},
        "xlsgd.tabs.helper": {"xlsgd.torch_side"},
        "xlsgd.torch_side": set[str](),
    }
    at_import = {**wrong, "xlsgd.tabs.helper": set[str]()}
    graphs = {False: wrong, True: at_import}
    monkeypatch.setattr("tests.package_map.graph", lambda at_once=False: graphs[at_once])
    assert "xlsgd.torch_side" in reached("xlsgd.tabs.line", at_once=False)
    assert "xlsgd.torch_side" not in reached("xlsgd.tabs.line", at_once=True)
    assert "xlsgd.torch_side" not in reached("xlsgd.tabs.line", False, but=["xlsgd.tabs.helper"])


@pytest.mark.parametrize("module", TORCH_WING)
def test_the_torch_wing_never_reaches_the_sheets(module: str) -> None:
    drawing = ("xlsgd.sheets.writing", "xlsgd.sheets.charts", "xlsgd.sheets.style")
    reachable = reached(module, at_once=False)
    assert not [n for n in reachable if n in drawing or n.endswith(".sheet")]


def test_the_wings_are_not_empty() -> None:
    assert len(SHEET_WING) > 20
    assert len(TORCH_WING) > 20
    assert len(MEETING) > 5


def kinds_named(text: str) -> set[str]:
    """Return what a module calls kinds of tabs by: ``of("model")``, ``tabs["model"]``,
    ``kinds()["model"]``, ``tab.kind == "model"``."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Call):
            asked = list(node.args) if ast.unparse(node.func).endswith(".of") else []
        elif isinstance(node, ast.Subscript):
            asked = [node.slice] if ast.unparse(node.value) in ("tabs", "kinds()") else []
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(ast.unparse(side).endswith(".kind") for side in sides):
                asked = [part for side in sides for part in ast.walk(side)]
        found |= {str(each.value) for each in asked if isinstance(each, ast.Constant)}
    return found & kinds().keys()


def test_a_kind_of_tab_is_named_by_those_that_look_at_it_alone() -> None:
    """And by those that it looks at: all else goes by what a kind says of itself."""
    homes = {type(kind).__module__: name for name, kind in kinds().items()}
    near = {
        name: {name, *kind.looks_at, *(n for n, k in kinds().items() if name in k.looks_at)}
        for name, kind in kinds().items()
    }
    naming = 0
    for module, path in modules().items():
        named = kinds_named(path.read_text("utf-8"))
        home = next((homes[h] for h in homes if module == h or module.startswith(f"{h}.")), None)
        assert named <= (near[home] if home is not None else set()), module
        naming += bool(named)
    assert naming > 5


def test_names_of_kinds_are_found() -> None:
    text = 'book.of("model"), tabs["data"], kinds()["lesson"], tab.kind == "training", x["matrix"]'
    assert kinds_named(text) == {"model", "data", "lesson", "training"}
    assert kinds_named('if sheet.kind in ("compare", "sgd"): pass') == {"compare"}


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
