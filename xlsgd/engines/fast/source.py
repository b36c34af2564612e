"""Generated source: what it follows from, and how it becomes a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from xlsgd.engines.fast.expression import Expression
from xlsgd.engines.fast.kinds import Unable
from xlsgd.engines.fast.writer import Size

__all__ = ["Source", "indented", "made", "or_unable"]


class Source(NamedTuple):
    """What generated code follows from.

    kinds, sizes: see ``Writer``.   reads: for every operand, a key of READ in compiled.py.
    """

    expression: Expression
    kinds: Sequence[str]
    sizes: Mapping[int, Size]
    reads: Sequence[str]


def indented(lines: Sequence[str], depth: int) -> str:
    """Return the lines as one text, indented."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def made(source: str, may_call: Mapping[str, Any]) -> Any:
    """Run source with a function ``make`` in it, and return that."""
    names = dict(may_call)
    exec(compile(source, "<formula>", "exec"), names)
    return names["make"]


@contextmanager
def or_unable() -> Iterator[None]:
    """Raise Unable where something is nested deeper than Python's compiler goes, or where text
    cannot stand in source."""
    try:
        yield
    except (RecursionError, MemoryError, SyntaxError, UnicodeError) as error:
        raise Unable(str(error)) from error
