"""Operators, and functions of single values, written in Python."""

from __future__ import annotations

import math

from xlsgd.engines.fast.kinds import (
    ANY,
    EMPTY,
    ERROR,
    MIXED,
    NUMBER,
    NUMBERS,
    TEXT,
    TRUTH,
    Unable,
    Written,
)
from xlsgd.engines.fast.rules import Arguments, Table
from xlsgd.engines.fast.text_limits import LONGEST_TEXT
from xlsgd.engines.fast.writer import Writer

__all__ = ["FROM_NUMPY", "SCALAR_RULES"]

SCALAR_RULES = Table()

# --- numbers to numbers ------------------------------------------------------------------------

# Those that formulas takes from NumPy, whose results need not be those of Python's math.
FROM_NUMPY = {
    "ACOS": "arccos",
    "ASIN": "arcsin",
    "ATAN": "arctan",
    "ATANH": "arctanh",
    "COS": "cos",
    "COSH": "cosh",
    "EXP": "exp",
    "LN": "log",
    "LOG10": "log10",
    "SIGN": "sign",
    "SIN": "sin",
    "SINH": "sinh",
    "TAN": "tan",
    "TANH": "tanh",
}

_WRITTEN_ALIKE = {
    "+": "{} + {}",
    "-": "{} - {}",
    "*": "{} * {}",
    "/": "{} / {}",
    "U-": "-{}",
    "%": "{} / 100.0",
    "ABS": "abs({})",
    "MOD": "{} % {}",  # Python's and NumPy's both take the divisor's sign
    "SQRT": "sqrt({})",  # rounded right everywhere
    **{name: f"float({function}({{}}))" for name, function in FROM_NUMPY.items()},
}


@SCALAR_RULES.strict(*_WRITTEN_ALIKE)
def _alike(writer: Writer, name: str, arguments: Arguments) -> Written:
    text = _WRITTEN_ALIKE[name]
    if len(arguments) != text.count("{}"):
        raise Unable(name)
    return writer.let_number(text.format(*map(writer.number, arguments)))


@SCALAR_RULES.strict("^", takes=(2,))
def _power(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.number(argument) for argument in arguments)
    power = writer.let(f"{x} ** {y}", NUMBER)  # an overflow raises OverflowError
    if writer.whole_constant(arguments[1]) is None:  # (-8.0) ** (1/3) is complex
        writer.line(f"if {power.text}.__class__ is not float: raise Doubt")
    return power


@SCALAR_RULES.strict("POWER", takes=(2,))
def _power_function(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.number(argument) for argument in arguments)
    writer.line(f"if {x} == 0.0: raise Doubt")  # formulas has rules of its own for it
    return writer.let_number(f"float(power({x}, {y}))")


@SCALAR_RULES.strict("INT", takes=(1,))
def _int(writer: Writer, name: str, arguments: Arguments) -> Written:
    x = writer.number(arguments[0])
    writer.line(f"if abs({x}) > 1e15: raise Doubt")  # formulas calls integers that long #VALUE!
    return writer.let(f"float(floor({x}))", NUMBER)


@SCALAR_RULES.strict("ROUND", "ROUNDUP", "ROUNDDOWN", takes=(2,))
def _round(writer: Writer, name: str, arguments: Arguments) -> Written:
    digits = writer.whole_constant(arguments[1])
    if digits is None or abs(digits) > 15:
        raise Unable(name)
    x, scale = writer.number(arguments[0]), repr(10**digits)
    whole = {"ROUND": "half_up", "ROUNDUP": "ceil", "ROUNDDOWN": "floor"}[name]
    size = writer.let(f"{whole}(abs({x} * {scale})) / {scale}", NUMBER).text
    return writer.let(f"-{size} if {x} < 0.0 else {size}", NUMBER)


@SCALAR_RULES.strict("PI", takes=(0,))
def _pi(writer: Writer, name: str, arguments: Arguments) -> Written:
    return Written(repr(math.pi), NUMBER)


# --- comparisons and text ----------------------------------------------------------------------


@SCALAR_RULES.strict("U+", takes=(1,))
def _plus(writer: Writer, name: str, arguments: Arguments) -> Written:
    value = writer.value(arguments[0])  # of any kind: +"abc" is "abc"
    if value.kind in (NUMBERS, MIXED):
        raise Unable(name)
    return Written("0.0", NUMBER) if value.kind == EMPTY else value


