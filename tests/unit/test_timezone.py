"""A report counts in the days, months and quarters of the zone that the mapping names, not of another one."""

from __future__ import annotations

import inspect
import pkgutil
from datetime import datetime, timedelta
from importlib import import_module

import pytest

import voclib
from voclib import readers, studies
from voclib.readers import region
from voclib.sources import ingest
from voclib.studies import scores, topics
from voclib.studies.sentiment_aspects import heard

MAPPING = """
name: ny
company: {{zh: 纽约, en: New York}}
pseudonym_key: a-key-of-some-length
root: .
timezone: {zone}
sources:
  - channel: survey
    files: a.csv
    tables:
      responses:
        columns: {{response_id: id, unit_id: store, submitted_at: at, nps_score: score, comment: said}}
        constants: {{channel: survey, language: en}}
      units: {{columns: {{unit_id: store, name: store}}, constants: {{kind: dealer, region: East}}, distinct: true}}
"""


def _answered(folder, zone, at):
    (folder / "a.csv").write_text("id,store,at,score,said\n" + "".join(f"R{i},S{i % 3},{moment:%Y-%m-%d %H:%M},{i % 11},fine {i}\n"
                                                                       for i, moment in enumerate(at)), "utf-8")
    (folder / "m.yml").write_text(MAPPING.format(zone=zone), "utf-8")
    ingest(folder / "m.yml", root=folder, out=folder / "out")
    return voclib.load(str(folder / "out"))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Auckland"])
def test_an_evening_at_the_end_of_a_month_belongs_to_that_month(tmp_path, zone):
    """Answers of the last evening of March, in New York the first of April in Shanghai, and of the first morning of April."""
    evening, morning = datetime(2026, 3, 31, 20), datetime(2026, 4, 1, 9)
    tables = _answered(tmp_path, zone, [evening + timedelta(minutes=i) for i in range(60)] + [morning + timedelta(minutes=i) for i in range(40)])
    assert tables.timezone == zone
    expected = {"2026-03": 60, "2026-04": 40}
    assert scores.answers(tables, metric="nps", period="month")["period"].value_counts().to_dict() == expected
    assert [one.n for one in scores.study(tables, metric="nps", period="month").periods] == [60, 40]
    assert heard.voices(tables, period="month")["period"].astype("str").value_counts().to_dict() == expected
    assert topics.voices(tables)["day"].dt.strftime("%Y-%m").value_counts().to_dict() == expected
    assert region.answers(tables, by="unit_id", periods=4)["period"].value_counts().to_dict() == {"2026Q1": 60, "2026Q2": 40}
    elsewhere = scores.answers(tables, metric="nps", period="month", timezone="America/New_York" if zone != "America/New_York" else "Asia/Shanghai")
    assert elsewhere["period"].value_counts().to_dict() != expected, "the same answers, in days of another zone"


def test_a_zone_given_comes_first_and_frames_of_ones_own_count_in_shanghai(tmp_path):
    tables = _answered(tmp_path, "America/New_York", [datetime(2026, 3, 31, 20)] * 3)
    assert scores.answers(tables, metric="nps", period="month", timezone="UTC")["period"].unique().tolist() == ["2026-04"]
    assert scores.answers(dict(tables), metric="nps", period="month")["period"].unique().tolist() == ["2026-04"]
    (tmp_path / "out" / "scorecard.json").unlink()
    assert voclib.load(str(tmp_path / "out")).timezone == ""


def test_no_study_of_tables_has_a_zone_of_its_own():
    found = []
    for package in (studies, readers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
                known = inspect.signature(function).parameters
                if {"tables", "timezone"} <= set(known) and known["timezone"].default is not inspect.Parameter.empty:
                    found.append((f"{function.__module__}.{name}", known["timezone"].default))
    assert len(set(found)) > 20 and [one for one in found if one[1] != ""] == []
