"""Schedulers of torch that are not among ours, why not, and what to take instead."""

from __future__ import annotations

__all__ = ["REFUSED"]

_FUNCTION = "takes a Python function, which no sheet can look into"

REFUSED = {
    "LambdaLR": f"the scheduler LambdaLR {_FUNCTION}; write it as a formula of the learning rate, "
    "and pass that in place of it: scheduler='learning_rate/(1+0.1*count)' to xlsgd.export, "
    "--schedule 'learning_rate/(1+0.1*count)' on the command line",
    "MultiplicativeLR": f"the scheduler MultiplicativeLR {_FUNCTION}; write its products as a "
    "formula, and pass that in place of it: scheduler='learning_rate*0.9^count' to xlsgd.export, "
    "--schedule 'learning_rate*0.9^count' on the command line; or use ExponentialLR",
    "SWALR": "the scheduler SWALR belongs to the averaging of weights, which is not done here; use "
    "linear",
}
"""By torch's names."""
