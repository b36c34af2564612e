"""Files of passengers, well made but for what a test changes."""

from __future__ import annotations

from pathlib import Path

HEADER = (
    *("PassengerId", "Survived", "Pclass", "Name", "Sex", "Age"),
    *("SibSp", "Parch", "Ticket", "Fare", "Cabin", "Embarked"),
)
FIRST = dict(
    zip(HEADER, ("1", "0", "3", "A", "male", "22", "1", "0", "T 1", "7.25", "", "S"), strict=True)
)
SECOND = dict(
    zip(
        HEADER,
        ("2", "1", "1", "B", "female", "38", "0", "2", "T 2", "71.5", "C8", "C"),
        strict=True,
    )
)


def table(*changes: dict[str, str], separator: str = ",", end: str = "\n") -> str:
    """Return a file with the second passenger as often as there are changes, each changed so.

    The first passenger, unchanged, stands above them, so that the first change is on line 3.
    """
    rows = [FIRST, *(SECOND | change for change in changes or ({},))]
    lines = [HEADER, *(tuple(row.values()) for row in rows)]
    return "".join(separator.join(line) + end for line in lines)


def written(folder: Path, content: str | bytes, name: str = "train.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
