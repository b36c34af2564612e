"""A helper process: it imports once, then does call after call, until nobody asks any more.

``python -P -m xlsgd.many.helper_main`` is started by xlsgd.many.helper and talks with it in pickles
over what was its standard input and output when it started. The processes of multiprocessing's
spawn and of loky look for modules where they start: a pickle.py beside the workbooks was run.
"""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from xlsgd.base.errors import XlsgdError
from xlsgd.processes.children import end_started
from xlsgd.processes.limits import out_of_memory

__all__ = ["main"]

_GRACE = 30
"""After how many seconds beyond its limit a helper that nobody has ended ends by itself."""

_UNTOUCHED = 4096
"""MiB of address space that may be asked for and not used."""


def main() -> None:
    """Take calls until there are none."""
    calls, answers = _private_pipes()

    def tell(*answer: object) -> None:
        pickle.dump(answer, answers)
        answers.flush()

    Thread(target=_end_without, args=(os.getppid(),), daemon=True).start()
    function, memory = pickle.load(calls)
    try:
        do = _prepared(function)
    except Exception as error:
        return tell("bug", None, f"{type(error).__name__}: {error}")
    _look_for_garbage_seldom()
    _allow_memory(memory)
    tell("ready", None, "")
    while True:
        try:
            arguments, seconds = pickle.load(calls)
        except EOFError:
            return None
        _end_after(seconds + _GRACE)
        try:
            answer = pickle.dumps(("done", do(**arguments), ""))
        except Exception as error:
            if out_of_memory(error):
                # Who knows what else did not get its memory: no further call.
                return tell("memory", None, "")
            kind, words = "bug", f"{type(error).__name__}: {error}"
            if isinstance(error, XlsgdError):
                kind, words = "refused", str(error)
            answer = pickle.dumps((kind, None, words))
        _end_after(0)
        answers.write(answer)
        answers.flush()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes for calls and answers, where no library can read or print.

    Nor do processes that a library starts get hold of them: duplicates are not inherited.
    """
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    for stream, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        null = os.open(os.devnull, mode)
        os.dup2(null, stream)
        os.close(null)
    return calls, answers


def _prepared(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    home = import_module(module)
    prepare = getattr(home, "prepare", None)
    if prepare is not None:
        prepare()
    function: Callable[..., Any] = getattr(home, attribute)
    return function


def _look_for_garbage_seldom() -> None:
    """Have Python look for garbage less often, and not among what was imported.

    A workbook is a hundred thousand small objects and no garbage until it is done with; looking
    through them, and through all of torch, again and again takes a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def _allow_memory(mebibytes: int) -> None:
    """Let the process have so much address space beyond what it has now, where that is known.

    Whoever started it looks at the memory that it uses. This is for what asks for far too much at
    once; torch asks for a gigabyte or two that it never touches.
    """
    if sys.platform == "win32":
        return
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    allowed = pages * resource.getpagesize() + (mebibytes + _UNTOUCHED << 20)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or allowed < hard:
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _end_without(parent: int) -> None:
    """End when whoever started this process is gone, and cannot end it any more."""
    while os.getppid() == parent:
        time.sleep(1)
    end_started(os.getpid())
    folder = os.environ.get("TMPDIR", "")
    if Path(folder).name.startswith("xlsgd-"):
        shutil.rmtree(folder, ignore_errors=True)
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)  # with what it has started
    os._exit(1)


def _end_after(seconds: float) -> None:
    """Have the system end this process, whatever it is busy with; 0 for not.

    Whoever started it does so in time, unless that process is gone itself, and C code may keep
    the thread that looks after that from running.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
