"""Run what the docs show, and write its output anew.

    python scripts/refresh_docs.py [FILE ...]

Without FILE: README.md and docs/*.md. A file is only touched where its output has changed.
tests/test_docs.py runs the same and fails where the output is not what the docs show.

What is run, in order, each document in an empty folder of its own:

- Blocks of kind ``console``: the lines that begin with ``$ xlsgd`` or ``$ python examples/``, and
  ``$ echo $?`` for the exit status of the command before. The lines below a command are its output.
- Blocks of kind ``python``, one namespace per document. A block of kind ``text`` right below, with
  nothing but blank lines between, is what the code prints.
- ``python file=NAME``: is not run but saved under that name. If it belongs into the folder xlsgd,
  the document goes on with a copy of the package that has this file in it.

In an output a line ``...`` stands for any number of lines. Between ``<!-- table: NAME -->`` and
``<!-- end -->`` stands a table that is made from the program: scripts/docs_tables.py.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.docs_tables import TABLES  # noqa: E402 - it is beside this file

__all__ = ["Block", "Piece", "alike", "blocks", "documents", "pieces", "rewritten"]

COLUMNS = "100"
"""How wide a terminal the help pages are made for."""


def documents() -> list[Path]:
    """Return the documents whose blocks are run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


# Taking a document apart


@dataclass(frozen=True)
class Block:
    """Some lines of a document.

    kind: the word behind the fence, or ``table``.   info: what else stands there.
    start, stop: indexes of its first line and of the line after its last, without fences.
    """

    kind: str
    info: str
    start: int
    stop: int


@dataclass(frozen=True)
class Piece:
    """Something with an output: what the document shows, and what there really is.

    line: where the shown output begins, counted from 1.
    """

    what: str
    start: int
    stop: int
    shown: list[str]
    real: list[str]

    @property
    def line(self) -> int:
        return self.start + 1


_TABLE = re.compile(r"<!-- table: (.+) -->$")
_TABLE_END = "<!-- end -->"


def blocks(lines: Sequence[str]) -> list[Block]:
    """Return the fenced blocks and the generated tables of a document."""
    found: list[Block] = []
    opened: Block | None = None
    for i, line in enumerate(lines):
        table = _TABLE.match(line)
        if opened is None and line.startswith("```"):
            kind, _, info = line[3:].partition(" ")
            opened = Block(kind, info.strip(), i + 1, i + 1)
        elif opened is None and table:
            opened = Block("table", table[1], i + 1, i + 1)
        elif opened is not None and line == (_TABLE_END if opened.kind == "table" else "```"):
            found.append(replace(opened, stop=i))
            opened = None
    if opened is not None:
        raise ValueError(f"line {opened.start}: a block that never ends")
    return found


# Running it


def pieces(document: Path) -> list[Piece]:
    """Run a document and return everything in it that has an output."""
    lines = document.read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return list(_pieces(lines, _Session(Path(folder), document.name)))


def _pieces(lines: Sequence[str], session: _Session) -> Iterator[Piece]:
    all_blocks = blocks(lines)
    for block, after in zip(all_blocks, [*all_blocks[1:], None], strict=True):
        content = list(lines[block.start : block.stop])
        if block.kind == "table":
            real = ["", *TABLES[block.info](), ""]
            yield Piece(f"table {block.info}", block.start, block.stop, content, real)
        elif block.kind == "console":
            yield from _console(block, content, session)
        elif block.kind == "python" and block.info.startswith("file="):
            session.save(block.info.removeprefix("file="), "\n".join(content) + "\n")
        elif block.kind == "python":
            printed = session.python("\n".join(content), block.start)
            # Only blank lines and the two fences may stand between code and its output.
            between = [] if after is None else lines[block.stop + 1 : after.start - 1]
            if after is not None and after.kind == "text" and not any(map(str.strip, between)):
                shown = list(lines[after.start : after.stop])
                yield Piece("python", after.start, after.stop, shown, printed)


