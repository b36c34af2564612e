"""Check what conftest.py gives the other tests: a LibreOffice that recalculates, and no skips."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests import libreoffice
from xlsgd.base.errors import EngineError

Convert = Callable[..., Path]
Edit = Callable[..., Path]


def cells(path: Path, sheet: str, *, values: bool) -> dict[str, object]:
    """Return the filled cells of a sheet: their stored values, or else their formulas."""
    rows = openpyxl.load_workbook(path, data_only=values)[sheet].iter_rows()
    return {cell.coordinate: cell.value for row in rows for cell in row if cell.value is not None}


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """Return a workbook where 2 * 3 has been stored as 99, and 2 + 1 not at all."""
    fresh, path = tmp_path / "fresh.xlsx", tmp_path / "stale.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "sgd"
    sheet["A1"], sheet["A2"], sheet["A3"] = 2, "=A1*3", "=A1+1"
    book.create_sheet("other")["A1"] = "=sgd!A2"
    book.save(fresh)
    with zipfile.ZipFile(fresh) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                # The empty value is written in one way with lxml and in another without.
                empty = rb"(<f>A1\*3</f>)<v(?: ?/>|></v>)"
                content, count = re.subn(empty, rb"\1<v>99</v>", content)
                assert count == 1
            target.writestr(name, content)
    assert cells(path, "sgd", values=True) == {"A1": 2, "A2": 99}
    return path


# Convert


def test_conversion_recalculates(stale: Path, tmp_path: Path, libreoffice_convert: Convert) -> None:
    folder = tmp_path / "new folder"
    target = libreoffice_convert(stale, "xlsx", folder)
    assert target == folder / "stale.xlsx"
    assert cells(target, "sgd", values=True) == {"A1": 2, "A2": 6, "A3": 3}
    assert cells(target, "sgd", values=False) == {"A1": 2, "A2": "=A1*3", "A3": "=A1+1"}
    assert cells(target, "other", values=True) == {"A1": 6}


def test_conversion_to_pdf(stale: Path, tmp_path: Path, libreoffice_convert: Convert) -> None:
    target = libreoffice_convert(stale, "pdf", tmp_path)
    assert target == tmp_path / "stale.pdf"
    assert target.read_bytes().startswith(b"%PDF-")


def test_a_stopped_libreoffice_is_an_error_and_leaves_nothing(
    stale: Path, tmp_path: Path, libreoffice_convert: Convert
) -> None:
    with pytest.raises(EngineError, match=r"took longer than 0\.01 s"):
        libreoffice_convert(stale, "xlsx", tmp_path / "out", time_limit=0.01)
    assert not (tmp_path / "out").exists()


def test_what_is_no_workbook_is_an_error(tmp_path: Path, libreoffice_convert: Convert) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(EngineError, match=r"broken\.xlsx: LibreOffice wrote no"):
        libreoffice_convert(broken, "xlsx", tmp_path / "out")


def test_the_source_is_never_the_target(stale: Path) -> None:
    with pytest.raises(ValueError, match="same file"):
        libreoffice.libreoffice_convert(stale, "xlsx", stale.parent)
    with pytest.raises(ValueError, match="'doc', need one of xlsx, pdf"):
        libreoffice.libreoffice_convert(stale, "doc", stale.parent)


# Edit


def test_edits_move_the_formulas_along(stale: Path, tmp_path: Path, libreoffice_edit: Edit) -> None:
    target = libreoffice_edit(
        stale,
        tmp_path / "new folder" / "edited.xlsx",
        [
            ("insert_row", "sgd", 1),
            ("insert_column", "sgd", 1),
            ("rename", "sgd", "my sheet"),
            ("set_value", "my sheet", "B2", 0.5),
            ("set_formula", "my sheet", "C2", "=IF(B2<1,SUM(B2,other!A1),-1)"),
            ("set_text", "my sheet", "K4", "=my note"),
        ],
    )
    assert target == tmp_path / "new folder" / "edited.xlsx"
    formulas = cells(target, "my sheet", values=False)
    assert formulas == {
        "B2": 0.5,
        "B3": "=B2*3",
        "B4": "=B2+1",
        "C2": "=IF(B2<1,SUM(B2,other!A1),-1)",
        "K4": "=my note",
    }
    values = cells(target, "my sheet", values=True)
    assert values == {"B2": 0.5, "B3": 1.5, "B4": 1.5, "C2": 2.0, "K4": "=my note"}
    assert cells(target, "other", values=False) == {"A1": "='my sheet'!B3"}


def test_edits_take_away(stale: Path, tmp_path: Path, libreoffice_edit: Edit) -> None:
    target = libreoffice_edit(
        stale,
        tmp_path / "edited.xlsx",
        [("clear", "sgd", "A3:C9"), ("set_value", "sgd", "A9", 5), ("delete_rows", "sgd", 3, 4)],
    )
    assert cells(target, "sgd", values=True) == {"A1": 2, "A2": 6, "A5": 5}
    assert cells(stale, "sgd", values=True) == {"A1": 2, "A2": 99}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("set_value", "sdg", "A1", 1), r"\('set_value', 'sdg', 'A1', 1\).*there are sgd, other"),
        (("set_value", "sgd", "A0", 1), r"\('set_value', 'sgd', 'A0', 1\)"),
        (("set_formula", "sgd", "A1", "=1+*"), r"error \d+ in the formula"),
    ],
    ids=["sheet", "cell", "formula"],
)
def test_an_edit_that_cannot_be_done_is_an_error(
    stale: Path, tmp_path: Path, libreoffice_edit: Edit, edit: tuple[object, ...], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        libreoffice_edit(stale, tmp_path / "edited.xlsx", [edit])
    assert not (tmp_path / "edited.xlsx").exists()


@pytest.mark.parametrize(
    "edit",
    [
        ("paint", "sgd", "A1"),
        ("insert_row", "sgd", 0),
        ("insert_row", "sgd"),
        ("set_value", "sgd", "A1", "1"),
    ],
)
def test_an_edit_that_is_none_is_refused(stale: Path, edit: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"^edit \('"):
        libreoffice.libreoffice_edit(stale, stale.parent / "edited.xlsx", [edit])


# No skips

SKIPS = """
import pytest

