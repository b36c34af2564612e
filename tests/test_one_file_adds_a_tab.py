"""A kind of tab, a layout and an engine, each dropped into a copy of the package as one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.one_file import copy_with, in_copy

pytestmark = pytest.mark.usefixtures("warm")

BEST = '''
    """The best tab: the lowest loss that a run ends with."""

    from xlsgd.base.columns import Input
    from xlsgd.sheets.found_tab import MARKER
    from xlsgd.sheets.maps import TabMap
    from xlsgd.tabs.kind import Planned, TabKind

    MARKED = "best tab, format 1"


    def best_loss(ids):
        losses = ",".join(f"{{@{id}.last_loss}}" for id in ids)
        return Input("best_loss", f"=MIN({losses})", "the lowest of all runs", fixed=True)


    class BestTab(TabKind):
        name = "best"
        looks_at = ("data", "training")
        markers = {MARKED: (frozenset(("best_loss",)),)}

        def planned(self, lesson):
            yield Planned((5,), "", self.name, "the lowest loss that a run ends with")

        def map(self, tab, lesson, book):
            book.of(self.name)[""] = TabMap(tab.sheet, {"best_loss": (3, 2), MARKER: (4, 2)})

        def draw(self, sheet, tab, lesson, book):
            from xlsgd.sheets.writing import write_fields

            marker = Input(MARKER, MARKED, "what xlsgd verify looks for", fixed=True)
            fields = [best_loss(book.training), marker]
            write_fields(sheet, fields, book, book.of(self.name)[""], "value")

        def find(self, tabs, found):
            for tab in tabs[self.name]:
                tab.place("best_loss")
                found.maps.of(self.name)[""] = TabMap(tab.sheet, tab.fields)

        def check(self, work):
            from xlsgd.tabs.training.torch_trained import Trained

            for maps in work.found.maps.of(self.name).values():
                tab, place = work.tabs[maps.sheet], maps.fields["best_loss"]
                wanted = work.writer(maps)(best_loss(work.found.maps.training).value)(place[0])
                tab.check_formula(place, (0, 0, 0), "best_loss", wanted)
                for check, runs in work.of(Trained).summaries.items():
                    ends = [[run.panel["last_loss"] for run in each] for each in runs.values()]
                    lowest = [min(members) for members in zip(*ends)]
                    where, expected = {"best_loss": place}, {"best_loss": lowest}
                    tab.compare_fields(check, where, expected, 0)


    KIND = BestTab()
'''

USE_BEST = """
    import openpyxl
    import xlsgd
    from xlsgd.base.errors import WorkbookError

    path = xlsgd.generate("graddesc", "best.xlsx", epochs=2, optimizers=("sgd", "adam"))

    def told(path):
        report = xlsgd.verify(path)
        sheet = next(sheet for sheet in report.sheets if sheet.name == "best")
        first = sheet.first_difference
        return {
            "ok": report.ok,
            "kind": sheet.kind,
            "compared": sheet.cells_compared,
            "unchecked": sum(len(sheet.unchecked) for sheet in report.sheets),
            "order": [one.kind for one in sorted(report.sheets, key=lambda one: one.order)],
            "first": None if first is None else [first.cell, first.check, first.reason],
        }

    def edited(place, value):
        book = openpyxl.load_workbook(path)
        book["best"][place] = value
        book.save("edited.xlsx")
        try:
            return told("edited.xlsx")
        except WorkbookError as error:
            return str(error)

    best = openpyxl.load_workbook(path)["best"]["B3"].value
    found = {
        "tabs": openpyxl.load_workbook(path).sheetnames,
        "linked": [c.value for c in openpyxl.load_workbook(path)["lesson"]["D"]],
        "right": told(path),
        "formula": edited("B3", best.partition(",")[0] + ")*1"),
        "typed": edited("B3", 1.0),
        "lost": edited("A4", "mine"),
        "explained": len(xlsgd.explain(path).tabs),
    }