def _console(block: Block, content: Sequence[str], session: _Session) -> Iterator[Piece]:
    starts = [i for i, line in enumerate(content) if line.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {block.start + 1}: a console block begins with '$ '")
    for i, following in zip(starts, [*starts[1:], len(content)], strict=True):
        command = content[i].removeprefix("$ ")
        yield Piece(
            command,
            block.start + i + 1,
            block.start + following,
            list(content[i + 1 : following]),
            session.console(command),
        )


class _Session:
    """A folder in which a document's commands run one after the other."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._status = 0
        self._names: dict[str, object] = {"__name__": "__docs__"}
        self._own_package = False

    def console(self, command: str) -> list[str]:
        """Run a command and return the lines that it prints."""
        if command == "echo $?":
            return [str(self._status)]
        match shlex.split(command):
            case ["xlsgd", *arguments]:
                run = self._other_package if self._own_package else self._this_package
                self._status, output = run(arguments)
            case ["python", script, *arguments] if script.startswith("examples/"):
                self._status, output = 0, _run_script(ROOT / script, arguments)
            case _:
                raise ValueError(f"'$ {command}': is not run here; use a block of kind sh")
        return _presentable(output)

    def _this_package(self, arguments: Sequence[str]) -> tuple[int, str]:
        from click.testing import CliRunner

        from xlsgd.cli import main

        result = CliRunner().invoke(
            main, arguments, prog_name="xlsgd", env={"COLUMNS": COLUMNS}, catch_exceptions=False
        )
        return result.exit_code, result.output

    def _other_package(self, arguments: Sequence[str]) -> tuple[int, str]:
        result = subprocess.run(
            [sys.executable, "-m", "xlsgd", *arguments],
            env={**os.environ, "PYTHONPATH": str(self._folder), "COLUMNS": COLUMNS},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        return result.returncode, result.stdout

    def python(self, code: str, line: int) -> list[str]:
        """Run code and return the lines that it prints."""
        # Blank lines in front let a traceback show the document's own line numbers.
        program = compile("\n" * line + code, self._name, "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program, self._names)
        return _presentable(printed.getvalue())

    def save(self, name: str, text: str) -> None:
        """Save a file; one that belongs into the package goes into a copy of it."""
        if name.startswith("xlsgd/") and not self._own_package:
            shutil.copytree(
                ROOT / "xlsgd", "xlsgd", ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
            self._own_package = True
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


def _run_script(script: Path, arguments: Sequence[str]) -> str:
    """Run a script of the examples and return what it prints."""
    printed, before = io.StringIO(), sys.argv
    sys.argv = [str(script), *arguments]
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.argv = before
    return printed.getvalue()


def _presentable(output: str) -> list[str]:
    """Return output as lines; PyTorch's build (+cpu) differs between machines and says nothing."""
    return re.sub(r"(torch \d[\d.]*)\+\w+", r"\1", output).rstrip("\n").splitlines()


# Comparing


def alike(shown: Sequence[str], real: Sequence[str]) -> bool:
    """Return whether an output is what the document shows.

    Versions of libraries may differ, and the greatest difference between sheet and torch, which
    is rounding and may be another on another machine; other numbers by one part in 10^9.
    """
    if "..." not in shown:
        return len(shown) == len(real) and all(map(_alike, shown, real))
    at = list(shown).index("...")
    head, tail = shown[:at], shown[at + 1 :]
    return (
        len(real) >= len(head) + len(tail)
        and alike(head, real[: len(head)])
        and alike(tail, real[len(real) - len(tail) :])
    )


_NUMBER = re.compile(r"-?(?<![A-Za-z0-9_.])\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z_])")


def _alike(shown: str, real: str) -> bool:
    if shown == real:
        return True
    a, b = _masked(shown), _masked(real)
    if _NUMBER.split(a) != _NUMBER.split(b):
        return False
    return all(map(_same_number, _NUMBER.findall(a), _NUMBER.findall(b)))


def _masked(line: str) -> str:
    for pattern, mask in (
        (
            r"(formulas|torch|IronCalc|formualizer|formulon|HyperFormula|Openpyxl) \d[\w.+]*",
            r"\1 VERSION",
        ),
        # A table of engines: how long it took, and a difference that is rounding.
        (r" +\d+\.\d\d s$", " TIME"),
        (r"  \d[\d.e+-]* in [A-Z]+\d+ *(?=  | TIME|$)", "  greatest difference"),
        (r"greatest difference \S+ in \w+, relative \S+ in \w+", "greatest differences"),
        # What rounding explains is part of what is allowed.
        (r"allowed [0-9.e+-]+", "allowed ROUNDING"),
    ):
        line = re.sub(pattern, mask, line)
    return line


def _same_number(a: str, b: str) -> bool:
    if a == b:
        return True
    if not {*".eE"} & {*a} and not {*".eE"} & {*b}:
        return False  # whole numbers count things
    return math.isclose(float(a.replace(",", "")), float(b.replace(",", "")), rel_tol=1e-9)


# Writing anew


def rewritten(text: str, changed: Sequence[Piece]) -> str:
    """Return a document's text with the real outputs of some pieces."""
    lines = text.splitlines()
    for piece in sorted(changed, key=lambda piece: -piece.start):
        new = piece.real
        if "..." in piece.shown:
            # As many lines above and below the gap as before.
            above = piece.shown.index("...")
            below = len(piece.shown) - above - 1
            if len(new) > above + below:
                new = [*new[:above], "...", *new[len(new) - below :]]
        lines[piece.start : piece.stop] = new
    return "\n".join(lines) + "\n"


def main() -> None:
    for document in [Path(name).resolve() for name in sys.argv[1:]] or documents():
        stale = [piece for piece in pieces(document) if not alike(piece.shown, piece.real)]
        if stale:
            text = document.read_text(encoding="utf-8")
            document.write_text(rewritten(text, stale), encoding="utf-8")
        for piece in stale:
            print(f"{document.name}:{piece.line}: {piece.what}")
        print(f"{document.name}: {len(stale)} outputs written anew")


if __name__ == "__main__":
    main()
