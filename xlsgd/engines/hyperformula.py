"""The engine that has HyperFormula recalculate, a spreadsheet engine in JavaScript.

It is a program that somebody has installed, as LibreOffice is, and no part of xlsgd: npm has it,
under the GPL. Node.js runs it in a process of its own and is handed the cells.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xlsgd.base.cells import Book, CellError, Content, Formula, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError
from xlsgd.engines import ERRORS_LEFT_OUT, Calculation, Progress
from xlsgd.engines.allowed import refusal
from xlsgd.engines.apart import MEMORY, Asked, with_little_memory
from xlsgd.engines.installed import needed
from xlsgd.engines.programs import TIME_LIMIT, private, run_program, without_network
from xlsgd.formula.r1c1 import tokens

__all__ = ["ENGINE", "HyperFormulaEngine", "find_hyperformula"]

_NODE = "install Node.js (Debian, Ubuntu: apt-get install nodejs npm), then: "
_MISSING = "npm install --global hyperformula"
_NATIVE = re.compile(r"(?::\s|\n).*?\b0x[0-9a-f]{4,}.*", re.DOTALL)
"""What Node.js prints of its own code when it has no more memory."""
_SCRIPT = Path(__file__).with_suffix(".cjs")


def find_node() -> Path | None:
    """Return Node.js, or None."""
    found = shutil.which("node") or shutil.which("nodejs")
    return Path(found) if found else None


def find_hyperformula() -> Path | None:
    """Return the folder of HyperFormula where npm installs for all of a user's programs, or None.

    Never one beside the workbooks: what lies there may have come with them.
    """
    for folder in _folders():
        if (folder / "hyperformula" / "package.json").is_file():
            return folder / "hyperformula"
    return None


def _folders() -> Iterator[Path]:
    """Yield the folders of modules that npm and Node.js know of without a project."""
    for entry in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if Path(entry).is_absolute():
            yield Path(entry)
    prefixes = [os.environ.get(name) for name in ("npm_config_prefix", "NPM_CONFIG_PREFIX")]
    prefixes += [_prefix_of_user(), os.environ.get("APPDATA") and os.environ["APPDATA"] + "/npm"]
    node = find_node()
    if node is not None:
        prefixes += [str(each.parent.parent) for each in (node, node.resolve())]
    for prefix in (*prefixes, "/usr/local", "/usr"):
        if prefix and Path(prefix).is_absolute():
            yield Path(prefix) / "lib" / "node_modules"
            yield Path(prefix) / "node_modules"  # as it is on Windows
    yield Path("/usr/share/nodejs")


def _prefix_of_user() -> str | None:
    """Return where npm installs for the user, if the user has told it."""
    try:
        lines = (Path.home() / ".npmrc").read_text("utf-8", errors="replace").splitlines()
    except (OSError, RuntimeError):
        return None
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "prefix":
            told = value.strip().strip("\"'").replace("${HOME}", str(Path.home()))
            return str(Path(told).expanduser())
    return None


class HyperFormulaEngine:
    """Recalculates the cells of a workbook with HyperFormula."""

    name = "hyperformula"
    order = 4
    summary = "HyperFormula, a spreadsheet engine in JavaScript, where it is installed"
    habits = frozenset({ERRORS_LEFT_OUT})

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self.time_limit = time_limit

    def missing(self) -> str | None:
        """Return what to install, if Node.js or HyperFormula is not there."""
        if find_node() is None:
            return _NODE + _MISSING
        return None if find_hyperformula() else _MISSING

    def version(self) -> str:
        """Return ``HyperFormula`` and its version.  Raises EngineError if it is not installed."""
        folder = needed(self.name, None if self.missing() else find_hyperformula(), self._install())
        try:
            package = json.loads((folder / "package.json").read_text("utf-8"))
            return f"HyperFormula {package['version']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "HyperFormula"

    def _install(self) -> str:
        return self.missing() or _MISSING

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        program = self.version()
        node, library = find_node(), find_hyperformula()
        assert node is not None
        assert library is not None
        asked = Asked.of(file.book)
        with tempfile.TemporaryDirectory(prefix="xlsgd-") as temporary:
            folder = Path(temporary)
            cells, answer = folder / "cells.json", folder / "answer.json"
            cells.write_text(json.dumps(_handed(file.book, asked)), encoding="utf-8")
            heap = f"--max-old-space-size={MEMORY >> 20}"
            command: list[str | Path] = [*without_network(), *with_little_memory()]
            command += [node, heap, _SCRIPT, library, cells, answer]
            try:
                run_program(program, command, self.time_limit, _environment(folder / "home"))
            except EngineError as error:
                # Of what Node.js prints when it ends itself, the first line that is left says most.
                said = _NATIVE.sub("; is there too little memory?", str(error))
                raise EngineError(said) from error
            values, notes = asked.answered(answer, program)
        for sheet, grid in file.book.sheets.items():
            for position, content in grid.items():
                refused = refusal(content, program) if isinstance(content, Formula) else None
                if refused is not None:
                    values[sheet][position] = Uncomputed(refused)
        return Calculation(values, notes, self.habits)


def _environment(home: Path) -> dict[str, str]:
    """Return an environment in which Node.js runs nothing but what it is told to."""
    return {k: v for k, v in private(home).items() if not k.startswith(("NODE_", "npm_"))}


def _handed(book: Book, asked: Asked) -> dict[str, Any]:
    """Return the cells of a book as HyperFormula takes them, and which are to be answered for."""
    sheets = list(book.sheets)
    text = "\n".join(
        content.lower()
        for grid in book.sheets.values()
        for content in grid.values()
        if isinstance(content, Formula)
    )
    return {
        "sheets": [
            [sheet, [[*position, _content(content)] for position, content in grid.items()]]
            for sheet, grid in book.sheets.items()
        ],
        # Most lessons' names are for people who write formulas of their own.
        "names": [
            {"name": name, "expression": f"={_spelled(means)}", "scope": scope}
            for (scope, name), means in book.names.items()
            if name.lower() in text and (scope is None or scope in sheets)
        ],
        "wanted": list(asked.places.items()),
    }


def _content(content: Content) -> float | str | bool | None:
    if isinstance(content, Formula):
        # What looks at such a cell must not take it for an empty one.
        return "=NA()" if refusal(content, "") else _spelled(content)
    if isinstance(content, CellError):
        return content.code
    # A text that looks like a number or a formula is a text all the same.
    return f"'{content}" if isinstance(content, str) else content


def _spelled(formula: str) -> str:
    """Return a formula with numbers as HyperFormula reads them: 1e-5, where Excel writes 1E-5."""
    if "E" not in formula:
        return formula
    return "".join(
        token[0].lower() if token.lastgroup == "number" else token[0] for token in tokens(formula)
    )


ENGINE = HyperFormulaEngine()
