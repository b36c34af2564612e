"""What stands on a bowl tab: how the mean loss bends in its three directions, and which learning
rate that allows.

For three weights of which a prediction is a sum. The bends are the eigenvalues of the second
derivatives; a table of three has a formula for them that needs no search.
"""

from __future__ import annotations

from xlsgd.base.columns import Input
from xlsgd.tabs.mean_loss import ROWS, is_bowl, slopes
from xlsgd.training.experiment import Experiment

__all__ = ["HEADERS", "KEYS", "MARKED", "applies", "field_of", "fields", "pairs"]

MARKED = "bowl tab, format 1"
KEYS = ("steepest", "middle", "flattest", "condition", "largest_rate", "steps_flattest")
HEADERS = frozenset(KEYS)
WEIGHTS = 3
_LABELS = {
    "rate": "learning rate",
    "largest_rate": "largest stable rate",
    "steps_flattest": "steps along flattest",
}


def applies(experiment: Experiment) -> bool:
    """Return whether there is such a tab for an experiment."""
    return is_bowl(experiment) and len(experiment.network.parameters) == WEIGHTS


def pairs(experiment: Experiment) -> list[tuple[str, str]]:
    """Return every two weights once."""
    names = experiment.network.parameters
    return [(p, q) for i, p in enumerate(names) for q in names[i:]]


def field_of(experiment: Experiment, key: str) -> str:
    """Return what a field is called: those of several experiments stand on one tab."""
    return f"{key}.{experiment.id}"


def fields(experiment: Experiment) -> list[Input]:
    """Return the fields of an experiment, in order of calculation."""
    of = slopes(experiment)
    curvature = f"{experiment.loss.curvature or 0.0:g}"
    found = [
        Input(
            f"bend.{p}.{q}",
            f"={curvature}*SUMPRODUCT(({of[p]})*({of[q]}))/{{rows}}",
            f"second derivative of the mean loss by {p}"
            + ("" if p == q else f" and {q}: how much the slope for one changes with the other"),
        )
        for p, q in pairs(experiment)
    ]
    a, b, c, d, e, f = (f"{{bend.{p}.{q}}}" for p, q in pairs(experiment))
    # The table [a b c; b d e; c e f]: the largest eigenvalue by the cubic's three real roots, the
    # others by what all three add up to, and multiply to, so that little cancels.
    q, p, r = "{mean_bend}", "{spread_bend}", "{skew}"
    found += [
        Input("mean_bend", f"=({a}+{d}+{f})/3", "mean of the three"),
        Input(
            "spread_bend",
            f"=SQRT((({a}-{q})^2+({d}-{q})^2+({f}-{q})^2+2*({b}^2+{c}^2+{e}^2))/6)",
            "how far they are apart",
        ),
        Input(
            "skew",
            f"=(({a}-{q})*(({d}-{q})*({f}-{q})-{e}^2)-{b}*({b}*({f}-{q})-{c}*{e})"
            f"+{c}*({b}*{e}-({d}-{q})*{c}))/{p}^3/2",
            "whether two of them are close",
        ),
        Input(
            "product",
            f"={a}*({d}*{f}-{e}^2)-{b}*({b}*{f}-{c}*{e})+{c}*({b}*{e}-{d}*{c})",
            "of all three",
        ),
        Input(
            "steepest",
            f"={q}+2*{p}*COS(ACOS(MAX(-1,MIN(1,{r})))/3)",
            "bend along the steepest direction: the largest eigenvalue",
        ),
        Input(
            "middle",
            f"=((3*{q}-{{steepest}})+SQRT(MAX(0,(3*{q}-{{steepest}})^2"
            "-4*{product}/{steepest})))/2",
            "the one between",
        ),
        Input(
            "flattest",
            "={product}/({steepest}*{middle})",
            "bend along the flattest direction: the smallest eigenvalue",
        ),
        Input("condition", "={steepest}/{flattest}", "steepest / flattest: 1 is a round bowl"),
        Input(
            "largest_rate",
            "=2/{steepest}",
            "2 / steepest: at a larger learning_rate gradient descent explodes",
        ),
        Input(
            "steps_flattest",
            "=1/({rate}*{flattest})",
            "1 / (rate · flattest): so many steps leave 37 % of what is missing there",
        ),
    ]
    rate = Input("rate", f"={{@{experiment.id}.learning_rate}}", "learning_rate of the tab")
    at = len(found) - 1
    found.insert(at, rate)
    own = {given.key for given in found}

    def named(text: str) -> str:
        for key in own:
            text = text.replace(f"{{{key}}}", f"{{{field_of(experiment, key)}}}")
        return text

    return [
        Input(
            field_of(experiment, i.key),
            named(str(i.value)),
            i.note,
            label=_LABELS.get(i.key, i.words),
        )
        for i in found
    ]


ROWS_OF_DATA = ROWS
