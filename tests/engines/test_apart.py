"""Libraries that calculate in a process of their own: what they are given, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.builders import experiment_of, small_data, write_experiments
from tests.engines.books import book
from tests.engines.test_programs import book_file, values
from tests.verify.books import step_cell
from xlsgd.base.cells import Book, CellError, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError
from xlsgd.engines import Engine, get_engine
from xlsgd.engines.apart import MEMORY, Asked, with_little_memory
from xlsgd.engines.formualizer import FormualizerEngine
from xlsgd.engines.formulon import FormulonEngine
from xlsgd.engines.hyperformula import HyperFormulaEngine, find_hyperformula
from xlsgd.report import Report
from xlsgd.xlsx.reader import read_workbook

ENGINES: dict[str, Callable[[float], Engine]] = {
    "formualizer": FormualizerEngine,
    "formulon": FormulonEngine,
    "hyperformula": HyperFormulaEngine,
}
NAMES = {"formualizer": "formualizer", "formulon": "formulon", "hyperformula": "HyperFormula"}


def needed(name: str) -> Engine:
    engine = get_engine(name)
    if (missing := engine.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    return engine


def of_cells(name: str, of: Book) -> Any:
    """Return what an engine that is handed cells makes of them."""
    return needed(name).recalculate(WorkbookFile(Path("none.xlsx"), of, {}))


# Small workbooks of the lessons, right and wrong


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small workbook of the lesson, with one of its optimizers."""
    path = tmp_path_factory.mktemp("apart") / "one.xlsx"
    return xlsgd.generate("graddesc", path, data=small_data(6), epochs=2, optimizers=["sgd"])


def asked(path: Path) -> dict[str, Report]:
    """Return what verify says of a workbook by each of them."""
    for name in ENGINES:
        needed(name)
    runs = xlsgd.compare_engines(path, list(ENGINES)).runs
    assert [run.error for run in runs] == [None] * len(ENGINES)
    return {run.engine: run.report for run in runs if run.report is not None}


def test_all_optimizers(tmp_path: Path) -> None:
    path = xlsgd.generate("graddesc", tmp_path / "all.xlsx", data=small_data(6), epochs=2)
    for name, report in asked(path).items():
        assert report.ok, name
        assert (report.cells_differing, report.cells_harmless) == (0, 0), name
        assert report.cells_compared == sum(sheet.formulas for sheet in report.sheets) > 3000


def test_a_run_that_explodes(tmp_path: Path) -> None:
    """Numbers end within an epoch, whose mean some programs take of what is left."""
    data = small_data(6)
    experiment = experiment_of(
        "Linear(1, 1), Linear(1, 1)", learning_rate=0.5, epochs=4, gradient="backprop", data=data
    )
    for name, report in asked(
        write_experiments(tmp_path / "x.xlsx", experiment, data=data)
    ).items():
        assert report.ok, name
        rules = {rule: len(cells) for s in report.sheets for rule, cells in s.harmless.items()}
        assert list(rules) == ([] if name == "formulon" else ["errors left out"]), name


