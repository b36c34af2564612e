"""Faults put into a copy of the package are found by what ``make test`` runs."""

from __future__ import annotations

import pytest

from tests.mutations import FAULTS, Fault, failures, place_of


def test_every_fault_can_still_be_made() -> None:
    assert len(FAULTS) >= 12
    assert {fault.side for fault in FAULTS} == {"sheet", "torch", "checks", "engine", "finder"}
    for fault in FAULTS:
        assert place_of(fault).suffix == ".py"
        assert fault.old != fault.new


# One a side: all of them, by ``python -m tests.mutations``, take as long as half of all tests.
ONE_A_SIDE = {fault.side: fault for fault in reversed(FAULTS)}


@pytest.mark.wide
@pytest.mark.parametrize("fault", ONE_A_SIDE.values(), ids=lambda fault: fault.what)
def test_a_fault_is_found(fault: Fault) -> None:
    assert failures(fault)
