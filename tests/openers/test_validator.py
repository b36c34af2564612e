"""Files are what the standard says, by a validator that knows its schemas: openxml-audit, strict.

A file saved by Excel has neither an error nor a warning, nor has one written here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.openers.books import ALL, kind, parts_of

openxml_audit = pytest.importorskip(
    "openxml_audit", reason="the validator is not installed: pip install openxml-audit"
)


def complaints(path: Path) -> list[str]:
    """Return what the validator says of a file, errors and warnings."""
    result = openxml_audit.OpenXmlValidator(max_errors=0, strict=True).validate(str(path))
    return [f"{e.severity} {e.part_uri} {e.path}: {e.description}" for e in result.errors]


@pytest.mark.every
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.wide) if "short" in n else n for n in ALL]
)
def test_a_workbook_of_every_kind_has_no_error_and_no_warning(name: str) -> None:
    assert complaints(kind(name)) == []


def test_the_validator_sees_texts_in_cells_and_fonts_in_disorder(tmp_path: Path) -> None:
    parts = parts_of(kind("functions"))
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(
        b' t="s"><v>0</v>', b' t="inlineStr"><is><t>title</t></is>', 1
    )
    del parts["xl/sharedStrings.xml"]
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(
        b'<b val="1"/><sz val="16"/>', b'<sz val="16"/><b val="1"/>', 1
    )
    spoiled = tmp_path / "spoiled.xlsx"
    with zipfile.ZipFile(spoiled, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    found = complaints(spoiled)
    assert any("styles.xml" in line for line in found)
    assert any("sheet1.xml" in line or "haredStrings" in line for line in found)
