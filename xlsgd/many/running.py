"""Do a work many times side by side: on this machine, or on a Dask cluster, by the same code.

joblib hands out the calls and takes the answers. What it runs only waits for a helper process
(xlsgd.many.helper), so that threads are enough on this machine; on a cluster Dask's workers wait.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from xlsgd.base.errors import SpecError, XlsgdError
from xlsgd.many.calls import Reply, Work
from xlsgd.many.helper import ask, end_helpers

__all__ = ["ClusterError", "answers"]

_CONNECT = 10.0
"""Seconds within which a scheduler, and then a worker, must answer."""


class ClusterError(XlsgdError, RuntimeError):
    """A Dask cluster cannot be used, or got lost."""


def answers(
    work: Work, calls: Iterable[dict[str, Any]], jobs: int = 1, dask: str | None = None
) -> Generator[tuple[int, Reply]]:
    """Yield the answer to every call as it comes, with the place of the call among all.

    jobs: helper processes side by side; 0 for one per core. A cluster has as many as it has cores.
    dask: the address of a cluster's scheduler.
    Calls are taken from the iterable as they are needed. Whoever stops in the middle, closes the
    iterator; then all helper processes end.
    Raises SpecError if jobs makes no sense, ClusterError if there is no such cluster.
    """
    if jobs < 0:
        raise SpecError(f"--jobs: got {jobs}, need 1 or more, or 0 for one per core")
    from joblib import Parallel, delayed

    with _place(work, jobs or os.cpu_count() or 1, dask) as options:
        parallel = Parallel(
            return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs", **options
        )
        found = parallel(delayed(_numbered)(work, n, call) for n, call in enumerate(calls))
        try:
            yield from _left_open(found)
        finally:
            # First the processes: then joblib finds nobody at work whom it would wait for.
            end_helpers(work)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".* tasks ")
                found.close()


def _left_open(found: Iterator[tuple[int, Reply]]) -> Iterator[tuple[int, Reply]]:
    """Yield what an iterator yields, without closing it when nobody asks any further."""
    for each in found:  # noqa: UP028
        yield each


def _numbered(work: Work, number: int, call: dict[str, Any]) -> tuple[int, Reply]:
    return number, ask(work, call)


@contextmanager
def _place(work: Work, jobs: int, dask: str | None) -> Iterator[dict[str, Any]]:
    """Give what tells joblib where to run; end all helper processes in the end."""
    if dask is not None and ":" not in dask:
        raise ClusterError(
            f"--dask: got '{dask}', need the address of a scheduler such as tcp://10.0.0.1:8786"
        )
    if dask is None:
        yield {"n_jobs": jobs, "backend": "threading"}
        return
    try:
        from distributed import Client, KilledWorker
        from joblib import parallel_config
    except ImportError as error:
        raise ClusterError(
            "--dask needs the library distributed: pip install 'xlsgd[dask]'"
        ) from error
    try:
        client = Client(dask, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"--dask {dask}: no scheduler answers there within {_CONNECT:g} s ({error})"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_CONNECT)
        except TimeoutError as error:
            raise ClusterError(
                f"--dask {dask}: the cluster has no workers after {_CONNECT:g} s"
            ) from error
        try:
            with parallel_config(backend="dask", client=client, n_jobs=-1):
                yield {}
        except (CancelledError, KilledWorker, OSError, TimeoutError) as error:
            raise ClusterError(
                f"--dask {dask}: the cluster got lost ({type(error).__name__}); results so far "
                "are in the file of --jsonl, if there is one, and --resume goes on"
            ) from error
        finally:
            # Where the scheduler is gone nobody can be told; helpers end with their workers.
            with contextlib.suppress(OSError, TimeoutError):
                client.run(end_helpers, work, on_error="ignore")
