"""The words by which a tab is known again: in the field ``xlsgd`` of every tab but the first."""

__all__ = ["COMPARE", "MARKER", "MATRIX", "MODEL", "RATES"]

MARKER = "xlsgd"
"""The key of the field that says what a tab is."""

MODEL = "model tab, format 1"
MATRIX = "matrix tab, format 1"
COMPARE = "compare tab, format 2"
RATES = "rates tab, format 1"
"""A compare tab in which learning rates are typed in."""
