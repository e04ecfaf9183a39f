"""The later voices: what the truth says was planted in transcripts, mail, posts, reviews and surveys is what stands in the files."""

from __future__ import annotations

import json
import mailbox
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from voclib.schema import store
from voclib.simulate import building, company, conversations, identifiers, verbatims, writing
from voclib.simulate.conversations import BANDS, Cooling
from voclib.simulate.mails import CARE, OWN_DOMAIN
from voclib.simulate.plan import Plan
from voclib.simulate.tables import more_voices

SIZE = 4000
IDENTIFIER = r"(?<!\d)1[3-9]\d{9}(?!\d)|@example\.|LCX[A-HJ-NPR-Z0-9]{14}|\d{17}[\dX]"


@pytest.fixture(scope="module")
def world() -> company.World:
    return company.World(Plan(customers=SIZE))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, dict, dict[str, pd.DataFrame]]:
    folder = tmp_path_factory.mktemp("company")
    truth = building.build(folder, customers=SIZE, seed=20260701, raw=True, asof="2026-09-30", shuffle=None, progress=None)
    return folder / "raw", truth, store.read(folder / "standard")


def lines(folder: Path, file: str) -> pd.DataFrame:
    return pd.read_csv(folder / file, dtype="str", keep_default_na=False, na_values=[""])


def records(folder: Path, file: str) -> list[dict]:
    return [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]


def local(cells: pd.Series) -> pd.Series:
    """Times in all the ways the files write them, in the company's own time."""
    ways = ("%Y-%m-%dT%H:%M:%S+08:00", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M")
    read = [pd.to_datetime(cells, format=way, errors="coerce").dt.tz_localize(None) for way in ways]
    made = read[0].fillna(read[1]).fillna(read[2])
    assert made.notna().all()
    return made


def of_channel(tables: dict[str, pd.DataFrame], *channels: str) -> pd.DataFrame:
    return tables["responses"][tables["responses"]["channel"].isin(channels)]


def reviews_of(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "app_reviews.json").read_text(encoding="utf-8"))["reviews"])


def test_the_tablet_falls_silent_and_the_mini_programme_never_came(built):
    folder, truth, _ = built
    times = local(lines(folder, "kiosk.csv")["时间"])
    planted = truth["channels"]["silent"]
    assert planted["file"] == "kiosk.csv" and str(times.max().date()) == planted["last_day"]
    assert 95 <= planted["days_silent"] == (pd.Timestamp(truth["asof"]) - pd.Timestamp(planted["last_day"])).days <= 140
    assert times.dt.date.drop_duplicates().sort_values().diff().dropna().max().days <= 21
    assert not (folder / truth["channels"]["missing"]["file"]).exists()


def test_one_batch_of_the_survey_after_a_call_stands_twice(built):
    folder, truth, tables = built
    sent, planted = lines(folder, "postcall_survey.csv"), truth["channels"]["duplicate_campaign"]
    own, copy = (sent[sent["批次"] == planted[name]].reset_index(drop=True) for name in ("campaign", "copy"))
    assert len(copy) == planted["rows"] == len(own) > 10 and copy["客户编号"].nunique() == planted["customers"]
    same = ["客户编号", "门店编号", "满意度"]
    assert own[same].equals(copy[same]) and not copy["答卷编号"].isin(own["答卷编号"]).any()
    assert (local(copy["提交时间"]) - local(own["提交时间"])).between(pd.Timedelta(minutes=1), pd.Timedelta(hours=1)).all()
    held = tables["responses"].dropna(subset="campaign_id")
    assert sorted(held["response_id"]) == sorted(sent.loc[sent["批次"] != planted["copy"], "答卷编号"]) and held["nps_score"].isna().all()


