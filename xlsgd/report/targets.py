"""Where reports go: a file each, or standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xlsgd.base.errors import SpecError
from xlsgd.base.files import check_target, refuse_to_overwrite, write_whole
from xlsgd.report.formats import formats

__all__ = ["check_targets", "is_printed", "written"]


def is_printed(target: Path) -> bool:
    """Return whether a report goes to standard output."""
    return str(target) == "-"


def check_targets(
    inputs: Sequence[Path], targets: Mapping[str, Path], what: str = "outcome"
) -> None:
    """Raise SpecError for reports that cannot be written, before there is anything to write.

    targets: by the name of the format.   inputs: files that are read.   what: is reported, as
    ``formats`` takes it.
    """
    streams, whole = formats("lines") if what == "outcome" else {}, formats(what)
    for name in streams:
        if name in targets and is_printed(targets[name]):
            prints = f"--{next(iter(whole))} - prints"
            raise SpecError(f"--{name} -: it needs a file, which --resume goes on with; {prints}")
    names = [str(t) if is_printed(t) else os.path.realpath(t) for t in targets.values()]
    if len(set(names)) < len(names):
        *first, last = (f"--{name}" for name in [*whole, *streams])
        raise SpecError(f"{', '.join(first)} and {last}: need a file each, got one for two")
    files = {name: target for name, target in targets.items() if not is_printed(target)}
    for target in files.values():
        refuse_to_overwrite(inputs, target)
    for name, target in files.items():
        if name not in streams:
            # A report is a result of this very run: the one of the last run is to be replaced.
            check_target(target, force=True)


def written(target: Path, text: str) -> Iterator[bytes]:
    """Write a report; yield it instead if it is to be printed."""
    # A file's name may hold bytes that are no letters; they are written as \\udcxx.
    content = text.encode("utf-8", "backslashreplace")
    if is_printed(target):
        yield content
    else:
        write_whole(target, content, force=True)
