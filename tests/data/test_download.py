"""Check downloads against a server on this machine: what is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.data.site import (
    CONTENT,
    SHA256,
    WRONG,
    Site,
    kept,
)
from tests.data.site import cache as cache
from tests.data.site import site as site
from xlsgd.data.download import cache_folder, fetch, file_name_of, is_url, shown_url

pytestmark = pytest.mark.every

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
