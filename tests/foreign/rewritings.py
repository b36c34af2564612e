"""Workbooks that say the same in other words, or elsewhere: nothing may be called wrong in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tests.foreign.arrays import reference_text
from tests.foreign.mutations import Place, Runs
from tests.foreign.plans import address
from xlsgd.base.cells import Area, Book, Content, Formula, Grid, Position
from xlsgd.formula.r1c1 import read_area, tokens
from xlsgd.formula.tree import Node, nodes_of, parse, sheet_name, text_of

__all__ = ["REWRITINGS", "Rewriting", "moved_cells", "rewritten"]

Rewriting = Callable[[Book, Random], Book | None]
"""Gives another book that says the same, None where it cannot be said so."""


# Other words


def _in_words(book: Book, change: Callable[[Node, Random], Node], random: Random) -> Book | None:
    """Return a book with all formulas written anew, the same formulas in the same way."""
    seed = random.random()
    runs = Runs(book)
    sheets: dict[str, Grid] = {}
    changed = False
    for sheet, grid in book.sheets.items():
        new: Grid = {}
        for place, content in grid.items():
            new[place] = content
            key = runs.keys.get((sheet, place))
            if key is None:
                continue
            text = str(content)
            array = text.startswith("{")
            tree = parse(text[1:-1] if array else text)
            if tree is None:
                continue
            said = text_of(change(tree, Random(f"{seed} {key}")), reference_text)
            new[place] = Formula("{=" + said + "}" if array else "=" + said)
            changed |= new[place] != content
        sheets[sheet] = new
    return Book(sheets, book.names, book.tables, book.arrays) if changed else None


def _everywhere(node: Node, change: Callable[[Node], Node]) -> Node:
    return change(Node(node.kind, node.value, tuple(_everywhere(p, change) for p in node.parts)))


def brackets(book: Book, random: Random) -> Book | None:
    """All brackets that can stand."""
    return _in_words(book, lambda tree, own: tree, random)


def other_order(book: Book, random: Random) -> Book | None:
    """Factors and terms the other way round."""

    def change(tree: Node, own: Random) -> Node:
        def one(node: Node) -> Node:
            if node.kind == "operator" and node.value in ("+", "*") and own.random() < 0.6:
                return Node("operator", node.value, (node.parts[1], node.parts[0]))
            return node

        return _everywhere(tree, one)

    return _in_words(book, change, random)


def other_powers(book: Book, random: Random) -> Book | None:
    """x*x for x^2, and POWER for other powers."""

    def one(node: Node) -> Node:
        if node.kind == "operator" and node.value == "^":
            base, exponent = node.parts
            if exponent == Node("number", 2.0):
                return Node("operator", "*", (base, base))
            return Node("call", "POWER", node.parts)
        return node

    return _in_words(book, lambda tree, own: _everywhere(tree, one), random)


def other_differences(book: Book, random: Random) -> Book | None:
    """-(b-a) for a-b, or a+(-1)*b, and a*(1/b) for a/b."""

    def change(tree: Node, own: Random) -> Node:
        def one(node: Node) -> Node:
            if node.kind != "operator" or own.random() < 0.3:
                return node
            left, right = node.parts if len(node.parts) == 2 else (None, None)
            if left is None or right is None:
                return node
            if node.value == "-":
                if own.random() < 0.5:
                    return Node("sign", "-", (Node("operator", "-", (right, left)),))
                minus = Node("sign", "-", (Node("number", 1.0),))
                return Node("operator", "+", (left, Node("operator", "*", (minus, right))))
            if node.value == "/" and left.kind != "number":
                part = Node("operator", "/", (Node("number", 1.0), right))
                return Node("operator", "*", (left, part))
            return node

        return _everywhere(tree, one)

    return _in_words(book, change, random)


def other_sums(book: Book, random: Random) -> Book | None:
    """SUMPRODUCT for SUM, SUM/COUNT for AVERAGE, SUM for two terms."""

    def change(tree: Node, own: Random) -> Node:
        def one(node: Node) -> Node:
            alone = len(node.parts) == 1 and node.parts[0].kind == "reference"
            if node.kind == "call" and node.value == "SUM" and alone:
                return Node("call", "SUMPRODUCT", node.parts)
            if node.kind == "call" and node.value == "AVERAGE" and alone:
                parts = (Node("call", "SUM", node.parts), Node("call", "COUNT", node.parts))
                return Node("operator", "/", parts)
            return node

        found = _everywhere(tree, one)
        if found.kind == "operator" and found.value == "+":
            return Node("call", "SUM", found.parts)
        return found

    if any(str(c).startswith("{") for g in book.sheets.values() for c in g.values()):
        return None  # SUM makes one number of what an array formula has many of
    return _in_words(book, change, random)


def helpers(book: Book, random: Random) -> Book | None:
    """Parts of formulas in columns of their own, to the right of everything."""
    runs = Runs(book)
    if book.arrays and any(book.arrays.values()):
        return None
    sheets = {name: dict(grid) for name, grid in book.sheets.items()}
    done: set[Place] = set()
    changed = False
    for cell in sorted(runs.trained()):
        sheet, (_, _) = cell
        if cell in done:
            continue
        alike = [c for c in runs.alike(cell) if c[1][1] == cell[1][1]]
        done.update(alike)
        tree = parse(str(book.sheets[sheet][cell[1]]))
        parts = _parts(tree) if tree else []
        if not parts or len(alike) < 2 or random.random() < 0.4:
            continue
        number = random.randrange(len(parts))
        right = max(column for _, column in sheets[sheet]) + 1
        for _, (row, column) in alike:
            own = parse(str(book.sheets[sheet][row, column]))
            assert own is not None
            part = _parts(own)[number]
            there = parse(f"={address(row, right)}")
            assert there is not None
            rest = text_of(_put(own, part, there), reference_text)
            sheets[sheet][row, right] = Formula("=" + text_of(part, reference_text))
            sheets[sheet][row, column] = Formula("=" + rest)
            changed = True
    return Book(sheets, book.names, book.tables, book.arrays) if changed else None


def _parts(tree: Node) -> list[Node]:
    """Return parts of a formula that are numbers for themselves."""
    inner = [n for part in tree.parts for n in nodes_of(part)]
    return [n for n in inner if n.kind in ("operator", "call") and _is_number(n)]


def _is_number(node: Node) -> bool:
    if node.kind == "operator" and node.value in ("<", ">", "<=", ">=", "=", "<>", "&"):
        return False
    return all(
        part.kind != "name"
        and (part.kind != "reference" or not _is_range(part) or node.kind == "call")
        for part in node.parts
    ) and all(_is_number(part) for part in node.parts)


def _is_range(node: Node) -> bool:
    return bool(node.value.area.is_range)  # type: ignore[attr-defined]


def _put(tree: Node, old: Node, new: Node) -> Node:
    if tree is old or tree == old:
        return new
    return Node(tree.kind, tree.value, tuple(_put(part, old, new) for part in tree.parts))


def named(book: Book, random: Random) -> Book | None:
    """Cells with two dollars by names."""
    names = dict(book.names)
    known: dict[tuple[str, str], str] = {}

    def one(token: re.Match[str], sheet: str) -> str | None:
        if not re.fullmatch(r"\$[A-Z]+\$[0-9]+", token["area"]):
            return None
        where = sheet if token["sheet"] is None else _as_written(book, token["sheet"])
        key = where, token["area"]
        if key not in known:
            known[key] = f"my_number_{len(known) + 1}"
            names[None, known[key]] = f"'{where}'!{token['area']}"
        return known[key]

    sheets = _by_references(book, one)
    return Book(sheets, names, book.tables, book.arrays) if known else None


def _as_written(book: Book, prefix: str) -> str:
    lower = sheet_name(prefix)
    return next(name for name in book.sheets if name.lower() == lower)


def _by_references(
    book: Book, change: Callable[[re.Match[str], str], str | None]
) -> dict[str, Grid]:
    """Return the sheets with other references.   change: gives the new text, None for the old."""
    return {
        sheet: {place: _formula_by(content, sheet, change) for place, content in grid.items()}
        for sheet, grid in book.sheets.items()
    }


def _formula_by(
    content: Content, sheet: str, change: Callable[[re.Match[str], str], str | None]
) -> Content:
    if not isinstance(content, Formula):
        return content
    pieces = []
    for token in tokens(str(content)):
        new = change(token, sheet) if token["reference"] is not None else None
        pieces.append(token[0] if new is None else new)
    return Formula("".join(pieces))


# Elsewhere

Move = Callable[[str, Position], tuple[str, Position]]


def moved_cells(book: Book, move: Move) -> Book | None:
    """Return a book whose cells stand elsewhere, with all that refers to them."""
    if any(
        re.search(r"\b(ROW|COLUMN|INDEX|OFFSET|INDIRECT)\(", str(c))
        for grid in book.sheets.values()
        for c in grid.values()
        if isinstance(c, Formula)
    ):
        return None

    def area(sheet: str, given: Area) -> tuple[str, Area]:
        top, left, bottom, right = given
        where, first = move(sheet, (top, left))
        last = move(sheet, (bottom, right))[1]
        return where, (first[0], first[1], last[0], last[1])

    def one(token: re.Match[str], sheet: str) -> str | None:
        found = read_area(token["area"])
        if found is None or not re.search(r"[A-Za-z]\$?[0-9]", token["area"]):
            raise ValueError(f"{token[0]}: whole rows and columns stay where they are")
        where = sheet if token["sheet"] is None else _as_written(book, token["sheet"])
        (rf, top), (cf, left), (rl, bottom), (cl, right) = found.corners
        new, (top, left, bottom, right) = area(where, (top, left, bottom, right))
        text = f"{'$' * cf}{_letters(left)}{'$' * rf}{top}"
        if found.is_range:
            text += f":{'$' * cl}{_letters(right)}{'$' * rl}{bottom}"
        own = token["sheet"] is None
        return text if own else f"'{new}'!{text}"

    try:
        texts = _by_references(book, one)
        names = {
            (owner and move(_as_written(book, f"'{owner}'!"), (1, 1))[0], name): str(
                _formula_by(Formula(text), "", one)
            )
            for (owner, name), text in book.names.items()
        }
    except (ValueError, StopIteration):
        return None
    sheets: defaultdict[str, Grid] = defaultdict(dict)
    arrays: defaultdict[str, dict[Position, Area]] = defaultdict(dict)
    for sheet, grid in texts.items():
        for place, content in grid.items():
            where, new = move(sheet, place)
            sheets[where][new] = content
    for sheet, areas in book.arrays.items():
        for place, filled in areas.items():
            where, new_area = area(sheet, filled)
            arrays[where][move(sheet, place)[1]] = new_area
    tables = {}
    for name, table in book.tables.items():
        where, new_area = area(table.sheet, table.area)
        tables[name] = replace(table, sheet=where, area=new_area)
    return Book(dict(sheets), names, tables, dict(arrays))


def _letters(column: int) -> str:
    return address(1, column)[:-1]


def inserted_rows(book: Book, random: Random) -> Book | None:
    """Free rows in the middle of everything."""
    if book.arrays and any(book.arrays.values()):
        return None
    at = {name: sorted(random.sample(range(3, 30), 2)) for name in book.sheets}
    return moved_cells(book, lambda s, p: (s, (p[0] + sum(p[0] >= r for r in at[s]), p[1])))


def inserted_columns(book: Book, random: Random) -> Book | None:
    """Free columns in the middle of everything."""
    if book.tables or (book.arrays and any(book.arrays.values())):
        return None
    at = {name: sorted(random.sample(range(2, 16), 3)) for name in book.sheets}
    return moved_cells(book, lambda s, p: (s, (p[0], p[1] + sum(p[1] >= c for c in at[s]))))


def elsewhere(book: Book, random: Random) -> Book | None:
    """Everything further down and to the right."""
    down, right = random.randrange(1, 60), random.randrange(1, 30)
    return moved_cells(book, lambda s, p: (s, (p[0] + down, p[1] + right)))


def other_tabs(book: Book, random: Random) -> Book | None:
    """Tabs with other names, in another order."""
    names = list(book.sheets)
    new = {name: f"Übung {chr(65 + i)} (neu)" for i, name in enumerate(names)}
    moved = moved_cells(book, lambda s, p: (new[s], p))
    if moved is None:
        return None
    order = list(moved.sheets)
    random.shuffle(order)
    return replace(moved, sheets={name: moved.sheets[name] for name in order})


def transposed(book: Book, random: Random) -> Book | None:
    """Rows as columns."""
    if book.tables or (book.arrays and any(book.arrays.values())):
        return None
    if any(row > 2000 for grid in book.sheets.values() for row, _ in grid):
        return None
    return moved_cells(book, lambda s, p: (s, (p[1], p[0])))


def notes(book: Book, random: Random) -> Book | None:
    """Words, numbers and sums beside it, which look at it and change nothing."""
    runs = Runs(book)
    sheets = {name: dict(grid) for name, grid in book.sheets.items()}
    cells = sorted(runs.trained())
    if not cells:
        return None
    for sheet in {sheet for sheet, _ in cells}:
        own = [place for s, place in cells if s == sheet]
        right = max(column for _, column in sheets[sheet]) + 2
        column = random.choice(own)[1]
        rows = sorted(row for row, c in own if c == column)
        letters = _letters(column)
        sheets[sheet][rows[0] - 1 if rows[0] > 1 else 1, right] = "so far"
        for row in rows:
            text = f"=AVERAGE({letters}${rows[0]}:{letters}{row})"
            sheets[sheet][row, right] = Formula(text)
            sheets[sheet][row, right + 1] = Formula(f'=IF({letters}{row}>0,"up","down")')
        sheets[sheet][rows[-1] + 3, right + 3] = "this is nice"
        sheets[sheet][rows[-1] + 4, right + 3] = 7.0
    return Book(sheets, book.names, book.tables, book.arrays)


REWRITINGS: dict[str, Rewriting] = {
    "brackets": brackets,
    "order": other_order,
    "powers": other_powers,
    "differences": other_differences,
    "sums": other_sums,
    "helper columns": helpers,
    "names": named,
    "inserted rows": inserted_rows,
    "inserted columns": inserted_columns,
    "elsewhere": elsewhere,
    "other tabs": other_tabs,
    "transposed": transposed,
    "notes": notes,
}
"""Ways to say the same, by their names."""


def rewritten(book: Book, random: Random) -> Iterator[tuple[str, Book]]:
    """Yield all that can be said otherwise of a book, one thing at a time."""
    for name, rewriting in REWRITINGS.items():
        found = rewriting(book, random)
        if found is not None:
            yield name, found
