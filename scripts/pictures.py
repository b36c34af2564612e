"""Draw every tab of the lessons as a picture, through LibreOffice and poppler.

    python scripts/pictures.py FOLDER [LESSON ...]

Writes FOLDER/LESSON-TAB.png: what one sees of a tab before scrolling. The pictures of the README
are those in docs/pictures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from openpyxl.utils import get_column_letter
from PIL import Image, ImageChops

from xlsgd.lessons import Options, lesson_plans
from xlsgd.sheets.workbook import build_workbook

RESOLUTION = 110
LAST_ROW, MOST_COLUMNS = 69, 36


def draw(lesson: str, folder: Path) -> list[Path]:
    """Draw the tabs of a lesson and return the pictures."""
    built = lesson_plans()[lesson].build(Options())
    workbook = build_workbook(built)
    for sheet in workbook.worksheets:
        last_row = min(sheet.max_row, LAST_ROW)
        last_column = get_column_letter(min(sheet.max_column, MOST_COLUMNS))
        sheet.print_area = f"A1:{last_column}{last_row}"
        sheet.page_setup.fitToHeight = 1
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_setup.paperSize = 8  # A3
        sheet.page_setup.orientation = "landscape"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, f"{lesson}.xlsx")
        workbook.save(source)
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
        pictures = []
        for page, sheet in zip(sorted(Path(scratch).glob("page*.png")), workbook, strict=True):
            target = folder / f"{lesson}-{sheet.title}.png"
            with Image.open(page) as picture:
                _trimmed(picture.convert("RGB")).save(target, optimize=True)
            pictures.append(target)
    return pictures


def _trimmed(picture: Image.Image) -> Image.Image:
    """Cut off the white margins."""
    white = Image.new("RGB", picture.size, "white")
    box = ImageChops.difference(picture, white).getbbox()
    return picture.crop(box) if box else picture


def main() -> None:
    folder, *lessons = sys.argv[1:] or ["docs/pictures"]
    for lesson in lessons or lesson_plans():
        for picture in draw(lesson, Path(folder)):
            print(picture)


if __name__ == "__main__":
    main()
