"""Draw tabs of the lessons as pictures, through LibreOffice and poppler, and maps of sweeps.

    python scripts/pictures.py FOLDER [LESSON ...]   what one sees of every tab before scrolling
    python scripts/pictures.py                       the pictures of the docs, into docs/pictures
    python scripts/pictures.py --docs NAME ...       some of them, such as lesson-schedules

The first writes FOLDER/LESSON-TAB.png, for looking at all there is; the second the parts of tabs
that DOCS names, and one of every lesson that asks a question, small enough for a page.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.lessons_index import asked  # noqa: E402
from xlsgd.engines import get_engine  # noqa: E402
from xlsgd.lessons import Options, lesson_plans  # noqa: E402 - the package is beside this folder
from xlsgd.sweeping import sweep  # noqa: E402
from xlsgd.sweeping.picture import draw_picture  # noqa: E402
from xlsgd.tabs.workbook import book_of, build_workbook  # noqa: E402
from xlsgd.xlsx.package import package  # noqa: E402

RESOLUTION = 110
LAST_ROW, MOST_COLUMNS = 69, 36
WIDTH = 1500
"""Pixels across a picture of the docs."""
LESSON_WIDTH = 900
"""The same of a picture in the table of lessons."""


@dataclass(frozen=True)
class Part:
    """A part of a tab.

    area: its cells.   options: what is asked of the lesson.
    """

    lesson: str
    tab: str
    area: str
    options: Options = field(default_factory=Options)


DOCS = {
    "sgd": Part("graddesc", "sgd", "A1:T36"),
    "explodes": Part(
        "graddesc", "sgd", "A1:T36", Options(learning_rate=0.0005, optimizers=("sgd",))
    ),
    "frozen-and-exploded": Part("two-neuron", "two", "A1:T50"),
    "titanic": Part("titanic", "training", "A1:S36"),
    "compare": Part("graddesc", "compare", "A1:I27"),
    "rates": Part("learning-rates", "rates-one", "A1:I28"),
}

SWEEPS: dict[str, dict[str, str]] = {
    "sweep": {"lesson": "graddesc", "x": "learning_rate=1e-5:1e-3:400"},
    "sweep-two": {
        "lesson": "two-neuron",
        "tab": "two",
        "x": "learning_rate=1e-6:1e-3:600",
        "y": "init.a=-3:3:400",
    },
}
"""Maps of many runs, by what is asked of xlsgd.sweep."""


def draw(lesson: str, folder: Path) -> list[Path]:
    """Draw the tabs of a lesson and return the pictures."""
    workbook = build_workbook(lesson_plans()[lesson].build(Options()))
    areas = {}
    for sheet in workbook.worksheets:
        last_column = get_column_letter(min(sheet.max_column, MOST_COLUMNS))
        areas[sheet.title] = f"A1:{last_column}{min(sheet.max_row, LAST_ROW)}"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for tab, picture in _drawn(workbook, areas).items():
        pictures.append(folder / f"{lesson}-{tab}.png")
        picture.save(pictures[-1], optimize=True)
    return pictures


def docs_parts() -> dict[str, Part]:
    """Return the parts of tabs that the docs show, those of every lesson that asks among them."""
    found = {f"lesson-{one.name}": Part(one.name, *one.picture) for one in asked()}
    return {**DOCS, **found}


def draw_docs(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Draw the pictures of the docs, or those of some names, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, part in docs_parts().items():
        if names and name not in names:
            continue
        workbook = build_workbook(lesson_plans()[part.lesson].build(part.options))
        picture = _drawn(workbook, {part.tab: part.area})[part.tab]
        width = WIDTH if name in DOCS else LESSON_WIDTH
        height = round(picture.height * width / picture.width)
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        pictures.append(folder / f"{name}.png")
        # Few colours make a small file. This method keeps rare ones: thin lines in charts.
        few = small.quantize(160, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(pictures[-1], optimize=True)
    for name, question in SWEEPS.items():
        if not names or name in names:
            pictures.append(folder / f"{name}.png")
            pictures[-1].write_bytes(draw_picture(sweep(**question)))
    return pictures


def _drawn(workbook: Workbook, areas: Mapping[str, str]) -> dict[str, Image.Image]:
    """Return pictures of some areas, one a tab.  The other tabs are there but not drawn."""
    for sheet in workbook.worksheets:
        if sheet.title not in areas:
            sheet.sheet_state = "hidden"
            continue
        sheet.print_area = areas[sheet.title]
        sheet.page_setup.fitToHeight = 1
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_setup.paperSize = 8  # A3
        sheet.page_setup.orientation = "landscape"
    workbook.active = workbook.sheetnames.index(next(iter(areas)))
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "workbook.xlsx")
        values = get_engine("formulas").calculate(book_of(workbook)).values
        source.write_bytes(package(workbook, values))
        profile = Path(scratch, "profile").as_uri()
        subprocess.run(
            [
                *("soffice", "--headless", f"-env:UserInstallation={profile}"),
                *("--convert-to", "pdf", "--outdir", scratch, str(source)),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        pages = Path(scratch, "page")
        pdf = source.with_suffix(".pdf")
        subprocess.run(["pdftoppm", "-r", str(RESOLUTION * 2), "-png", pdf, pages], check=True)
        pictures = {}
        shown = [name for name in workbook.sheetnames if name in areas]
        for page, tab in zip(sorted(Path(scratch).glob("page*.png")), shown, strict=True):
            with Image.open(page) as picture:
                pictures[tab] = _trimmed(picture.convert("RGB"))
        return pictures


def _trimmed(picture: Image.Image) -> Image.Image:
    """Cut off the white margins."""
    white = Image.new("RGB", picture.size, "white")
    box = ImageChops.difference(picture, white).getbbox()
    return picture.crop(box) if box else picture


def main() -> None:
    if sys.argv[1:2] == ["--docs"]:
        pictures = draw_docs(ROOT / "docs" / "pictures", sys.argv[2:])
    elif sys.argv[1:]:
        folder, *lessons = sys.argv[1:]
        pictures = [p for name in lessons or lesson_plans() for p in draw(name, Path(folder))]
    else:
        pictures = draw_docs(ROOT / "docs" / "pictures")
    for picture in pictures:
        print(picture)


if __name__ == "__main__":
    main()
