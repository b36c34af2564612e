"""The tables of the docs that are made from the program, for scripts/refresh_docs.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["TABLES"]


def _table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    return [line(headers), line("---" for _ in headers), *map(line, rows)]


def _lessons() -> list[str]:
    from xlsgd.lessons import Options, lesson_plans

    return _table(
        ("lesson", "what it is", "its tabs"),
        (
            (
                f"`{name}`",
                plan.summary,
                ", ".join(f"`{e.id}`" for e in plan.build(Options()).experiments),
            )
            for name, plan in lesson_plans().items()
        ),
    )


def _questions() -> list[str]:
    from scripts.lessons_index import index_rows

    return _table(("question", "lesson", "tab and cell", "command"), index_rows())


def _lesson_pictures() -> list[str]:
    from scripts.lessons_index import picture_rows

    return _table(("lesson", "question", "a picture"), picture_rows())


def _optimizers() -> list[str]:
    from xlsgd.training.optimizers import optimizers

    return _rules(optimizers())


def _searches() -> list[str]:
    from xlsgd.training.optimizers import searches

    return _rules(searches())


def _rules(rules: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, optimizer in rules.items():
        defaults = ", ".join(f"{g.key} {g.value:g}" for g in optimizer.hyperparameters)
        convention = optimizer.convention
        if optimizer.variant_of:
            convention += f", instead of `{optimizer.variant_of}`"
        rows.append(
            (
                f"`{name}`",
                optimizer.summary.removeprefix("gradient descent: "),
                f"`{optimizer.torch_line.partition('  #')[0]}`",
                defaults or "none",
                convention,
            )
        )
    return _table(("name", "on paper", "in PyTorch", "defaults", "convention"), rows)


def _defaults(thing: Any) -> str:
    return ", ".join(f"{given.key} {given.value:g}" for given in thing.hyperparameters) or "none"


def _schedules() -> list[str]:
    from xlsgd.training.schedules import schedules

    return _table(
        ("name", "the rate on paper", "in PyTorch", "defaults"),
        (
            (f"`{name}`", s.summary, f"`{s.torch_line.partition('  #')[0]}`", _defaults(s))
            for name, s in schedules().items()
        ),
    )


def _transforms() -> list[str]:
    from xlsgd.training.transforms import transforms

    return _table(
        ("name", "on paper", "in PyTorch", "if asked for"),
        (
            (f"`{name}`", t.summary, f"`{t.torch_line}`", _defaults(t))
            for name, t in transforms().items()
        ),
    )


def _layers() -> list[str]:
    from xlsgd.training.nets import layer_types

    return _table(
        ("layer", "on paper", "in PyTorch"),
        (
            (f"`{name}`", kind.summary, f"`{kind.torch_call or f'torch.nn.{name}'}`")
            for name, kind in layer_types().items()
        ),
    )


def _functions() -> list[str]:
    from xlsgd.training.nets.kinds import alone_types

    return _table(
        ("net", "what it is"),
        ((f"`{name}`", sentence_of(kind.__module__)) for name, kind in alone_types().items()),
    )


def _features() -> list[str]:
    from xlsgd.data.features import feature_types

    return _table(
        ("feature", "on paper", "what it is"),
        (
            (f"`{name}`", kind.summary, sentence_of(kind.__module__))
            for name, kind in feature_types().items()
        ),
    )


def sentence_of(module: str) -> str:
    """Return the first paragraph of a module's docstring, as one line."""
    words = (sys.modules[module].__doc__ or "").partition("\n\n")[0]
    return words.replace("\n", " ")


def _inputs() -> list[str]:
    from xlsgd.data.passengers import SCHEMA

    return _table(
        ("input", "on paper", "what it is"),
        ((f"`{c.quantity}`", c.paper, c.note) for c in SCHEMA.feature_columns()),
    )


def _losses() -> list[str]:
    from xlsgd.training.losses import losses

    return _table(
        ("loss of a row", "on paper", "its slope", "its numbers", "in PyTorch"),
        (
            (
                f"`{name}`",
                loss.paper,
                loss.paper_gradient,
                ", ".join(f"{g.key} {g.value:g}" for g in loss.hyperparameters) or "none",
                f"`{loss.torch.partition('  #')[0]}`",
            )
            for name, loss in losses().items()
        ),
    )


def _gradients() -> list[str]:
    from xlsgd.training.gradients import gradient_rules

    return _table(
        ("rule", "on paper", "kind", "columns"),
        (
            (f"`{name}`", rule.summary, rule.choice, f"`{rule.gradient}.a`, …")
            for name, rule in gradient_rules().items()
        ),
    )


def _tolerances() -> list[str]:
    from xlsgd.report.report import CHECKS
    from xlsgd.report.tolerances import TOLERANCES

    def power(number: float) -> str:
        return f"{number:g}" if number else "0"

    return _table(
        ("check", "question", "relative", "absolute", "reason"),
        (
            (
                f"`{name}`",
                question,
                *(
                    (power(TOLERANCES[name].rtol), power(TOLERANCES[name].atol))
                    if name in TOLERANCES
                    else ("none", "none")
                ),
                TOLERANCES[name].reason if name in TOLERANCES else "they say it or they do not",
            )
            for name, question in CHECKS.items()
        ),
    )


def _habits() -> list[str]:
    from xlsgd.checks.harmless import RULES
    from xlsgd.engines import engines

    def whose(habits: frozenset[str]) -> str:
        known = {name: getattr(engine, "habits", frozenset()) for name, engine in engines().items()}
        return ", ".join(f"`{name}`" for name, of_engine in known.items() if habits & of_engine)

    return _table(
        ("rule", "engines", "what is harmless", "reason"),
        ((f"**{rule.name}**", whose(rule.habits), rule.words, rule.reason) for rule in RULES),
    )


