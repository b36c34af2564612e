"""What torch has for a bowl tab: second derivatives by autograd, eigenvalues by torch.linalg."""

from __future__ import annotations

import math

from xlsgd.tabs.bowl.columns import field_of, pairs
from xlsgd.torch_side.mean_losses import MeanLosses
from xlsgd.training.experiment import Experiment

__all__ = ["bowl"]

Members = dict[str, list[float | str]]


def bowl(losses: MeanLosses, experiment: Experiment, rate: float) -> Members:
    """Return the fields of an experiment, a number for every member each."""
    import torch

    names = experiment.network.parameters
    found: dict[str, list[float | str]] = {}

    def note(key: str, value: float) -> None:
        found.setdefault(field_of(experiment, key), []).append(value)

    for bends in losses.bends():
        for p, q in pairs(experiment):
            note(f"bend.{p}.{q}", float(bends[names.index(p), names.index(q)]))
        _, middle, high = torch.linalg.eigvalsh(bends).tolist()
        mean = float(bends.trace()) / 3
        own = bends - mean * torch.eye(3, dtype=torch.float64)
        spread = math.sqrt(float((own * own).sum()) / 6)
        product = float(torch.linalg.det(bends))
        # The eigenvalue that cancels least: of the smallest a large part is rounding.
        least = product / (high * middle)
        for key, value in (
            ("mean_bend", mean),
            ("spread_bend", spread),
            ("skew", float(torch.linalg.det(own / spread)) / 2),
            ("product", product),
            ("steepest", high),
            ("middle", middle),
            ("flattest", least),
            ("condition", high / least),
            ("largest_rate", 2 / high),
            ("rate", rate),
            ("steps_flattest", 1 / (rate * least) if rate else math.nan),
        ):
            note(key, value)
    return found
