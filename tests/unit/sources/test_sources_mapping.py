"""Mapping files: what an analyst can get wrong is answered with the place and the nearest name."""

from __future__ import annotations

import pytest

from voclib import strictyaml
from voclib.errors import DataError, ParameterError
from voclib.schema.store import repository
from voclib.sources import mapping

GOOD = """
name: mine
company: {zh: 我, en: Me}
pseudonym_key: a-key-of-some-length
root: .
sources:
  - channel: survey
    files: a.csv
    tables:
      responses:
        columns: {response_id: id, nps_score: score}
        constants: {channel: survey}
        values: {nps_score: {yes: 10, true: 9}}
"""


def _read(tmp_path, text):
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    return mapping.read(path)


def test_a_good_mapping_is_read_and_words_stay_words(tmp_path):
    found = _read(tmp_path, GOOD)
    assert found.sources[0].tables["responses"].values == {"nps_score": {"yes": "10", "true": "9"}}
    assert found.sources[0].patterns == ["a.csv"]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("channel: survey\n", "channel: surveys\n", "channel is 'surveys' in sources → no. 1; did you mean 'survey'"),
    ("    files: a.csv", "    fils: a.csv",
     r"the key 'files' is missing in sources → no. 1; unknown key 'fils' in sources → no. 1; did you mean 'files'"),
    ("        columns:", "        colums:", "unknown key 'colums' in sources → no. 1 → tables → responses; did you mean 'columns'"),
    ("nps_score: score", "nps_scor: score", "source 1 \\(survey\\), table responses: 'nps_scor' is not a column there; did you mean 'nps_score'"),
    ("      responses:", "      response:", "table 'response' is not in the data standard; did you mean 'responses'"),
    ("constants: {channel: survey}", "constants: {weight: 1}", "nothing is given for channel, which every row must have"),
    ("constants: {channel: survey}", "constants: {channel: survey, nps_score: 1}", "'nps_score' stands in columns and in constants"),
    ("response_id: id", "response_id: _id", "_id is used but make_id does not say"),
    ("root: .", "timezone: Asia/Shanghia", "timezone 'Asia/Shanghia' is not known; did you mean 'Asia/Shanghai'"),
    ("root: .", "root: .\nas_of: 30.06.2026", "as_of.*: '30.06.2026' is not a day; write the day of the export as 2026-06-30"),
    ("root: .", "root: .\nas_of: 20260630", "as_of.*: '20260630' is not a day; write the day of the export as 2026-06-30"),
    ("root: .", "root: .\nas_of: 2026-06-31", "as_of.*: '2026-06-31' is not a day"),
    ("    files: a.csv", "    files: a.csv\n    as_of: today", "as_of.*: 'today' is not a day"),
    ("root: .", "root: .\nroot: b", "mine.yml line 6: the key 'root' stands here again .first on line 5"),
    ("response_id: id", "response_id: id, response_id: b", "the key 'response_id' stands here again .first on line 11"),
    ("root: .", "valid_voice: [[customer]]", "valid_voice: 'customer' is not a column there; did you mean 'customer_id'"),
    ("    files: a.csv", "    files: a.csv\n    items: [q1]", "items belong to channel employee"),
    ("    files: a.csv", "    files: a.csv\n    events: {list: e, kind: k, at: t}", "events belong to channel ticket"),
    ("    files: a.csv", "    files: a.csv\n    turns: {by: c, speaker: s, text: t}", "turns belong to the channels call, chat, mail"),
    ("    files: a.csv", "    files: a.csv\n    own_domains: [a.example]", "own_domains belong to channel mail"),
    ("survey\n    files: a.csv", "chat\n    files: a.csv\n    turns: {by: c, speakr: s, text: t}",
     "the key 'speaker' is missing in sources → no. 1 → turns; unknown key 'speakr' in sources → no. 1 → turns; did you mean 'speaker'"),
    ("survey\n    files: a.csv", "chat\n    files: a.csv\n    turns: {speaker: s, text: t}", "turns needs either  list: .* or  by:"),
    ("        values:", "        formats: {nps_score: heute}\n        values:", "nps_score: 'heute' holds no part of a date; write day, month"),
    ("        values:", "        formats: {nps_score: ['%d.%m.%Y', '%Q']}\n        values:", "nps_score: '%Q' is not a date format"),
    ("root: .", "root: [", "mine.yml line"),
    ("name: mine", "name: ../mine", "name is '../mine'; write it as small letters, digits and hyphens, such as my-survey"),
    ("    files: a.csv", "    files: 5", "mine.yml: files in sources → no. 1 is '5'; write a text or a list$"),
    ("{yes: 10, true: 9}", "{yes: [10], true: 9}", "yes in .* → nps_score is a list; write a text, true or false, a whole number or a number$"),
    ("company: {zh: 我, en: Me}", "company: Me", "company is 'Me'; write keys with values, one a line"),
    ("    files: a.csv", "    files: a.csv\n    decimal: ;", "decimal is ';' in sources → no. 1; write '.' or ','"),
    ("    files: a.csv", "    files: ''", "name at least one file or pattern, for example  files: survey"),
    ("    files: a.csv", "    files: []", "name at least one file or pattern"),
    ("    files: a.csv", "    files: [a.csv, '']", "name at least one file or pattern"),
    ("    files: a.csv", "    files: a.csv\n    join: {files: b.csv, on: {}}", "name one column that both files have, or one pair"),
    ("    files: a.csv", "    files: a.csv\n    join: {files: b.csv, on: {a: b, c: d}}", "name one column that both files have, or one pair"),
    ("    files: a.csv", "    files: a.csv\n    join: {files: b.csv, on: ''}", "name one column that both files have, or one pair"),
    ("constants: {channel: survey}", "constants: {channel: surveys}", "table responses: channel is 'surveys'; did you mean 'survey'"),
    ("constants: {channel: survey}", "constants: {channel: survey, language: cn}", "table responses: language is 'cn'; known: en, other, zh"),
    *[("        values:", f"        formats: {{submitted_at: '{pattern}'}}\n        values:", f"submitted_at: '{pattern}' holds no {part}")
      for pattern, part in (("%m-%d %H:%M", "year, and would make every date one of 1900"), ("%H:%M", "year"), ("%Y %H:%M", "month"),
                            ("%Y/%m", "day"))],
    ("values: {nps_score", "values: {csat_score", "values: 'csat_score' is not a column there"),
])
def test_mistakes_are_answered(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(ParameterError, match=message):
        _read(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize("pattern", ["%d/%m/%y", "%Y%j", "%c", "%x", "%d %b %Y", "%G-W%V-%u", "%Y-W%W-%w", "%a %U %Y"])
def test_patterns_of_a_whole_date_are_taken(tmp_path, pattern):
    text = GOOD.replace("nps_score: score}", "nps_score: score, submitted_at: at}")
    made = _read(tmp_path, text.replace("        values:", f"        formats: {{submitted_at: '{pattern}'}}\n        values:"))
    assert made.sources[0].tables["responses"].formats == {"submitted_at": pattern}


def test_a_month_needs_no_day_and_an_empty_constant_is_no_value(tmp_path):
    head = GOOD[:GOOD.index("      responses:")]
    made = _read(tmp_path, head + "      usage:\n        columns: {customer_id: who, month: m, logins: l, active_days: d}\n"
                                  "        formats: {month: '%m/%Y'}\n")
    assert made.sources[0].tables["usage"].formats == {"month": "%m/%Y"}
    blank = _read(tmp_path, GOOD.replace("{channel: survey}", "{channel: survey, language: ''}"))
    assert blank.sources[0].tables["responses"].constants["language"] == ""


def test_a_missing_file_lists_the_mappings_there_are(tmp_path):
    (tmp_path / "other.yml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(ParameterError, match="mine.yml is not there; the folder has: other.yml"):
        mapping.read(tmp_path / "mine.yml")


@pytest.mark.parametrize(("data", "message"), [
    (b"", "holds no keys"), (b"- a", "holds no keys"), ("名".encode("gb18030"), "is not UTF-8"), (b"? [a]\n: 1", "a key must be a word"),
    (b"a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
])
def test_unreadable_yaml(tmp_path, data, message):
    path = tmp_path / "x.yml"
    path.write_bytes(data)
    with pytest.raises(ParameterError, match=message):
        strictyaml.read(path)


def test_dates_and_leading_zeros_stay_text(tmp_path):
    path = tmp_path / "x.yml"
    path.write_text("a: 2015-01-01\nb: 007\nc: 12:30\nd: on\ne: 1.5\nf: 3\ng:", encoding="utf-8")
    assert strictyaml.read(path) == {"a": "2015-01-01", "b": "007", "c": "12:30", "d": "on", "e": 1.5, "f": 3, "g": None}


def test_root_variables_and_folders(tmp_path, monkeypatch):
    found = _read(tmp_path, GOOD.replace("root: .", "root: $VOC_NOWHERE/exports"))
    monkeypatch.delenv("VOC_NOWHERE", raising=False)
    with pytest.raises(DataError, match="VOC_NOWHERE is not set; set it to the folder"):
        mapping.folder(found, repository=tmp_path)
    monkeypatch.setenv("VOC_NOWHERE", str(tmp_path))
    with pytest.raises(DataError, match=r"reads from \$VOC_NOWHERE/exports, and that folder is not there"):
        mapping.folder(found, repository=tmp_path)
    (tmp_path / "exports").mkdir()
    assert mapping.folder(found, repository=tmp_path) == tmp_path / "exports"
    assert mapping.folder(found, repository=tmp_path, root=tmp_path) == tmp_path


def test_the_mappings_of_the_repository_are_good():
    found = {path.stem for path in (repository() / "params" / "rules").glob("*.yml") if "sources:" in path.read_text(encoding="utf-8")}
    assert {"public", "example", "sample"} <= found
    for name in found:
        assert mapping.read(repository() / "params" / "rules" / f"{name}.yml").name == name


UNITS = """
  - channel: master
    files: u.csv
    tables:
      units:
        columns: {unit_id: id, name: id, region: area}
        constants: {kind: other}
"""


@pytest.mark.parametrize(("text", "asked"), [
    (GOOD, False), (GOOD + UNITS, True), (GOOD.replace("nps_score: score}", "nps_score: score, unit_id: shop}"), True),
    (GOOD.replace("constants: {channel: survey}", "constants: {channel: survey, segment: app}"), True)])
def test_a_company_without_units_is_not_asked_where_a_voice_was_spoken(tmp_path, text, asked):
    found = _read(tmp_path, text)
    assert (["unit_id", "segment"] in found.valid_voice) == asked and ["customer_id"] in found.valid_voice


def test_what_the_rules_ask_of_a_voice_is_asked(tmp_path):
    assert _read(tmp_path, GOOD + "valid_voice: [[unit_id, segment]]\n").valid_voice == [["unit_id", "segment"]]


def test_a_value_that_the_standard_does_not_know_is_told_before_any_row_is_lost(tmp_path):
    text = GOOD.replace("nps_score: score}", "nps_score: score, channel: how}").replace("constants: {channel: survey}", "constants: {weight: 1}")
    with pytest.raises(ParameterError, match=r"table responses, values: channel becomes 'emial'; did you mean 'email'"):
        _read(tmp_path, text.replace("true: 9}", "true: 9}, channel: {E: emial, S: sms, X: ''}"))
    assert _read(tmp_path, text.replace("true: 9}", "true: 9}, channel: {E: email, S: sms, X: ''}"))
