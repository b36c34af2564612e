"""Try one learning rate after the other and print how each run goes.

Every line of the table is a workbook that was written, recalculated and checked against PyTorch.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import xlsgd

RATES = (0.00001, 0.0001, 0.0003, 0.0004, 0.0005)


def try_rates(lesson: str, optimizer: str, rates: Sequence[float]) -> pd.DataFrame:
    """Return a table with one row per learning rate and training tab."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for rate in rates:
            path = Path(folder, f"{rate}.xlsx")
            xlsgd.generate(lesson, path, optimizers=[optimizer], learning_rate=rate)
            report = xlsgd.verify(path)
            # The comparison as a table: here the mean loss of every epoch, as the sheet has it.
            cells = report.frame()
            losses = cells[(cells.quantity == "mean_loss") & (cells.check == "step")]
            for sheet in report.sheets:
                if sheet.verdict is None:
                    continue
                own = losses[losses.sheet == sheet.name].sheet_value
                rows.append(
                    {
                        "learning_rate": f"{rate:g}",
                        "tab": sheet.name,
                        "first epoch": f"{own.iloc[0]:.4g}",
                        "last epoch": f"{own.iloc[-1]:.4g}",
                        "verdict": sheet.verdict.sheet,
                        "torch": "agrees" if sheet.ok else "DIFFERS",
                    }
                )
    return pd.DataFrame(rows)


def main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # there are terminals that know few letters
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lesson", nargs="?", default="graddesc", metavar="LESSON")
    parser.add_argument("optimizer", nargs="?", default="sgd", metavar="OPTIMIZER")
    parser.add_argument("rates", nargs="*", type=float, metavar="RATE")
    given = parser.parse_args()
    try:
        table = try_rates(given.lesson, given.optimizer, given.rates or RATES)
    except xlsgd.XlsgdError as error:
        parser.error(str(error))
    print("Mean loss of the first and the last epoch, by learning rate")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
