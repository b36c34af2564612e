"""Files that are no workbooks, or made to choke whoever opens them, are turned away in words."""

from __future__ import annotations

import time
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.verify.books import edited, packed, part_name, parts_of
from xlsgd.base.errors import WorkbookError
from xlsgd.tabs.layouts import get_layout

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How a workbook with a password, or one of before 2007, begins."""


def refusal(path: Path, seconds: float = 5) -> str:
    """Return why verify refuses a file; it must say so soon, and name the file."""
    before, start = path.read_bytes() if path.is_file() else b"", time.perf_counter()
    with pytest.raises(WorkbookError) as caught:
        xlsgd.verify(path)
    assert time.perf_counter() - start < seconds
    assert (path.read_bytes() if path.is_file() else b"") == before
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; need an .xlsx workbook"),
        (b"x,y\n1,2\n", "is no .xlsx workbook, is damaged or protected by a password"),
        (OLE + bytes(4096), "is no .xlsx workbook, is damaged or protected by a password"),
        (b"PK\x03\x04" + bytes(100), "is no .xlsx workbook, is damaged or protected"),
        (b"PK\x05\x06" + bytes(18), "holds no workbook"),
    ],
    ids=["empty", "text", "password", "damaged", "empty zip"],
)
def test_no_workbook(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    assert refusal(path).startswith(words)


def test_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.xlsx") == "no such file"


def test_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "is a folder; give an .xlsx file"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    refusal(tmp_path / "file" / "book.xlsx")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_truncated(small: Path, target: Path, share: float) -> None:
    content = small.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    assert refusal(target).startswith("is no .xlsx workbook, is damaged or protected")


@pytest.mark.parametrize("at", [0.2, 0.4, 0.6])
def test_bytes_damaged(small: Path, target: Path, at: float) -> None:
    content = bytearray(small.read_bytes())
    place = int(len(content) * at)
    content[place : place + 50] = bytes(50)
    target.write_bytes(content)
    refusal(target)


def test_another_kind_of_zip(tmp_path: Path) -> None:
    path = packed({"word/document.xml": b"<document/>"}, tmp_path / "letter.xlsx")
    assert refusal(path) == "holds no workbook; save it as 'Excel workbook (.xlsx)'"


@pytest.mark.parametrize("missing", ["xl/_rels/workbook.xml.rels", "xl/worksheets/sheet3.xml"])
def test_part_missing(small: Path, target: Path, missing: str) -> None:
    parts = parts_of(small)
    del parts[missing]
    assert refusal(packed(parts, target)).startswith("cannot be read as a workbook")


@pytest.mark.parametrize(
    "content",
    [b"", b"<worksheet>", b"\x00\x01\x02", b"<worksheet xmlns='x'><sheetData>&boom;</sheetData>"],
)
def test_broken_xml(small: Path, target: Path, content: bytes) -> None:
    parts = parts_of(small)
    parts[part_name(small, "sgd")] = content
    assert refusal(packed(parts, target)).startswith("cannot be read as a workbook")


# Files that are small and unfold to something huge


def test_zip_bomb(small: Path, target: Path) -> None:
    parts = parts_of(small)
    parts["xl/media/picture.bin"] = bytes(50_000_000)
    packed(parts, target)
    assert target.stat().st_size < 200_000
    assert "part xl/media/picture.bin inflates to more than 100 times its size" in refusal(target)


def test_huge_comment_in_a_part(small: Path, target: Path) -> None:
    parts, name = parts_of(small), part_name(small, "sgd")
    head, bracket, rest = parts[name].partition(b"<sheetData>")
    parts[name] = head + b"<!--" + b" " * 50_000_000 + b"-->" + bracket + rest
    assert f"part {name} inflates to more than 100 times" in refusal(packed(parts, target))


def test_declared_size_that_lies(small: Path, target: Path) -> None:
    parts, huge = parts_of(small), bytes(3_000_000)
    parts["xl/media/picture.bin"] = huge
    packed(parts, target)
    content = target.read_bytes()
    size = len(huge).to_bytes(4, "little")
    assert content.count(size) == 2
    target.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    refusal(target)


def test_too_many_parts(small: Path, target: Path) -> None:
    parts = parts_of(small) | {f"xl/media/{i}.png": b"1" for i in range(1001)}
    assert refusal(packed(parts, target)).startswith("1,0")


BILLION = (
    b'<!DOCTYPE worksheet [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%b">' % (ord("b") + i, b"&%c;" % (ord("a") + i) * 10) for i in range(9)
    )
    + b"]>"
)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
@pytest.mark.parametrize("padding", [0, 5000], ids=["at once", "after a comment"])
def test_document_type(small: Path, target: Path, part: str, padding: int) -> None:
    parts = parts_of(small)
    head, _, rest = parts[part].partition(b"?>") if parts[part][:5] == b"<?xml" else (
        b"<?xml version='1.0'", b"", parts[part]
    )  # fmt: skip
    comment = b"<!--" + b"x" * padding + b"-->" if padding else b""
    parts[part] = head + b"?>" + comment + BILLION + rest
    message = refusal(packed(parts, target))
    assert message == f"part {part} declares a document type; workbooks have none"


def test_document_type_in_another_encoding(small: Path, target: Path) -> None:
    parts, part = parts_of(small), part_name(small, "sgd")
    text = parts[part].decode().partition("?>")[2] or parts[part].decode()
    declaration = '<?xml version="1.0" encoding="UTF-16"?>'
    parts[part] = (declaration + BILLION.decode() + text).encode("utf-16")
    assert "document type" in refusal(packed(parts, target))


def test_a_document_type_in_a_picture_is_none(small: Path, target: Path) -> None:
    parts = parts_of(small) | {"xl/media/page.bin": b"GIF89a <!DOCTYPE html>"}
    assert xlsgd.verify(packed(parts, target)).ok


# Workbooks of somebody else


def test_a_workbook_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"] = "=1+1"
    book.save(path)
    message = refusal(path)
    assert message.startswith("is no workbook of xlsgd: no tab has a cell 'xlsgd' with 'data tab,")


def test_an_empty_workbook(tmp_path: Path) -> None:
    path = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(path)
    assert refusal(path).startswith("is no workbook of xlsgd: no tab has a cell 'xlsgd' with")


def test_nothing_is_left_beside_the_workbook(small: Path, tmp_path: Path) -> None:
    copy = tmp_path / "book.xlsx"
    copy.write_bytes(small.read_bytes())
    assert xlsgd.verify(copy).ok
    assert list(tmp_path.iterdir()) == [copy]
    assert copy.read_bytes() == small.read_bytes()


def test_a_tab_of_a_later_format(small: Path, target: Path) -> None:
    def edit(workbook: object) -> None:
        for row in workbook["sgd"].iter_rows():  # type: ignore[index]
            for cell in row:
                if cell.value == get_layout("rows").marker:
                    cell.value = "training tab, format 99"

    message = refusal(edited(small, target, edit))
    assert message.startswith(
        "tab 'sgd' is a 'training tab, format 99'; this version of xlsgd reads"
    )
