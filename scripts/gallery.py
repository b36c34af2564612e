"""Export the nets of examples/nets.py, and write docs/gallery.md anew with figures and pictures.

    python scripts/gallery.py [NET ...]

A picture is what LibreOffice's window shows of a net's tab at first, on a screen of 1366 × 768
pixels: see screens.py for what that needs. It takes minutes, so that refresh_docs.py leaves this
page alone; tests/test_gallery.py fails where it says something else than the examples.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import xlsgd  # noqa: E402 - the package is beside this folder
from examples import nets  # noqa: E402
from scripts import screens  # noqa: E402

__all__ = ["PAGE", "PICTURES", "Figures", "figures_shown", "page"]

PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "pictures"
_MARK, _END = "<!-- results: gallery -->", "<!-- end -->"
_SIZE = (1366, 768)
_CELLS = (0, 194, 1293, 708)
"""Where on the screen the cells are, with the letters of the columns."""
_FIGURES = re.compile(
    r"^([\d,]+) weights, ([\d,]+) formulas, ([\d.]+) MB; "
    r"written in ([\d.]+) s, checked in ([\d.]+) s\.$",
    flags=re.M,
)


class Figures(NamedTuple):
    """How large the workbook of a net is, and how many seconds of a processor it takes."""

    weights: int
    formulas: int
    megabytes: float
    written: float
    checked: float

    def __str__(self) -> str:
        return (
            f"{self.weights:,} weights, {self.formulas:,} formulas, {self.megabytes:.2f} MB; "
            f"written in {self.written:.1f} s, checked in {self.checked:.1f} s."
        )


def figures_shown() -> dict[str, Figures]:
    """Return what the page says of every net."""
    found = {}
    shown = PAGE.read_text(encoding="utf-8").partition(_MARK)[2].partition(_END)[0]
    for section in shown.split("\n## ")[1:]:
        name = re.search(r"pictures/gallery-([\w-]+)\.png", section)
        match = _FIGURES.search(section)
        assert name is not None, section[:80]
        assert match is not None, section[:80]
        weights, formulas = (int(text.replace(",", "")) for text in match.groups()[:2])
        found[name[1]] = Figures(weights, formulas, *map(float, match.groups()[2:]))
    return found


def page(figures: Mapping[str, Figures]) -> str:
    """Return the text of the page, with these figures."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_MARK)
    after = rest[rest.index(_END) :]
    sections = "\n".join(line for name in nets.NETS for line in _section(name, figures[name]))
    return f"{before}{_MARK}\n\n{sections}\n{after}"


def _section(name: str, figures: Figures) -> Iterator[str]:
    title, _, words = (nets.NETS[name].__doc__ or "").strip().rstrip(".").partition(": ")
    yield f"## {title}"
    yield ""
    if words:
        yield f"{words[0].upper()}{words[1:]}."
        yield ""
    yield from ("```py", *_source(nets.NETS[name].__name__), "```", "")
    yield from ("```sh", f"python examples/nets.py nets {name}", "```", "")
    yield from (str(figures), "")
    yield from (f"![The first screen: {title}](pictures/gallery-{name}.png)", "")


def _source(function: str) -> list[str]:
    """Return the lines of a function of the examples, behind those that it is made of."""
    text = Path(nets.__file__).read_text(encoding="utf-8")
    defined: dict[str, ast.stmt] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            defined[node.targets[0].id] = node

    # Nets are made of helpers, not of each other; a name may be that of a local variable as well.
    helpers = defined.keys() - {"Net", "NETS", *(net.__name__ for net in nets.NETS.values())}

    def needed(name: str) -> list[str]:
        used = {n.id for n in ast.walk(defined[name]) if isinstance(n, ast.Name)}
        others = [other for other in defined if other in (used & helpers) - {name}]
        return [*(each for other in others for each in needed(other)), name]

    parts = [
        ast.get_source_segment(text, defined[name]) for name in dict.fromkeys(needed(function))
    ]
    return "\n\n\n".join(map(str, parts)).splitlines()


def _made(name: str, folder: Path) -> tuple[Path, Figures]:
    """Export a net and verify it; return the workbook, and what that took."""
    begin = time.process_time()
    path, weights = nets.export(name, folder)
    written = time.process_time()
    report = xlsgd.verify(path)
    if not report.ok:
        raise SystemExit(f"{name}: the workbook does not agree with torch; see xlsgd verify")
    checked = time.process_time() - written
    size = path.stat().st_size / 1e6
    return path, Figures(weights, report.cells_compared, size, written - begin, checked)


def _draw(book: Path, picture: Path, work: Path) -> None:
    """Save what is seen of the cells of the tab 'training'."""
    with screens.opened(book, _SIZE, work) as screen:
        screen.go_to("training")
        screen.point_away()
        screen.save(picture)
    with Image.open(picture) as seen:
        cells = seen.convert("RGB").crop(_CELLS)
    # All its colours: of fewer, yellow for inputs and the tints of groups become one.
    cells.save(picture, optimize=True)


def main() -> None:
    if why := screens.missing():
        raise SystemExit(f"gallery: no pictures, {why}")
    figures = figures_shown()
    with tempfile.TemporaryDirectory(prefix="xlsgd-gallery-") as folder:
        made, work = Path(folder, "made"), Path(folder, "work")
        made.mkdir()
        work.mkdir()
        for name in sys.argv[1:] or nets.NETS:
            book, figures[name] = _made(name, made)
            _draw(book, PICTURES / f"gallery-{name}.png", work)
            print(f"{name}: {figures[name]}")
    PAGE.write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
