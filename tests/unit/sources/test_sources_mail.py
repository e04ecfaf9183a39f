"""E-mail: threads, own words and hostile messages; whatever a message claims, the import goes on and accounts for it."""

from __future__ import annotations

import random
import time
from email.message import EmailMessage

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
from voclib.schema import content_hash
from voclib.sources import ingest
from voclib.sources.reading import mail_text, threads

MAPPING = SHOP + """
  - channel: mail
    files: ["*.mbox", "*.eml"]
    optional: true
    own_domains: [chenxing.example]
    tables:
      responses:
        columns: {response_id: _conversation, segment: header.X-Scene, comment: _said, submitted_at: _began}
        constants: {channel: mail}
        distinct: true
      conversations:
        columns: {response_id: _conversation, staff_id: _agent, started_at: _began, ended_at: _ended}
        constants: {kind: mail}
        distinct: true
      turns: {columns: {response_id: _conversation, turn: _turn, speaker: _speaker, started_at: _at, offset_seconds: _offset, text: _text}}
"""
OURS, THEIRS = "客服 <service@chenxing.example>", "王 <w@mail.example>"


def letter(number: str, sender: str = THEIRS, text: str = "车机黑屏", *, day: int = 5, refers: tuple[str, ...] = (), subtype: str = "plain",
           charset: str = "utf-8", cte: str | None = None, **headers: str) -> bytes:
    made = EmailMessage()
    made["Message-ID"], made["From"], made["To"], made["Subject"] = f"<{number}@x>", sender, OURS, "黑屏"
    made["Date"] = f"Mon, {day:02d} Jan 2026 10:00:00 +0800"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    if refers:
        made["References"] = " ".join(f"<{one}@x>" for one in refers)
    made.set_content(text, subtype=subtype, charset=charset, cte=cte)
    return made.as_bytes()


THREAD = [letter("a", text="车机黑屏\n电话13800138000", X_Scene="用车"), letter("b", OURS, "请重启\n> 车机黑屏", day=6, refers=("a",)),
          letter("c", text="好了\n\n在 2026-01-06 10:00 客服 写道：\n> 请重启\n\nOn x wrote:", day=7, refers=("a", "b"), charset="gb18030",
                 cte="base64")]


