"""Files that strangers could hand in, each made from a small right workbook and a seed.

A kind changes parts of the workbook, or gives bytes in place of it. What becomes of such a file is
said with it: ``refused`` in words, ``read`` if whatever it holds has a meaning, or ``either``.
"""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl

from tests.verify.books import fields

Parts = dict[str, bytes]
Kind = Callable[[Parts, random.Random, str], "Parts | bytes | None"]

MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
RELS = "xl/_rels/workbook.xml.rels"
KINDS: dict[str, tuple[Kind, str]] = {}


def kind(expected: str) -> Callable[[Kind], Kind]:
    """Register a kind of file, and what becomes of it."""

    def register(make: Kind) -> Kind:
        KINDS[make.__name__] = make, expected
        return make

    return register


def packed(parts: Parts, level: int = 6) -> bytes:
    """Return parts as an .xlsx file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def make(name: str, parts: Parts, tab: str, seed: int, path: Path) -> None:
    """Write a file of a kind.  tab: the part with the training tab."""
    made = KINDS[name][0](dict(parts), random.Random(seed), tab)
    if made is None:
        return
    path.write_bytes(made if isinstance(made, bytes) else packed(made))


def _note(
    parts: Parts, tab: str, formula: str, reference: str = "AZ300", row: str = "300"
) -> Parts:
    """Add a formula in a cell that belongs to nobody."""
    formula = formula.replace("&", "&amp;").replace("<", "&lt;")
    cell = f'<row r="{row}"><c r="{reference}"><f>{formula}</f></c></row></sheetData>'
    return {**parts, tab: parts[tab].replace(b"</sheetData>", cell.encode(), 1)}


def _place(parts: Parts, tab: str, key: str) -> str:
    """Return the cell of a field of the training tab."""
    if parts[tab] not in _PLACES:
        book = openpyxl.load_workbook(io.BytesIO(packed(parts)))
        _PLACES[parts[tab]] = fields(book["sgd"])
    return _PLACES[parts[tab]][key]


_PLACES: dict[bytes, dict[str, str]] = {}
"""Cells of the fields of training tabs that were looked for before."""


def _field(parts: Parts, tab: str, key: str, content: str) -> Parts:
    """Put something else into the cell of a field.  content: from after its reference to its
    end."""
    cell = _place(parts, tab, key)
    new = f'<c r="{cell}" {content}</c>'.encode()
    found = re.subn(
        rb'<c r="' + cell.encode() + rb'"[^>]*?(?:/>|>.*?</c>)', lambda _: new, parts[tab], count=1
    )
    assert found[1] == 1, cell
    return {**parts, tab: found[0]}


# Too much of something


@kind("refused")
def sheet_below_drawings(parts: Parts, lot: random.Random, tab: str) -> Parts:
    there = tab.removeprefix("xl/").encode()
    assert there in parts[RELS]
    parts[RELS] = parts[RELS].replace(there, b"drawings/s.xml")
    row = b"<row>" + b"<c><v>1</v></c>" * lot.randint(500, 1500) + b"</row>"
    del parts[tab]
    rows = row * lot.randint(300, 1500)
    return {
        **parts,
        "xl/drawings/s.xml": MAIN + b"<sheetData>" + rows + b"</sheetData></worksheet>",
    }


def _unlike(lot: random.Random, element: bytes, count: int) -> bytes:
    """Return elements that no packing makes a hundred times smaller."""
    return b"".join(element % lot.randrange(10**6) for _ in range(5000)) * (count // 5000)


@kind("refused")
def one_row(parts: Parts, lot: random.Random, tab: str) -> bytes:
    cells = _unlike(lot, b"<c><v>%d</v></c>", lot.choice((400_000, 800_000)))
    parts[tab] = MAIN + b"<sheetData><row>" + cells + b"</row></sheetData></worksheet>"
    return packed(parts, 1)


@kind("refused")
def elements_outside_rows(parts: Parts, lot: random.Random, tab: str) -> bytes:
    junk = _unlike(lot, b'<x a="%d"/>', 600_000)
    where = lot.choice((b"<sheetData>", b"</sheetData>"))
    parts[tab] = parts[tab].replace(where, junk + where if lot.random() < 0.5 else where + junk, 1)
    return packed(parts, 1)


@kind("refused")
def shared_strings(parts: Parts, lot: random.Random, tab: str) -> bytes:
    text = _unlike(lot, b"<si><t>%d " + b"x" * 400 + b"</t></si>", 5000)
    content = b"<sst" + MAIN[len("<worksheet") :] + text * 110 + b"</sst>"
    return packed({**parts, "xl/sharedStrings.xml": content}, 1)


@kind("either")
def attributes(parts: Parts, lot: random.Random, tab: str) -> bytes:
    many = b"".join(b' a%d="%d"' % (i, lot.randrange(10**6)) for i in range(400_000))
    parts[tab] = parts[tab].replace(b"<sheetData>", b"<sheetData><row" + many + b"/>", 1)
    return packed(parts, 1)


@kind("refused")
def deep(parts: Parts, lot: random.Random, tab: str) -> Parts:
    depth = lot.randint(300, 5000)
    junk = b"<x>" * depth + b"</x>" * depth
    return {**parts, tab: parts[tab].replace(b"<sheetData>", junk + b"<sheetData>", 1)}


@kind("either")
def text_of_a_gigabyte(parts: Parts, lot: random.Random, tab: str) -> Parts:
    n = lot.randint(30_000, 32_767)
    many = f'REPT("a",{n})'
    formula = lot.choice(
        (
            f'SUBSTITUTE({many},"a",{many})',
            f"REPT({many},{n})",
            f"{many}&{many}&{many}",
            f"CONCATENATE({many},{many})",
            f"TEXTJOIN({many},TRUE,A1:AP58)",
            f'LEN(SUBSTITUTE(REPT({many},{n}),"a",{many}))',
            f'REGEXREPLACE({many},"a",{many})',
            f"SUMPRODUCT(LEN(REPT({many},ROW(A1:A99))))",
        )
    )
    return _note(parts, tab, formula)


@kind("either")
def many_wildcards(parts: Parts, lot: random.Random, tab: str) -> Parts:
    text = "".join(lot.choice(("*?", "*a", "*")) for _ in range(lot.randint(30, 90))) + "x"
    function = lot.choice(('COUNTIF(A1:AP58,"%s")', 'SUMIF(A1:AP58,"%s")', 'MATCH("%s",A1:A58,0)'))
    return _note(parts, tab, function % text)


@kind("timeout")
def takes_for_ever(parts: Parts, lot: random.Random, tab: str) -> Parts:
    length = lot.randint(60, 300)
    return _note(parts, tab, f'REGEXTEST(REPT("a",{length}),"(a+)+b")')


# What is no place, no number, no name


@kind("refused")
def reference(parts: Parts, lot: random.Random, tab: str) -> Parts:
    words = """1A $A$300 =A300 A0 a300 A 300 AAAA300 XFE300 A-1 Ä300 A301 A1:B2 A300A sgd!A300
        A300.0 ٣ \u200bA300"""
    return _note(parts, tab, "1+1", lot.choice(words.split()))


@kind("refused")
def row_number(parts: Parts, lot: random.Random, tab: str) -> Parts:
    row = lot.choice(("0", "-3", "1048577", "1e3", "x", "300.5", "", " 300", "9" * 400, "٣"))
    return _note(parts, tab, "1+1", f"A{row}", row)


@kind("refused")
def twice(parts: Parts, lot: random.Random, tab: str) -> Parts:
    number = lot.randrange(100)
    cell = b'<c r="BZ300"><v>%d</v></c>' % number
    rows = lot.choice((b'<row r="300">' + cell * 2 + b"</row>",
                       (b'<row r="300">' + cell + b"</row>") * 2))  # fmt: skip
    return {**parts, tab: parts[tab].replace(b"</sheetData>", rows + b"</sheetData>", 1)}


@kind("refused")
def number(parts: Parts, lot: random.Random, tab: str) -> Parts:
    text = lot.choice(("1E400", "NaN", "-inf", "1_0", "0x10", "1,5", "--1", "Infinity", "∞"))
    return _field(parts, tab, lot.choice(("h", "batch_size")), f"><v>{text}</v>")


@kind("refused")
def whole_number(parts: Parts, lot: random.Random, tab: str) -> Parts:
    text = lot.choice(("1E300", "1E308", "1E19", "-1E300", "0.5", "1E-320", "0"))
    return _field(parts, tab, "batch_size", f"><v>{text}</v>")


@kind("refused")
def word(parts: Parts, lot: random.Random, tab: str) -> Parts:
    text = lot.choice(("x" * 50_000, "a&#10;b\u009b31m", "'" * 5000, "\u202e" * 400, "é" * 999))
    return _field(parts, tab, "gradient", f't="inlineStr"><is><t>{text}</t></is>')


@kind("refused")
def error_for_a_word(parts: Parts, lot: random.Random, tab: str) -> Parts:
    return _field(
        parts, tab, "gradient", f't="e"><v>{lot.choice(("#N/A", "#REF!", "x" * 9999))}</v>'
    )


@kind("refused")
def kind_of_cell(parts: Parts, lot: random.Random, tab: str) -> Parts:
    return _field(parts, tab, "gradient", f't="{lot.choice(("q", "N", "x" * 9999))}"><v>1</v>')


@kind("refused")
def no_such_text(parts: Parts, lot: random.Random, tab: str) -> Parts:
    return _field(
        parts, tab, "gradient", f't="s"><v>{lot.choice(("999999", "-1", "x", "9" * 99))}</v>'
    )


@kind("refused")
def shared_formula(parts: Parts, lot: random.Random, tab: str) -> Parts:
    content = f'><f t="shared" si="{lot.randrange(500, 999)}"/><v>1</v>'
    return _field(parts, tab, "h", content)


@kind("refused")
def tab_without_name(parts: Parts, lot: random.Random, tab: str) -> Parts:
    new = lot.choice((b"", b'name="" ', b'name="data" ', b'name="DATA" '))
    return {**parts, "xl/workbook.xml": parts["xl/workbook.xml"].replace(b'name="sgd" ', new)}


@kind("refused")
def relation(parts: Parts, lot: random.Random, tab: str) -> Parts:
    old = lot.choice((tab.removeprefix("xl/").encode(), b'Id="rId1"', b"Target="))
    return {**parts, RELS: parts[RELS].replace(old, b"x" * lot.randint(1, 9999) + b"=")}


@kind("refused")
def defined_name(parts: Parts, lot: random.Random, tab: str) -> Parts:
    new = lot.choice(('<definedName localSheetId="99" name="a">1</definedName>',
                      "<definedName>1</definedName>",
                      '<definedName localSheetId="-1" name="a"/>'))  # fmt: skip
    names = f"<definedNames>{new}</definedNames></workbook>".encode()
    return {**parts, "xl/workbook.xml": parts["xl/workbook.xml"].replace(b"</workbook>", names)}


# What is no XML, no zip file, no file


@kind("refused")
def document_type(parts: Parts, lot: random.Random, tab: str) -> Parts:
    dtd = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    code = lot.choice(("utf-8", "utf-16", "utf-16-be", "utf-7"))
    text = parts[tab].decode().partition("?>")[2] or parts[tab].decode()
    text = f'<?xml version="1.0" encoding="{code[:6]}"?>{dtd}{text}'
    mark = b"\xfe\xff" if code == "utf-16-be" else b""
    target = f"xl/worksheets/sheet3.{lot.choice(('bin', 'dat', 'xml', 'png'))}"
    del parts[tab]
    parts[RELS] = parts[RELS].replace(tab.removeprefix("xl/").encode(), target[3:].encode())
    if code == "utf-7":
        text = text.replace("<!DOCTYPE", "+ADwAIQ-DOCTYPE")
    return {**parts, target: mark + text.encode(code if code != "utf-7" else "ascii", "replace")}


@kind("refused")
def torn(parts: Parts, lot: random.Random, tab: str) -> bytes:
    content = packed(parts)
    return content[: lot.randrange(len(content) - 30)]


@kind("either")
def bytes_damaged(parts: Parts, lot: random.Random, tab: str) -> bytes:
    content = bytearray(packed(parts))
    for _ in range(lot.randint(1, 30)):
        content[lot.randrange(len(content))] = lot.randrange(256)
    return bytes(content)


@kind("either")
def letters_damaged(parts: Parts, lot: random.Random, tab: str) -> Parts:
    content = bytearray(parts[tab])
    for _ in range(lot.randint(1, 5)):
        content[lot.randrange(len(content))] = lot.choice(b'<>"&=/ 0Az\x00\xff')
    return {**parts, tab: bytes(content)}


@kind("either")
def part_missing(parts: Parts, lot: random.Random, tab: str) -> Parts:
    del parts[lot.choice(sorted(parts))]
    return parts


@kind("refused")
def part_twice(parts: Parts, lot: random.Random, tab: str) -> bytes:
    place = lot.choice(sorted(name for name in parts if len(name) > 20))
    other = place[:-1] + "~"
    return packed({**parts, other: b"x"}).replace(other.encode(), place.encode())


@kind("refused")
def no_workbook(parts: Parts, lot: random.Random, tab: str) -> bytes:
    return lot.choice((b"", lot.randbytes(3000), b"PK\x03\x04" + lot.randbytes(99), b"x,y\n1,2\n"))


def special_files(folder: Path) -> list[Path]:
    """Return what is no file on disk, though its name says so."""
    names = ("device", "zeros", "pipe", "circle", "folder", "kernel")
    device, zeros, pipe, circle, below, kernel = (folder / f"{name}.xlsx" for name in names)
    device.symlink_to(os.devnull)
    zeros.symlink_to("/dev/zero")
    os.mkfifo(pipe)
    circle.symlink_to(circle)
    (below / "x").mkdir(parents=True)
    kernel.symlink_to("/proc/kmsg")
    huge = folder / "holes.xlsx"
    with huge.open("wb") as file:
        file.truncate(1 << 41)
    return [device, zeros, pipe, circle, below, kernel, huge, folder / f"{'n' * 300}.xlsx"]
