"""Where a table comes from: a path, an address on the web, or a name for one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.errors import DataError, SpecError
from xlsgd.data.csvtext import content_of, printable, shown
from xlsgd.data.download import Fetched, fetch, file_name_of, is_url, shown_url

__all__ = ["Received", "received"]


@dataclass(frozen=True)
class Received:
    """The bytes of a table and where they came from.

    file: path or address, for messages.   name: the last part of it, for titles.
    sha256: checksum of the content.   checked: True if that checksum was asked for.
    fetched: its place in the cache, None for a file on disk.
    """

    content: bytes
    file: str
    name: str
    sha256: str
    checked: bool
    fetched: Fetched | None = None

    def forget(self) -> None:
        """Remove an unchecked download from the cache: it has turned out to be of no use."""
        if self.fetched is not None and not self.checked:
            self.fetched.forget()


def received(
    source: str | Path, sha256: str | None = None, named: Mapping[str, str] | None = None
) -> Received:
    """Return the bytes of a file.

    source: a path; a URL, at whose end #sha256=HEX may stand; or a name. Only the bare word is a
    name: a file that is called so too is read as ./name or Path("name").
    sha256: checksum that the file must have.   named: names for addresses.
    Raises DataError if the file cannot be had or has another checksum, SpecError if a checksum is
    none, or if two different ones are given.
    """
    checksum = _checksum(sha256, "sha256")
    if isinstance(source, str):
        source = (named or {}).get(source, source)
    if not isinstance(source, str) or not is_url(source):
        return _from_disk(Path(source), checksum)

    url, _, fragment = source.partition("#")
    if fragment:
        pinned = fragment.removeprefix("sha256=")
        if pinned == fragment:
            raise SpecError(
                f"{shown_url(url)}: got {shown('#' + fragment)} behind the address, "
                "need #sha256= and the checksum there, or nothing."
            )
        own = _checksum(pinned, f"{shown_url(url)}, #sha256")
        if checksum is not None and own != checksum:
            raise SpecError(
                f"{shown_url(url)}: got the checksum {own} with the address, "
                f"but sha256 is {checksum}. Give one of them only."
            )
        checksum = own
    return _from_web(url, checksum)


def _checksum(text: str | None, what: str) -> str | None:
    """Return a checksum as computed ones are written."""
    if text is None:
        return None
    checksum = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", checksum):
        raise SpecError(f"{what}: got {shown(text)}, need 64 hexadecimal digits.")
    return checksum


def _from_disk(path: Path, checksum: str | None) -> Received:
    file = printable(str(path))
    content = content_of(path, file)
    sha256 = hashlib.sha256(content).hexdigest()
    if checksum is not None and sha256 != checksum:
        raise DataError(
            f"{file}: got a file with the sha256 {sha256}, need {checksum}. "
            "Check that it is the file meant; if it was changed on purpose, give its new checksum."
        )
    return Received(content, file, printable(path.name), sha256, checksum is not None)


def _from_web(url: str, checksum: str | None) -> Received:
    fetched = fetch(url, checksum)
    file = shown_url(url)
    got = Received(
        content=content_of(fetched.path, file),
        file=file,
        name=file_name_of(url),
        sha256=fetched.sha256,
        checked=checksum is not None,
        fetched=fetched,
    )
    if got.content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        got.forget()
        raise DataError(
            f"{file}: got a web page, need a CSV file. Give the address of the file itself "
            "(at GitHub: Raw), or save it and name its path."
        )
    return got
