"""Parts are called, ordered and written as Excel does, looked at as plain XML."""

from __future__ import annotations

import math
import posixpath
import re
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.utils.cell import range_boundaries

from tests.loaded import looked_at
from tests.openers.books import ALL, KINDS, kind, parts_of, xml_of

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"

CASES = [pytest.param(n, marks=pytest.mark.wide) if "short" in n else n for n in ALL]
of_every_kind = pytest.mark.parametrize("name", CASES, scope="module")
"""All that is looked at in a workbook comes in turn: it is read once."""

USUAL = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core)\.xml|xl/workbook\.xml"
    r"|xl/_rels/workbook\.xml\.rels|xl/(styles|sharedStrings)\.xml|xl/theme/theme1\.xml"
    r"|xl/worksheets/(_rels/)?sheet\d+\.xml(\.rels)?|xl/comments\d+\.xml|xl/charts/chart\d+\.xml"
    r"|xl/drawings/(vmlDrawing\d+\.vml|(_rels/)?drawing\d+\.xml(\.rels)?)"
)

# ECMA-376, part 1, 18.8.22 CT_Font
FONT = [
    *("b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz"),
    *("color", "name", "family", "charset", "scheme"),
]


@of_every_kind
def test_parts_have_their_usual_names_and_come_in_the_usual_order(name: str) -> None:
    parts = list(parts_of(kind(name)))
    assert [part for part in parts if not USUAL.fullmatch(part)] == []
    assert parts[:3] == ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]


@of_every_kind
def test_targets_are_relative_and_lead_to_parts(name: str) -> None:
    parts = parts_of(kind(name))
    targets = 0
    for rels, root in xml_of(kind(name), "", ".rels").items():
        folder = posixpath.dirname(posixpath.dirname(rels))
        assert len({each.get("Id") for each in root}) == len(root)
        for each in root:
            target = each.get("Target") or ""
            assert not target.startswith("/"), f"{rels}: {target}"
            assert posixpath.normpath(posixpath.join(folder, target)) in parts
            targets += 1
    assert targets > 5
    (types,) = xml_of(kind(name), "[Content").values()
    listed = {each.get("PartName") for each in types}
    assert {each[1:] for each in listed if each} <= set(parts)
    assert "/xl/sharedStrings.xml" in listed


@of_every_kind
def test_texts_are_shared_and_each_is_there_once(name: str) -> None:
    path = kind(name)
    (shared,) = xml_of(path, "xl/sharedStrings").values()
    texts = ["".join(each.itertext()) for each in shared]
    assert len(set(texts)) == len(texts) == int(shared.get("uniqueCount", 0)) > 10
    used = 0
    workbook = looked_at(path)
    for i, sheet in enumerate(workbook.worksheets, 1):
        root = xml_of(path, f"xl/worksheets/sheet{i}.xml")[f"xl/worksheets/sheet{i}.xml"]
        for cell in root.iter(f"{MAIN}c"):
            assert cell.get("t") != "inlineStr"
            if cell.get("t") == "s":
                used += 1
                assert sheet[cell.get("r")].value == texts[int(cell.findtext(f"{MAIN}v") or -1)]
    assert used == int(shared.get("count", 0))


@of_every_kind
def test_fonts_are_in_the_order_of_the_schema(name: str) -> None:
    (root,) = xml_of(kind(name), "xl/styles").values()
    fonts = [[child.tag.removeprefix(MAIN) for child in font] for font in root.iter(f"{MAIN}font")]
    assert len(fonts) > 5
    for font in fonts:
        assert font == sorted(font, key=FONT.index)


@of_every_kind
def test_prefixes_are_those_of_excel(name: str) -> None:
    for part, content in parts_of(kind(name)).items():
        start = (
            content[:600]
            .removeprefix(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>')
            .lstrip()
        )
        if part.startswith("xl/drawings/drawing"):
            assert start.startswith(b"<xdr:wsDr ")
        elif part.startswith("xl/charts/chart"):
            assert start.startswith(b"<c:chartSpace ")
        elif part.endswith(".vml"):
            assert b"<v:shape " in content
            assert b"<x:ClientData " in content
        assert b"ns0:" not in content


def held(workbook: openpyxl.Workbook, reference: str) -> list[object]:
    """Return what the cells of a range hold."""
    tab, _, area = reference.rpartition("!")
    left, top, right, bottom = range_boundaries(area)
    sheet = workbook[tab.strip("'").replace("''", "'")]
    return [
        sheet.cell(row, column).value
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]


def cached(reference: ElementTree.Element) -> tuple[int, dict[int, str]]:
    """Return how many cells a chart has kept, and what they held."""
    (cache,) = (each for each in reference if each.tag != f"{CHART}f")
    count = cache.find(f"{CHART}ptCount")
    assert count is not None
    points = {
        int(point.get("idx", -1)): point.findtext(f"{CHART}v") or ""
        for point in cache.iter(f"{CHART}pt")
    }
    return int(count.get("val", -1)), points


@of_every_kind
def test_charts_keep_what_their_cells_hold(name: str) -> None:
    path = kind(name)
    workbook = looked_at(path, data_only=True)
    numbers = texts = 0
    for root in xml_of(path, "xl/charts/").values():
        for reference in (*root.iter(f"{CHART}numRef"), *root.iter(f"{CHART}strRef")):
            cells = held(workbook, reference.findtext(f"{CHART}f") or "")
            count, points = cached(reference)
            assert count == len(cells)
            for i, cell in enumerate(cells):
                if reference.tag == f"{CHART}strRef":
                    assert points[i] == str(cell)
                    texts += 1
                elif isinstance(cell, int | float):
                    assert math.isclose(float(points[i]), cell, rel_tol=1e-14)
                    numbers += 1
                else:  # an error, such as #N/A for a gap
                    assert i not in points
    # Two epochs of embeddings: four charts with four numbers each, and no rows' losses.
    assert numbers > 20 or (name, numbers) == ("short embeddings", 16)
    assert texts > 0 or name not in ("titanic", "short titanic")


@of_every_kind
def test_every_chart_has_square_corners_and_words_for_those_who_do_not_see_it(name: str) -> None:
    path = kind(name)
    charts = xml_of(path, "xl/charts/")
    titles = set()
    for root in charts.values():
        corners = root.find(f"{CHART}roundedCorners")
        assert corners is not None
        assert corners.get("val") == "0"
        title = root.find(f"{CHART}chart/{CHART}title")
        if title is None:  # over cells, which it may not cover
            deleted = root.find(f"{CHART}chart/{CHART}autoTitleDeleted")
            assert deleted is not None
            assert deleted.get("val") == "1"
            titles.add("The way")
            continue
        titles.add("".join(title.itertext()).strip())
    drawings = xml_of(path, "xl/drawings/drawing").values()
    frames = [frame for root in drawings for frame in root.iter(f"{XDR}cNvPr")]
    assert len(frames) == len(charts) > 0
    told = [frame.get("descr") or "" for frame in frames]
    assert {title for title in titles if any(words.startswith(title) for words in told)} == titles
    assert all("Axes: " in words for words in told)


@pytest.mark.parametrize("name", KINDS)
def test_dates_are_of_this_century_and_always_the_same(name: str) -> None:
    content = parts_of(kind(name))["docProps/core.xml"]
    dates = re.findall(rb"(\d{4})-\d\d-\d\dT[^<]*", content)
    assert len(dates) == 2
    assert all(2024 <= int(year) <= 2100 for year in dates)