MISTAKES = {
    "loss": ("loss", "^2", "^2+1E-3"),
    "step": ("new.a", "-", "+"),
    "slope": ("grad_num.b", "/", "*2/"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, one: Path, tmp_path: Path) -> None:
    quantity, old, new = MISTAKES[mistake]
    edited = openpyxl.load_workbook(one)
    cell = step_cell(edited["sgd"], quantity, 3)
    formula = edited["sgd"][cell].value
    assert old in formula
    edited["sgd"][cell] = formula.replace(old, new, 1)
    edited.save(tmp_path / "wrong.xlsx")
    for name, report in asked(tmp_path / "wrong.xlsx").items():
        assert not report.ok, name
        first = report.first_difference
        assert first is not None
        assert (first.sheet, first.cell) == ("sgd", cell), name
        # Its value is wrong, not only what the formula says.
        assert first.off is not None
        assert first.allowed is not None
        assert first.off > first.allowed


# What goes wrong


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in the place of Python and of Node.js."""

    def install(script: str) -> None:
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        monkeypatch.setattr("xlsgd.engines.hyperformula.find_node", lambda: program)
        monkeypatch.setattr("xlsgd.engines.hyperformula.find_hyperformula", lambda: tmp_path)

    return install


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no such thing; exit 3", r"failed \(status 3\): no such thing"),
        ("kill -SEGV $$", r"failed \(SIGSEGV\)"),
        ("exit 0", "wrote no xlsx file|gave no answer that can be read"),
        ("sleep 60 & sleep 60", r"took longer than 0\.5 s and was stopped"),
        # The answer is the last of what the program is told.
        ('eval "last=\\${$#}"; echo "{}" > "$last"', "cannot be read|no answer that can be read"),
        (
            'eval "last=\\${$#}"; echo "{\\"values\\": [[]], \\"notes\\": []}" > "$last"',
            "cannot be read|did not answer for every formula",
        ),
    ],
    ids=["fails", "crashes", "writes nothing", "hangs", "writes little", "writes too few"],
)
def test_a_library_that_does_not_do_it(
    name: str, script: str, words: str, fake: Callable[[str], None], tmp_path: Path
) -> None:
    path = book_file(tmp_path / "one.xlsx", {"A1": "=1+1"})
    needed(name)
    fake(script)
    begun = time.monotonic()
    with pytest.raises(EngineError, match=words) as caught:
        ENGINES[name](0.5 if "sleep" in script else 60).recalculate(read_workbook(path))
    assert NAMES[name] in str(caught.value)
    assert time.monotonic() - begun < 20


def test_no_process_has_more_than_little_memory() -> None:
    if not with_little_memory():
        pytest.skip("there is no shell that can limit memory")
    code = f"b = bytearray({MEMORY}); b[::4096] = b[::4096]"
    command = [*with_little_memory(), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
    done = subprocess.run([*command[:-1], "print('a', 'b c')"], capture_output=True, check=True)
    assert done.stdout == b"a b c\n"


@pytest.mark.parametrize("name", ENGINES)
def test_a_cell_in_the_last_corner_costs_nothing(name: str, tmp_path: Path) -> None:
    engine = needed(name)
    cells = {"A1": "=XFD1048576+1", "XFD1048576": "=1+1", "C1048576": 1}
    path = book_file(tmp_path / "corner.xlsx", cells)
    assert values(engine, path) == {(1, 1): 3.0, (1048576, 16384): 2.0}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("formula", ["SUM(SEQUENCE(1048576,100))", "SUMPRODUCT(B1:XFD1048576*1)"])
@pytest.mark.wide
def test_a_formula_that_wants_all_memory(name: str, formula: str, tmp_path: Path) -> None:
    """It is refused, or worked out without so much of it; or the process ends, and no other."""
    engine = needed(name)
    path = book_file(tmp_path / "large.xlsx", {"A1": f"={formula}"})
    if name == "hyperformula":
        with pytest.raises(EngineError, match=r"HyperFormula .* failed \(SIG[A-Z]+\)[^\n]*$"):
            values(engine, path)
    else:
        assert values(engine, path)[1, 1] in (0.0, CellError("#NUM!"), CellError("#NAME?"))


# What they are given


@pytest.mark.parametrize("name", ENGINES)
def test_texts_stay_texts(name: str, tmp_path: Path) -> None:
    engine = needed(name)
    texts = {"A1": "12", "A2": "TRUE", "A3": "'x", "A4": "#N/A!", "A5": "2020-01-01", "A6": "5%"}
    lengths = {f"B{row}": f"=LEN(A{row})" for row in range(1, 7)}
    lengths |= {f"C{row}": f"=ISNUMBER(A{row})" for row in range(1, 7)}
    found = values(engine, book_file(tmp_path / "texts.xlsx", {**texts, **lengths}))
    assert [found[row, 2] for row in range(1, 7)] == [float(len(t)) for t in texts.values()]
    assert {found[row, 3] for row in range(1, 7)} == {False}


@pytest.mark.parametrize("name", ENGINES)
def test_names_are_known(name: str, tmp_path: Path) -> None:
    engine = needed(name)
    path = book_file(tmp_path / "names.xlsx", {"A1": 0.5, "B1": "=rate*4", "B2": "=tenth*4"})
    named = openpyxl.load_workbook(path)
    named_of = openpyxl.workbook.defined_name.DefinedName
    named["cells"].defined_names["rate"] = named_of("rate", attr_text="cells!$A$1")
    named.defined_names["tenth"] = named_of("tenth", attr_text="1E-1")
    named.save(path)
    assert values(engine, path) == {(1, 2): 2.0, (2, 2): 0.4}


def test_a_name_that_hyperformula_does_not_take_is_told() -> None:
    of = book({"A1": 2.0, "B1": "=beta1*2", "B2": "=A1*2"})
    of.names[None, "beta1"] = "Sheet!$A$1"
    found = of_cells("hyperformula", of)
    assert found.values["Sheet"][2, 2] == 4.0
    assert [note.partition(":")[0] for note in found.notes] == [
        "HyperFormula does not know the name beta1"
    ]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=1E-3*2", 0.002),
        ("=1E+5+1E2+2.5E1", 100125.0),
        ("=E1*2", 14.0),
        ("='1E5'!A1", 6.0),
        ('="1E5"', "1E5"),
        ("=IF(E1>1E3,1,2)", 2.0),
    ],
)
def test_numbers_are_spelled_as_hyperformula_reads_them(formula: str, expected: object) -> None:
    of = book({"A1": formula, "E1": 7.0}, **{"1E5": {"A1": 6.0}})
    assert of_cells("hyperformula", of).values["Sheet"][1, 1] == expected


def test_hyperformula_says_why_there_is_no_value() -> None:
    of = book({"A1": "=A1+1", "A2": "=1+", "A3": "=1/0", "A4": CellError("#REF!"), "A5": "=A4"})
    found = of_cells("hyperformula", of).values["Sheet"]
    assert found[1, 1] == Uncomputed("the formula looks at itself")
    assert isinstance(found[2, 1], Uncomputed)
    assert found[2, 1].reason.startswith("HyperFormula cannot read it")
    assert found[3, 1] == CellError("#DIV/0!")
    assert found[5, 1] == CellError("#REF!")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=INDEX(MMULT(A1:B2,A1:B2),2,1)", 15.0),
        ("=SUM(MMULT(A1:A2,A1:B1))", 12.0),
        ("=MMULT(A1:B1,A1:A2)", 7.0),
        ("=SUM(MMULT(A1:B2,A1:A1))", CellError("#VALUE!")),
        ("=SUM(MMULT(A1:B2,C1:C2))", CellError("#VALUE!")),
        ("=SUMPRODUCT((MMULT(A1:B2,A1:A2)>8)*1)", 1.0),
    ],
)
@pytest.mark.parametrize("name", ENGINES)
def test_products_of_matrices(name: str, formula: str, expected: object, tmp_path: Path) -> None:
    """Formualizer has no such function of its own, and is lent one."""
    cells = {"A1": 1, "B1": 2, "A2": 3, "B2": 4, "C1": "text", "D1": formula}
    assert values(needed(name), book_file(tmp_path / "product.xlsx", cells))[1, 4] == expected


@pytest.mark.wide
def test_formulon_does_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds longer where nothing can be kept."""
    engine = needed("formulon")
    path = book_file(tmp_path / "one.xlsx", {"A1": "=1+1"})
    monkeypatch.setattr("xlsgd.engines.formulon._cache", lambda: path / "cache")
    assert values(engine, path) == {(1, 1): 2.0}


# Where HyperFormula is looked for


def test_hyperformula_is_not_taken_from_beside_the_workbooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("beside", "told", "prefix/lib", "home/.npm/lib"):
        package = tmp_path / folder / "node_modules" / "hyperformula" / "package.json"
        package.parent.mkdir(parents=True)
        package.write_text(json.dumps({"version": folder}))
    (tmp_path / "home" / ".npmrc").write_text("fund=false\nprefix = ${HOME}/.npm\n")
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_node", lambda: tmp_path / "bin" / "node")
    monkeypatch.chdir(tmp_path / "beside")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("npm_config_prefix", str(tmp_path / "prefix"))
    monkeypatch.setenv("NODE_PATH", f"node_modules:{tmp_path / 'told' / 'node_modules'}")
    assert find_hyperformula() == tmp_path / "told" / "node_modules" / "hyperformula"
    assert get_engine("hyperformula").version() == "HyperFormula told"
    monkeypatch.delenv("NODE_PATH")
    assert find_hyperformula() == tmp_path / "prefix" / "lib" / "node_modules" / "hyperformula"
    monkeypatch.delenv("npm_config_prefix")
    assert find_hyperformula() == tmp_path / "home/.npm/lib/node_modules/hyperformula"
    (tmp_path / "home" / ".npmrc").unlink()
    assert tmp_path not in (find_hyperformula() or tmp_path.parent).parents


def test_without_nodejs_it_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = HyperFormulaEngine()
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_hyperformula", lambda: None)
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_node", lambda: Path("node"))
    assert engine.missing() == "npm install --global hyperformula"
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_node", lambda: None)
    missing = engine.missing()
    assert missing is not None
    assert missing.startswith("install Node.js")
    assert missing.endswith("npm install --global hyperformula")
    with pytest.raises(EngineError, match="the engine 'hyperformula' is not installed; install"):
        engine.version()


def test_every_answer_is_for_its_cell() -> None:
    asked = Asked.of(book({"B1": "=1", "A1": "=2", "A2": 3.0}, other={"C9": "=3"}))
    assert asked.places == {"Sheet": [(1, 1), (1, 2)], "other": [(9, 3)]}