"""


@pytest.fixture(scope="module")
def best(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("best")
    copy_with(folder, {"tabs/best/__init__.py": BEST})
    found: dict[str, object] = in_copy(folder, USE_BEST)
    return found


def test_a_kind_of_tab_is_generated_and_verified(best: dict[str, object]) -> None:
    assert best["tabs"] == ["lesson", "data", "sgd", "adam", "surface", "compare", "best"]
    assert "best" in best["linked"]  # type: ignore[operator]
    assert best["explained"] == 2
    assert best["right"] == {
        "ok": True,
        "kind": "best",
        "compared": 1,
        "unchecked": 0,
        # Those that it looks at come before it, and what is nobody's comes last.
        "order": ["data", "training", "training", "surface", "compare", "best", "other"],
        "first": None,
    }


@pytest.mark.parametrize("what", ["formula", "typed"])
def test_a_mistake_on_it_is_found(best: dict[str, object], what: str) -> None:
    wrong = best[what]
    assert isinstance(wrong, dict)
    assert not wrong["ok"]
    assert wrong["first"][0] == "B3"


def test_a_tab_that_has_lost_its_marker_is_not_passed_over(best: dict[str, object]) -> None:
    assert "tab 'best' has the headers of one of xlsgd's tabs" in str(best["lost"])
    assert "best tab, format 1" in str(best["lost"])


ENGINE = '''
    """An engine that asks another one, and says so."""

    from dataclasses import replace

    from xlsgd.engines.formulas import ENGINE as FORMULAS


    class Borrowed:
        name = "borrowed"
        order = 9
        summary = "what formulas calculates, under another name"

        def missing(self):
            return None

        def version(self):
            return "borrowed 1.0"

        def recalculate(self, file, progress=None):
            return replace(FORMULAS.recalculate(file, progress), notes=["borrowed from formulas"])


    ENGINE = Borrowed()
'''

USE_ENGINE = """
    import xlsgd
    from click.testing import CliRunner
    from xlsgd.cli import main

    path = xlsgd.generate("graddesc", "engine.xlsx", epochs=1, optimizers=("sgd",))
    report = xlsgd.verify(path, engine="borrowed")
    both = xlsgd.compare_engines(path, ["formulas", "borrowed"])
    found = {
        "ok": report.ok,
        "by": report.engine_version,
        "notes": report.notes,
        "runs": [run.engine for run in both.runs],
        "disagreements": len(both.disagreements),
        "listed": "borrowed" in CliRunner().invoke(main, ["engines"]).output,
    }
"""


def test_an_engine(tmp_path: Path) -> None:
    copy_with(tmp_path, {"engines/borrowed.py": ENGINE})
    assert in_copy(tmp_path, USE_ENGINE) == {
        "ok": True,
        "by": "borrowed 1.0",
        "notes": ["borrowed from formulas"],
        "runs": ["formulas", "borrowed"],
        "disagreements": 0,
        "listed": True,
    }


LAYOUT = '''
    """The layout ``tall``: as rows, for tabs that are told from others."""

    from xlsgd.tabs.layouts.rows.layout import RowsLayout


    class TallLayout(RowsLayout):
        name = "tall"
        order = 3
        summary = "a row of the table for every row of data, under another name"
        marker = "tall tab, format 1"


    LAYOUT = TallLayout()
'''

USE_LAYOUT = """
    from dataclasses import replace
    from pathlib import Path

    import xlsgd
    from tests.builders import small_data, view_of, write_experiments
    from xlsgd.sweeping.axes import Axis
    from xlsgd.sweeping.grid import sweep_experiment

    view = view_of("Linear(1, 1)", epochs=2, layout="tall")
    path = write_experiments(Path("tall.xlsx"), view, data=small_data(5))
    report = xlsgd.verify(path)
    found = {
        "ok": report.ok,
        "unchecked": sum(len(sheet.unchecked) for sheet in report.sheets),
        "explained": len(xlsgd.explain(path).tabs),
        "swept": [
            list(sweep_experiment(replace(view, layout=layout), small_data(5), [axis]).kinds)
            for axis in [Axis("learning_rate", 1e-4, 10.0, 5, True)]
            for layout in ("tall", "rows")
        ],
    }
"""


def test_a_layout(tmp_path: Path) -> None:
    """One that differs from another by its words: what it says of itself, nobody else asks."""
    copy_with(tmp_path, {"tabs/layouts/tall/__init__.py": LAYOUT})
    found = in_copy(tmp_path, USE_LAYOUT)
    tall, rows = found.pop("swept")
    assert tall == rows
    assert len(set(rows)) > 1
    assert found == {"ok": True, "unchecked": 0, "explained": 1}
