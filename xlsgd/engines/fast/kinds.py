"""Kinds of operands, which decide how a formula is written in Python."""

from __future__ import annotations

from typing import NamedTuple

from xlsgd.base.cells import CellError, Scalar, Uncomputed
from xlsgd.engines.fast.expression import Block

__all__ = [
    "ANY",
    "EMPTY",
    "ERROR",
    "MIXED",
    "NUMBER",
    "NUMBERS",
    "TEXT",
    "TRUTH",
    "UNCOMPUTED",
    "Doubt",
    "Unable",
    "Written",
    "kind_of",
]

NUMBER = "n"
TEXT = "s"
TRUTH = "b"
ERROR = "e"
EMPTY = "0"
ANY = "?"  # a number, text, truth value or error: known when calculating, not before
NUMBERS = "N"  # a range that holds nothing but numbers
MIXED = "M"  # any other range
UNCOMPUTED = "u"  # a cell given up, or a range with such a cell in it

_KIND_OF = {
    float: NUMBER,
    str: TEXT,
    bool: TRUTH,
    CellError: ERROR,
    type(None): EMPTY,
    Uncomputed: UNCOMPUTED,
}


class Doubt(Exception):
    """Raised while calculating a cell: this one is for formulas itself."""


class Unable(Exception):
    """Raised while writing a formula: it has no form in Python for these kinds of operands."""


class Written(NamedTuple):
    """A value in generated code.

    text: the name or literal that stands for it.
    """

    text: str
    kind: str


def kind_of(value: Scalar | Uncomputed | Block) -> str:
    """Return the kind of an operand."""
    return value.kind if isinstance(value, Block) else _KIND_OF[type(value)]
