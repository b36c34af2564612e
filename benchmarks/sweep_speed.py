"""How many runs a sweep trains in a second, against a plain torch loop for each of them.

    python benchmarks/sweep_speed.py [ROUNDS]

One neuron, sgd, one row a step, 10 epochs of the default 29 points. In turn, in this one process:
some runs by the plain loop (two numbers, torch.optim.SGD, loss.backward() for every row, nothing
noted down; with torch.nn.Linear it takes half as long again), and 10,000 runs by a sweep, with all
that a verdict needs. Prints the time of a step of each, the
ratio round by round, and at last what a million runs take. Ratios hold where single times do not:
machines are noisy. XLSGD_CHUNK and ATEN_CPU_CAPABILITY may be set to see what they do.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time

from xlsgd.data import Dataset
from xlsgd.lessons import Options, get_plan
from xlsgd.sweeping import Axis, grid, sweep_experiment
from xlsgd.torch_side import load_torch

RUNS, MANY = 10_000, 1_000_000
PLAIN_RUNS = 10


def plain_run(data: Dataset, learning_rate: float, epochs: int) -> None:
    """Train one neuron as one would by hand."""
    torch = load_torch()
    a, b = (torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([a, b], lr=learning_rate)
    for _ in range(epochs):
        for x, y in zip(data.inputs["x"], data.y, strict=True):
            optimizer.zero_grad()
            loss = (a * x + b - y) ** 2
            loss.backward()
            optimizer.step()


def memory() -> float:
    """Return the most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    lesson = get_plan("graddesc").build(Options(optimizers=("sgd",)))
    (experiment,), data = lesson.experiments, lesson.data
    steps = experiment.epochs * data.rows
    grid.CHUNK = int(os.environ.get("XLSGD_CHUNK", grid.CHUNK))
    axis = Axis("learning_rate", 1e-6, 1e-2, RUNS, log=True)
    many = Axis("learning_rate", 1e-6, 1e-2, MANY, log=True)
    sweep_experiment(experiment, data, [axis])  # what is done once is done before
    plain_run(data, 1e-4, 1)
    plain, batched = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(PLAIN_RUNS):
            plain_run(data, 1e-4, experiment.epochs)
        plain.append((time.perf_counter() - begin) / PLAIN_RUNS)
        begin = time.perf_counter()
        sweep_experiment(experiment, data, [axis])
        batched.append((time.perf_counter() - begin) / RUNS)
    torch = load_torch()
    print(
        f"torch {torch.__version__}, kernels {torch.backends.cpu.get_cpu_capability()}, "
        f"{os.cpu_count()} cores, {grid.CHUNK:,} numbers a tensor"
    )
    for name, seconds in (("plain", plain), ("sweep", batched)):
        middle = statistics.median(seconds)
        print(
            f"{name}  {1 / middle:10,.0f} runs/s   {middle / steps * 1e6:9.4f} us a step   "
            f"({1 / max(seconds):,.0f} … {1 / min(seconds):,.0f} runs/s)"
        )
    ratios = [a / b for a, b in zip(plain, batched, strict=True)]
    print(f"ratio  {statistics.median(ratios):10,.0f}   ({min(ratios):,.0f} … {max(ratios):,.0f})")
    before, begin = memory(), time.perf_counter()
    sweep_experiment(experiment, data, [many])
    print(
        f"{MANY:,} runs: {time.perf_counter() - begin:.1f} s, "
        f"{memory() - before:.0f} MB more than the {before:.0f} MB before"
    )


if __name__ == "__main__":
    main()
