"""The gallery says what the examples are: their lines, their size, and a picture of each."""

from __future__ import annotations

import re

import pytest
import torch
from PIL import Image

from examples import nets
from scripts.gallery import PAGE, PICTURES, figures_shown, page

LARGEST = 120_000
"""Bytes of a picture."""


def test_the_page_is_what_the_examples_are() -> None:
    assert page(figures_shown()) == PAGE.read_text(encoding="utf-8"), (
        "run: python scripts/gallery.py"
    )


def test_every_net_has_a_section_and_a_command() -> None:
    assert list(figures_shown()) == list(nets.NETS)
    commands = re.findall(
        r"^python examples/nets\.py nets (\S+)$", PAGE.read_text(encoding="utf-8"), flags=re.M
    )
    assert commands == list(nets.NETS)


@pytest.mark.parametrize("name", nets.NETS)
def test_the_lines_shown_make_the_net(name: str) -> None:
    """They run with nothing before them but the imports and ``Net``."""
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^```py\n(.*?)^```\n", text, flags=re.M | re.S)
    (lines,) = (block for block in shown if f"\ndef {name.replace('-', '_')}()" in f"\n{block}")
    known = {"torch": torch, "nn": torch.nn, "Net": nets.Net}
    exec(compile(lines, PAGE.name, "exec"), known)
    torch.manual_seed(0)
    net = known[name.replace("-", "_")]()
    assert sum(p.numel() for p in net.module.parameters()) == figures_shown()[name].weights


@pytest.mark.parametrize("name", nets.NETS)
def test_every_picture_is_small_and_of_cells(name: str) -> None:
    picture = PICTURES / f"gallery-{name}.png"
    assert picture.stat().st_size <= LARGEST
    with Image.open(picture) as seen:
        assert seen.size[0] > 1200
        # Yellow cells to type into, as style.py has them: the tab was there when it was taken.
        colours = {colour for _, colour in seen.convert("RGB").getcolors(1 << 20) or []}
    assert any(abs(r - 255) + abs(g - 244) + abs(b - 204) < 20 for r, g, b in colours)
