"""A formula as a tree, and the one way to write it: two texts that say the same become equal.

Spaces, upper and lower case, a leading plus, brackets that change nothing, ``POWER`` for ``^``,
``1E-05`` or ``10^-5`` for ``0.00001``, the operands of a sum or a product the other way round, the
sum or the average of the one cell that ``INDEX`` finds: none of these is another formula.  What
rounds differently is one, such as ``a+(b+h)`` and ``a+b+h``; whether two such formulas mean the
same all the same is asked of numbers, in xlsgd.checks.meaning.

Excel's rules of precedence: a sign binds tighter than ``^``, and ``^`` goes from left to right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from xlsgd.formula.r1c1 import Area, read_area, tokens

__all__ = [
    "COMPARISONS",
    "Leaf",
    "Node",
    "Reference",
    "nodes_of",
    "normal",
    "parse",
    "replaced",
    "sheet_name",
    "text_of",
]


class Reference(NamedTuple):
    """A cell or a range.  sheet: in lower case, None for the formula's own."""

    sheet: str | None
    area: Area


class Node(NamedTuple):
    """A part of a formula.

    kind: number, text, truth, error, nothing (an argument left out), reference, name, call,
        operator, ``sign`` for a minus before its only part, or ``percent``.
    value: the number, the text, the function's or operator's name, the Reference, or
        ``(sheet, name)`` for a defined name; what a Leaf gives may stand here as well.
    """

    kind: str
    value: object
    parts: tuple[Node, ...] = ()


Leaf = Callable[[Node], Node]
"""Says what stands for a reference or a name."""

COMPARISONS = frozenset(("=", "<>", "<", "<=", ">", ">="))

_RANKS = (COMPARISONS, frozenset("&"), frozenset("+-"), frozenset("*/"), frozenset("^"))
"""Operators with two operands, from the loosest to the tightest."""

_DEEPEST = 120
"""Levels of a tree; Excel nests 64 functions, and no formula of a lesson comes near."""

_REMEMBERED = 2**14

_ANY_ORDER = frozenset(("MAX", "MIN", "AND", "OR"))

_OF_ONE_CELL = frozenset(("SUM", "AVERAGE"))
"""Functions of ranges that give the number of a single cell as it is."""


class _Unreadable(Exception):
    """Not a formula that this parser knows."""


@lru_cache(_REMEMBERED)
def parse(formula: str) -> Node | None:
    """Return the tree of a formula as it is written, None where it cannot be read.

    Array formulas, unions and intersections of ranges, references to other files, and tables by
    name are not read: no formula of a lesson has any.
    """
    if not formula.startswith("="):
        return None
    try:
        tree = _Parser(formula[1:]).whole()
        return tree if _depth(tree) <= _DEEPEST else None
    except (_Unreadable, RecursionError):
        return None


