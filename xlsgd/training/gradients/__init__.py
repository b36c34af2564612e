"""Gradient rules: how to find which way is downhill, each one file with both sides.

A training tab shows a numerical rule and backpropagation side by side, how far they are apart,
and which of the two drives the update.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.columns import Column, Input
from xlsgd.base.registry import find
from xlsgd.training.gradients.rule import GradientRule
from xlsgd.training.nets import Network

__all__ = [
    "CHOICES",
    "GRADIENT_INPUT",
    "GradientRule",
    "comparison_columns",
    "differences",
    "gradient_rules",
    "slope_symbol",
]

CHOICES = ("numerical", "backprop")
"""Which derivative may drive the update."""

GRADIENT_INPUT = "gradient"


@cache
def gradient_rules() -> dict[str, GradientRule]:
    """Return every gradient rule by its name."""
    return cast(dict[str, GradientRule], find("xlsgd.training.gradients", "RULE"))


def differences() -> dict[str, GradientRule]:
    """Return the numerical rules by their name: ``forward``, ``central``."""
    return {name: rule for name, rule in gradient_rules().items() if rule.choice == "numerical"}


def gradient_input(choice: str) -> Input:
    """Return the drop-down that says which derivative drives the update."""
    return Input(
        GRADIENT_INPUT,
        choice,
        "which derivative drives the update",
        choices=CHOICES,
        label="derivative",
    )


def slope_symbol(p: str) -> str:
    """Return how the derivative of the loss with respect to p is written on paper."""
    return f"∂L/∂{p}"


def comparison_columns(network: Network) -> list[Column]:
    """Return, per parameter, how far the two derivatives are apart and the one that is used."""
    apart = [
        Column(
            f"grad_diff.{p}",
            # 10^-300 keeps two zeros from dividing by zero and is lost beside anything else.
            f"=ABS({{grad_num.{p}}}-{{grad.{p}}})/(ABS({{grad_num.{p}}})+ABS({{grad.{p}}})+10^-300)",
            paper=f"|num − bp| / (|num| + |bp|) for {p}",
            note=f"how far the numerical derivative for {p} is from backprop's: 0 is the same, "
            "1 is nothing in common. A derivative near 0 makes it jump.",
            torch=f"(grad_num_{p} - {p}.grad).abs() / (grad_num_{p}.abs() + {p}.grad.abs())",
            group="numerical against backprop",
        )
        for p in network.parameters
    ]
    used = [
        Column(
            f"grad_used.{p}",
            f'=IF({{{GRADIENT_INPUT}}}="{CHOICES[0]}",{{grad_num.{p}}},{{grad.{p}}})',
            paper=f"grad_num.{p} or grad.{p}",
            note=f"the derivative for {p} that drives the update, as chosen in the cell "
            f"'{GRADIENT_INPUT}'",
            torch=f"{p}.grad",
            group="derivative used",
            symbol=slope_symbol(p),
        )
        for p in network.parameters
    ]
    return apart + used
