"""No program that recalculates a stranger's workbook asks anybody for anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import xlsgd
from tests.hostile.files import packed
from tests.verify.books import SIX_POINTS, part_name, parts_of
from xlsgd.engines import get_engine, libreoffice
from xlsgd.xlsx.cells_only import copy_cells
from xlsgd.xlsx.reader import read_workbook

PICTURE = (
    '<xdr:twoCellAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/'
    'spreadsheetDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    "<xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>0</xdr:row>"
    "<xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:to><xdr:col>2</xdr:col><xdr:colOff>0</xdr:colOff>"
    "<xdr:row>2</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:to><xdr:pic><xdr:nvPicPr>"
    '<xdr:cNvPr id="9" name="p"/><xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill><a:blip xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:link="rIdX"/>'
    "<a:stretch><a:fillRect/></a:stretch></xdr:blipFill><xdr:spPr>"
    '<a:prstGeom prst="rect"/></xdr:spPr></xdr:pic><xdr:clientData/></xdr:twoCellAnchor>'
)
IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a server on this machine, and what it has been asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_GET = do_HEAD = do_OPTIONS = do_PROPFIND = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def linked(tmp_path: Path, asked: tuple[str, list[str]]) -> Path:
    """Return a right workbook that shows a picture of the server's, and asks it in a formula."""
    path = tmp_path / "linked.xlsx"
    xlsgd.generate("graddesc", path, epochs=2, data=SIX_POINTS, optimizers=("sgd",))
    parts, tab, url = parts_of(path), part_name(path, "sgd"), asked[0]
    drawing = min(name for name in parts if name.startswith("xl/drawings/drawing"))
    rels = drawing.replace("drawings/", "drawings/_rels/") + ".rels"
    text = parts[drawing].decode()
    end = text.rindex("</")
    parts[drawing] = (text[:end] + PICTURE + text[end:]).encode()
    relation = (
        f'<Relationship Id="rIdX" Type="{IMAGE}" Target="{url}/a.png" TargetMode="External"/>'
    )
    parts[rels] = parts[rels].replace(b"</Relationships>", f"{relation}</Relationships>".encode())
    formula = f'<row r="900"><c r="A900"><f>_xlfn.WEBSERVICE("{url}/web")</f></c></row></sheetData>'
    parts[tab] = parts[tab].replace(b"</sheetData>", formula.encode(), 1)
    path.write_bytes(packed(parts))
    return path


def test_nobody_is_asked_by_libreoffice(
    soffice: Path, linked: Path, asked: tuple[str, list[str]]
) -> None:
    calculation = get_engine("libreoffice").recalculate(read_workbook(linked))
    assert asked[1] == []
    values = calculation.values["sgd"].values()
    assert sum(isinstance(value, float) for value in values) > 200


def test_nobody_is_asked_by_gnumeric(
    ssconvert: Path, linked: Path, asked: tuple[str, list[str]]
) -> None:
    get_engine("gnumeric").recalculate(read_workbook(linked))
    assert asked[1] == []


@pytest.mark.every
@pytest.mark.parametrize("name", ["formualizer", "formulon", "hyperformula"])
def test_nobody_is_asked_by_a_library(
    name: str, linked: Path, asked: tuple[str, list[str]]
) -> None:
    engine = get_engine(name)
    if (missing := engine.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    values = engine.recalculate(read_workbook(linked)).values["sgd"].values()
    assert asked[1] == []
    assert sum(isinstance(value, float) for value in values) > 200


def test_libreoffice_asks_nobody_for_what_it_is_given_whole(
    soffice: Path, linked: Path, asked: tuple[str, list[str]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By its settings alone, where the system gives no process a network of its own."""
    monkeypatch.setattr(libreoffice, "without_network", tuple)
    libreoffice.convert(linked, tmp_path / "out" / "saved.xlsx")
    assert asked[1] == []
    # Without them it does: the test can fail.
    direct = libreoffice._SETTINGS.replace(
        '"ooInetProxyType" oor:op="fuse"><value>2', '"ooInetProxyType" oor:op="fuse"><value>0'
    )
    monkeypatch.setattr(libreoffice, "_SETTINGS", direct)
    libreoffice.convert(linked, tmp_path / "out" / "again.xlsx")
    assert "/a.png" in asked[1]


def test_the_copy_has_all_cells_and_no_links(linked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.xlsx"
    copy_cells(linked, copy)
    before, after = read_workbook(linked), read_workbook(copy)
    assert (after.book, after.stored) == (before.book, before.stored)
    parts = parts_of(copy)
    assert not [name for name in parts if "drawing" in name or "media" in name]
    assert not [name for name, content in parts.items() if b"External" in content]