def run(folder, letters_: list[bytes], *, mapping: str = MAPPING, name: str = "inbox.mbox"):
    folder.mkdir(exist_ok=True)
    raw = b"\n".join(b"From x Mon Jan  5 10:00:00 2026\n" + one for one in letters_) if name.endswith(".mbox") else letters_[0]
    (folder / name).write_bytes(raw)
    (folder / "shop.yml").write_text(mapping, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_replies_make_a_thread_and_quoted_words_are_left_out(tmp_path):
    pool = run(tmp_path, [*THREAD, letter("d", text="另一件事", day=8)])
    turns = pool.tables["turns"]
    assert turns["response_id"].tolist() == ["a@x"] * 3 + ["d@x"] and turns["speaker"].tolist() == ["customer", "agent", "customer", "customer"]
    assert turns["text"].tolist() == ["车机黑屏\n电话〔电话〕", "请重启", "好了", "另一件事"]
    assert turns["offset_seconds"].tolist() == [0, 86400, 172800, 0]
    voice = pool.tables["responses"].set_index("response_id").loc["a@x"]
    assert voice["comment"] == "车机黑屏\n电话〔电话〕\n好了" and voice["segment"] == "用车"
    talk = pool.tables["conversations"].set_index("response_id").loc["a@x"]
    assert (talk["ended_at"] - talk["started_at"]).days == 2 and talk["staff_id"].startswith("staff-")
    entry = pool.scorecard["files"][0]
    assert (entry["rows_read"], entry["accepted"], entry["quarantined"], entry["ignored_columns"]) == (4, 4, 0, [])
    assert "w@mail.example" not in turns.to_csv() + pool.tables["responses"].to_csv()


def test_the_order_of_messages_does_not_matter(tmp_path):
    many = [*THREAD, letter("e", day=9, refers=("gone",)), letter("f", day=10, refers=("gone", "e")), letter("g", text="同一时刻"), letter("a")]
    first = run(tmp_path / "0", many)
    assert first.tables["turns"].groupby("response_id").size().to_dict() == {"a@x": 3, "g@x": 1, "gone@x": 2}
    for seed in (1, 2):
        other = run(tmp_path / str(seed), random.Random(seed).sample(many, len(many)))
        assert content_hash(other.tables) == content_hash(first.tables) and other.scorecard == first.scorecard
    entry = first.scorecard["files"][0]
    assert (entry["rows_read"], entry["quarantined"], entry["duplicates"]) == (7, 1, 1)


def test_html_only_and_nested_bodies(tmp_path):
    html = "<html><head><style>p{}</style></head><body><p>刹车<b>异响</b> &amp; 抖</p><script>x()</script><blockquote>旧文</blockquote></body></html>"
    nested = EmailMessage()
    nested["Message-ID"], nested["From"], nested["Date"] = "<n@x>", THEIRS, "Tue, 06 Jan 2026 10:00:00 +0800"
    nested.set_content("见附件")
    nested.add_alternative("<p>见附件</p>", subtype="html")
    nested.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    nested.add_attachment("秘密", filename="b.txt")
    nested.add_attachment(EmailMessage())
    pool = run(tmp_path, [letter("h", text=html, subtype="html"), nested.as_bytes()],
               mapping=MAPPING.replace("segment: header.X-Scene", "segment: attachments"))
    voices = pool.tables["responses"].set_index("response_id")
    assert voices["comment"].to_dict() == {"h@x": "刹车异响 & 抖", "n@x": "见附件"}
    assert voices["segment"].to_dict() == {"h@x": "0", "n@x": "3"}


HOSTILE = {
    "undecodable body": b"Message-ID: <1@x>\nFrom: a@b.cn\nContent-Type: text/plain; charset=utf-8\n\n\xff\xfe\xfa\n",
    "undecodable subject": b"Message-ID: <2@x>\nFrom: a@b.cn\nSubject: =?utf-8?b?//79?=\n\nx\n",
    "no Message-ID": b"From: a@b.cn\n\nx\n",
    "no sender": b"Message-ID: <3@x>\n\nx\n",
    "nothing at all": b"\n\n",
    "deep nesting": b"Message-ID: <4@x>\nFrom: a@b.cn\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(1500)) + b"\nx\n",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_message_that_cannot_be_used_is_set_aside_with_its_reason(tmp_path, what):
    pool = run(tmp_path, [*THREAD, HOSTILE[what]])
    entry = pool.scorecard["files"][0]
    assert (entry["rows_read"], entry["clean"] + entry["repaired"], entry["quarantined"], entry["unreadable"]) == (4, 3, 1, 1)
    assert pool.quarantine["reason"].iloc[0] != "" and len(pool.tables["turns"]) == 3


def test_odd_messages_are_read(tmp_path):
    plain = b"From: =?unknown?q?x?= <a@b.cn>\nDate: Mon, 05 Jan 2026 10:00:00 -0000\n"
    odd = [b"Message-ID: <1@x>\n" + plain + "Subject: 黑屏\n\n原文\n".encode("gb18030"),
           b"Message-ID: <2@x>\nReferences: <3@x>\n" + plain + b"Content-Type: text/plain; charset=no-such\n\nhello there\n",
           b"Message-ID: <3@x>\nReferences: <2@x> <3@x>\n" + plain + b"\n" + b"x" * 50_000 + b"\n>From here\n",
           b"Message-ID: <4@x>\nAuto-Submitted: auto-replied\n" + plain + b"\n\n",
           b"Message-ID: <5@x>\nAuto-Submitted: auto-generated\nFrom: bot@mail.chenxing.example\nDate: Mon, 05 Jan 2026 10:00:00 +0800\n\nhi\n"]
    pool = run(tmp_path, odd)
    turns = pool.tables["turns"].set_index(["response_id", "turn"])
    assert turns.loc[("1@x", 1), "text"] == "原文" and turns.loc[("2@x", 1), "started_at"].isoformat() == "2026-01-05T10:00:00+00:00"
    assert turns.loc["2@x"].shape[0] == 2 and turns.loc[("2@x", 2), "text"].endswith("From here")
    assert turns.loc[("4@x", 1), "speaker"] == "other" and turns.loc[("5@x", 1), "speaker"] == "bot"


def test_a_message_without_a_date_is_told_by_the_standard(tmp_path):
    undated, odd = b"Message-ID: <9@x>\nFrom: a@b.cn\nReferences: <a@x>\n\nnoch da\n", b"Message-ID: <8@x>\nFrom: a@b.cn\nDate: soon\n\nx\n"
    pool = run(tmp_path, [*THREAD, undated, odd])
    assert pool.tables["turns"].set_index("turn").loc[4, "text"] == "noch da"
    assert "conversations" in set(pool.quarantine.loc[pool.quarantine["row"] == 5, "table"])


def test_long_hostile_bodies_stay_cheap():
    started = time.process_time()
    for text in ("<" * 50_000, "<a " * 20_000, "&#" * 25_000, "<!--" * 12_000, "<div>" * 10_000):
        mail_text.text_of(text)
    for text in ("On " + "x" * 50_000, "On a\n" * 10_000, "> " * 25_000, "在" * 50_000, "--" * 25_000):
        mail_text.own_words(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("text", "kept"), [
    ("好\n> 旧\n新", "好\n新"), ("好\nOn Mon, Jan 5, 2026 at 10:00 AM X <x@y.z>\nwrote:\n旧", "好"), ("好\n-- \n王先生", "好"),
    ("好\n------------------ 原始邮件 ------------------\n旧", "好"), ("好\n发件人: x\n发送时间: 今天\n旧", "好"),
    ("On Monday he wrote: it broke", "On Monday he wrote: it broke"), ("在店里等了很久", "在店里等了很久"),
])
def test_own_words(text, kept):
    assert mail_text.own_words(text) == kept


def test_threads_survive_circles_and_do_not_depend_on_order():
    refers = {"a": ["c"], "b": ["a"], "c": ["b"], "d": [], "e": ["x", "d"]}
    instants = {"a": 2.0, "b": 1.0, "c": 3.0, "d": 5.0, "e": 6.0}
    found = threads.roots(refers, instants)
    assert found == {"a": "b", "b": "b", "c": "b", "d": "x", "e": "x"}
    assert threads.roots(dict(reversed(refers.items())), instants) == found


def test_what_the_mapping_must_say(tmp_path):
    with pytest.raises(ParameterError, match=r"own_domains says whose addresses are ours, for example  own_domains: \[example.com\]"):
        run(tmp_path, THREAD, mapping=MAPPING.replace("    own_domains: [chenxing.example]\n", ""))
    with pytest.raises(ParameterError, match="unknown key 'own_domain' in sources → no. 1; did you mean 'own_domains'"):
        run(tmp_path, THREAD, mapping=MAPPING.replace("own_domains", "own_domain"))
    pool = run(tmp_path, THREAD, mapping=MAPPING.replace("header.X-Scene", "header.X-Scenes"))
    assert {"note": "header_not_found", "what": "X-Scenes"} in pool.scorecard["files"][0]["notes"]
    assert "header that no message carries: X-Scenes" in pool.summary("en")


def test_a_single_message_and_what_is_no_mailbox(tmp_path):
    assert run(tmp_path / "a", THREAD, name="one.eml").tables["turns"]["text"].tolist() == ["车机黑屏\n电话〔电话〕"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "inbox.mbox").write_bytes(b"hello\n\nFrom x\n")
    (tmp_path / "b" / "shop.yml").write_text(MAPPING, encoding="utf-8")
    with pytest.raises(DataError, match="inbox.mbox is not a mailbox: it does not begin with a line 'From …'"):
        ingest(tmp_path / "b" / "shop.yml", root=tmp_path / "b", out=tmp_path / "b" / "out")


def test_a_file_whose_only_message_cannot_be_used_is_set_aside(tmp_path):
    """A mail saved from a drafts folder has no Message-ID; of a folder of such files one alone is a whole file."""
    (tmp_path / "draft.eml").write_bytes(b"From: a@b.cn\nTo: c@d.cn\nDate: Mon, 02 Mar 2026 10:00:00 +0800\n\nx\n")
    pool = run(tmp_path, [letter("1")], mapping=MAPPING.replace("files: inbox.mbox", 'files: ["inbox.mbox", "*.eml"]'))
    assert pool.scorecard["totals"]["rows_read"] == 2
    assert pool.quarantine[["file", "reason"]].to_numpy().tolist() == [["draft.eml", "no Message-ID"]]
