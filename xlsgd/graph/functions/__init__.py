"""The functions of spreadsheets that are met where nets are trained, in torch.

Source: the documentation of the functions in Excel; where torch has another notion (a variance, a
rounding), the sheet's is kept.
"""

from xlsgd.graph.functions import (  # noqa: F401
    blocks,
    conditions,
    dates,
    lookup,
    many,
    numbers,
    statistics,
    texts,
)
from xlsgd.graph.named import ARRAYS, FUNCTIONS, RANGES

__all__ = ["ARRAYS", "FUNCTIONS", "RANGES"]
