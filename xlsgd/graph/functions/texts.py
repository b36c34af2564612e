"""Functions of texts."""

from __future__ import annotations

import re
from collections.abc import Callable

from xlsgd.base.cells import CellError
from xlsgd.graph.named import of_cells, takes_arrays
from xlsgd.graph.values import (
    Array,
    Erroneous,
    NotKnown,
    Value,
    as_block,
    is_number,
    number,
    same_in_all,
    text_of,
)

__all__: list[str] = []


@takes_arrays("CONCATENATE", "CONCAT")
def _concat(samples: int, *values: Value) -> Value:
    return "".join(text_of(each) for value in values for each in as_block(value).each())


@takes_arrays("TEXTJOIN")
def _textjoin(samples: int, between: Value, skip_empty: Value, *values: Value) -> Value:
    texts = [text_of(each) for value in values for each in as_block(value).each()]
    return text_of(between).join(text for text in texts if text or not skip_empty)


def _of_one(name: str, function: Callable[[str], Value]) -> None:
    @of_cells(name)
    def called(samples: int, value: Value) -> Value:
        if isinstance(value, Array):
            return Array([[function(text_of(x)) for x in row] for row in value.rows])
        return function(text_of(value))


_of_one("LEN", lambda text: float(len(text)))
_of_one("UPPER", str.upper)
_of_one("LOWER", str.lower)
_of_one("TRIM", lambda text: re.sub(" +", " ", text.strip(" ")))
_of_one("PROPER", str.title)


def _count(value: Value, samples: int, least: int = 0) -> int:
    found = int(same_in_all(value, samples))
    if found < least:
        raise Erroneous("#VALUE!", "a number of characters is too small")
    return found


@of_cells("LEFT")
def _left(samples: int, value: Value, count: Value = 1.0) -> Value:
    return text_of(value)[: _count(count, samples)]


@of_cells("RIGHT")
def _right(samples: int, value: Value, count: Value = 1.0) -> Value:
    text = text_of(value)
    return text[max(0, len(text) - _count(count, samples)) :]


@of_cells("MID")
def _mid(samples: int, value: Value, start: Value, count: Value) -> Value:
    first = _count(start, samples, 1) - 1
    return text_of(value)[first : first + _count(count, samples)]


def _found(text: str, sought: str, start: int) -> float:
    place = text.find(sought, start - 1)
    if start < 1 or place < 0:
        raise Erroneous("#VALUE!", "a text is not found in another")
    return float(place + 1)


@of_cells("FIND")
def _find(samples: int, sought: Value, value: Value, start: Value = 1.0) -> Value:
    return _found(text_of(value), text_of(sought), _count(start, samples))


@of_cells("SEARCH")
def _search(samples: int, sought: Value, value: Value, start: Value = 1.0) -> Value:
    if re.search("[*?~]", text_of(sought)):
        raise NotKnown("SEARCH with wildcards is not known here")
    return _found(text_of(value).lower(), text_of(sought).lower(), _count(start, samples))


@of_cells("SUBSTITUTE")
def _substitute(samples: int, value: Value, old: Value, new: Value, which: Value = None) -> Value:
    text, sought, instead = text_of(value), text_of(old), text_of(new)
    if not sought:
        return text
    if which is None:
        return text.replace(sought, instead)
    pieces = text.split(sought)
    n = _count(which, samples, 1)
    if n >= len(pieces):
        return text
    return sought.join(pieces[:n]) + instead + sought.join(pieces[n:])


@of_cells("REPT")
def _rept(samples: int, value: Value, count: Value) -> Value:
    return text_of(value) * _count(count, samples)


@of_cells("EXACT")
def _exact(samples: int, a: Value, b: Value) -> Value:
    return text_of(a) == text_of(b)


@of_cells("CHAR", "UNICHAR")
def _char(samples: int, value: Value) -> Value:
    return chr(_count(value, samples, 1))


@of_cells("CODE", "UNICODE")
def _code(samples: int, value: Value) -> Value:
    text = text_of(value)
    if not text:
        raise Erroneous("#VALUE!", "an empty text has no character")
    return float(ord(text[0]))


@of_cells("T")
def _t(samples: int, value: Value) -> Value:
    return value if isinstance(value, (str, CellError)) else ""


@of_cells("TEXT")
def _text(samples: int, value: Value, form: Value) -> Value:
    """Formats of digits alone, such as 0.00, #,##0.0 and 0.0E+00, and percent."""
    if isinstance(value, str) or not (is_number(value) or value is None):
        return text_of(value)
    written = text_of(form)
    match = re.fullmatch(r"(#,##)?[#0]*(?:\.(0+))?(E\+0+)?(%)?", written)
    if written.lower() == "general":
        return text_of(number(value, samples))
    if match is None or not written:
        raise NotKnown(f"the format '{written[:30]}' is not known here")
    found = same_in_all(value, samples) * (100 if match[4] else 1)
    digits = len(match[2] or "")
    if match[3]:
        mantissa, exponent = f"{found:.{digits}E}".split("E")
        return f"{mantissa}E{exponent[0]}{exponent[1:].lstrip('0').zfill(len(match[3]) - 2)}"
    return f"{found:{',' if match[1] else ''}.{digits}f}{match[4] or ''}"
