"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from xlsgd.errors import OutputExistsError, SpecError

__all__ = ["cannot_write", "check_target", "write_whole"]


def check_target(path: Path, force: bool = False) -> None:
    """Raise what ``write_whole`` would, as far as it is known before there is anything to write.

    So nobody waits for a result that has no place.
    """
    try:
        _refuse(path, force)
        if path.exists() and not path.is_file():
            if not os.access(path, os.W_OK):
                raise PermissionError(None, "Permission denied")
            return
        real = path.resolve() if path.is_symlink() else path
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        os.close(handle)
        Path(name).unlink()
    except OutputExistsError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error


def write_whole(path: Path, content: bytes, force: bool = False) -> None:
    """Write a file whole or not at all.

    What stands under the name and is no file, such as /dev/stdout, is written into.
    Raises OutputExistsError if it exists and force is not given, SpecError if it cannot be written.
    """
    try:
        _refuse(path, force)
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path.resolve() if path.is_symlink() else path, content)
    except OutputExistsError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error


def _refuse(path: Path, force: bool) -> None:
    if path.is_dir():
        raise SpecError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not force:
        raise OutputExistsError(f"{path}: exists already; pass --force to replace it")


def cannot_write(path: Path, error: OSError) -> SpecError:
    """Return the error of the system in our words."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return SpecError(f"{path}: there is no folder {path.parent}; make it first")
    return SpecError(f"{path}: cannot write there ({error.strerror})")


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
