"""Hundreds of files from strangers: each has an answer in words, in time, in little memory."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import xlsgd
from tests.hostile.files import KINDS, make, special_files
from tests.verify.books import SIX_POINTS, part_name, parts_of
from xlsgd.many import Limits, Result, check_many

FILES = 500
"""At full width; else one of each kind."""
LIMITS = Limits(seconds=12, memory=950)
PYTHONS = re.compile(
    r"Traceback|\b[A-Z]\w+(?:Error|Exception)\b|\bNone\b|<\w+ object|\bnan\b|codec|float64|lxml"
)
"""Words that are Python's, and nothing to a user."""
ENDLESS = {"takes_for_ever"}
GIVEN_UP = Limits(seconds=3, memory=950)
"""Limits for what takes for ever: it is no more so after twelve seconds."""
LONGEST = 1200
"""Characters of a message: the file's name, what is wrong, 300 of the stranger's, what to do."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "base.xlsx"
    return xlsgd.generate("graddesc", path, epochs=1, data=SIX_POINTS, optimizers=("sgd",))


def kind_of(path: Path) -> str:
    """Return what a file is called after its number."""
    return path.stem.partition(" ")[2]


class Peak:
    """The most memory that this process' helpers have had, each by itself."""

    def __init__(self) -> None:
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        here = psutil.Process()
        while not self._over.wait(0.05):
            for process in here.children(recursive=True):
                with suppress(psutil.Error):
                    if process.cmdline() == here.cmdline():
                        continue  # a copy of this very process that is about to become a helper
                    self.bytes = max(self.bytes, process.memory_info().rss)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="devices and pipes as Linux has them")
class TestHostileFiles:
    @pytest.mark.wide
    def test_five_hundred(
        self, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        costly = {"sheet_below_drawings", "one_row", "elements_outside_rows", "shared_strings",
                  "attributes"}  # fmt: skip
        special = special_files(tmp_path)
        cheap = [name for name in KINDS if name not in costly | ENDLESS]
        # Each costly one three times, for it takes a second.
        names = sorted(ENDLESS) * 2 + sorted(costly) * 3
        names += [cheap[i % len(cheap)] for i in range(FILES - len(names) - len(special))]
        assert len(names) + len(special) == FILES
        self._check(names, special, base, tmp_path, capsys)

    def test_one_of_each_kind(
        self, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._check([*KINDS], special_files(tmp_path), base, tmp_path, capsys)

    def _check(
        self,
        names: list[str],
        special: list[Path],
        base: Path,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Write files of these kinds, check them all as a folder is checked, and look at it."""
        parts, tab = parts_of(base), part_name(base, "sgd")
        files = list(special)
        for seed, name in enumerate(names):
            files.append(folder / f"{seed:03} {name}.xlsx")
            make(name, parts, tab, seed, files[-1])
        begun = time.perf_counter()
        with Peak() as peak:
            found = {}
            for limits, endless in ((LIMITS, False), (GIVEN_UP, True)):
                places = [i for i, f in enumerate(files) if (kind_of(f) in ENDLESS) == endless]
                some = [files[i] for i in places]
                for number, result in check_many(some, jobs=2, limits=limits):
                    found[places[number]] = result
        seconds = time.perf_counter() - begun
        assert sorted(found) == list(range(len(files)))
        self._look_at(files, special, found)
        count = Counter(result.reason or "read" for result in found.values())
        with capsys.disabled():
            print(
                f"\n{len(files)} hostile files in {seconds:.0f} s: {count['refused']} refused, "
                f"{count['read']} read, {count['timeout'] + count['memory']} over limits, "
                f"{count['bug']} tracebacks, {count['crashed']} crashes; "
                f"peak memory {peak.bytes / 1e6:.0f} MB"
            )
        assert peak.bytes < 1e9
        assert count["timeout"] == sum(name in ENDLESS for name in names)

    @staticmethod
    def _look_at(files: list[Path], special: list[Path], found: dict[int, Result]) -> None:
        wrong = []
        for place, result in found.items():
            name = kind_of(files[place])
            expected = "refused" if files[place] in special else KINDS[name][1]
            became = result.reason or "read"
            words = result.message.removeprefix(f"{files[place]}: ")
            if became not in {"either": ("read", "refused")}.get(expected, (expected,)):
                wrong.append((result.file, became, words))
            elif became == "refused" and (
                PYTHONS.search(words) or len(words) > LONGEST or not words.isprintable()
            ):
                wrong.append((result.file, "said badly", words))
        listed = "\n".join(
            f"{Path(name).name}: {what}: {words[:300]}" for name, what, words in wrong
        )
        assert not wrong, f"{len(wrong)}:\n{listed}"
