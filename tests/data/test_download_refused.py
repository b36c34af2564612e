"""What is refused of a download, from a server on this machine, and leaves nothing in the cache."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import requests

from tests.data.files import written
from tests.data.site import (
    AGAIN,
    CONTENT,
    SHA256,
    WRONG,
    Site,
    kept,
    refusal,
)
from tests.data.site import cache as cache
from tests.data.site import site as site
from xlsgd.base.errors import DataError
from xlsgd.data import dataset, download
from xlsgd.data.download import fetch

pytestmark = pytest.mark.every

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
