"""The process that is copied by tests/warm.py: import everything, wait, become what is ordered.

    python -P warm_python.py {whole,libraries} SOCKET

From the last lines on a copy goes on as ``python -m MODULE`` or ``-c CODE`` does after its start.
"""

from __future__ import annotations

import gc
import os
import pickle
import runpy
import signal
import socket
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any


def begin(whole: bool, number: int) -> dict[str, Any]:
    """Import, and make copies; return, in the copy alone, what was ordered."""
    orders = socket.socket(fileno=number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if whole:
        use_the_package()
    else:
        import_libraries()
    gc.collect()
    gc.freeze()
    # A thread would not be in a copy, and what it holds would be held for ever.
    alone = len(list(Path("/proc/self/task").iterdir())) == 1
    orders.send(b"ready" if alone else b"not")
    return wait_for_orders(orders)


def wait_for_orders(orders: socket.socket) -> dict[str, Any]:
    """Make a copy for every order; return, in the copy alone, what was ordered."""
    while True:
        message, streams, *_ = socket.recv_fds(orders, 1 << 20, 3)
        if not message:
            os._exit(0)  # whoever orders is gone
        order: dict[str, Any] = pickle.loads(message)
        number_in, number_out = os.pipe()
        maker = os.fork()
        if maker == 0:
            copy = os.fork()
            if copy:
                os.write(number_out, str(copy).encode())
                os._exit(0)
            orders.close()
            for own in (number_in, number_out):
                os.close(own)
            become(order, streams)
            return order
        for own in (*streams, number_out):
            os.close(own)
        os.waitpid(maker, 0)
        orders.send(os.read(number_in, 100))
        os.close(number_in)


def use_the_package() -> None:
    """Import what xlsgd needs, by using it; its formulas are known then, as after any workbook."""
    import tests.warm
    import xlsgd
    import xlsgd.cli

    assert tests.warm

    with tempfile.TemporaryDirectory(prefix="xlsgd-warm-") as folder:
        path = xlsgd.generate("graddesc", Path(folder, "small.xlsx"), epochs=1)
        assert xlsgd.verify(path).ok
    tempfile.tempdir = None


def import_libraries() -> None:
    """Import what takes long; but pandas, which begins a thread."""
    import click
    import formulas
    import lxml.etree
    import openpyxl
    import torch.func

    assert all((click, lxml.etree, openpyxl, torch.func))
    formulas.Parser().ast("=SUM(1,2)")[1].compile()()  # only now some are imported


def become(order: dict[str, Any], streams: list[int]) -> None:
    """Have what a process has that was started as ordered."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in streams:
        if stream > 2:
            os.close(stream)
    if order["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    sys.dont_write_bytecode = bool(order["environment"].get("PYTHONDONTWRITEBYTECODE"))
    path = order["environment"].get("PYTHONPATH", "").split(os.pathsep)
    if not order["whole"]:
        sys.path[:0] = filter(None, path)
    if not order["safe"]:
        sys.path.insert(0, order["cwd"] if order["way"] == "-m" else "")
    sys.argv = [order["way"], *order["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1
    )
    until = time.monotonic() + 10
    while os.getppid() != order["parent"]:
        if time.monotonic() > until:
            os._exit(99)  # whoever ordered it is gone
        time.sleep(0.0005)


def order_from_a_copy(order: dict[str, Any]) -> dict[str, Any]:
    """Have helpers that the command starts be copies too; return, in those, what was ordered.

    They are copies of a copy, since whoever starts a process is its parent.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        os.close(nothing)
        return wait_for_orders(theirs)
    theirs.close()
    from tests import warm

    warm.order_from(ours)
    return order


if __name__ == "__main__":
    ordered = begin(sys.argv[1] == "whole", int(sys.argv[2]))
    if ordered["whole"] and ordered["what"] == "xlsgd":
        ordered = order_from_a_copy(ordered)
    if ordered["way"] == "-m":
        runpy.run_module(ordered["what"], run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(ordered["what"], "<string>", "exec"), main.__dict__)
