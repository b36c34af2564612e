"""Files that are no spreadsheet of the kind that their name says: none passes for a stranger's."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from xlsgd.base.errors import ForeignWorkbookError, WorkbookError
from xlsgd.engines import libreoffice
from xlsgd.engines.libreoffice import convert, find_soffice

pytestmark = [
    pytest.mark.usefixtures("warm"),
    pytest.mark.skipif(find_soffice() is None, reason="needs LibreOffice"),
]

Run = Callable[..., object]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a workbook of Excel 97 begins."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.xlsx"
    return xlsgd.generate("graddesc", path, epochs=1, optimizers=("momentum",))


@pytest.fixture(scope="module")
def old(good: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(libreoffice.FILTERS, ".xls", "MS Excel 97")
        return convert(good, good.with_suffix(".xls"))


@pytest.mark.parametrize("suffix", [".xls", ".ods", ".ots", ".fods", ".xlsb", ".xlsm", ".xlsx"])
@pytest.mark.parametrize("content", [b"hi", b"x,y\n1,2\n3,4\n", b"<p>hi</p>", b""])
def test_text_by_such_a_name(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(WorkbookError) as told:
        xlsgd.verify(path)
    assert not isinstance(told.value, ForeignWorkbookError)
    assert str(told.value).startswith(f"{path}: ")


@pytest.mark.parametrize("how", ["begins so", "a half", "emptied", "zip without end"])
def test_a_damaged_workbook_of_excel_97(tmp_path: Path, old: Path, how: str) -> None:
    content = old.read_bytes()
    assert content.startswith(OLE)
    damaged = {
        "begins so": OLE + b"hi",
        "a half": content[: len(content) // 2],
        "emptied": content[:2048] + bytes(len(content) - 2048),
        "zip without end": b"PK\x03\x04" + content,
    }
    path = tmp_path / "a.xls"
    path.write_bytes(damaged[how])
    with pytest.raises(WorkbookError, match="cannot be read") as told:
        xlsgd.verify(path)
    assert not isinstance(told.value, ForeignWorkbookError)


def test_a_zip_file_with_something_else(tmp_path: Path) -> None:
    for suffix in (".xls", ".ods"):
        path = tmp_path / f"a{suffix}"
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("readme.txt", "hi")
        with pytest.raises(WorkbookError) as told:
            xlsgd.verify(path)
        assert not isinstance(told.value, ForeignWorkbookError)


def test_sound_ones_are_read(tmp_path: Path, good: Path, old: Path) -> None:
    assert xlsgd.verify(old).ok
    other = tmp_path / "saved-as.xls"  # Excel opens it, and says so
    other.write_bytes(good.read_bytes())
    assert xlsgd.verify(other).ok


def test_a_folder_with_damaged_ones(run: Run, tmp_path: Path, good: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"hi")
    (tmp_path / "b.xls").touch()
    (tmp_path / "c.xlsx").write_bytes(good.read_bytes())
    result = run("verify", tmp_path, "--skip-foreign")
    assert result.exit_code == 2  # type: ignore[attr-defined]
    lines = result.stdout.splitlines()  # type: ignore[attr-defined]
    assert [line.split(": ")[1].split(",")[0] for line in lines[:2]] == ["FAILED", "FAILED"]
    assert "cannot be read: it is a workbook of Excel 97 by its name only" in lines[0]
    assert lines[2].startswith(f"{tmp_path / 'c.xlsx'}: agrees")
