"""Schedules by the names that PyTorch has for them."""

from __future__ import annotations

import pytest
import torch
from click.testing import CliRunner

from xlsgd.base.errors import SpecError
from xlsgd.cli import main
from xlsgd.cli.types import SCHEDULE
from xlsgd.data.table import dataset_of
from xlsgd.training.schedules import get_schedule, schedules


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CosineAnnealingLR", "cosine"),
        ("cosine-annealing", "cosine"),
        ("torch.optim.lr_scheduler.StepLR", "step"),
        ("lr_scheduler.OneCycleLR", "one-cycle"),
        ("ReduceLROnPlateau", "plateau"),
        ("reduce-lr-on-plateau", "plateau"),
        ("CosineAnnealingWarmRestarts", "warm-restarts"),
        ("LinearLR 5, CosineAnnealingLR", "linear, cosine"),
        ("ConstantLR * ExponentialLR", "constant-factor * exponential"),
    ],
)
@pytest.mark.every
def test_torchs_names_are_spellings(text: str, name: str) -> None:
    assert get_schedule(text).name == name
    assert SCHEDULE.convert(text, None, None) == text


def test_every_class_of_torch_is_known_or_refused_with_a_reason() -> None:
    kinds = [name for name in torch.optim.lr_scheduler.__all__ if name != "LRScheduler"]
    known = {type(each).torch_class for each in schedules().values()} - {""}
    assert len(known) >= 11
    for kind in kinds:
        if kind in known:
            assert vars(type(get_schedule(kind)))["torch_class"] == kind
        else:
            with pytest.raises(SpecError, match=f"the scheduler {kind}"):
                get_schedule(kind)


def test_a_mistyped_name_is_still_refused() -> None:
    found = CliRunner().invoke(main, ["generate", "graddesc", "--schedule", "CosinAnnealing"])
    assert found.exit_code == 2
    assert "unknown schedule 'CosinAnnealing'" in found.output


@pytest.mark.parametrize("more", [{}, {"shuffle": 1}, {"validation": 0.5}])
def test_columns_of_unequal_length_are_refused(more: dict[str, float]) -> None:
    table = {"x": [1.0, 2.0, 3.0], "z": [1.0, 2.0], "y": [1.0, 2.0, 3.0]}
    with pytest.raises(
        SpecError, match=r"lengths \{'x': 3, 'z': 2, 'y': 3\}; need the same length"
    ):
        dataset_of(table, ["y"], **more)  # type: ignore[arg-type]
