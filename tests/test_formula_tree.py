"""What two texts of a formula have in common, by Excel's rules."""

from __future__ import annotations

import pytest

from xlsgd.formula.tree import Node, normal, parse

pytestmark = pytest.mark.every


def form(formula: str) -> Node:
    tree = parse(formula)
    assert tree is not None, formula
    return normal(tree, lambda leaf: leaf)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("=P12-$B$4*AC12", "= P12 - $B$4\n* AC12"),
        ("=P12-$B$4*AC12", "=+p12-$b$4*ac12"),
        ("=A1+B1*C1", "=((A1)+(B1*C1))"),
        ("=A1-B1-C1", "=(A1-B1)-C1"),
        ("=A1/B1/C1", "=(A1/B1)/C1"),
        ("=A1^B1^C1", "=(A1^B1)^C1"),  # from left to right, as nowhere else
        ("=-A1^2", "=(-A1)^2"),  # a sign binds tighter, as nowhere else
        ("=A1-B1^2", "=A1-(B1^2)"),
        ("=A1^-B1", "=A1^(-B1)"),
        ("=-A1%", "=(-A1)%"),
        ("=POWER(A1,2)", "=A1^2"),
        ("=1E-05", "=0.00001"),
        ("=1E+12", "=1000000000000.0"),
        ("=MAX(10^-12,MIN(10^12,A1))", "=MAX(1E-12,MIN(1E+12,A1))"),
        ("=A1+10^-300", "=1e-300+A1"),
        ("=SUM(INDEX(A1:A9,B1))", "=INDEX(A1:A9,B1)"),
        ("=AVERAGE(INDEX(data!$A$6:$A$34,M6))", "=index(data!$A$6:$A$34,M6)"),
        ("=5%", "=0.05"),
        ("=A1*B1+C1", "=C1+B1*A1"),
        ("=A1-B1", "=-B1+A1"),
        ("=-A1*B1", "=A1*-B1"),
        ("=A1>B1", "=B1<A1"),
        ("=MAX(A1,B1)", "=_xlfn.max(B1, A1)"),
        ('=IF(A1="Numerical",1,2)', '=IF("numerical"=A1,1,2)'),
        ("=TRUE", "=true()"),
        ("='data'!A1", "=data!a1"),
        ("='two neurons'!A1", "='TWO NEURONS'!A1"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("=10^-12", "=10^-11"),
        ("=10^0.5", "=10"),
        ("=-10^2", "=-100"),  # (-10)^2
        ("=SUM(INDEX(A1:A9,0))", "=INDEX(A1:A9,0)"),
        ("=SUM(INDEX(A1:A9,B1),C1)", "=INDEX(A1:A9,B1)"),
        ("=SUM(A1:A9)", "=A1:A9"),
        ("=COUNT(INDEX(A1:A9,B1))", "=INDEX(A1:A9,B1)"),
        ("=A1-B1", "=B1-A1"),
        ("=A1/B1", "=B1/A1"),
        ("=A1-(B1-C1)", "=A1-B1-C1"),
        ("=A1/(B1*C1)", "=A1/B1*C1"),
        ("=A1+(B1+C1)", "=A1+B1+C1"),  # rounds otherwise
        ("=-A1^2", "=-(A1^2)"),
        ("=A1^B1^C1", "=A1^(B1^C1)"),
        ("=0-A1^2", "=-A1^2"),
        ("=A1", "=$A1"),
        ("=A1", "=--A1"),  # text becomes a number
        ("=A1:A3", "=A1:A4"),
        ("=data!A1", "=A1"),
        ("=A1<B1", "=A1<=B1"),
        ("=IF(A1,B1,C1)", "=IF(A1,C1,B1)"),
        ("=IF(A1,B1,)", "=IF(A1,B1)"),
        ("=50%", "=50"),
        ('="a"', '="A"'),
        ('="1"', "=1"),
        ("=A1&B1", "=B1&A1"),
        ("=1.000001", "=1.000002"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert form(one) != form(other)


@pytest.mark.parametrize(
    "text",
    ["=", "=(", "=)", "=A1+", "=*A1", "=A1 B1", "=SUM(A1,", "{=A1}", "={1,2}", "=[1]S!A1", "=T[x]",
     "text", "", "=1 2", f"={'(' * 2000}1{')' * 2000}", f"=1{'+1' * 4000}", f"={'-' * 8000}1"],
)  # fmt: skip
def test_no_formula_that_is_read(text: str) -> None:
    assert parse(text) is None