_COMPARE = {"=": "==", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_RANK = {NUMBER: 0, TEXT: 1, TRUTH: 2}  # any number < any text < any truth value


@SCALAR_RULES.strict(*_COMPARE, takes=(2,))
def _comparison(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.value(argument) for argument in arguments)
    if x.kind == EMPTY and y.kind in (NUMBER, TEXT):
        x = Written("0.0", NUMBER) if y.kind == NUMBER else Written("''", TEXT)
    if y.kind == EMPTY and x.kind in (NUMBER, TEXT):
        y = Written("0.0", NUMBER) if x.kind == NUMBER else Written("''", TEXT)
    if x.kind not in _RANK or y.kind not in _RANK:
        raise Unable(name)
    compare = _COMPARE[name]
    if x.kind != y.kind:
        return writer.let(f"{_RANK[x.kind]} {compare} {_RANK[y.kind]}", TRUTH)
    if x.kind == TEXT:
        return writer.let(f"{x.text}.upper() {compare} {y.text}.upper()", TRUTH)
    return writer.let(f"{x.text} {compare} {y.text}", TRUTH)


@SCALAR_RULES.strict("&", takes=(2,))
def _joined(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.joinable(argument) for argument in arguments)
    text = writer.let(f"{x} + {y}", TEXT)
    writer.line(f"if len({text.text}) > {LONGEST_TEXT}: raise Doubt")
    return text


@SCALAR_RULES.strict("MID", takes=(3,))
def _mid(writer: Writer, name: str, arguments: Arguments) -> Written:
    text = writer.value(arguments[0])
    begin, count = (writer.whole_constant(argument) for argument in arguments[1:])
    if text.kind != TEXT or begin is None or count is None or begin < 1 or count < 0:
        raise Unable(name)
    return writer.let(f"{text.text}[{begin - 1}:{begin - 1 + count}]", TEXT)


# --- choice and truth --------------------------------------------------------------------------


@SCALAR_RULES.lazy("IF", takes=(2, 3))
def _if(writer: Writer, name: str, arguments: Arguments) -> Written:
    error = writer.first_error(arguments[:1])  # errors in the branches are values like others
    if error is not None:
        return error
    condition = writer.condition(arguments[0])
    result = writer.new_name()
    kinds = set()
    for branch, header in ((1, f"if {condition}:"), (2, "else:")):
        with writer.block(header):
            value = writer.value(arguments[branch]) if branch < len(arguments) else _FALSE
            if value.kind in (NUMBERS, MIXED):
                raise Unable(name)
            if value.kind == EMPTY:
                value = Written("0.0", NUMBER)
            writer.line(f"{result} = {value.text}")
            kinds.add(value.kind)
    return Written(result, kinds.pop() if len(kinds) == 1 else ANY)


_FALSE = Written("False", TRUTH)


@SCALAR_RULES.lazy("IFERROR", takes=(2,))
def _iferror(writer: Writer, name: str, arguments: Arguments) -> Written:
    value = writer.value(arguments[0])
    if value.kind in (ANY, NUMBERS, MIXED):
        raise Unable(name)
    chosen = writer.value(arguments[1]) if value.kind == ERROR else value
    if chosen.kind in (NUMBERS, MIXED):
        raise Unable(name)
    return Written("0.0", NUMBER) if chosen.kind == EMPTY else chosen


@SCALAR_RULES.strict("AND", "OR")
def _all_or_any(writer: Writer, name: str, arguments: Arguments) -> Written:
    if any(writer.value(argument).kind == EMPTY for argument in arguments):
        raise Unable(name)  # formulas leaves it out
    conditions = [writer.condition(argument) for argument in arguments]
    return writer.let(f" {name.lower()} ".join(f"({c})" for c in conditions), TRUTH)


@SCALAR_RULES.strict("NOT", takes=(1,))
def _not(writer: Writer, name: str, arguments: Arguments) -> Written:
    return writer.let(f"not ({writer.condition(arguments[0])})", TRUTH)


@SCALAR_RULES.lazy("ISNUMBER", "ISERROR", "ISBLANK", takes=(1,))
def _is(writer: Writer, name: str, arguments: Arguments) -> Written:
    value = writer.value(arguments[0])
    if value.kind == TEXT and name == "ISNUMBER":
        return writer.let(f"reads_as_number({value.text})", TRUTH)  # formulas: "12" is a number
    if value.kind in (ANY, NUMBERS, MIXED):
        raise Unable(name)
    wanted = {"ISNUMBER": NUMBER, "ISERROR": ERROR, "ISBLANK": EMPTY}[name]
    return Written(str(value.kind == wanted), TRUTH)


@SCALAR_RULES.strict("NA", takes=(0,))
def _not_available(writer: Writer, name: str, arguments: Arguments) -> Written:
    return Written("NOT_AVAILABLE", ERROR)
