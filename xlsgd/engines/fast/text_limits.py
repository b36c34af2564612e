"""The longest text that a cell can hold, kept by formulas' functions too.

A spreadsheet program answers ``=REPT(REPT("x",32767),32767)`` with ``#VALUE!``; formulas makes the
gigabyte.  Nothing can interrupt Python in that, so the length is worked out before the text is
made, and functions that do so stand in for those of formulas while it parses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from xlsgd.formula.r1c1 import Refused

__all__ = ["LONGEST_TEXT", "MOST_TEXT", "Texts"]

LONGEST_TEXT = 32_767
"""Characters in a cell; Excel, LibreOffice and Gnumeric agree."""

MOST_TEXT = 50_000_000
"""Characters that all elements of the arrays in one formula may have together."""


class Texts:
    """Stand-ins for the functions of formulas that make text out of text.

    functions, operators: formulas' own tables, by name.
    """

    def __init__(self, functions: dict[str, Any], operators: dict[str, Any]) -> None:
        from formulas.functions import Error, flatten, is_not_empty, replace_empty, wrap_ufunc
        from formulas.functions import wrap_func as wrap
        from formulas.functions.text import _str as text_of

        self._tables = functions, operators
        self._too_long = Error.errors["#VALUE!"]
        self._made = self._depth = 0

        def as_given(*arguments: Any) -> Any:
            return arguments

        def empty_as_text(*arguments: Any) -> Any:
            return [replace_empty(argument, "") for argument in arguments]

        def by_element(function: Any, length: Callable[..., int], **how: Any) -> Any:
            how = {"input_parser": as_given, "args_parser": empty_as_text, **how}
            return wrap_ufunc(self._limited(function, length), **how)

        def joined_length(parts: Any, between: int = 0) -> int:
            length = 0
            for part in parts:
                length += len(text_of(part)) + between
                if length > LONGEST_TEXT + between:
                    break
            return length - between

        def concat_length(*parts: Any) -> int:
            return joined_length(flatten(parts, is_not_empty))

        def textjoin_length(delimiter: Any, ignore_empty: Any, *parts: Any) -> int:
            between = len(text_of(next(flatten(delimiter, None))))
            if ignore_empty:
                return joined_length(flatten(parts, is_not_empty), between)
            return joined_length((replace_empty(v, "") for v in flatten(parts, None)), between)

        def raw(name: str) -> Any:
            """Return formulas' function for single values, below what it is wrapped in."""
            function = functions[name]
            while hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            return function

        def rept_length(text: Any, times: Any) -> int:
            return len(text_of(text)) * int(float(replace_empty(times)))

        def substitute_length(text: Any, old: Any, new: Any, instance: Any = None) -> int:
            text, old, new = text_of(text), text_of(old), text_of(new)
            times = text.count(old) if instance is None else 1
            return len(text) + times * (len(new) - len(old))

        def replaced_length(
            text: Any, pattern: Any, replacement: Any, occurrence: Any = 0, case: Any = 0
        ) -> int:
            # Before it is known what is found: every place, and all groups in the text's length.
            text, replacement = text_of(text), text_of(replacement)
            groups = replacement.count("\\")
            longest = (len(text) + 1) * len(replacement) + groups * len(text)
            return LONGEST_TEXT + 1 if longest > MOST_TEXT else 0

        def array_length(array: Any, *_: Any) -> int:
            return joined_length(flatten(array, None), 2)

        self._stand_ins: tuple[dict[str, Any], dict[str, Any]] = (
            {
                "CONCAT": wrap(self._limited(raw("CONCAT"), concat_length)),
                "CONCATENATE": by_element(raw("CONCATENATE"), concat_length),
                "TEXTJOIN": wrap(self._limited(raw("TEXTJOIN"), textjoin_length)),
                "REPT": by_element(raw("REPT"), rept_length),
                "SUBSTITUTE": by_element(raw("SUBSTITUTE"), substitute_length),
                "REGEXREPLACE": by_element(raw("REGEXREPLACE"), replaced_length, check_nan=False),
            },
            {
                "&": by_element(
                    lambda x, y: x + y,
                    lambda x, y: len(x) + len(y),
                    input_parser=lambda *a: map(text_of, a),
                )
            },
        )
        # Whose result is about as long as what they are given.
        for name in ("REPLACE", "REPLACEB", "UPPER", "LOWER", "PROPER", "TEXT", "ARRAYTOTEXT"):
            before = array_length if name == "ARRAYTOTEXT" else None
            self._stand_ins[0][name] = self._whole(functions[name], before)

    def _limited(self, function: Callable[..., Any], length: Callable[..., int]) -> Any:
        """Return a function of single values that makes no text which is too long."""

        def limited(*arguments: Any) -> Any:
            if self._made > MOST_TEXT or length(*arguments) > LONGEST_TEXT:
                return self._too_long
            result = function(*arguments)
            if isinstance(result, str):
                self._made += len(result)
                if len(result) > LONGEST_TEXT:
                    return self._too_long
            return result

        return limited

    def _whole(self, function: Callable[..., Any], length: Callable[..., int] | None) -> Any:
        """Return a function, with texts in its result that are too long made an error."""

        def whole(*arguments: Any) -> Any:
            if length is not None and length(*arguments) > LONGEST_TEXT:
                return self._too_long
            result = function(*arguments)
            if hasattr(result, "flat"):
                for place, value in enumerate(result.flat):
                    if isinstance(value, str):
                        self._made += len(value)
                        if len(value) > LONGEST_TEXT:
                            result.flat[place] = self._too_long
            return result

        return whole

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Have formulas take the stand-ins; its tables are everybody's, so only for a moment."""
        kept: list[tuple[dict[str, Any], str, Any]] = []
        try:
            for table, stand_ins in zip(self._tables, self._stand_ins, strict=True):
                for name, stand_in in stand_ins.items():
                    for known in (name, f"_XLFN.{name}"):
                        if known in table:
                            kept.append((table, known, table[known]))
                            table[known] = stand_in
            yield
        finally:
            for table, name, function in kept:
                table[name] = function

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the characters that a formula makes.  Raises Refused if they are too many."""
        if not self._depth:
            self._made = 0
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._made > MOST_TEXT:
            raise Refused(f"it makes more than {MOST_TEXT:,} characters of text")
