"""Passengers and points from an address: what is no table of use is not kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.data.files import table, written
from tests.data.site import (
    CONTENT,
    SHA256,
    WRONG,
    Site,
    kept,
)
from tests.data.site import cache as cache
from tests.data.site import site as site
from xlsgd.base.errors import DataError, SpecError
from xlsgd.cli import main
from xlsgd.data import read_csv
from xlsgd.data.passengers import NAMED_SOURCES, read_passengers

pytestmark = pytest.mark.every

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
