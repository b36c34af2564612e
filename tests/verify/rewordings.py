"""Formulas changed at random, token by token: into mistakes, and into the same in other words.

openpyxl cuts the formulas into tokens; nothing of xlsgd's own reading of formulas is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from openpyxl.formula.tokenizer import Token, Tokenizer

__all__ = ["REWORDINGS", "mistakes", "named_cells"]

_CELL = re.compile(r"(.*!)?(\$?)([A-Z]{1,3})(\$?)([0-9]+)")
_RANGE = re.compile(r"(.*[A-Z])(\$?)([0-9]+):(\$?[A-Z]{1,3}\$?)([0-9]+)")


def _tokens(formula: str) -> list[Token]:
    return [t for t in Tokenizer(formula).items if t.type != Token.WSPACE]


def _text(values: list[str]) -> str:
    return "=" + "".join(values)


def _is_operand(token: Token, kind: str) -> bool:
    return bool(token.type == Token.OPERAND and token.subtype == kind)


# Mistakes


def mistakes(formula: str, in_column: bool) -> Iterator[tuple[str, str]]:
    """Yield a kind of mistake and the formula with it, for every place where it can be made.

    in_column: whether the formula is one of a column, where a lost ``$`` is a mistake.
    """
    tokens = _tokens(formula)
    values = [str(t.value) for t in tokens]

    def with_one(i: int, value: str) -> str:
        return _text([*values[:i], value, *values[i + 1 :]])

    yield "sign", f"=-({formula[1:]})"
    places = {str(t.value) for t in tokens if _is_operand(t, Token.RANGE) and ":" not in t.value}
    for i, token in enumerate(tokens):
        value = values[i]
        if token.type == Token.OP_IN:
            other = {"+": "-", "-": "+", "*": "/", "/": "*", ">": "<=", "<": ">=", "=": "<>"}
            other |= {">=": "<", "<=": ">", "<>": "="}
            if value in other:
                yield "operator", with_one(i, other[value])
            around = tokens[i - 1], tokens[i + 1]
            if value in "-/" and all(_is_operand(t, Token.RANGE) for t in around):
                even = "".join(values[i + 2 : i + 5]).startswith(")^2") or "ABS(" in values
                if around[0].value != around[1].value and not even:
                    swapped = [values[i + 1], value, values[i - 1]]
                    yield "swapped", _text([*values[: i - 1], *swapped, *values[i + 2 :]])
        elif token.type == Token.FUNC and token.subtype == Token.OPEN:
            other = {"MAX(": "MIN(", "MIN(": "MAX(", "SUM(": "MAX(", "COUNT(": "SUM("}
            other |= {"SQRT(": "ABS(", "AND(": "OR(", "AVERAGEIF(": "SUMIF(", "AVERAGE(": "SUM("}
            # Of a single cell sum, mean and greatest number are the same.
            of_one_cell = value in ("SUM(", "AVERAGE(") and values[i + 1] == "INDEX("
            if value in other and not of_one_cell:
                yield "function", with_one(i, other[value])
        elif _is_operand(token, Token.NUMBER):
            yield "constant", with_one(i, repr(float(value) * 1.5 + 1))
        elif _is_operand(token, Token.TEXT):
            yield "word", with_one(i, value[:-1] + 'x"')
        elif _is_operand(token, Token.RANGE):
            for kind, changed in _changed_places(value, in_column):
                yield kind, with_one(i, changed)
            # Where what is no number gives NA(), another error in its place is none either.
            if values[i - 1] == "ISNUMBER(" and "NA(" in values:
                continue
            # Another cell of the same formula is calculated before, and makes no circle.
            for other_place in sorted(places - {value}) if value in places else ():
                changed = with_one(i, other_place)
                # In the other order a product is the same.
                if sorted(str(t.value) for t in _tokens(changed)) != sorted(values):
                    yield "another cell", changed


def _changed_places(place: str, in_column: bool) -> Iterator[tuple[str, str]]:
    whole = _RANGE.fullmatch(place)
    if whole:
        head, mark, first, letters, last = whole.groups()
        if int(last) > int(first):
            yield "range shorter", f"{head}{mark}{first}:{letters}{int(last) - 1}"
            yield "range longer", f"{head}{mark}{first}:{letters}{int(last) + 1}"
            yield "range much longer", f"{head}{mark}{first}:{letters}{int(last) + 5000}"
            yield "range begins late", f"{head}{mark}{int(first) + 1}:{letters}{last}"
        return
    cell = _CELL.fullmatch(place)
    if cell is None:
        return
    sheet, left, letters, upper, row = cell[1] or "", *cell.groups()[1:]
    # In a table of steps what lies above is calculated before, and makes no circle.
    if in_column and not upper and not sheet and int(row) > 8:
        yield "row above", f"{letters}{int(row) - 1}"
    if in_column and left and upper:
        yield "$ lost", f"{sheet}{letters}{row}"
        yield "$ lost", f"{sheet}{letters}{upper}{row}"


# The same in other words

Rewording = Callable[[str, str], str]
"""From a formula and its tab's name."""


def _spaces(formula: str, tab: str) -> str:
    tokens = _tokens(formula)
    spaced = [
        f" {t.value} " if t.type in (Token.OP_IN, Token.SEP) else str(t.value) for t in tokens
    ]
    return "= " + "".join(spaced)


def _leading_plus(formula: str, tab: str) -> str:
    return f"=+{formula[1:]}"


def _lower_case(formula: str, tab: str) -> str:
    return _text(
        [
            str(t.value) if _is_operand(t, Token.TEXT) else str(t.value).lower()
            for t in _tokens(formula)
        ]
    )


def _own_tab(formula: str, tab: str) -> str:
    return _each_place(formula, lambda place: place if "!" in place else f"'{tab}'!{place}")


def _brackets(formula: str, tab: str) -> str:
    # Around every cell and number, and around the whole.
    values = [
        f"({t.value})"
        if _is_operand(t, Token.NUMBER) or (_is_operand(t, Token.RANGE) and ":" not in t.value)
        else str(t.value)
        for t in _tokens(formula)
    ]
    return f"=(({''.join(values)}))"


def _power(formula: str, tab: str) -> str:
    values = [str(t.value) for t in _tokens(formula)]
    while "^" in values:
        i = values.index("^")
        begin = i - 1
        if values[begin] == ")":
            depth = 0
            while True:
                depth += values[begin] == ")"
                depth -= values[begin].endswith("(")
                if depth == 0:
                    break
                begin -= 1
        end = i + 2 + (values[i + 1] == "-")
        base, exponent = "".join(values[begin:i]), "".join(values[i + 1 : end])
        if exponent.endswith("("):  # an exponent of several tokens stays as it is
            return formula
        values[begin:end] = [f"POWER({base},{exponent})"]
    return _text(values)


def _numbers(formula: str, tab: str) -> str:
    def written(number: str) -> str:
        value = Decimal(number)
        small = abs(value) < Decimal("1e-20") or abs(value) > Decimal("1e20")
        return (
            f"{value:.3e}".upper()
            if small
            else f"{value:f}" + ("0" if "." in f"{value:f}" else ".0")
        )

    return _text(
        [
            written(str(t.value)) if _is_operand(t, Token.NUMBER) else str(t.value)
            for t in _tokens(formula)
        ]
    )


def _factors_turned(formula: str, tab: str) -> str:
    tokens = _tokens(formula)
    values = [str(t.value) for t in tokens]
    for i in range(1, len(tokens) - 1):
        before = values[i - 2] if i > 1 else "+"
        after = values[i + 2] if i + 2 < len(values) else "+"
        cells = all(_is_operand(t, Token.RANGE) for t in (tokens[i - 1], tokens[i + 1]))
        if values[i] == "*" and cells and before not in "*/^" and after != "^":
            values[i - 1], values[i + 1] = values[i + 1], values[i - 1]
    return _text(values)


def _named(formula: str, tab: str) -> str:
    # The names are defined by who asks for this.
    names = {place: name for name, place in named_cells(formula).items()}
    return _each_place(formula, lambda place: names.get(place, place))


def named_cells(formula: str) -> dict[str, str]:
    """Return names for the fixed cells of its own tab that a formula looks at: ``here_b_4`` for
    ``$B$4``."""
    places = {str(t.value) for t in _tokens(formula) if _is_operand(t, Token.RANGE)}
    return {
        f"here{place.replace('$', '_').lower()}": place
        for place in sorted(places)
        if re.fullmatch(r"\$[A-Z]+\$[0-9]+", place)
    }


def _each_place(formula: str, change: Callable[[str], str]) -> str:
    return _text(
        [
            change(str(t.value)) if _is_operand(t, Token.RANGE) else str(t.value)
            for t in _tokens(formula)
        ]
    )


REWORDINGS: dict[str, Rewording] = {
    "spaces": _spaces,
    "a leading plus": _leading_plus,
    "lower case": _lower_case,
    "own tab in front": _own_tab,
    "brackets": _brackets,
    "POWER": _power,
    "numbers": _numbers,
    "factors turned": _factors_turned,
    "names": _named,
}