def test_the_feed_changes_how_it_writes_times_on_the_day_it_says(built):
    folder, truth, tables = built
    posts, planted = lines(folder, "social_posts.csv"), truth["channels"]["format_change"]
    dotted = posts[planted["column"]].str.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d")
    assert dotted.sum() == planted["rows_after"] > 0 and (~dotted).sum() == planted["rows_before"]
    read, day = local(posts["发布时间"]), pd.Timestamp(planted["day"])
    assert planted["fix"] == "%d.%m.%Y %H:%M" and read[~dotted].max() < day <= read[dotted].min() and read.is_monotonic_increasing
    assert 10 <= day.day <= 20 and (pd.Timestamp(truth["asof"]) - day).days < 62
    held = tables["responses"].set_index("response_id")["submitted_at"]
    wanted = held.loc[posts["帖子编号"]].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    assert read.dt.floor("min").tolist() == wanted.dt.floor("min").tolist()


def test_the_campaign_is_one_text_of_many_authors_within_three_days(built):
    folder, truth, _ = built
    posts, planted = lines(folder, "social_posts.csv"), truth["channels"]["copied_posts"]
    starts = [text[:40] for text in writing.templates()["campaign"]]
    copied = posts[posts["正文"].str[:40].isin(starts)]
    days = local(copied["发布时间"]).dt.date
    assert len(copied) == planted["posts"] == planted["authors"] == copied["作者"].nunique() and 30 <= len(copied) <= 60
    assert [str(days.min()), str(days.max())] == [planted["first_day"], planted["last_day"]] and (days.max() - days.min()).days <= 2
    assert copied["正文"].nunique() > 1 and copied["正文"].str[:40].nunique() == 1


def test_some_authors_say_the_same_in_the_shop_and_on_a_platform(built):
    folder, truth, _ = built
    reviews = reviews_of(folder)
    both = reviews.merge(lines(folder, "social_posts.csv"), left_on="author", right_on="作者")
    same = both[[text.startswith(body) for text, body in zip(both["正文"], both["body"], strict=True)]]
    planted, change = truth["channels"]["cross_channel_duplicates"], pd.Timestamp(truth["channels"]["format_change"]["day"])
    assert len(same) == planted["pairs"] >= 0.05 * len(reviews)
    assert (local(same["发布时间"]) < change).sum() == planted["pairs_before_format_change"] > 0
    ahead = local(same["发布时间"]) - local(same["published"])
    assert ahead.between(pd.Timedelta(0), pd.Timedelta(days=21)).all()
    assert len(reviews) == truth["channels"]["rows"]["app_reviews.json"] and reviews["stars"].between(1, 5).all()


def test_transcripts_are_some_calls_and_chats_turn_by_turn(built, world):
    folder, truth, tables = built
    calls, chats = records(folder, "call_transcripts.jsonl"), records(folder, "chat_transcripts.jsonl")
    planted, held = truth["channels"]["turns"], tables["conversations"]
    length = [len(item["segments"]) for item in calls] + [len(item["messages"]) for item in chats]
    assert len(length) == planted["conversations_n"] and sum(length) == planted["turns_n"] and min(length) >= 4 and max(length) <= 10
    assert len(length) <= 0.45 * (held["kind"] != "mail").sum()
    assert all(item["segments"][0]["spk"] == "坐席" and item["segments"][1]["spk"] == "客户" for item in calls)
    assert all([part["from"] for part in item["messages"][:2]] == ["robot", "user"] for item in chats)
    lasts = dict(zip(world.voice_ids[world.conversations.voice], world.conversations.seconds, strict=True))
    for item in calls:
        seconds = [part["t0"] for part in item["segments"]]
        assert seconds[0] == 0 and seconds == sorted(seconds) and seconds[-1] < lasts[item["call_id"]]
    spoken = tables["turns"].merge(held[["response_id", "kind"]], on="response_id")
    assert spoken["offset_seconds"].notna().eq(spoken["kind"] != "chat").all() and spoken["started_at"].notna().eq(spoken["kind"] != "call").all()


