"""The words by which a tab is known again: in the field ``xlsgd`` of every tab but the first."""

__all__ = ["COMPARE", "DATA", "MARKER", "TRAINING"]

MARKER = "xlsgd"
"""The key of the field that says what a tab is."""

TRAINING = "training tab, format 1"
DATA = "data tab, format 1"
COMPARE = "compare tab, format 1"
