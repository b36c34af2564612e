"""A server on this machine to download from, and a cache."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.data.files import table
from xlsgd.base.errors import DataError
from xlsgd.data.download import fetch

CONTENT = table().encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WRONG = "0" * 64
AGAIN = "Check address and network and try again, or name a file on disk."


class Site:
    """A server on 127.0.0.1. Its files are a dictionary of paths and contents."""

    def __init__(self) -> None:
        self.files = {"/train.csv": CONTENT, "/page": b"\n<!doctype html><p>Sign in"}
        self.asked: Counter[str] = Counter()
        self.release = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                site.asked[path] += 1
                with suppress(ConnectionError):  # the other side may have had enough
                    site.answer(self, path)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        content = self.files.get(path, b"")
        if path in ("/dripping", "/dripping-header"):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(CONTENT)))
            if path == "/dripping":
                handler.end_headers()
            else:
                handler.flush_headers()
            for byte in b"X-Long: " + b"x" * 10_000:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if self.release.wait(0.05):
                    return
        elif path == "/silent":
            self.release.wait(10)
        elif path == "/moved":
            handler.send_response(302)
            handler.send_header("Location", "/train.csv")
            handler.end_headers()
        elif path in ("/partial", "/stuck"):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(CONTENT) + 100))
            handler.end_headers()
            handler.wfile.write(CONTENT)
            handler.wfile.flush()
            if path == "/stuck":
                self.release.wait(10)
        elif path == "/packed":
            handler.send_response(200)
            handler.send_header("Content-Encoding", "gzip")
            handler.end_headers()
            handler.wfile.write(gzip.compress(CONTENT))
        elif path == "/broken":
            handler.send_error(500, "Out of order")
        elif not content:
            handler.send_error(404)
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

    def stop(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    yield site
    site.stop()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XLSGD_CACHE", str(folder))
    return folder


def kept(cache: Path) -> list[str]:
    """Return what the cache holds, without the digits before each name."""
    names = [path.name for path in cache.iterdir()] if cache.exists() else []
    return sorted(name.partition("-")[2] or name for name in names)


def refusal(url: str, sha256: str | None = None) -> str:
    """Return what follows the address in the message."""
    with pytest.raises(DataError) as caught:
        fetch(url, sha256)
    message = str(caught.value)
    assert message.startswith(url)
    return message.removeprefix(url)
