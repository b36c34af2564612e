"""Which hand-ins are like each other: copied, or handed back as they were handed out."""

from __future__ import annotations

import hashlib
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import Scalar, Uncomputed
from xlsgd.training.param_groups import lines_of_groups
from xlsgd.xlsx.guard import MAX_FILE, speaks

if TYPE_CHECKING:
    from xlsgd.report import Report
    from xlsgd.verifying.opening import Opened

__all__ = ["Seen", "copy_lines", "digest", "traits", "untouched_line"]

_EMPTY = hashlib.sha256(b"").hexdigest()
_NAMED = 10
"""Files of a group that are named; of more it is said how many."""


@dataclass(frozen=True)
class Seen:
    """What is known of a file that may be like another one.

    sha256: of its bytes, None if they could not be read.
    content, seed, made, untouched: see traits().
    """

    file: str
    sha256: str | None
    content: str | None = None
    seed: int | None = None
    untouched: bool | None = None
    made: str | None = None


# Of one workbook


def digest(path: str | Path) -> str | None:
    """Return the SHA-256 of a file's content, None for what is never opened as a workbook.

    A helper process does it: a file on a disk that does not answer takes for ever.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
            return None
        if status.st_size == 0 and speaks(path):
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def traits(opened: Opened, report: Report) -> dict[str, Any]:
    """Return what tells whether a workbook is like another one.

    content: a checksum of all inputs, and of the formulas where they are not xlsgd's; the same
        whichever program saved the file.
    seed: that of which the tab with the data says that they were made up, None if none is named.
    made: what that tab says of how, without its numbers: data that are made otherwise have nothing
        in common but a number.
    untouched: whether no program has saved the file since xlsgd wrote it.
    """
    found = opened.found
    # Twelve digits: some programs save fifteen, some seventeen.
    said = [f"{name} {_numbers(column)}" for name, column in found.data.inputs.items()]
    said += [f"y {_numbers(column)}" for column in found.data.targets]
    if (held := found.data.validation) is not None:
        said += [f"held {name} {_numbers(column)}" for name, column in held.inputs.items()]
        said += [f"held y {_numbers(column)}" for column in held.targets]
    for id, view in sorted(found.views.items()):
        e = view.experiment
        options = (
            *(e.learning_rate, e.h, e.epochs, e.batch_size, e.gradient, e.difference),
            *(view.derivative_of, *map(view.typed.get, ("exploded_above", "chart_limit"))),
        )
        named = (*sorted(e.start.items()), *sorted(e.hyper.items()))
        rules = [e.loss.name, e.optimizer.name, *(each.name for each in e.transforms)]
        rules += [] if e.schedule.steady else [e.schedule.name]
        rules += lines_of_groups(e.param_groups, e.frozen).values()
        words = [id, *rules, *map(_short, options)]
        said.append(" ".join([*words, *(f"{name}={_short(value)}" for name, value in named)]))
    said += (
        f"{d.sheet}!{d.cell} {d.check} {_short(d.sheet_value)}"
        for d in report.differences()
        if d.check != "stored"
    )
    return {
        "content": hashlib.sha256("\n".join(said).encode("utf-8", "replace")).hexdigest(),
        **_made(opened),
        "untouched": report.ok and _untouched(opened),
    }


def _numbers(column: Sequence[float]) -> str:
    return " ".join(map(_short, column))


def _short(value: Scalar | Uncomputed) -> str:
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)


def _made(opened: Opened) -> dict[str, Any]:
    grid = opened.file.book.sheets.get(opened.found.maps.data.sheet, {})
    for content in grid.values():
        match = re.search(r"\bseed (\d{1,18})\b", content) if isinstance(content, str) else None
        if match is not None:
            return {"seed": int(match[1]), "made": re.sub(r"\d+(?:[.,]\d+)*", "#", str(content))}
    return {"seed": None, "made": None}


def _untouched(opened: Opened) -> bool:
    # xlsgd writes by openpyxl, and puts values beside the formulas, which openpyxl never does.
    stored = (v for values in opened.file.stored.values() for v in values.values())
    return "openpyxl" in opened.file.saved_by.lower() and any(v is not None for v in stored)


# Of many


def copy_lines(seen: Sequence[Seen]) -> Iterator[str]:
    """Yield a line about every group of files that are like each other.

    Files with the same bytes; files with the same inputs and formulas; other files whose data come
    from the same seed, where everybody had a seed of his own; files named after another seed than
    that of their data.
    """
    groups: set[frozenset[str]] = set()
    for words, key, among in (
        ("the same bytes", "sha256", seen),
        ("the same inputs and formulas", "content", seen),
        *(("data of the same seed, {}", "seed", alike) for alike in _made_alike(seen)),
    ):
        by_key: dict[Any, list[Seen]] = defaultdict(list)
        for one in among:
            if getattr(one, key) not in (None, _EMPTY):
                by_key[getattr(one, key)].append(one)
        if key == "seed" and len(by_key) < 2:
            continue  # all of them were given the same
        for value, group in by_key.items():
            names = frozenset(one.file for one in group)
            # What is part of a group that was named before needs no further word.
            if len(group) > 1 and not any(names <= other for other in groups):
                groups.add(names)
                yield f"{words.format(value)}: {_listed(group)}"
    yield from _misnamed(seen)


def _made_alike(seen: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Yield the files whose data were made up in the same way."""
    by_way: dict[str | None, list[Seen]] = defaultdict(list)
    for one in seen:
        by_way[one.made].append(one)
    yield from by_way.values()


def untouched_line(seen: Sequence[Seen]) -> str | None:
    """Return a line about the files that are as they were handed out, where others are not."""
    counts = Counter(one.untouched for one in seen)
    if not (counts[True] and counts[False]):
        return None
    group = [one for one in seen if one.untouched]
    return f"unchanged since xlsgd wrote {'it' if len(group) == 1 else 'them'}: {_listed(group)}"


def _misnamed(seen: Sequence[Seen]) -> Iterator[str]:
    named = []
    for one in seen:
        match = re.search(r"-(\d{1,18})$", Path(one.file).stem)
        if match is not None and one.seed is not None:
            named.append((one, int(match[1])))
    if not any(one.seed == number for one, number in named):
        return  # the numbers in the names mean something else
    for one, number in named:
        if one.seed != number:
            yield f"named after seed {number}, the data are those of seed {one.seed}: {one.file}"


def _listed(group: Sequence[Seen]) -> str:
    more = len(group) - _NAMED
    return ", ".join(one.file for one in group[:_NAMED]) + (
        f" and {more:,} more" if more > 0 else ""
    )
