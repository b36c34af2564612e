"""A sheet that trains a line on points, a row of data a step, as learners write it."""

from __future__ import annotations

from typing import Any


def training(rows: int = 30) -> dict[str, Any]:
    """Return the cells of a tab.

    A, B: data.   C, D: weights, new ones from H and I above.   E: prediction.   F: loss.   G: twice
    the error.   H, I: weights after the step.   J: slope of C by a difference.   M1: rate, M2: h.
    K: loss of the whole table at the weights of the row.   N: the losses from the start to the row.
    """
    cells: dict[str, Any] = {"M1": 0.02, "M2": 0.05, "C2": 0.5, "D2": -0.3}
    for row in range(2, rows + 2):
        x = ((row * 37) % 11 - 5) / 4
        cells |= {f"A{row}": x, f"B{row}": 2 * x + 1 + ((row * 53) % 7 - 3) / 10}
        if row > 2:
            cells |= {f"C{row}": f"=H{row - 1}", f"D{row}": f"=I{row - 1}"}
        cells |= {
            f"E{row}": f"=1/(1+EXP(-(C{row}*A{row}+D{row})))",
            f"F{row}": f"=(E{row}-B{row})^2",
            f"G{row}": f"=2*(E{row}-B{row})*E{row}*(1-E{row})",
            f"H{row}": f"=C{row}-$M$1*G{row}*A{row}",
            f"I{row}": f"=D{row}-$M$1*G{row}",
            f"J{row}": f"=((1/(1+EXP(-((C{row}+$M$2)*A{row}+D{row})))-B{row})^2-F{row})/$M$2",
            f"K{row}": f"=SUMPRODUCT((C{row}*$A$2:$A${rows + 1}-$B$2:$B${rows + 1})^2)",
            f"N{row}": f"=SUM(F$2:F{row})",
        }
    last = rows + 1
    cells |= {
        "M3": f"=SUM(F2:F{last})+AVERAGE(K2:K{last})*M1",
        "M4": f"=SUMPRODUCT(F2:F{last},J2:J{last})",
        "M5": f"=MAX(K2:K{last})-MIN(F2:F{last})+H{last}",
    }
    return cells