def _depth(tree: Node) -> int:
    return 1 + max(map(_depth, tree.parts), default=0)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [
            (match.lastgroup if match["reference"] is None else "reference", match)
            for match in tokens(text)
            if match.lastgroup != "other" or not match[0].isspace()
        ]
        self._at = 0

    def whole(self) -> Node:
        tree = self._binary(0)
        if self._at < len(self._tokens):
            raise _Unreadable
        return tree

    def _next(self) -> str:
        """Return the character that comes next, "" for anything else."""
        if self._at == len(self._tokens):
            return ""
        match = self._tokens[self._at][1]
        return str(match[0]) if match["other"] is not None else ""

    def _take(self, character: str) -> bool:
        taken = self._next() == character
        self._at += taken
        return taken

    def _operator(self, rank: int) -> str | None:
        sign = self._next()
        if not sign:
            return None
        # "<=", ">=" and "<>" come as two characters.
        follows = ""
        if sign in "<>" and self._at + 1 < len(self._tokens):
            follows = str(self._tokens[self._at + 1][1]["other"] or "")
        both = sign + follows if sign + follows in COMPARISONS and follows else sign
        if both not in _RANKS[rank]:
            return None
        self._at += len(both)
        return both

    def _binary(self, rank: int) -> Node:
        if rank == len(_RANKS):
            return self._signed()
        left = self._binary(rank + 1)
        while (operator := self._operator(rank)) is not None:
            left = Node("operator", operator, (left, self._binary(rank + 1)))
        return left

    def _signed(self) -> Node:
        if self._take("+"):  # changes nothing, not even text
            return self._signed()
        if self._take("-"):
            return Node("sign", "-", (self._signed(),))
        found = self._operand()
        while self._take("%"):
            found = Node("percent", "%", (found,))
        return found

    def _operand(self) -> Node:
        if self._take("("):
            inside = self._binary(0)
            if not self._take(")"):
                raise _Unreadable
            return inside
        if self._at == len(self._tokens):
            raise _Unreadable
        match = self._tokens[self._at][1]
        self._at += 1
        text = match[0]
        if match["string"] is not None:
            return Node("text", text[1:-1].replace('""', '"'))
        if match["number"] is not None:
            # Programs that write 15 digits write the same number.
            return Node("number", float(f"{float(text):.15g}"))
        if match["reference"] is not None:
            area = read_area(match["area"])
            sheet = sheet_name(match["sheet"])
            if area is None or (sheet is not None and ":" in sheet):
                raise _Unreadable
            return Node("reference", Reference(sheet, area))
        if match["error"] is not None:
            return Node("error", match["code"].upper())
        if match["function"] is not None:
            return self._call(text[:-1].upper().removeprefix("_XLFN."))
        if match["name"] is not None:
            name = match["bare"].lower()
            if match["owner"] is None and name in ("true", "false"):
                return Node("truth", name == "true")
            return Node("name", (sheet_name(match["owner"]), name))
        if match["place"] is not None and match["seen"] is not None:
            area = read_area(match["seen"])
            if area is not None:
                seen = Node("reference", Reference(sheet_name(match["seen_sheet"]), area))
                return Node("call", match["which"].upper(), (seen,))
        raise _Unreadable

    def _call(self, name: str) -> Node:
        parts: list[Node] = []
        if not self._take(")"):
            while True:
                empty = self._next() in (",", ")")
                parts.append(Node("nothing", None) if empty else self._binary(0))
                if self._take(")"):
                    break
                if not self._take(","):
                    raise _Unreadable
        if name in ("TRUE", "FALSE") and not parts:
            return Node("truth", name == "TRUE")
        return Node("call", name, tuple(parts))


def sheet_name(prefix: str | None) -> str | None:
    """Return the name of a sheet from what stands before an address: ``'two neurons'!``."""
    if prefix is None:
        return None
    name = prefix[:-1]
    quoted = name.startswith("'")
    return (name[1:-1].replace("''", "'") if quoted else name).lower()


# The normal form


def normal(tree: Node, leaf: Leaf) -> Node:
    """Return the one way to write a tree.  leaf: says what its references and names stand for."""
    if tree.kind in ("reference", "name"):
        return leaf(tree)
    if not tree.parts:
        return tree
    parts = tuple(normal(part, leaf) for part in tree.parts)
    if tree.kind == "sign":
        return _negative(parts[0])
    if tree.kind == "percent":
        if parts[0].kind == "number":
            return Node("number", float(str(parts[0].value)) / 100)
        if parts[0].kind == "sign":
            return Node("sign", "-", (Node("percent", "%", parts[0].parts),))
    if tree.kind == "call":
        if tree.value == "POWER" and len(parts) == 2:
            return _power(*parts)
        if tree.value in _ANY_ORDER:
            parts = tuple(sorted(parts, key=repr))
        if tree.value in _OF_ONE_CELL and len(parts) == 1 and _finds_one_cell(parts[0]):
            return parts[0]
        return Node("call", tree.value, parts)
    if tree.kind != "operator":
        return Node(tree.kind, tree.value, parts)
    left, right = parts
    operator = str(tree.value)
    if operator == "^":
        return _power(left, right)
    if operator in COMPARISONS:
        return _comparison(operator, left, right)
    if operator in "+-":
        # a−b is a+(−b) to the last bit, and sums may be taken either way round.
        return _either("+", left, _negative(right) if operator == "-" else right)
    if operator in "*/":
        # A sign may be drawn out of a product or a quotient.
        signs = sum(part.kind == "sign" for part in parts)
        bare = [part.parts[0] if part.kind == "sign" else part for part in parts]
        found = _either("*", *bare) if operator == "*" else Node("operator", "/", tuple(bare))
        return Node("sign", "-", (found,)) if signs == 1 else found
    return Node("operator", operator, parts)


