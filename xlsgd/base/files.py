"""Write a file whole or not at all, and see what lies in a folder."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.base.visible import cut

__all__ = [
    "cannot_write",
    "check_target",
    "files_below",
    "is_folder",
    "kind_of_target",
    "refuse_to_overwrite",
    "write_whole",
]


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; Path.is_dir raises an error for some that are none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, a folder that may not be entered
        return False


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder and in the folders below it.

    Raises SpecError for a folder that may not be read: what is in it would be passed over.
    """

    def refuse(error: OSError) -> NoReturn:
        raise SpecError(
            f"{error.filename}: this folder cannot be read ({error.strerror}); change its access "
            "rights, or name the files that are meant"
        ) from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(files):
            yield Path(parent, name)


def kind_of_target(path: Path) -> str | None:
    """Return what stands where something is to be written: ``file``, ``device``; None for nothing.

    Raises SpecError for a folder, and for a path that cannot be.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from error
    if stat.S_ISDIR(mode):
        raise SpecError(f"{path}: is a folder; give the name of a file")
    return "file" if stat.S_ISREG(mode) else "device"


def refuse_to_overwrite(inputs: Iterable[Path], output: Path) -> None:
    """Raise SpecError if output is one of the files that are read."""
    for file in inputs:
        # Path.resolve fails where links go in circles.
        if os.path.realpath(file) == os.path.realpath(output):
            raise SpecError(f"{output}: is read and would be overwritten; name another file")


def check_target(path: Path, force: bool = False) -> None:
    """Raise what ``write_whole`` would, as far as it is known before there is anything to write.

    So nobody waits for a result that has no place.
    """
    there = _refuse(path, force)
    try:
        if there == "device":
            if not os.access(path, os.W_OK):
                raise PermissionError(None, "Permission denied")
            return
        real = _real(path)
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:100]}.")
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def write_whole(path: Path, content: bytes, force: bool = False) -> None:
    """Write a file whole or not at all.

    What stands under the name and is no file, such as /dev/stdout, is written into.
    Raises OutputExistsError if it exists and force is not given, SpecError if it cannot be written.
    """
    there = _refuse(path, force)
    try:
        if there == "device":
            path.write_bytes(content)
        else:
            real = _real(path)
            if there is not None or not _appears(real, content):
                _replace(real, content)
    except OSError as error:
        raise cannot_write(path, error) from error


def _refuse(path: Path, force: bool) -> str | None:
    """Return what stands at a target, see kind_of_target; raise OutputExistsError for a file."""
    there = kind_of_target(path)
    if there is not None and not force:
        raise OutputExistsError(f"{cut(str(path))}: exists already; pass --force to replace it")
    return there


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def cannot_write(path: Path, error: OSError | ValueError) -> SpecError:
    """Return the error of the system in our words."""
    if isinstance(error, FileNotFoundError) and not is_folder(path.parent):
        shown = cut(str(path)), cut(str(path.parent))
        return SpecError("{}: there is no folder {}; make it first".format(*shown))
    reason = getattr(error, "strerror", None) or "such a name cannot be"
    return SpecError(f"{cut(str(path))}: cannot write there ({reason})")


def _appears(path: Path, content: bytes) -> bool:
    """Have a new file appear with all its content; return False where the system cannot do that.

    Until then it has no name, so that nothing is left of it if this process is killed.
    """
    nameless = getattr(os, "O_TMPFILE", 0)
    if not nameless:
        return False
    try:
        handle = os.open(path.parent, nameless | os.O_WRONLY, 0o666)
    except OSError:
        return False  # a file system that knows no such files; if it is anything else, it is said
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        try:
            # A folder is named for Python to follow the link; it is not looked at.
            os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle, follow_symlinks=True)
        except OSError:
            return False
    return True


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise
