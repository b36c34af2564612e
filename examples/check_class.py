"""Write a workbook for every student, check all of them when they come back, say who is right.

The class is made up, and so is what they hand in: Ada changed what she was asked to change, Ben
typed a number over a formula, Cleo copied a formula from the wrong row. FOLDER is "class" in the
current folder by default; workbooks of the same names in it are replaced.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from openpyxl import load_workbook

import xlsgd

STUDENTS = ("ada", "ben", "cleo")


def hand_out(folder: Path) -> dict[str, Path]:
    """Write a workbook for every student: the same task, other points."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        student: xlsgd.generate(
            "graddesc",
            folder / f"{student}.xlsx",
            data=xlsgd.made_data(points=12, noise=4.0, seed=seed),
            optimizers=["sgd"],
            epochs=3,
            force=True,
        )
        for seed, student in enumerate(STUDENTS, 1)
    }


def do_homework(papers: Mapping[str, Path]) -> None:
    """Do what the students do in a spreadsheet program.

    openpyxl saves formulas without values and without charts. A spreadsheet program keeps both.
    """
    edits = {
        "ada": {"F4": 0.0002},  # another learning rate: that was the task
        "ben": {"H20": 100.0},  # a number over the prediction's formula
        "cleo": {"L23": "=F22-$F$4*J23"},  # the new weight, from the weight of the row above
    }
    for student, cells in edits.items():
        book = load_workbook(papers[student])
        for cell, content in cells.items():
            book["sgd"][cell] = content
        book.save(papers[student])


def mark(papers: Mapping[str, Path]) -> pd.DataFrame:
    """Return a table with one row per student."""
    rows = []
    for student, paper in papers.items():
        try:
            report = xlsgd.verify(paper)
        except xlsgd.XlsgdError as error:  # not a workbook, a word where a number belongs, …
            rows.append({"student": student, "right": "no", "what": str(error)})
            continue
        wrong = report.first_difference
        verdicts = [sheet.verdict.sheet for sheet in report.sheets if sheet.verdict]
        rows.append(
            {
                "student": student,
                "right": "yes" if report.ok else "no",
                "cells": report.cells_compared,
                "first wrong cell": f"{wrong.sheet}!{wrong.cell}" if wrong else "",
                "quantity": wrong.quantity if wrong else "",
                "verdict": ", ".join(verdicts),
                "what": wrong.reason if wrong else "",
            }
        )
    return pd.DataFrame(rows).fillna("")


def main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # there are terminals that know few letters
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("class"), metavar="FOLDER")
    papers = hand_out(parser.parse_args().folder)
    do_homework(papers)
    table = mark(papers)
    print(table.to_string(index=False))
    print(f"\n{(table.right == 'yes').sum()} of {len(table)} are right")


if __name__ == "__main__":
    main()
