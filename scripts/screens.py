"""Look at workbooks as a learner does: in LibreOffice's window, on screens of two sizes.

    python scripts/screens.py                        every kind of tab, into build/screens
    python scripts/screens.py --times                how long a change takes to be seen, too
    python scripts/screens.py --out FOLDER BOOK ...  these workbooks, and no others

Writes FOLDER/WIDTHxHEIGHT/BOOK-TAB.png. Where there is no screen to be had (Debian: xvfb, openbox,
xdotool, libreoffice-calc, libreoffice-gtk3) it says so and does nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from xlsgd.base.cells import Formula  # noqa: E402 - the package is beside this folder
from xlsgd.sheets.maps import address, quoted  # noqa: E402
from xlsgd.tabs.finder import find_lesson  # noqa: E402
from xlsgd.tabs.found import FoundWorkbook  # noqa: E402
from xlsgd.xlsx.reader import read_workbook  # noqa: E402

SIZES = ((1366, 768), (1920, 1080))
TABS = {
    "graddesc": ("lesson", "data", "sgd", "adam", "surface", "compare"),
    "two-neuron": ("two-relu",),
    "learning-rates": ("rates-one",),
    "quadratic": ("data", "slice"),
    "speed": ("bowl", "map-raw", "counts"),
    "wrong-minimum": ("curve", "round"),
    "momentum": ("wave",),
    "relu": ("one-bend", "units"),
    "three-or-seven": ("data", "images linear"),
    "cross-entropy": ("losses",),
    "embeddings": ("ratings",),
    "titanic": ("lesson", "passengers", "model", "matrix", "training", "compare"),
}
"""The tabs that are looked at: every kind, and every layout."""
CHANGES = (
    ("graddesc", "sgd", "learning_rate", "0.0003"),
    ("learning-rates", "rates-one", "one-4", "0.0003"),
    ("titanic", "training", "learning_rate", "0.1"),
    ("titanic", "adam", "learning_rate", "0.04"),
    ("titanic", "training", "init.a1_male", "-0.2"),
    ("titanic", "model", "Age", "5"),
    ("titanic", "passengers", "Age", "5"),
)
"""Workbook, tab, input and what is typed into it."""
SHORT, QUIET, PATIENCE = 0.5, 1.0, 60.0
"""Seconds at rest after which a key, and a screen, count as done; and after which nobody waits."""

# Without decorations that only take room, and as large as the screen.
OPENBOX = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc"><applications><application class="*">
<maximized>yes</maximized></application></applications></openbox_config>
"""