def test_skip():
    pytest.skip("skipped inside")

@pytest.mark.skipif(True, reason="skipped by a mark")
def test_mark():
    pass

@pytest.fixture
def absent():
    pytest.skip("skipped by a fixture")

def test_fixture(absent):
    pass

@pytest.mark.xfail(strict=True, reason="known")
def test_known_failure():
    assert False

def test_fine():
    pass
"""


def run_pytest(folder: Path, source: str, *options: str, ci: str | None = None) -> tuple[int, str]:
    """Run a test file under the hooks of conftest.py; return exit status and output."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(source)
    root = Path(__file__).parent.parent
    environment = {k: v for k, v in os.environ.items() if k != "CI" and "PYTEST" not in k}
    environment |= {"PYTHONPATH": str(root)} | ({} if ci is None else {"CI": ci})
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # Hypothesis alone takes half a second
    plugins = ["-p", "tests.conftest", *(["-p", "xdist"] if "-n" in options else [])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-rA", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_a_skip_is_a_skip_by_default(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, SKIPS)
    assert status == 0
    assert "1 passed, 3 skipped, 1 xfailed in" in output


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("options", "ci"),
    [((), "true"), ((), "1"), (("--no-skips",), None), (("-n", "2"), "true")],
    ids=["CI=true", "CI=1", "option", "two processes"],
)
def test_a_skip_fails_where_none_may_be(
    tmp_path: Path, options: tuple[str, ...], ci: str | None
) -> None:
    status, output = run_pytest(tmp_path, SKIPS, *options, ci=ci)
    assert status == 1
    assert "1 failed, 1 passed, 1 xfailed, 2 errors in" in output
    for where in ("inside", "by a mark", "by a fixture"):
        assert f"Skipped: skipped {where}\nNo test may be skipped here" in output


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two processes"])
def test_a_file_that_skips_itself_fails_too(tmp_path: Path, options: tuple[str, ...]) -> None:
    source = "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass\n"
    assert run_pytest(tmp_path, source)[0] == 5  # nothing collected
    status, output = run_pytest(tmp_path, source, *options, ci="true")
    assert status not in (0, 5)
    assert "could not import 'no_such_module'" in output
    assert "No test may be skipped here" in output
