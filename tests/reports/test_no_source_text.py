"""Pages made from data that is not ours carry aggregates only: no run of source text, no author, no row id."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from voclib.text.terms import words

ROOT = Path(__file__).resolve().parents[2]
UNITS = r"\b(?:virgin america|us airways|american|southwest|united|delta)\b"
RUN_LATIN, RUN_HAN, RUN_TWEET = 12, 8, 28  # shorter runs of fourteen thousand tweets are everybody's English


def _ours() -> str:
    """Prose that is ours: the same words on a page prove nothing about the source."""
    places = [*(ROOT / "reports" / "sample").glob("*.*"), *(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "voclib").rglob("*.py"),
              *(ROOT / "voclib").rglob("*.css"), *(ROOT / "params").rglob("*.yml")]
    return re.sub(r'"\s*f?"', "", _squeezed(" ".join(p.read_text("utf-8") for p in places)))  # a sentence over two lines of code is one


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


def _committed() -> dict[str, str]:
    """Pages and findings without the names of the airlines tweeted to: a table that names a unit says no customer's words."""
    files = [*(ROOT / "reports" / "public").glob("*.*"), ROOT / "reports" / "index.html", ROOT / "reports" / "registry.jsonl"]
    return {str(p.relative_to(ROOT)): re.sub(UNITS, "·", _squeezed(p.read_text("utf-8"))) for p in files}


def _windows(text: str, size: int) -> Iterator[str]:
    """Runs of `size` characters; in Latin script they touch three words, since a name of two (a cabin class) is nobody's sentence."""
    runs = (text[i : i + size] for i in range(len(text) - size + 1))
    return (run for run in runs if size < RUN_LATIN or run.strip().count(" ") >= 2)


def _telling(run: str) -> bool:
    """Whether a whole word of the run says anything: 't and the re' is every sentence's, and of a longer piece the neighbouring runs are found."""
    return bool(words(run.partition(" ")[2].rpartition(" ")[0], language="en"))


@pytest.fixture(scope="module")
def skytrax(public_data: Path) -> list[dict[str, str]]:
    with (public_data / "text_en" / "skytrax_seat.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def tweets(public_data: Path) -> list[dict[str, str]]:
    with (public_data / "text_en" / "airline_tweets_latin1.csv").open(encoding="latin-1", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def everyones(public_data: Path) -> set[str]:
    """Runs of common English, from texts that no page is made of, and of column headings: they prove nothing about the source either."""
    texts = [(public_data / "text_en" / name).read_bytes().decode("latin-1") for name in ("airline_tweets_latin1.csv", "banking77_train.csv")]
    for path in sorted((public_data / "telco").glob("*.xlsx")):  # headings name columns on the page, no customer
        book = load_workbook(path, read_only=True)
        texts.append(", ".join(str(cell) for cell in next(book.active.iter_rows(values_only=True))))
        book.close()
    return {w for text in texts for w in _windows(_squeezed(text), RUN_LATIN)}


def test_no_run_of_a_review_stands_on_a_page(skytrax: list[dict[str, str]], everyones: set[str]) -> None:
    ours = everyones | set(_windows(_ours(), RUN_LATIN))
    source = {w for row in skytrax for w in _windows(_squeezed(row["content"]), RUN_LATIN)}
    assert len(source) > 100_000
    # units too, which a table may name, and what sentences filled in for any kind of unit call them
    airlines = sorted({"the airlines", *(row["airline_name"].replace("-", " ") for row in skytrax)}, key=len, reverse=True)
    units = re.compile(rf"\b(?:{'|'.join(map(re.escape, airlines))})\b")
    for name, text in _committed().items():
        found = sorted(filter(_telling, (source & set(_windows(units.sub("·", text), RUN_LATIN))) - ours))
        assert found == [], f"{name} carries source text: {found[:5]}"


def test_no_run_of_a_tweet_stands_on_a_page(tweets: list[dict[str, str]]) -> None:
    ours = set(_windows(_ours(), RUN_TWEET))
    source = {w for row in tweets for w in _windows(_squeezed(row["text"]), RUN_TWEET)}
    assert len(source) > 500_000
    for name, text in _committed().items():
        found = sorted((source & set(_windows(text, RUN_TWEET))) - ours)
        assert found == [], f"{name} carries source text: {found[:5]}"


def test_no_author_and_no_customer_number(skytrax: list[dict[str, str]], tweets: list[dict[str, str]], public_data: Path) -> None:
    authors = {_squeezed(row["author"]) for row in skytrax if " " in row["author"].strip()}
    handles = {name for row in tweets if len(name := row["name"].lower()) >= 6 and re.search(r"[_\d]", name)}  # a handle that is no word
    numbers = {row["_unit_id"] for row in tweets}
    with (public_data / "telco" / "Telco-Customer-Churn.csv").open(encoding="utf-8", newline="") as lines:
        customers = {row["customerID"].lower() for row in csv.DictReader(lines)}
    assert len(authors) > 900 and len(customers) == 7043 and len(handles) > 2000 and len(numbers) == 14640
    for name, text in _committed().items():
        assert not {a for a in authors if re.search(rf"\b{re.escape(a)}\b", text)}, name
        assert not customers & set(re.findall(r"\b\d{4}-[a-z]{5}\b", text)), name
        assert not handles & set(re.findall(r"\w{6,}", text)) and not numbers & set(re.findall(r"\b\d{9}\b", text)), name


def test_the_search_finds_what_it_looks_for(skytrax: list[dict[str, str]], everyones: set[str]) -> None:
    planted = _squeezed(f"<td>{skytrax[0]['content'][20:60]}</td>")
    source = {w for w in _windows(_squeezed(skytrax[0]["content"]), RUN_LATIN)} - everyones
    assert any(map(_telling, source & set(_windows(planted, RUN_LATIN))))
    assert not _telling("t and the re") and _telling("t legroom is")


def test_chinese_reviews_are_nowhere(public_data: Path) -> None:
    with (public_data / "text_zh" / "car_reviews_half.csv").open(encoding="utf-8", newline="") as lines:
        rows = [re.sub(r"\s+", "", "".join(row)) for row in csv.reader(lines)]
    source = {w for row in rows for w in _windows(row, RUN_HAN) if re.fullmatch(r"[\u4e00-\u9fff，。]+", w)}
    everything = [*(ROOT / "reports").rglob("*.html"), *(ROOT / "reports").rglob("*.json"), *(ROOT / "voclib").rglob("*.yml")]
    for path in everything:
        text = re.sub(r"\s+", "", json.dumps(path.read_text("utf-8"), ensure_ascii=False))
        assert not source & set(_windows(text, RUN_HAN)), path
