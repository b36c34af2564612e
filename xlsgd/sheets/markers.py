"""The words by which a tab is known again: in the field ``xlsgd`` of every tab but the first."""

from xlsgd.data.schema import PLAIN

__all__ = ["COMPARE", "DATA", "MARKER", "MATRIX", "MODEL", "RATES", "TRAINING"]

MARKER = "xlsgd"
"""The key of the field that says what a tab is."""

TRAINING = {"rows": "training tab, format 2", "blocks": "blocks tab, format 2"}
"""By the name of the layout."""
DATA = PLAIN
"""Of plain numbers; those of other data are in xlsgd.data.schemas."""
MODEL = "model tab, format 1"
MATRIX = "matrix tab, format 1"
COMPARE = "compare tab, format 2"
RATES = "rates tab, format 1"
"""A compare tab in which learning rates are typed in."""
