"""What is printed gets through to terminals and pipes that know few letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import xlsgd


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small run that explodes, so that explain has much to say."""
    path = tmp_path_factory.mktemp("streams") / "größe ≤ 1.xlsx"
    points = xlsgd.made_data(9, 0, 1)
    return xlsgd.generate(
        "graddesc", path, data=points, optimizers=("sgd",), epochs=2, learning_rate=0.01
    )


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("command", "encoding"),
    [
        *((c, "cp1252") for c in ("list", "engines", "explain", "verify", "sweep", "missing")),
        *((c, e) for c in ("list", "missing") for e in ("ascii", "cp437:strict")),
    ],
)
def test_no_letter_ends_the_program(
    book: Path, encoding: str, command: str, tmp_path: Path
) -> None:
    words = {
        "explain": ["explain", str(book)],
        "verify": ["verify", str(book)],
        "sweep": ["sweep", "two-neuron", "--epochs", "1", "--x", "lr=1e-6:1e-3:9", "--check", "0"],
        "missing": ["verify", "größe ≥ 2.xlsx"],
    }.get(command, [command])
    ended = subprocess.run(
        [sys.executable, "-m", "xlsgd", *words],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=120,
    )
    assert ended.returncode == (2 if command == "missing" else 0), ended.stderr
    assert b"Traceback" not in ended.stderr
    # click takes ASCII for a setting that nobody has thought about, and writes UTF-8.
    code = {"ascii": "utf-8", "cp437:strict": "cp437"}.get(encoding, encoding)
    said = (ended.stdout + ended.stderr).decode(code)
    if command == "list":
        assert "one neuron, y = a" in said
        # The whole line came through, where need be its minus in another dress.
        minus = "−" if code == "utf-8" else "-"
        assert f"gradient descent: p {minus} learning_rate" in said
    if command == "verify":
        assert f"{'<=' if code == 'cp1252' else '≤'} 1.xlsx: agrees with torch" in said
    if command == "missing":
        assert f"{'>=' if code == 'cp1252' else '≥'} 2.xlsx: no such file" in said


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that closes streams")
@pytest.mark.parametrize(
    ("closed", "status", "said"),
    [
        (">&-", 2, "Error: standard output is closed; open it, or send it to a file\n"),
        ("2>&-", 0, ""),
        (">&- 2>&-", 2, ""),
        ("<&-", 0, ""),
    ],
)
def test_closed_streams(closed: str, status: int, said: str) -> None:
    command = f'"{sys.executable}" -m xlsgd list {closed}'
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (status, said)
    assert ("graddesc" in result.stdout) == (status == 0)