def test_every_conversation_belongs_to_a_voice_of_its_kind(built):
    tables = built[2]
    joined = tables["conversations"].merge(tables["responses"], on="response_id")
    assert len(joined) == len(tables["conversations"]) == tables["responses"]["channel"].isin(["call", "chat", "mail"]).sum()
    assert (joined["kind"] == joined["channel"]).all() and (joined["ended_at"] >= joined["started_at"]).all()
    spoken = joined[joined["kind"] != "mail"]
    assert (spoken["started_at"] == spoken["touched_at"]).all() and spoken["staff_id"].nunique() > 5
    tagged = spoken["emotion"].notna()
    felt = np.select([spoken["emotion_score"] < -0.25, spoken["emotion_score"] > 0.25], ["negative", "positive"], "neutral")
    assert 0.8 < tagged.mean() < 0.9 and 0.85 < (spoken["emotion"] == felt)[tagged].mean() < 0.97


def test_the_mailbox_is_one_that_the_standard_library_reads(built, tmp_path):
    folder, truth, tables = built
    copy = tmp_path / "inbox.mbox"
    copy.write_bytes((folder / "inbox.mbox").read_bytes())
    planted, found = truth["channels"]["mail"], list(mailbox.mbox(copy))
    own = [f"@{OWN_DOMAIN}>" in message["Message-ID"] for message in found]
    first = [message for message in found if message["References"] is None]
    assert len(found) == planted["messages"] and len(first) == planted["threads"] == len(of_channel(tables, "mail"))
    assert {message["Message-ID"].strip("<>") for message in first} == set(of_channel(tables, "mail")["response_id"])
    assert sum(message["X-Customer-Id"] is None for message in first) == planted["without_customer"] > 0
    parts = [message.get_payload(0) if message.is_multipart() else message for message in found]
    assert sum(message.is_multipart() for message in found) == planted["attachments"] > 0
    assert sum(part.get_content_type() == "text/html" for part in parts) == planted["html_only"] > 0
    for name in ("utf-8", "gb18030"):
        assert sum(part.get_content_charset() == name for part in parts) == planted[name] > 0
    for name in ("base64", "quoted-printable", "8bit"):
        assert sum(part["Content-Transfer-Encoding"] in (name, "7bit" if name == "8bit" else name) for part in parts) == planted[name] > 0
    bodies = [part.get_payload(decode=True).decode(part.get_content_charset()) for part in parts]
    quoted = [bool(re.search(r"(?m)^> |<blockquote>", body)) for body in bodies]
    assert sum(quoted) == planted["quoting"] == sum(message["In-Reply-To"] is not None for message in found)
    assert all((CARE in message["From"]) == is_own for message, is_own in zip(found, own, strict=True))


def test_identifiers_and_hostile_texts_stand_in_the_files_and_only_the_hostile_in_the_tables(built):
    folder, truth, tables = built
    shown = pd.concat([tables["turns"]["text"], of_channel(tables, "mail", "social", "appstore")["comment"]])
    assert not shown.str.contains(IDENTIFIER).any() and shown.isin(verbatims.HOSTILE).sum() >= 5
    said = [part["txt"] for item in records(folder, "call_transcripts.jsonl") for part in item["segments"]]
    said += [part["text"] for item in records(folder, "chat_transcripts.jsonl") for part in item["messages"]]
    written = {"social_posts.csv": lines(folder, "social_posts.csv")["正文"], "app_reviews.json": reviews_of(folder)["body"],
               "transcripts": pd.Series(said)}
    for file, texts in written.items():
        planted = truth["dirt"][file]
        assert texts.isin(verbatims.HOSTILE).sum() == planted["hostile"] > 0, file
        assert texts.str.contains(r"(?<!\d)1[3-9]\d{9}(?!\d)").sum() == planted["phone"] > 0, file
        assert texts.str.contains("@example.").sum() == planted["email"] > 0, file
        assert set(planted) == {*identifiers.KINDS, "hostile"}


def test_the_vendors_tags_are_wrong_in_about_one_of_eight(world):
    tags = []
    for seed in range(6):
        made = company.World(Plan(customers=2000, seed=seed)).posts
        tags.append((made.tag[made.kind == 1] != 0).mean())  # the campaign is angry throughout
    assert 0.05 < np.mean(tags) < 0.2 and (world.posts.tag >= 0).all()


