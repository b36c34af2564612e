"""Functions of ranges, written in Python."""

from __future__ import annotations

from xlsgd.engines.fast.kinds import ANY, MIXED, NUMBER, NUMBERS, TEXT, Unable, Written
from xlsgd.engines.fast.rules import Arguments, Table
from xlsgd.engines.fast.writer import Writer

__all__ = ["RANGE_RULES"]

RANGE_RULES = Table()


# NumPy adds in an order of its own, so plain sum() would differ in the last bits.
_OF_NUMBERS = {"MAX": "max", "MIN": "min", "SUM": "add_up", "AVERAGE": "mean"}


@RANGE_RULES.strict(*_OF_NUMBERS)
def _of_numbers(writer: Writer, name: str, arguments: Arguments) -> Written:
    numbers = ", ".join(writer.numbers(arguments))
    return writer.let_number(f"{_OF_NUMBERS[name]}([{numbers}])")


@RANGE_RULES.strict("SUMPRODUCT")
def _sumproduct(writer: Writer, name: str, arguments: Arguments) -> Written:
    ranges = [writer.numbers_range(argument) for argument in arguments]
    _check_sizes(writer, name, arguments)
    return writer.let_number(f"add_products([{', '.join(ranges)}])")


def _check_sizes(writer: Writer, name: str, ranges: Arguments) -> None:
    """Raise Unable unless some ranges are of one size."""
    sizes = {writer.size(argument) for argument in ranges}
    if len(sizes) != 1 or None in sizes:
        raise Unable(name)


@RANGE_RULES.strict("MMULT", takes=(2,))
def _product(writer: Writer, name: str, arguments: Arguments) -> Written:
    x, y = (writer.numbers_range(argument) for argument in arguments)
    left, right = (writer.size(argument) for argument in arguments)
    # A range that ends with the cells in use has another shape than the one written.
    if left is None or right is None or left.columns != right.rows:
        raise Unable(name)
    if (left.stride, right.stride) != (left.columns, right.columns):
        raise Unable(name)
    return writer.let(f"matrix_product({x}, {y}, {left.columns}, {right.columns})", NUMBERS)


# The next four are not strict: formulas leaves errors out, or looks for them.
@RANGE_RULES.lazy("COUNT")
def _count(writer: Writer, name: str, arguments: Arguments) -> Written:
    return writer.let(f"float(len([{', '.join(writer.numbers(arguments))}]))", NUMBER)


@RANGE_RULES.lazy("COUNTIF", takes=(2,))
@RANGE_RULES.lazy("COUNTIFS", takes=range(2, 255, 2))
def _countif(writer: Writer, name: str, arguments: Arguments) -> Written:
    ranges, criteria = arguments[::2], arguments[1::2]
    _check_sizes(writer, name, ranges)
    pairs = []
    for numbers, criterion in zip(ranges, criteria, strict=True):
        written = writer.value(criterion)
        if written.kind not in (NUMBER, TEXT):
            raise Unable(name)
        pairs.append(f"({writer.numbers_range(numbers)}, {written.text})")
    return writer.let(f"count_passing([{', '.join(pairs)}])", NUMBER)


@RANGE_RULES.lazy("SUMIF", "AVERAGEIF", takes=(2, 3))
def _sumif(writer: Writer, name: str, arguments: Arguments) -> Written:
    numbers, criterion = writer.numbers_range(arguments[0]), _criterion(writer, arguments[1])
    chosen_from = numbers
    if len(arguments) > 2:
        chosen_from = writer.value(arguments[2]).text
        _check_sizes(writer, name, arguments[::2])
    chosen = writer.let(f"chosen({numbers}, {criterion}, {chosen_from})", NUMBERS).text
    function = "add_up" if name == "SUMIF" else "mean"
    return writer.let_number(f"{function}({chosen})")


def _criterion(writer: Writer, argument: str) -> str:
    if writer.value(argument).kind != NUMBER:
        raise Unable("criterion")  # text such as ">0" has rules of its own
    return writer.number(argument)


@RANGE_RULES.strict("INDEX", takes=(2, 3))
def _index(writer: Writer, name: str, arguments: Arguments) -> Written:
    block, size = writer.value(arguments[0]), writer.size(arguments[0])
    if size is None:
        raise Unable(name)
    places = []
    for argument in arguments[1:]:
        if writer.value(argument).kind != NUMBER:
            raise Unable(name)
        places.append(writer.let(f"int({writer.number(argument)})", NUMBER).text)
    if len(places) == 1:
        if 1 not in (size.rows, size.columns):
            raise Unable(name)
        place = f"{places[0]} - 1"
        writer.line(f"if not 0 < {places[0]} <= len({block.text}): raise Doubt")
    else:
        row, column = places
        place = f"({row} - 1) * {size.stride} + {column} - 1"
        writer.line(f"if {row} < 1 or not 0 < {column} <= {size.stride}: raise Doubt")
    value = writer.let(f"{block.text}[{place}]", NUMBER if block.kind == NUMBERS else ANY)
    if value.kind == ANY:
        writer.line(f"if {value.text} is None: raise Doubt")
    return value


@RANGE_RULES.strict("MATCH", takes=(3,))
def _match(writer: Writer, name: str, arguments: Arguments) -> Written:
    sought, block, size = (
        writer.value(arguments[0]),
        writer.value(arguments[1]),
        writer.size(arguments[1]),
    )
    if (
        size is None
        or 1 not in (size.rows, size.columns)
        or writer.whole_constant(arguments[2]) != 0
    ):
        raise Unable(name)  # of a sorted range it is the last that fits
    if sought.kind == NUMBER and block.kind == NUMBERS:
        return writer.let(f"float({block.text}.index({sought.text}) + 1)", NUMBER)
    if sought.kind == TEXT and block.kind in (NUMBERS, MIXED):
        return writer.let(f"place_of({sought.text}, {block.text})", NUMBER)
    raise Unable(name)


@RANGE_RULES.lazy("ROWS", "COLUMNS", takes=(1,))
def _size(writer: Writer, name: str, arguments: Arguments) -> Written:
    size = writer.size(arguments[0])
    number = None if size is None else size.rows if name == "ROWS" else size.columns
    if number is None:
        raise Unable(name)
    return Written(repr(float(number)), NUMBER)
