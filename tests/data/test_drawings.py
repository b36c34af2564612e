"""Images drawn with signs: what of them is a column, and how one cell scales the noise of all."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.drawings import drawn_data
from xlsgd.data.schema import Words
from xlsgd.data.schemas import read_schema

_TWO = ("#. #. ..", ".# #. ..")


def _made(noise: float = 0.5, seed: int = 3) -> Dataset:
    return drawn_data("two", _TWO, (1.0, 0.0), Words(), noise, seed)


def test_a_pixel_is_its_ink_and_so_much_of_a_number_drawn_once() -> None:
    random = np.random.default_rng(3).uniform(-1, 1, (2, 6)).round(2)
    made = _made()
    assert made.inputs["p11"] == (1 + 0.5 * random[0, 0], 0.5 * random[1, 0])
    assert made.inputs["p21"] == tuple(1 + 0.5 * random[:, 2])
    assert made.y == (1.0, 0.0)


def test_pixels_that_are_blank_in_every_image_have_no_noise() -> None:
    made = _made()
    assert [name for name, column in made.inputs.items() if not any(column)] == [
        *("p22", "p31", "p32")
    ]
    assert not {"random22", "random31", "random32"} & made.raw.keys()


def test_without_noise_the_ink_is_left() -> None:
    assert list(_made(noise=0).inputs.values()) == [
        *((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    ]


def test_a_tab_says_of_the_noise_that_it_is_one_number() -> None:
    said = {given.key: str(given.value) for given in _made().schema.description()}
    assert said["raw.noise"] == "one number"
    assert [raw.name for raw in read_schema(said).shared] == ["noise"]


@pytest.mark.parametrize("drawings", [("## ##", "## #"), ("##", "# #"), ("#" * 10,)])
def test_images_of_several_sizes_or_too_large_are_refused(drawings: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match=re.escape("need one, up to 9 × 9")):
        drawn_data("odd", drawings, [0.0] * len(drawings), Words(), 0, 0)
