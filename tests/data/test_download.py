"""Check downloads against a server on this machine: what is kept, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from tests.data.files import table, written
from xlsgd.base.errors import DataError, SpecError
from xlsgd.cli import main
from xlsgd.data import dataset, download, read_csv
from xlsgd.data.download import cache_folder, fetch, file_name_of, is_url, shown_url
from xlsgd.data.passengers import NAMED_SOURCES, read_passengers

pytestmark = pytest.mark.every

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


# What is kept


@pytest.mark.parametrize("sha256", [SHA256, None], ids=["checksum", "none"])
def test_a_file_is_fetched_once(site: Site, cache: Path, sha256: str | None) -> None:
    url = f"{site.url}/train.csv"
    first = fetch(url, sha256)
    assert first.path.parent == cache.resolve()
    assert first.path.read_bytes() == CONTENT
    assert first.sha256 == SHA256
    site.stop()
    assert fetch(url, sha256) == first
    assert fetch(url) == fetch(url, SHA256) == first
    assert site.asked == {"/train.csv": 1}
    assert kept(cache) == ["train.csv", "train.csv.sha256"]


def test_nothing_is_printed(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    fetch(f"{site.url}/train.csv")
    fetch(f"{site.url}/train.csv", SHA256)
    assert capfd.readouterr() == ("", "")


def test_addresses_are_kept_apart(site: Site, cache: Path) -> None:
    site.files["/b/train.csv"] = CONTENT + b"\n"
    paths = {
        fetch(f"{site.url}{path}").path for path in ("/train.csv", "/b/train.csv", "/train.csv?2")
    }
    assert len(paths) == 3


def test_redirects_are_followed(site: Site) -> None:
    assert fetch(f"{site.url}/moved", SHA256).path.read_bytes() == CONTENT


def test_what_is_packed_for_the_way_is_unpacked(site: Site) -> None:
    assert fetch(f"{site.url}/packed", SHA256).path.read_bytes() == CONTENT


@pytest.mark.parametrize("sha256", [SHA256, None], ids=["checksum", "none"])
def test_a_spoilt_file_in_the_cache_is_fetched_anew(site: Site, sha256: str | None) -> None:
    path = fetch(f"{site.url}/train.csv", sha256).path
    path.write_bytes(CONTENT[:-3])
    assert fetch(f"{site.url}/train.csv", sha256).sha256 == SHA256
    assert path.read_bytes() == CONTENT
    assert site.asked == {"/train.csv": 2}


@pytest.mark.parametrize("note", [b"", b"\xff", WRONG.encode()])
def test_a_spoilt_note_in_the_cache_is_made_anew(site: Site, cache: Path, note: bytes) -> None:
    fetch(f"{site.url}/train.csv")
    next(cache.glob("*.sha256")).write_bytes(note)
    assert fetch(f"{site.url}/train.csv").sha256 == SHA256
    assert next(cache.glob("*.sha256")).read_text() == SHA256


def test_a_file_changed_on_purpose(site: Site) -> None:
    url = f"{site.url}/train.csv"
    fetch(url, SHA256)
    site.files["/train.csv"] = changed = CONTENT + b"\n"
    assert fetch(url).sha256 == SHA256  # downloaded once
    assert fetch(url, hashlib.sha256(changed).hexdigest()).path.read_bytes() == changed


def test_the_usual_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.setenv("XLSGD_CACHE", "~/x")
    assert cache_folder() == Path.home() / "x"
    monkeypatch.setenv("XLSGD_CACHE", "")
    assert "xlsgd" in cache_folder().parts


# What is refused


def test_a_wrong_checksum(site: Site, cache: Path) -> None:
    assert refusal(f"{site.url}/train.csv", WRONG) == (
        f": got a file with the sha256 {SHA256}, need {WRONG}. It was not kept. "
        "Check the address; if the file was changed on purpose, give its new checksum."
    )
    assert kept(cache) == []


def test_a_wrong_checksum_leaves_what_was_kept_before(site: Site) -> None:
    path = fetch(f"{site.url}/train.csv").path
    refusal(f"{site.url}/train.csv", WRONG)
    assert path.read_bytes() == CONTENT
    assert fetch(f"{site.url}/train.csv").sha256 == SHA256
    assert site.asked == {"/train.csv": 2}


@pytest.mark.parametrize(
    ("path", "answer"), [("/no.csv", "404 Not Found"), ("/broken", "500 Out of order")]
)
@pytest.mark.parametrize("sha256", [SHA256, None], ids=["checksum", "none"])
def test_an_error_page(site: Site, cache: Path, path: str, answer: str, sha256: str | None) -> None:
    assert refusal(site.url + path, sha256) == (
        f": the server answered {answer}, need the file. Nothing was kept. {AGAIN}"
    )
    assert kept(cache) == []


def test_no_server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    message = refusal(f"http://127.0.0.1:{port}/train.csv")
    assert message.startswith(": cannot be downloaded (")
    assert "refused" in message
    assert message.endswith(f"). Nothing was kept. {AGAIN}")
    assert kept(cache) == []


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_name(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", no_name)  # asks no server outside
    assert refusal("http://nowhere.invalid/train.csv") == (
        f": cannot be downloaded (Name or service not known). Nothing was kept. {AGAIN}"
    )


@pytest.mark.parametrize("path", ["/silent", "/stuck"])
def test_a_server_that_falls_silent(
    site: Site, cache: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    message = refusal(site.url + path)
    site.release.set()
    expected = ": no answer within 0.2 seconds." if path == "/silent" else "(timed out)"
    assert expected in message
    assert kept(cache) == []


@pytest.mark.parametrize("path", ["/dripping", "/dripping-header"])
def test_a_server_that_sends_a_byte_now_and_then(
    site: Site, cache: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TOTAL", 0.5)
    begun = time.perf_counter()
    message = refusal(site.url + path)
    assert time.perf_counter() - begun < 3
    assert message.startswith(": not all of it came within 0.5 seconds. Nothing was kept.")
    assert kept(cache) == []


def test_a_host_with_a_name_that_cannot_be(cache: Path) -> None:
    message = refusal(f"http://a{'b' * 70}.com/train.csv")
    assert message.startswith(": cannot be downloaded (")
    assert message.endswith(f"Nothing was kept. {AGAIN}")


def test_a_download_that_breaks_off(site: Site, cache: Path) -> None:
    message = refusal(f"{site.url}/partial")
    assert message.startswith(f": cannot be downloaded (IncompleteRead({len(CONTENT)} bytes read")
    assert kept(cache) == []


def test_a_download_that_is_cancelled(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Response, "iter_content", cancel)
    assert refusal(f"{site.url}/train.csv") == (
        ": the download was cancelled, nothing was kept. Run it again to have the file."
    )
    assert kept(cache) == []


def test_a_file_that_is_too_large(site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MAX_BYTES", len(CONTENT))
    fetch(f"{site.url}/train.csv").forget()
    monkeypatch.setattr(dataset, "MAX_BYTES", len(CONTENT) - 1)
    for path in ("/train.csv", "/packed"):  # what counts is the size when unpacked
        assert refusal(site.url + path) == (
            f": got more than {len(CONTENT) - 1} bytes, need {len(CONTENT) - 1} or fewer. "
            "Save a part of the rows as a file."
        )
    assert kept(cache) == []


def test_a_cache_that_cannot_be_written(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, "", "file")
    monkeypatch.setenv("XLSGD_CACHE", str(file / "cache"))
    assert refusal(f"{site.url}/train.csv") == (
        f": cannot be kept in {file / 'cache'} (Not a directory). "
        "Make room or set the environment variable XLSGD_CACHE to another folder."
    )


@pytest.mark.parametrize(
    "url",
    ["ftp://x/a.csv", "file:///a.csv", "sftp://x/a", "doi://10.1/x", "http://", "https:///a.csv"],
)
def test_other_kinds_of_address(url: str, cache: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch(url)
    assert str(caught.value).endswith(
        ": got an address of another kind, need one that begins with http:// or "
        "https:// and names a host. Correct it, or save the file and name its path."
    )
    assert kept(cache) == []


@pytest.mark.parametrize("url", ["http://[::1/a", "http://a:99999/", "http://a:b/", "http://.../a"])
def test_addresses_without_sense(url: str, cache: Path) -> None:
    with pytest.raises(DataError):
        fetch(url)
    assert kept(cache) == []


# Words for addresses


def test_is_url() -> None:
    assert is_url("https://x/a.csv")
    assert is_url("HTTP://x")
    assert is_url("ftp://x")
    assert not any(map(is_url, ["a.csv", "C:\\a.csv", "C:/a.csv", "x:y", "/a//b", "", Path("a")]))


def test_passwords_are_not_shown() -> None:
    assert shown_url("https://me:secret@x.org:80/a?b=1#c") == "https://x.org:80/a?b=1"
    assert shown_url("http://x/\x1b") == "http://x/?"
    assert file_name_of("https://me:secret@x.org/a/my%20file.csv?b#c") == "my file.csv"
    assert file_name_of("https://me:secret@x.org/") == "x.org"


# Passengers from the web


def test_passengers_from_an_address(site: Site) -> None:
    url = f"{site.url}/train.csv"
    passengers = read_passengers(url)
    assert passengers.title == "2 passengers from train.csv"
    assert (passengers.sha256, passengers.checked) == (SHA256, False)
    assert read_passengers(f"{url}#sha256={SHA256.upper()}").checked
    assert read_passengers(url, SHA256).checked
    assert read_passengers(f"{url}#sha256={SHA256}", SHA256) == read_passengers(url, SHA256)


def test_checksums_that_make_no_sense(site: Site) -> None:
    url = f"{site.url}/train.csv"
    with pytest.raises(SpecError) as caught:
        read_passengers(f"{url}#sha256={SHA256}", WRONG)
    assert str(caught.value) == (
        f"{url}: got the checksum {SHA256} with the address, but sha256 is {WRONG}. "
        "Give one of them only."
    )
    with pytest.raises(SpecError) as caught:
        read_passengers(f"{url}#sha256=abc")
    assert str(caught.value) == f"{url}, #sha256: got 'abc', need 64 hexadecimal digits."
    with pytest.raises(SpecError) as caught:
        read_passengers(f"{url}#md5=abc")
    assert str(caught.value) == (
        f"{url}: got '#md5=abc' behind the address, need #sha256= and the checksum there, "
        "or nothing."
    )
    assert not site.asked


def test_a_web_page_is_no_table_and_not_kept(site: Site, cache: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_passengers(f"{site.url}/page")
    assert str(caught.value) == (
        f"{site.url}/page: got a web page, need a CSV file. Give the address of the file itself "
        "(at GitHub: Raw), or save it and name its path."
    )
    assert kept(cache) == []


def test_a_table_of_no_use_is_not_kept(site: Site, cache: Path) -> None:
    site.files["/train.csv"] = table({"Age": "oops"}).encode()
    with pytest.raises(DataError) as caught:
        read_passengers(f"{site.url}/train.csv")
    assert str(caught.value).startswith(f"{site.url}/train.csv, line 3, column Age: got 'oops'")
    assert kept(cache) == []
    site.files["/train.csv"] = CONTENT
    assert read_passengers(f"{site.url}/train.csv").rows == 2


def test_the_named_source(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, _, checksum = NAMED_SOURCES["titanic"].partition("#sha256=")
    assert address == (
        "https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv"
    )
    assert checksum == "4a437fde05fe5264e1701a7387ac6fb75393772ba38bb2c9c566405af5af4bd7"
    pinned = f"{site.url}/train.csv#sha256={SHA256}"
    monkeypatch.setitem(NAMED_SOURCES, "titanic", pinned)
    monkeypatch.chdir(tmp_path)
    written(tmp_path, table({}, {}), "titanic")
    passengers = read_passengers("titanic")
    assert (passengers.rows, passengers.checked) == (2, True)
    assert read_passengers("./titanic").rows == 3
    assert read_passengers(Path("titanic")).rows == 3


def test_the_named_source_is_the_reference(shared: Path) -> None:
    content = (shared / "data" / "titanic" / "train.csv").read_bytes()
    assert NAMED_SOURCES["titanic"].endswith(hashlib.sha256(content).hexdigest())


# Points from the web

POINTS = b"x,y\n1,32\n2,34\n3,36\n"
POINTS_SHA256 = hashlib.sha256(POINTS).hexdigest()


def test_points_are_read_from_an_address(site: Site) -> None:
    site.files["/points.csv"] = POINTS
    url = f"{site.url}/points.csv"
    points = read_csv(url)
    assert (points.title, points.rows) == ("3 rows from points.csv", 3)
    assert (points.sha256, points.checked) == (POINTS_SHA256, False)
    assert read_csv(f"{url}#sha256={POINTS_SHA256}").checked
    assert site.asked == {"/points.csv": 1}
    with pytest.raises(DataError, match="need"):
        read_csv(f"{site.url}/points.csv#sha256={WRONG}")


def test_what_is_no_table_of_points_is_not_kept(site: Site, cache: Path) -> None:
    site.files["/points.csv"] = b"x,y\n1,many\n"
    with pytest.raises(DataError, match=r"line 2, column y: got 'many', need a number"):
        read_csv(f"{site.url}/points.csv")
    assert kept(cache) == []


def test_a_lesson_of_points_from_an_address(site: Site, tmp_path: Path) -> None:
    site.files["/points.csv"] = POINTS
    url, path = f"{site.url}/points.csv", tmp_path / "out.xlsx"
    words = ["generate", "graddesc", "--optimizer", "sgd", "--epochs", "1", "-o", str(path)]
    result = CliRunner().invoke(main, [*words, "--data", url], catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert result.stderr == (
        "The download was not checked; for the same file every time: "
        f"--data '{url}#sha256={POINTS_SHA256}'\n"
    )
    before = path.read_bytes()
    pinned = f"{url}#sha256={POINTS_SHA256}"
    result = CliRunner().invoke(main, [*words, "--data", pinned, "--force"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert path.read_bytes() == before
    result = CliRunner().invoke(main, [*words, "--data", f"{site.url}/none.csv", "--force"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {site.url}/none.csv: the server answered 404")


def test_the_word_for_passengers_is_a_file_where_points_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "titanic").write_bytes(POINTS)
    assert read_csv("titanic").rows == 3