def missing() -> str:
    """Return what keeps this machine from showing a window, "" for nothing."""
    for program in ("Xvfb", "openbox", "xdotool", "soffice"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    office = Path(shutil.which("soffice") or "").resolve().parent.parent
    if not (office / "share/config/soffice.cfg/modules/scalc/ui").is_dir():
        return "this LibreOffice has no window (Debian: libreoffice-calc in place of its -nogui)"
    return ""


class Screen:
    """A screen of its own, on which LibreOffice has one workbook open."""

    def __init__(self, size: tuple[int, int], work: Path) -> None:
        self._size, self._work = size, work
        self._started: list[subprocess.Popen[bytes]] = []
        self._buffer: mmap.mmap | None = None
        self._env = dict(os.environ)
        self._office: list[psutil.Process] = []

    def __enter__(self) -> Screen:
        width, height = self._size
        read, write = os.pipe()
        frames = self._work / f"frames-{width}-{time.monotonic_ns()}"
        frames.mkdir()
        # It chooses a number that is free, and says which once it is there.
        server = ("Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24")
        self._start(*server, "-fbdir", str(frames), pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as said:
            self._env["DISPLAY"] = f":{said.readline().strip()}"
        with (frames / "Xvfb_screen0").open("rb") as file:
            self._buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        settings = self._work / "openbox.xml"
        settings.write_text(OPENBOX, encoding="utf-8")
        self._start("openbox", "--config-file", str(settings))
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, *command: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            env=self._env,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process

    def open(self, book: Path) -> None:
        """Open a workbook, and wait until it is there."""
        profile = self._work / "profile"
        office = (shutil.which("soffice") or "", f"-env:UserInstallation={profile.as_uri()}")
        if not profile.exists():
            # The first start of a profile is a start of its own.
            subprocess.run(
                [*office, "--headless", "--terminate_after_init"],
                env=self._env, timeout=120, check=True, capture_output=True,
            )  # fmt: skip
        quiet = ("--norestore", "--nologo", "--nolockcheck", "--calc")
        self._env["SAL_USE_VCLPLUGIN"] = "gtk3"
        process = self._start(*office, *quiet, str(book))
        deadline = time.monotonic() + PATIENCE * 2
        search = ["xdotool", "search", "--name", book.name]
        while not subprocess.run(search, env=self._env, capture_output=True).stdout:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{book.name}: LibreOffice shows no window of it")
            time.sleep(0.2)
        self.settle(QUIET)
        self._press("Escape")

    def go_to(self, sheet: str, cell: str = "A1") -> None:
        """Go to a cell by the box with its name."""
        self._press("ctrl+shift+t")
        self._follow(SHORT)
        self._write(f"${quoted(sheet)}.{cell}")
        self._follow(SHORT)
        self._press("Return")
        self._follow(QUIET)

    def point_away(self) -> None:
        """Put the pointer where it is in nobody's way."""
        subprocess.run(["xdotool", "mousemove", *map(str, self._size)], env=self._env, check=True)
        self.settle(SHORT)

    def type(self, text: str) -> tuple[float, float]:
        """Type into the cell, and return how many seconds later the screen last changed, and how
        many of them LibreOffice was calculating and drawing."""
        self._write(text)
        self._follow(SHORT)
        begin, used = time.monotonic(), self._used()
        self._press("Return")
        return self.settle(6 * QUIET) - begin, self._used() - used

    def _follow(self, quiet: float) -> None:
        """Wait until a key has been answered, and all that it brings about is done."""
        begin, seen = time.monotonic(), self._look()
        while self._look() == seen and time.monotonic() - begin < SHORT:
            time.sleep(0.02)
        self.settle(quiet)

    def settle(self, quiet: float) -> float:
        """Wait until LibreOffice is at rest, and return when the last change was seen.

        At rest: for so many seconds nothing has changed and next to nothing been calculated.
        """
        begin = changed = busy = checked = time.monotonic()
        seen, used = self._look(), self._used()
        while (now := time.monotonic()) - max(changed, busy) < quiet and now - begin < PATIENCE:
            time.sleep(0.03)
            if (found := self._look()) != seen:
                seen, changed = found, time.monotonic()
            if now - checked > 0.2:
                if (found_used := self._used()) - used > 0.015:
                    busy = now
                used, checked = found_used, now
        return changed

    def _used(self) -> float:
        """Return the processor time of LibreOffice so far."""
        if not self._office:
            first = psutil.Process(self._started[-1].pid)
            self._office = [first, *first.children(recursive=True)]
        every = [p.cpu_times() for p in self._office if p.is_running()]
        return sum(each.user + each.system for each in every)

    def save(self, path: Path) -> None:
        """Save what is seen as a picture."""
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombuffer("RGB", self._size, self._pixels(), "raw", "BGRX").save(path)

    def _pixels(self) -> bytes:
        # X's window dump: a header that says how long it is and how many colours follow it.
        assert self._buffer is not None
        header, *_ = struct.unpack(">I", self._buffer[:4])
        (colours,) = struct.unpack(">I", self._buffer[76:80])
        begin = header + 12 * colours
        width, height = self._size
        return self._buffer[begin : begin + 4 * width * height]

    def _look(self) -> bytes:
        return hashlib.blake2b(self._pixels(), digest_size=16).digest()

    def _press(self, key: str) -> None:
        subprocess.run(["xdotool", "key", key], env=self._env, check=True)

    def _write(self, text: str) -> None:
        subprocess.run(["xdotool", "type", "--delay", "20", "--", text], env=self._env, check=True)


def found_in(book: Path) -> FoundWorkbook:
    """Return what a workbook turns out to be."""
    file = read_workbook(book)
    values = {
        sheet: {at: file.stored[sheet].get(at) if isinstance(cell, Formula) else cell
                for at, cell in grid.items()}
        for sheet, grid in file.book.sheets.items()
    }  # fmt: skip
    # What a program has stored is looked up as cells are; no formula is among it.
    return find_lesson(file.book, values, book.name)  # type: ignore[arg-type]


def place_of(found: FoundWorkbook, tab: str, key: str) -> str:
    """Return the cell of an input: a field, a run's rate, or the first row of a table."""
    maps = next(each for each in found.maps if each.sheet == tab)
    if key in maps.fields:
        return address(maps.fields[key])
    if key in maps.runs:
        return address((maps.runs[key], maps.tables["runs"].columns["learning_rate"]))
    table = next(each for each in maps.tables.values() if key in each.columns)
    return address(table.cell(key, 0))


@contextlib.contextmanager
def opened(book: Path, size: tuple[int, int], work: Path) -> Iterator[Screen]:
    """Open a copy of a workbook on a screen."""
    copy = work / book.name
    shutil.copy(book, copy)
    with Screen(size, work) as screen:
        screen.open(copy)
        yield screen


def main() -> None:
    """Make the pictures, and measure what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("books", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screens")
    parser.add_argument("--times", action="store_true", help="time changes, on the smaller screen")
    asked = parser.parse_args()
    if why := missing():
        print(f"screens: skipped, {why}")
        return
    books = asked.books or [ROOT / "workbooks" / f"{name}.xlsx" for name in TABS]
    with tempfile.TemporaryDirectory(prefix="xlsgd-screens-") as folder:
        for book in books:
            tabs = TABS.get(book.stem) or tuple(read_workbook(book).book.sheets)
            for size in SIZES:
                with opened(book, size, Path(folder)) as screen:
                    for tab in tabs:
                        screen.go_to(tab)
                        path = asked.out / f"{size[0]}x{size[1]}" / f"{book.stem}-{tab}.png"
                        screen.save(path)
                        print(path)
        if asked.times:
            for row in times(books, Path(folder)):
                print(*row, sep="  ")


def times(books: Sequence[Path], work: Path) -> Iterator[tuple[str, ...]]:
    """Yield workbook, tab, input and what is typed into it for every change, then the seconds
    from Enter to the last change on the screen, and LibreOffice's processor time."""
    for book in books:
        changes = [change[1:] for change in CHANGES if change[0] == book.stem]
        if not changes:
            continue
        found = found_in(book)
        with opened(book, SIZES[0], work) as screen:
            for tab, key, typed in changes:
                screen.go_to(tab)
                screen.go_to(tab, place_of(found, tab, key))
                seen, used = screen.type(typed)
                yield book.stem, tab, key, typed, f"{seen:.1f} s", f"{used:.1f} s"


if __name__ == "__main__":
    main()
