"""Processes that are spared their start are like any other, but for the start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests import warm as warm_processes

XLSGD = [sys.executable, "-m", "xlsgd"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xlsgd.generate("graddesc", tmp_path_factory.mktemp("warm") / "a.xlsx", epochs=1)


def both(monkeypatch: pytest.MonkeyPatch, *arguments: object, **options: Any) -> list[Any]:
    """Return what comes of a process started as ever, and of a warm one."""
    results = []
    for spared in (False, True):
        if spared:
            warm_processes.patch(monkeypatch.setattr)
        else:
            monkeypatch.setattr(subprocess.Popen, "_execute_child", warm_processes.cold)
        done = subprocess.run([*XLSGD, *map(str, arguments)], timeout=120, **options)
        results.append((done.returncode, done.stdout, done.stderr))
    return results


@pytest.mark.sampled(1)
@pytest.mark.parametrize("words", [["-q"], ["--json", "-"], ["missing.xlsx"], ["--no-such"]])
def test_the_same_is_said(
    words: list[str], book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True}
    cold, spared = both(monkeypatch, "verify", book, *words, **options)
    if words == ["--json", "-"]:
        cold, spared = ((s, json.loads(out)["workbooks"], err) for s, out, err in (cold, spared))
    assert cold == spared


def test_it_is_a_child_with_the_directory_and_variables_it_was_given(
    warm: None, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "xlsgd.many.helper_main"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "SAID": "ä b"}, start_new_session=True,
    )  # fmt: skip
    try:
        of_it = Path("/proc", str(process.pid))
        assert int(of_it.joinpath("stat").read_text().split()[3]) == os.getpid()
        until = time.monotonic() + 20
        while of_it.joinpath("cwd").readlink() != tmp_path and time.monotonic() < until:
            time.sleep(0.01)
        assert of_it.joinpath("cwd").readlink() == tmp_path
        assert os.getsid(process.pid) == process.pid
        open_files = {int(path.name) for path in of_it.joinpath("fd").iterdir()}
        assert {0, 1, 2} <= open_files
        # It was started as ever if its command line is the one asked for.
        assert b"warm_python.py" in of_it.joinpath("cmdline").read_bytes()
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
        process.communicate()


@pytest.mark.parametrize(
    "special",
    [
        {"env": {**os.environ, "PYTHONOPTIMIZE": "1"}},
        {"env": {**os.environ, "LC_ALL": "C"}},
        {"preexec_fn": lambda: None},
        {"args": [sys.executable, "-m", "json.tool"]},
        {"args": [sys.executable, "-O", "-m", "xlsgd", "verify"]},
    ],
    ids=["-O", "C", "preexec", "module", "option"],
)
def test_what_starts_otherwise_is_started_as_ever(special: dict[str, Any], warm: None) -> None:
    options = {"args": [*XLSGD, "verify"], "stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(**(options | special))
    started = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.kill()
    process.communicate()
    assert b"warm_python.py" not in started


def test_no_such_directory_and_no_such_program(warm: None, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        subprocess.run([*XLSGD, "list"], cwd=tmp_path / "none", check=False)
    with pytest.raises(FileNotFoundError):
        subprocess.run([str(tmp_path / "none")], check=False)


def test_another_package_is_run_where_another_is_asked_for(
    warm: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is warm: it finds torch among its modules before it has imported anything."""
    (tmp_path / "xlsgd").mkdir()
    (tmp_path / "xlsgd" / "__init__.py").touch()
    text = "import sys; print('torch' in sys.modules, sys.argv[1:], sys.path[0])"
    (tmp_path / "xlsgd" / "__main__.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    options: dict[str, Any] = {"capture_output": True, "text": True}
    by_path = subprocess.run([*XLSGD, "a"], env=environment, cwd="/", check=True, **options)
    assert by_path.stdout == "True ['a'] /\n"
    by_folder = subprocess.run([*XLSGD, "b"], cwd=tmp_path, check=True, **options)
    assert by_folder.stdout == f"True ['b'] {tmp_path}\n"
    safe = subprocess.run([sys.executable, "-P", *XLSGD[1:], "--version"], cwd=tmp_path, **options)
    assert safe.stdout.startswith("xlsgd, version ")
    code = "import sys, xlsgd; print(sys.argv, __name__, sys.path[0], xlsgd.__path__)"
    program = [sys.executable, "-c", code, "d"]
    done = subprocess.run(program, cwd=tmp_path, check=True, **options)
    assert done.stdout == f"['-c', 'd'] __main__  ['{tmp_path}/xlsgd']\n"