def test_the_survey_after_a_call_is_asked_at_a_delay_that_says_nothing(world):
    given, held = world.post_call, world.conversations
    lag = (given.minute - conversations.started(world.contacts, held)[given.call]) / 1440
    assert lag.min() >= 0.5 / 24 - 1e-9 and lag.max() <= 14.01 and all(((lag >= low) & (lag < high)).sum() > 20 for low, high in BANDS)
    assert abs(np.corrcoef(lag, held.emotion[given.call])[0, 1]) < 3.5 / np.sqrt(given.n)
    answers = more_voices.post_call(world)
    assert (answers["touched_at"] < answers["submitted_at"]).all() and set(answers["csat_score"].unique()) <= {1, 2, 3, 4, 5}


@pytest.mark.parametrize("seed", [3, 4])
def test_the_expected_answer_is_the_mean_of_many_drawn_ones(seed):
    rng = np.random.default_rng(seed)
    cooling = Cooling(level=3.3, on_quality=0.4, on_emotion=float(rng.uniform(0.8, 1.2)), half_life_days=float(rng.uniform(1, 4)))
    given = {"quality": rng.normal(size=5), "emotion": rng.uniform(-1, 1, 5), "lag": rng.uniform(0, 14, 5)}
    drawn = np.clip(np.round(cooling.latent(**given) + cooling.noise * rng.normal(size=(60_000, 5))), 1, 5)
    assert np.allclose(drawn.mean(axis=0), cooling.expected(**given), atol=0.015)


def test_feelings_cool_down_as_the_truth_says(world):
    """The answers' own slopes lie around the truth's, and the truth falls with the delay."""
    truth, given, held = conversations.truth(world.conversations, world.post_call, seed=1), world.post_call, world.conversations
    slopes = list(truth["slope_by_days"].values())
    assert slopes == sorted(slopes, reverse=True) and truth["slope_at_once"] > slopes[0] and slopes[0] - slopes[-1] > 0.3
    lag = (given.minute - conversations.started(world.contacts, held)[given.call]) / 1440
    for (low, high), wanted in zip(BANDS, slopes, strict=True):
        rows = (lag >= low) & (lag < high)
        x, y = held.emotion[given.call][rows], given.csat[rows]
        slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
        error = np.sqrt((y - y.mean() - slope * (x - x.mean())).var() / (rows.sum() * x.var()))
        assert abs(slope - wanted) < 4 * error
    assert slopes[-1] < truth["slope_pooled"] < slopes[0]  # ignoring the delay misses both


def test_no_stream_of_the_company_is_drawn_from_twice(root):
    """Two parts that share a stream would be each other's copy; and a new part may not take an old one's name."""
    parts = [path for path in (root / "voclib" / "simulate").rglob("*.py") if path.parent.name != "worlds"]
    names = [name for path in parts for name in re.findall(r"""stream\([\w.]*seed, "([\w.]+)"\)""", path.read_text("utf-8"))]
    assert len(names) > 40 and {name for name in names if names.count(name) > 1} <= {"mentions"}


def test_every_new_file_of_the_truth_is_mapped(root, built):
    mapping = yaml.safe_load((root / "params" / "rules" / "sample.yml").read_text("utf-8"))
    files = {source["files"] for source in mapping["sources"]}
    assert {*built[1]["channels"]["rows"], built[1]["channels"]["missing"]["file"]} <= files


@pytest.mark.parametrize("customers", [50, 120])
def test_the_smallest_companies_have_every_file(tmp_path, customers):
    truth = building.build(tmp_path, customers=customers, seed=2, raw=True, asof="2026-09-30", shuffle=None, progress=None)
    rows = truth["channels"]["rows"]
    assert all(rows.values()) and all((tmp_path / "raw" / file).stat().st_size > 20 for file in rows)
