"""What ``make test`` leaves out ``make test-all`` tries, and the two together try everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_libreoffice_fixture import run_pytest

CASES = """
import pytest

def test_plain():
    pass

@pytest.mark.wide
def test_wide():
    pass

@pytest.mark.both
def test_both():
    pass

@pytest.mark.sampled(3)
@pytest.mark.parametrize("n", range(20))
def test_three(n):
    pass

@pytest.mark.sampled
@pytest.mark.parametrize("a", "pqrst")
@pytest.mark.parametrize("b", range(9))
def test_each_value(a, b):
    pass

@pytest.mark.parametrize("n", range(30))
def test_many(n):
    pass

@pytest.mark.parametrize("n", range(2))
def test_pair(n):
    pass

@pytest.mark.every
@pytest.mark.parametrize("n", range(30))
def test_every(n):
    pass

@pytest.mark.every
class TestCloser:
    @pytest.mark.of_each(1)
    @pytest.mark.parametrize("n", ["adam beta1", "adam beta2", "adam eps", "sgd rate", "sgd"])
    def test_of_each(self, n):
        pass

@pytest.mark.both
def test_share(share):
    print("tried", *share("abcd", 2))

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.wide)])
def test_one_is_wide(n):
    pass

@pytest.mark.both
@pytest.mark.parametrize("n", ["narrow", pytest.param("wide", marks=pytest.mark.wide)])
def test_one_shares(n, share):
    print(n, "does", *share("abc"))
"""
ALL = 1 + 1 + 1 + 20 + 45 + 30 + 2 + 30 + 5 + 1 + 2 + 2


def collected(folder: Path, *options: str) -> list[str]:
    """Return the names of the tests that would be run."""
    status, output = run_pytest(folder, CASES, "--collect-only", "-q", *options)
    assert status == 0
    return re.findall(r"^test_it\.py::(.+)$", output, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def widths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("widths")
    return {width: collected(folder, "--width", width) for width in ("some", "rest", "all")}


def test_some_and_rest_are_all(widths: dict[str, list[str]]) -> None:
    assert len(widths["all"]) == ALL
    assert {*widths["some"], *widths["rest"]} == {*widths["all"]}
    assert {*widths["some"]} & {*widths["rest"]} == {
        "test_both",
        "test_share",
        "test_one_shares[narrow]",
    }


def test_some_is_of_every_kind(widths: dict[str, list[str]]) -> None:
    some = widths["some"]
    assert {"test_plain", "test_both", "test_one_is_wide[1]"} <= {*some}
    assert not {"test_wide", "test_one_is_wide[2]"} & {*some}
    assert sum(name.startswith("test_three") for name in some) == 3
    assert sum(name.startswith("test_many") for name in some) == 1
    assert sum(name.startswith("test_pair") for name in some) == 2
    assert sum(name.startswith("test_every") for name in some) == 30
    of_each = [name.partition("[")[2] for name in some if "test_of_each" in name]
    assert sorted(name.partition(" ")[0] for name in of_each) == ["adam", "sgd", "sgd]"]
    pairs = [name[-4:-1] for name in some if name.startswith("test_each_value")]
    assert {pair[2] for pair in pairs} == {*"pqrst"}
    assert {pair[0] for pair in pairs} == {*"012345678"}
    assert len(pairs) < 15


def test_a_test_at_both_widths_tries_everything_once(tmp_path: Path) -> None:
    tried = {}
    for width in ("some", "rest", "all"):
        output = run_pytest(tmp_path, CASES, "-s", "--width", width, "-k", "test_share")[1]
        (said,) = re.findall(r"tried ([a-d ]+)", output)
        tried[width] = said.split()
    assert len(tried["some"]) == 2
    assert sorted(tried["some"] + tried["rest"]) == tried["all"] == [*"abcd"]


def test_a_wide_case_does_all_of_it_at_full_width(tmp_path: Path) -> None:
    done = {
        width: run_pytest(tmp_path, CASES, "-s", "--width", width, "-k", "test_one_shares")[1]
        for width in ("some", "rest", "all")
    }
    assert "wide does" not in done["some"]
    assert "wide does a b c" in done["rest"]
    assert "wide does a b c" in done["all"]


def test_what_is_named_is_run(tmp_path: Path) -> None:
    assert collected(tmp_path, "test_it.py::test_wide", "--width", "some") == ["test_wide"]
    assert len(collected(tmp_path)) == ALL
