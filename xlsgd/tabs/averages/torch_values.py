"""What torch has for a tab of running averages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.trace import MEMBERS

__all__ = ["RunningAverages"]

Floats = NDArray[np.float64]
Members = dict[str, Floats]


class RunningAverages:
    """Signal, averages and what is measured, of all members of an ensemble.

    given: the inputs.   signal: as typed in, shape (rows,); None for a wave.
    seen: the sheet's numbers, by column and by field, where every cell is to follow from those that
        it looks at; empty where all follows from the inputs.
    """

    def __init__(
        self,
        given: Mapping[str, float],
        signal: Floats | None,
        rows: int,
        seen: Mapping[str, Floats],
    ) -> None:
        from xlsgd.torch_side import Ensemble

        self._ensemble = Ensemble(MEMBERS)
        self._given = {key: self._copies([value]) for key, value in given.items()}
        self._seen, self._rows = seen, rows
        self.columns: Members = {}
        self.fields: Members = {}
        self._add_signal(signal)
        self._add_averages()
        if signal is None:
            self._add_formulas()
            self._add_measures()
        self._add_extremes()
        if signal is None:
            lag = self._field("lag")
            wave = np.sin(self._shown("x") - lag)
            self.columns["predicted"] = self._field("gain") * wave

    def _copies(self, values: object) -> Floats:
        copies: Floats = self._ensemble.copies(values).numpy()
        return copies

    def _shown(self, quantity: str) -> Floats:
        """Return a column as cells that look at it find it."""
        if quantity in self._seen:
            return self._copies(self._seen[quantity])
        return self.columns[quantity]

    def _field(self, key: str) -> Floats:
        """Return a field as cells that look at it find it, shape (members, 1)."""
        if key in self._seen:
            return self._copies(self._seen[key])
        return self.fields[key][:, None]

    def _add_signal(self, signal: Floats | None) -> None:
        import torch

        count = np.arange(1.0, self._rows + 1)
        if "step" in self._seen:
            count = np.concatenate(([1.0], self._seen["step"][:-1] + 1))
        self.columns["step"] = np.broadcast_to(count, (MEMBERS, self._rows)).copy()
        if signal is not None:
            self.columns["signal"] = self._copies(signal)
            return
        self.columns["x"] = self._given["omega"] * self._shown("step")
        x = torch.from_numpy(self._shown("x"))
        self.columns["signal"] = torch.sin(x).numpy()
        self.columns["cosine"] = torch.cos(x).numpy()

    def _add_averages(self) -> None:
        import torch

        share = torch.from_numpy(self._given["share"][:, 0].copy())
        slopes = torch.from_numpy(self._shown("signal").copy())
        for name, weight in (("dampened", 1 - share), ("classic", torch.ones_like(share))):
            before = torch.zeros_like(share)
            rows = []
            known = self._shown(name) if name in self._seen else None
            for i in range(self._rows):
                rows.append(before.mul(share).add(slopes[:, i] * weight))
                before = rows[-1] if known is None else torch.from_numpy(known[:, i].copy())
            self.columns[name] = torch.stack(rows, 1).numpy()
        measures = (self._shown("step") > self._given["settled"]).astype(float)
        self.columns["measures"] = measures
        most = self._shown("signal").max(1, keepdims=True)
        now = self._shown("measures") == 1
        self.columns["since"] = np.where(now, self._shown("dampened"), most)

    def _add_formulas(self) -> None:
        share, omega = (self._given[key][:, 0] for key in ("share", "omega"))
        left = 1 - share * np.exp(-1j * omega)
        self.fields["gain"] = (1 - share) / np.abs(left)
        self.fields["lag"] = np.angle(left)
        self.fields["lag_in_steps"] = self._field("lag")[:, 0] / omega

    def _add_measures(self) -> None:
        parts = {"s": "signal", "c": "cosine", "v": "dampened"}
        weights = self._shown("measures")
        moves = self._ensemble.moves_of_means(np.array(float(self._rows)))
        for one, other in ("ss", "sc", "cc", "vs", "vc"):
            products = weights * self._shown(parts[one]) * self._shown(parts[other])
            total = products.sum(1) + moves * np.abs(products).sum(1)
            self.fields[f"sum_{one}{other}"] = total
        ss, sc, cc, vs, vc = (self._field(f"sum_{k}")[:, 0] for k in ("ss", "sc", "cc", "vs", "vc"))
        with np.errstate(all="ignore"):
            solved = ss * cc - sc * sc
            solved = np.where(solved == 0, np.nan, solved)
            self.fields["in_step"] = (vs * cc - vc * sc) / solved
            self.fields["behind"] = (vs * sc - vc * ss) / solved
        in_step, behind = self._field("in_step")[:, 0], self._field("behind")[:, 0]
        self.fields["gain_measured"] = np.hypot(in_step, behind)
        self.fields["lag_measured"] = np.arctan2(behind, in_step)

    def _add_extremes(self) -> None:
        self.fields["highest"] = self._shown("dampened").max(1)
        self.fields["lowest_since"] = self._shown("since").min(1)
        self.fields["highest_classic"] = self._shown("classic").max(1)
