"""Optimizers of torch that are not among ours, why not, and what to take instead."""

from __future__ import annotations

__all__ = ["REFUSED", "refusal"]

REFUSED = {
    "LBFGS": "a step of it asks for the loss again and again, as often as its line search needs, "
    "and a row of a sheet has one loss; use momentum-classic or adam",
    "SparseAdam": "it is Adam for gradients that name the rows they are for, and a sheet has "
    "every gradient in full; use adam",
    "Adafactor": "it keeps means of rows and columns of weights in place of an average for each "
    "weight, which saves memory that a sheet does not save; use adam or rmsprop",
    "Muon": "its steps are whole matrices, made orthogonal, and here every weight steps by "
    "itself; use momentum-classic or adamw",
}
"""By torch's names."""


def refusal(name: str) -> str:
    """Return why an optimizer of torch is none of ours; empty for all other names."""
    letters = "".join(c for c in name.casefold() if c.isalnum())
    for known, why in REFUSED.items():
        if letters == known.casefold():
            return f"the optimizer {known} cannot be shown in a sheet: {why}"
    return ""