def _finds_one_cell(tree: Node) -> bool:
    """Return whether a tree is INDEX with places that are not 0, which stands for all of them."""
    return (
        (tree.kind, tree.value) == ("call", "INDEX")
        and len(tree.parts) > 1
        and not any(p.kind == "nothing" or p == Node("number", 0.0) for p in tree.parts[1:])
    )


def _power(base: Node, exponent: Node) -> Node:
    number = _power_of_ten(exponent) if base == Node("number", 10.0) else None
    return number or Node("operator", "^", (base, exponent))


def _power_of_ten(exponent: Node) -> Node | None:
    """Return the number that ten to a written power is, None where it is none."""
    sign, number = ("-", exponent.parts[0]) if exponent.kind == "sign" else ("", exponent)
    if number.kind != "number" or not 0 <= float(str(number.value)) <= 300:
        return None
    digits = f"{number.value:g}"
    return Node("number", float(f"1e{sign}{digits}")) if digits.isdecimal() else None


def _either(operator: str, left: Node, right: Node) -> Node:
    return Node("operator", operator, tuple(sorted((left, right), key=repr)))


def _negative(tree: Node) -> Node:
    """Return minus something."""
    if tree.kind == "sign" and _is_number(tree.parts[0]):
        return tree.parts[0]
    if tree.kind == "operator" and tree.value == "+":
        return _either("+", *(_negative(part) for part in tree.parts))
    return Node("sign", "-", (tree,))


def _is_number(tree: Node) -> bool:
    """Return whether something is a number for sure: two signs before text make a number of it."""
    return tree.kind == "number" or (tree.kind == "operator" and str(tree.value) in "+*/^")


def _comparison(operator: str, left: Node, right: Node) -> Node:
    # Excel compares words without their case.
    left, right = (
        Node("text", str(part.value).lower()) if part.kind == "text" else part
        for part in (left, right)
    )
    if operator in ("=", "<>"):
        return _either(operator, left, right)
    if operator.startswith(">"):
        return Node("operator", operator.replace(">", "<"), (right, left))
    return Node("operator", operator, (left, right))


# Looking at trees, and writing them


def nodes_of(tree: Node) -> Iterator[Node]:
    """Yield a tree and all its parts, a part after what it is a part of, left to right."""
    yield tree
    for part in tree.parts:
        yield from nodes_of(part)


def replaced(tree: Node, old: Node, new: Node) -> Node:
    """Return a tree with one of its parts, wherever it stands, replaced by another."""
    if tree == old:
        return new
    return Node(tree.kind, tree.value, tuple(replaced(part, old, new) for part in tree.parts))


def text_of(tree: Node, leaf: Callable[[Node], str]) -> str:
    """Return a tree as text without its ``=``.  leaf: writes references and names."""
    parts = [text_of(part, leaf) for part in tree.parts]
    if tree.kind in ("reference", "name"):
        return leaf(tree)
    if tree.kind == "number":
        return f"{tree.value:.17g}".replace("e+", "E+").replace("e-", "E-")
    if tree.kind == "text":
        return '"' + str(tree.value).replace('"', '""') + '"'
    if tree.kind == "truth":
        return "TRUE" if tree.value else "FALSE"
    if tree.kind == "error":
        return str(tree.value)
    if tree.kind == "call":
        return f"{tree.value}({','.join(parts)})"
    if tree.kind == "operator":
        return f"({parts[0]}{tree.value}{parts[1]})"
    if tree.kind == "sign":
        return f"(-{parts[0]})"
    if tree.kind == "percent":
        return f"({parts[0]}%)"
    return ""
