"""The workbooks that engines are timed with, written cell by cell as a person would fill them."""

from __future__ import annotations

import posixpath
import re
import sys
import zipfile
from pathlib import Path

from openpyxl import Workbook

__all__ = ["forward_book", "sgd_book"]

SGD = (
    # Of row r, with the row above it p: weights, prediction, loss, derivatives, the step.
    ("a", "=N{p}"),
    ("b", "=O{p}"),
    ("pred", "=C{r}*A{r}+D{r}"),
    ("error", "=E{r}-B{r}"),
    ("loss", "=F{r}^2"),
    ("loss at a+h", "=((C{r}+$R$1)*A{r}+D{r}-B{r})^2"),
    ("loss at b+h", "=(C{r}*A{r}+D{r}+$R$1-B{r})^2"),
    ("slope a", "=(H{r}-G{r})/$R$1"),
    ("slope b", "=(I{r}-G{r})/$R$1"),
    ("grad a", "=2*F{r}*A{r}"),
    ("grad b", "=2*F{r}"),
    ("new a", "=C{r}-$R$2*J{r}"),
    ("new b", "=D{r}-$R$2*K{r}"),
    ("total", "=P{p}+G{r}"),
)


def sgd_book(path: Path, formulas: int) -> int:
    """Write gradient descent of one neuron row by row; return how many formulas it has."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("sgd")
    rows = max(1, round(formulas / len(SGD)))
    header = ["x", "y", *(name for name, _ in SGD)]
    sheet.append([*header, "h", 0.01])
    sheet.append([*[None] * 13, 1.0, 1.0, 0.0, "learning rate", 1e-4])
    for i in range(rows):
        r = i + 3
        x = float(i * 7 % 29)
        y = 2 * x + 30 + (i * 13 % 11 - 5) / 10
        sheet.append([x, y, *(text.format(r=r, p=r - 1) for _, text in SGD)])
    workbook.save(path)
    _name_parts_relatively(path)
    return rows * len(SGD)


FORWARD = (
    "=B{r}/$Y$1",
    "=LOG10(E{r}+1)",
    "=IF(F{r}=1,1,0)",
    "=IF(F{r}=2,1,0)",
    '=IF(G{r}="S",1,0)',
    '=IF(G{r}="C",1,0)',
    '=IF(H{r}="male",1,0)',
    "=SUMPRODUCT(C{r}:D{r},$Y$3:$Z$3)+SUMPRODUCT(I{r}:O{r},$AA$3:$AG$3)",
    "=SUMPRODUCT(C{r}:D{r},$Y$4:$Z$4)+SUMPRODUCT(I{r}:O{r},$AA$4:$AG$4)",
    "=MAX(0,P{r})",
    "=MAX(0,Q{r})",
    "=R{r}+S{r}",
    "=(T{r}-A{r})^2",
)


def forward_book(path: Path, rows: int = 712) -> int:
    """Write the forward pass of the Titanic model; return how many formulas it has."""
    from xlsgd.data.passengers import made_passengers

    raw = made_passengers(rows).raw
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "forward"
    names = ("Survived", "Age", "SibSp", "Parch", "Fare", "Pclass", "Embarked", "Sex")
    for column, name in enumerate(names, start=1):
        sheet.cell(5, column, name)
        for i, value in enumerate(raw[name]):
            sheet.cell(i + 6, column, value)
    last = rows + 5
    sheet["Y1"] = f"=MAX(B6:B{last})"
    sheet["Y2"] = f"=AVERAGE(U6:U{last})"
    for row in (3, 4):
        for column in range(25, 34):
            sheet.cell(row, column, ((column * row) % 7 - 3) / 10)
    for row in range(6, last + 1):
        for column, text in enumerate(FORWARD, start=9):
            sheet.cell(row, column, text.format(r=row))
    workbook.save(path)
    _name_parts_relatively(path)
    return rows * len(FORWARD) + 2


def _name_parts_relatively(path: Path) -> None:
    """Have parts named as Excel names them: ``worksheets/sheet1.xml``, not ``/xl/worksheets/…``.

    openpyxl writes the longer form, which is as right; IronCalc's reader knows the other one only.
    """
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            if name.endswith(".rels"):
                home = posixpath.dirname(posixpath.dirname(f"/{name}"))
                text = re.sub(
                    'Target="(/[^"]*)"',
                    lambda target, home=home: f'Target="{posixpath.relpath(target[1], home)}"',
                    content.decode(),
                )
                content = text.encode()
            package.writestr(name, content)


if __name__ == "__main__":
    kind, path, size = sys.argv[1:]
    print((sgd_book if kind == "sgd" else forward_book)(Path(path), int(size)))
