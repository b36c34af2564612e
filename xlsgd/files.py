"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from xlsgd.errors import OutputExistsError, SpecError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes, force: bool = False) -> None:
    """Write a file whole or not at all.

    What stands under the name and is no file, such as /dev/stdout, is written into.
    Raises OutputExistsError if it exists and force is not given, SpecError if it cannot be written.
    """
    if path.is_dir():
        raise SpecError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not force:
        raise OutputExistsError(f"{path}: exists already; pass --force to replace it")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path.resolve() if path.is_symlink() else path, content)
    except OSError as error:
        raise SpecError(f"{path}: cannot write there ({error.strerror})") from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