def _numbers() -> list[str]:
    from xlsgd.report.compare import SAFETY
    from xlsgd.report.tolerances import HORIZON
    from xlsgd.tabs.layouts.rows.torch_run import MEMBERS

    return _table(
        ("number", "value", "what it decides"),
        (
            ("runs in the ensemble", MEMBERS, "the run itself and those that are moved"),
            ("safety", f"{SAFETY:g}", "how many times the ensemble's spread is allowed"),
            ("horizon", f"{HORIZON:g}", "weights that stray by a larger share are unpredictable"),
        ),
    )


def _operations() -> list[str]:
    from xlsgd.training.nets.kinds import operation_types

    return _table(
        ("operation", "on paper", "what it hands back", "in PyTorch"),
        (
            (f"`{name}`", kind.summary, _handed_back(kind), f"`{kind.torch_call}`")
            for name, kind in operation_types().items()
        ),
    )


def _handed_back(kind: Any) -> str:
    """Return what an operation hands back to each of its inputs where it is handed g."""
    from xlsgd.training.nets.elementwise import Elementwise
    from xlsgd.training.operations.binary import Binary
    from xlsgd.training.operations.formula import Formula

    if issubclass(kind, Formula):
        return "its derivative, by the rules of calculus"
    options = {"Power": ["3"], "Clamp": ["-1", "1"], "Normalize": ["0.00001"]}
    operands = {"Where": ["c", "a", "b"], "Chosen": ["place", "x1", "x2"]}
    layer = kind.parse(options.get(kind.name, []))
    if issubclass(kind, Elementwise):
        names = ["x"]
    else:
        names = operands.get(kind.name, ["a", "b"] if issubclass(kind, Binary) else ["x1", "x2"])
    handed = layer.backward(["g"] * layer.outputs(len(names)), names, ["y", "y2"], {})
    each = [f"to {n}: `{text}`" for n, text in zip(names, handed, strict=True) if text != "0"]
    return ", ".join(each) or "nothing: 0"


def _changes() -> list[str]:
    from xlsgd.verdict import CLEAR, LEVEL

    return _table(
        ("the mean loss", "changes from one epoch to the next by"),
        (
            ("clearly rises or falls", f"more than {100 * CLEAR:g} %"),
            ("hardly moves", f"{100 * LEVEL:g} to {100 * CLEAR:g} %"),
            ("is level", f"less than {100 * LEVEL:g} %"),
        ),
    )


def _faults() -> list[str]:
    """What may be wrong with a cell of anybody's workbook."""
    from xlsgd.foreign.findings import FAULTS

    return _table(("kind", "what it means"), [(f"`{kind}`", why) for kind, why in FAULTS.items()])


def _rooms() -> list[str]:
    """What each part of the package is, and which parts it imports."""
    from xlsgd import __file__ as package

    folder = Path(package).parent
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        room = inside.parts[0] + "/" if len(inside.parts) > 1 else inside.name
        if room not in ("__init__.py", "__main__.py"):
            files.setdefault(room, []).append(path)
    uses = {room: imported_rooms(paths, set(files)) - {room} for room, paths in files.items()}
    rows, floor = [], 0
    while uses:
        # A floor: what imports from lower floors only.
        ready = [room for room in uses if not uses[room] & uses.keys()]
        if not ready:
            raise ValueError(f"these import each other in a circle: {', '.join(uses)}")
        floor += 1
        for room in ready:
            home = folder / room / "__init__.py" if room.endswith("/") else folder / room
            tree = ast.parse(home.read_text(encoding="utf-8") if home.exists() else "")
            words = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
            rows.append((floor, f"`{room}`", words))
        for room in ready:
            del uses[room]
    return _table(("floor", "room", "what it is"), rows)


def _kinds() -> list[str]:
    from xlsgd.tabs.kind import kinds

    rows = []
    for name, kind in kinds().items():
        words = (sys.modules[type(kind).__module__].__doc__ or "").partition("\n\n")[0]
        what = words.partition(": ")[2].replace("\n", " ")
        formats = ", ".join(f"`{marker}`" for marker in kind.markers) or "none"
        seen = ", ".join(f"`{other}`" for other in kind.looks_at) or "nothing"
        rows.append((f"`{name}`", what, seen, formats))
    return _table(("kind", "what it is", "looks at", "beside the marker"), rows)


def imported_rooms(paths: Iterable[Path], rooms: set[str]) -> set[str]:
    """Return the rooms that some files import when they are imported or when they run."""
    found = set()
    for path in paths:
        for node in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                top, _, rest = name.partition(".")
                if top == "xlsgd" and rest:
                    part = rest.partition(".")[0]
                    found |= {f"{part}.py", f"{part}/"} & rooms
    return found


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports in a tree, but for those that only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from _imports(node)


TABLES: dict[str, Callable[[], list[str]]] = {
    "lessons": _lessons,
    "questions": _questions,
    "lesson pictures": _lesson_pictures,
    "optimizers": _optimizers,
    "searches": _searches,
    "schedules": _schedules,
    "transforms": _transforms,
    "functions": _functions,
    "features": _features,
    "inputs": _inputs,
    "layers": _layers,
    "operations": _operations,
    "losses": _losses,
    "gradient rules": _gradients,
    "tolerances": _tolerances,
    "habits": _habits,
    "numbers": _numbers,
    "changes": _changes,
    "rooms": _rooms,
    "faults": _faults,
    "kinds of tabs": _kinds,
}
"""What makes a table's lines, by the table's name."""
