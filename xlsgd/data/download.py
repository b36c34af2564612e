"""Fetch a file from the web once, and keep it in a cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from xlsgd.base.errors import DataError
from xlsgd.data import dataset
from xlsgd.data.csvtext import printable

__all__ = ["Fetched", "cache_folder", "fetch", "file_name_of", "is_url", "shown_url"]

TIMEOUT = 30.0
"""Seconds without any answer, or any further byte, after which a download is given up."""
TOTAL = 300.0
"""Seconds for all of it: a server that sends a byte now and then is not listened to for ever."""


@dataclass(frozen=True)
class Fetched:
    """A file from the web.

    path: where it lies in the cache.   sha256: checksum of its bytes, 64 hexadecimal digits.
    """

    path: Path
    sha256: str

    def forget(self) -> None:
        """Remove the file from the cache, so that the next fetch downloads it anew."""
        self.path.unlink(missing_ok=True)
        _note(self.path).unlink(missing_ok=True)


def is_url(source: object) -> bool:
    """Return whether source is text that begins like a URL, of whatever scheme."""
    return isinstance(source, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", source) is not None


def shown_url(url: str) -> str:
    """Return a URL for messages: printable, without user name, password and fragment."""
    parts = _parts(url)
    if parts is None:
        return printable(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    return printable(urlunsplit(address))


def file_name_of(url: str) -> str:
    """Return the last part of a URL's path, or else its host."""
    parts = _parts(url)
    if parts is None:
        return printable(url)
    last = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return printable(last or parts.netloc.rpartition("@")[2])


def cache_folder() -> Path:
    """Return the folder for downloads: $XLSGD_CACHE, or else the usual one of the system."""
    own = os.environ.get("XLSGD_CACHE")
    if own:
        return Path(own).expanduser()
    import pooch

    return Path(pooch.os_cache("xlsgd"))


def fetch(url: str, sha256: str | None = None) -> Fetched:
    """Return a file from the web, from the cache if it has been fetched before.

    url: http or https.   sha256: the checksum that the file must have, 64 hexadecimal digits;
    without one the checksum received first is kept and compared on each later use.
    Raises DataError if the file cannot be fetched, has another checksum, or has more than
    MAX_BYTES. What was fetched only in part is not kept.
    """
    shown = shown_url(url)
    parts = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise DataError(
            f"{shown}: got an address of another kind, need one that begins with http:// or "
            "https:// and names a host. Correct it, or save the file and name its path."
        )
    import pooch

    with _refusing(shown), _quiet():
        path = cache_folder() / _cached_name(url)
        known = sha256 or _noted(path)
        if known is None:
            Fetched(path, "").forget()  # pooch would take it unseen
        name = pooch.retrieve(
            url,
            known_hash=known,
            fname=path.name,
            path=path.parent,
            downloader=_downloader(shown, sha256),
        )
        fetched = Fetched(Path(name), known or pooch.file_hash(name))
        _note(fetched.path).write_text(fetched.sha256, encoding="ascii")
    return fetched


# The cache


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL, None if it has no sense."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _cached_name(url: str) -> str:
    """Return a file name of a URL's own, which any system accepts."""
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:16]}-{re.sub('[^A-Za-z0-9._-]', '_', file_name_of(url))[-80:]}"


def _note(path: Path) -> Path:
    """Return the file beside a cached one in which its checksum stands."""
    return path.with_name(f"{path.name}.sha256")


def _noted(path: Path) -> str | None:
    """Return the checksum noted for a cached file, None unless file and note agree."""
    import pooch

    try:
        noted = _note(path).read_text(encoding="ascii")
        return noted if pooch.file_hash(str(path)) == noted else None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


# The download


def _downloader(shown: str, sha256: str | None) -> Callable[[str, str, Any], None]:
    """Return pooch's downloader over HTTP with a limit of size, and its own words for checksums."""

    def download(url: str, output_file: str, asking: Any) -> None:
        received, size = hashlib.sha256(), 0
        with Path(output_file).open("wb") as stream:
            for chunk in _chunks(url, shown):
                size += len(chunk)
                if size > dataset.MAX_BYTES:
                    raise DataError(
                        f"{shown}: got more than {dataset.MAX_BYTES:,} bytes, "
                        f"need {dataset.MAX_BYTES:,} or fewer. Save a part of the rows as a file."
                    )
                received.update(chunk)
                stream.write(chunk)
        if sha256 is not None and received.hexdigest() != sha256:
            raise DataError(
                f"{shown}: got a file with the sha256 {received.hexdigest()}, need {sha256}. "
                "It was not kept. Check the address; if the file was changed on purpose, "
                "give its new checksum."
            )

    return download


def _chunks(url: str, shown: str) -> Iterator[bytes]:
    """Yield what a server sends, in TOTAL seconds or not at all."""
    import requests

    opened: list[socket.socket] = []
    late = Event()

    def hang_up() -> None:
        late.set()
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = Timer(TOTAL, hang_up)
    timer.daemon = True
    timer.start()
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _adapter(opened))
            with session.get(url, timeout=TIMEOUT, stream=True) as response:
                response.raise_for_status()
                yield from response.iter_content(1 << 16)
    except (requests.RequestException, OSError):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise DataError(
            f"{shown}: not all of it came within {TOTAL:g} seconds. Nothing was kept. Try again, "
            "or save the file and name its path."
        )


def _adapter(opened: list[socket.socket]) -> Any:
    """Return what makes the connections of a session, and notes down their sockets."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    def noted(pool: Any) -> Any:
        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                opened.append(made)
                return made

            def connect(self) -> None:
                super().connect()
                opened.append(self.sock)  # another one, where it is encrypted

        class Pool(pool):  # type: ignore[misc]
            ConnectionCls = Connection

        return Pool

    pools = {"http": noted(HTTPConnectionPool), "https": noted(HTTPSConnectionPool)}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
            super().init_poolmanager(*arguments, **keywords)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *arguments: Any, **keywords: Any) -> Any:
            manager = super().proxy_manager_for(*arguments, **keywords)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from telling of each download; who calls says what is worth saying."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _refusing(shown: str) -> Iterator[None]:
    """Turn what can go wrong with network and cache into a DataError."""
    import requests
    from urllib3.exceptions import HTTPError

    advice = "Nothing was kept. Check address and network and try again, or name a file on disk."
    try:
        yield
    except DataError:
        raise
    except requests.HTTPError as error:
        answer = error.response
        words = "an error" if answer is None else f"{answer.status_code} {answer.reason}"
        raise DataError(
            f"{shown}: the server answered {printable(words)}, need the file. {advice}"
        ) from error
    except requests.Timeout as error:
        raise DataError(f"{shown}: no answer within {TIMEOUT:g} seconds. {advice}") from error
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        # What urllib3 raises for a host's name that cannot be, requests lets pass.
        raise DataError(f"{shown}: cannot be downloaded ({_reason(error)}). {advice}") from error
    except OSError as error:
        raise DataError(
            f"{shown}: cannot be kept in {printable(str(cache_folder()))} ({_reason(error)}). "
            "Make room or set the environment variable XLSGD_CACHE to another folder."
        ) from error
    except KeyboardInterrupt as error:
        raise DataError(
            f"{shown}: the download was cancelled, nothing was kept. Run it again to have the file."
        ) from error


def _reason(error: BaseException) -> str:
    """Return what lies at the bottom of an error: libraries wrap it in several layers."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
