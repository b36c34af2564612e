"""Buttons and other controls on a tab: they stand in rows and columns of drawings, which are none
of the sheet's."""

from __future__ import annotations

from pathlib import Path

from tests.verify.books import packed, part_name, parts_of
from xlsgd.xlsx.reader import read_workbook

DRAWINGS = b"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
BUTTON = (
    b'<controls><control shapeId="1" name="Button 1"><controlPr><anchor><from>'
    b'<d:col xmlns:d="%b">0</d:col><d:row xmlns:d="%b">1</d:row></from></anchor></controlPr>'
    b"</control></controls></worksheet>" % (DRAWINGS, DRAWINGS)
)


def test_a_button_is_no_row(small: Path, tmp_path: Path) -> None:
    parts, name = parts_of(small), part_name(small, "sgd")
    parts[name] = parts[name].replace(b"</worksheet>", BUTTON)
    assert BUTTON in parts[name]
    with_button = read_workbook(packed(parts, tmp_path / "button.xlsx"))
    assert with_button.book == read_workbook(small).book
