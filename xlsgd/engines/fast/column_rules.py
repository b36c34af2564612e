"""How formulas are written for a whole column at once, with NumPy; see rules.py for what a rule is.

What stands for a cell there stands for a column of cells here: an array of numbers or of truth
values, a list of texts, or one value that is the same in all rows.  NumPy gives the bits that
Python gives, for both add, multiply and divide by the same standard (IEEE 754); powers, for which
it has a way of its own, Python calculates one by one.  An infinite number in any row, or whatever
else is in doubt, means that the rows are to be calculated row by row.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

from xlsgd.engines.fast.kinds import (
    EMPTY,
    ERROR,
    NUMBER,
    NUMBERS,
    TEXT,
    TRUTH,
    Unable,
    Written,
)
from xlsgd.engines.fast.range_rules import (
    MOST_WRITTEN_OUT,
    products_written_out,
    sum_written_out,
)
from xlsgd.engines.fast.rules import COMPARE, FROM_NUMPY, RULES, Arguments, Rule, rule

if TYPE_CHECKING:
    from xlsgd.engines.fast.writer import Writer

__all__ = ["COLUMN_RULES"]

_WRITTEN_ALIKE = ("+", "-", "*", "/", "%", "U-", "U+", "ABS", "IFERROR", "PI")

COLUMN_RULES: dict[str, Rule] = {name: RULES[name] for name in _WRITTEN_ALIKE}
"""Like RULES.  What is not here has no form for a whole column."""

_column_rule = partial(rule, table=COLUMN_RULES)


@_column_rule("^", takes=(2,))
def _power(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.number(argument) for argument in arguments)
    return writer.let(f"powers({x}, {y})", NUMBER)


@_column_rule(*COMPARE, takes=(2,))
def _comparison(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.known(argument) for argument in arguments)
    if x.kind == y.kind == NUMBER:
        return writer.let(f"{x.text} {COMPARE[name]} {y.text}", TRUTH)
    literal = tuple("'\"")
    if x.kind != TEXT or y.kind != TEXT or x.text.startswith(literal):
        raise Unable(name)
    if not y.text.startswith(literal):
        raise Unable(name)  # texts are compared with one that is written in the formula
    return writer.let(f"passing({x.text}, {name!r}, {y.text})", TRUTH)


@_column_rule("IF", takes=(3,))
def _if(writer: Writer, name: str, arguments: Arguments) -> Written:
    condition = writer.condition(arguments[0])
    branches = [writer.value(argument) for argument in arguments[1:]]
    yes, no = (Written("0.0", NUMBER) if x.kind == EMPTY else x for x in branches)
    if yes.kind != no.kind or yes.kind not in (NUMBER, TRUTH):
        raise Unable(name)
    text = f"where({condition}, {yes.text}, {no.text})"
    return writer.let(text, yes.kind, sure=yes.sure and no.sure)


@_column_rule("AND", "OR")
def _all_or_any(writer: Writer, name: str, arguments: Arguments) -> Written:
    if any(writer.value(argument).kind == EMPTY for argument in arguments):
        raise Unable(name)  # formulas leaves it out
    conditions = [f"({writer.condition(argument)})" for argument in arguments]
    function = f"logical_{name.lower()}"
    return writer.let(reduce(lambda x, y: f"{function}({x}, {y})", conditions), TRUTH)


@_column_rule("NOT", takes=(1,))
def _not(writer: Writer, name: str, arguments: Arguments) -> Written:
    return writer.let(f"logical_not({writer.condition(arguments[0])})", TRUTH)


@_column_rule("ISNUMBER", "ISERROR", "ISBLANK", takes=(1,))
def _is(writer: Writer, name: str, arguments: Arguments) -> Written:
    kind = writer.known(arguments[0]).kind
    if kind not in (NUMBER, TRUTH):
        raise Unable(name)
    wanted = {"ISNUMBER": NUMBER, "ISERROR": ERROR, "ISBLANK": EMPTY}[name]
    return Written(str(kind == wanted), TRUTH)


@_column_rule(*FROM_NUMPY, takes=(1,))
def _from_numpy(writer: Writer, name: str, arguments: Arguments) -> Written:
    return writer.let(f"{FROM_NUMPY[name]}({writer.number(arguments[0])})", NUMBER, sure=False)


@_column_rule("SQRT", takes=(1,))
def _sqrt(writer: Writer, name: str, arguments: Arguments) -> Written:
    return writer.let(f"sqrt({writer.number(arguments[0])})", NUMBER, sure=False)


@_column_rule("INT", takes=(1,))
def _int(writer: Writer, name: str, arguments: Arguments) -> Written:
    x = writer.number(arguments[0])
    writer.line(f"if any_of(abs({x}) > 1e15): raise Doubt")  # formulas calls them #VALUE!
    return writer.let(f"floor({x}) + 0.0", NUMBER)  # not -0.0


@_column_rule("MOD", takes=(2,))
def _mod(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.number(argument) for argument in arguments)
    return writer.let(f"{x} % {y}", NUMBER, sure=False)


# --- functions of several numbers, which may stand beside each other in a row --------------------


def _items(writer: Writer, arguments: Arguments) -> list[str]:
    """Return what stands for all the numbers, those of ranges too, one by one."""
    items = []
    for argument in arguments:
        written = writer.known(argument)
        if written.kind == NUMBER:
            items.append(written.text)
            continue
        size = writer.size(argument)
        if written.kind != NUMBERS or size is None or size.rows != 1 or size.stride != size.columns:
            raise Unable("of more than a row")
        if size.columns > MOST_WRITTEN_OUT or not writer.is_operand(argument):
            raise Unable("too long")
        items += writer.elements(written.text, size.columns)
    if len(items) > MOST_WRITTEN_OUT:
        raise Unable("too long")
    return items


@_column_rule("MAX", "MIN")
def _extreme(writer: Writer, name: str, arguments: Arguments) -> Written:
    first, *others = _items(writer, arguments)
    sign = ">" if name == "MAX" else "<"
    for other in others:  # as max() and min() do it: the first one of equals
        first = writer.let(f"where({other} {sign} {first}, {other}, {first})", NUMBER).text
    return Written(first, NUMBER)


@_column_rule("SUM", "AVERAGE")
def _sum(writer: Writer, name: str, arguments: Arguments) -> Written:
    items = _items(writer, arguments)
    total = writer.let(sum_written_out(items), NUMBER, sure=False)
    if name == "SUM":
        return total
    return writer.let(f"{total.text} / {float(len(items))}", NUMBER, sure=False)


@_column_rule("SUMPRODUCT")
def _sumproduct(writer: Writer, name: str, arguments: Arguments) -> Written:
    products = products_written_out(writer, arguments)
    if products is None:
        raise Unable(name)
    return writer.let(sum_written_out(products), NUMBER, sure=False)
