"""Which voices, topics and cases belong to some customers and the time after their own moment, and how many belong to nobody."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.schema.keys import among

TABLES = ("responses", "topic_mentions", "cases")
LINE = ("customer_id", "response_id", "topic", "sentiment", "case_id")


def link(tables: Mapping[str, pd.DataFrame], start: pd.Series, span: pd.Timedelta) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a link, `customer_id, response_id, topic, sentiment, case_id, comment`, and how much of each table could be linked or not.

    `start` maps customer_id (index) to a moment; voices and cases count from then to `span` later, both ends included. A customer without any has
    one row. A voice has a row for every topic found in it and for the topic of a case opened from it.
    """
    every = tables.get("responses")
    voices, said = _voices(_there(every, "response_id", "customer_id", "comment", "touched_at", "submitted_at"), start, span)
    topics, mentioned = _topics(_there(tables.get("topic_mentions"), "response_id", "topic", "sentiment"), every, voices)
    cases, opened = _cases(_there(tables.get("cases"), "case_id", "response_id", "customer_id", "topic", "opened_at"), every, voices, start, span)
    lines = voices.merge(topics, on="response_id", how="left").merge(cases, on=["customer_id", "response_id", "topic"], how="outer")
    # a voice in which no topic was found, yet of which a case names one, would stand twice: once without a topic
    told = lines.groupby("response_id")["topic"].transform("count")
    lines = lines[~(lines["topic"].isna() & lines["case_id"].isna() & (told > 0))]
    lines = pd.DataFrame({"customer_id": start.index}).merge(lines[list(LINE)], on="customer_id", how="left")
    lines["comment"] = lines["response_id"].map(voices.set_index("response_id")["comment"])
    lines = lines.astype("str").sort_values(list(LINE), ignore_index=True)
    found = {f"with_{name}": lines.loc[lines[column].notna(), "customer_id"].nunique()
             for name, column in (("voice", "response_id"), ("topic", "topic"), ("case", "case_id"))}
    return lines, {"customers": len(start), **found, **said, **mentioned, **opened}


def _there(table: pd.DataFrame | None, *columns: str) -> pd.DataFrame:
    """The columns of a table; empty ones where the table or a column is missing."""
    given = pd.DataFrame() if table is None else table
    moments = {name: "datetime64[us, UTC]" for name in columns if name.endswith("_at")}
    return given.reindex(columns=list(columns)).astype({name: moments.get(name, "str") for name in columns})


def _voices(responses: pd.DataFrame, start: pd.Series, span: pd.Timedelta) -> tuple[pd.DataFrame, dict[str, int]]:
    at = responses["touched_at"].fillna(responses["submitted_at"])
    mine = responses["customer_id"].isin(start.index)
    inside = mine & _inside(responses["customer_id"], at, start, span)
    counts = {"voices": int(inside.sum()), "voices_outside": int((mine & ~inside).sum()),
              "voices_nameless": int(responses["customer_id"].isna().sum()), "voices_all": len(responses)}
    return responses.loc[inside, ["response_id", "customer_id", "comment"]], counts


def _topics(mentions: pd.DataFrame, every: pd.DataFrame | None, voices: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    known = () if every is None else every["response_id"]
    found = mentions[among(mentions["response_id"], voices["response_id"])].drop_duplicates(["response_id", "topic"])
    counts = {"topics": len(found), "voices_without_topic": int((~among(voices["response_id"], found["response_id"])).sum()),
              "topics_lost": int((~mentions["response_id"].isin(known)).sum()), "topics_all": len(mentions)}
    return found, counts


def _cases(cases: pd.DataFrame, every: pd.DataFrame | None, voices: pd.DataFrame, start: pd.Series, span: pd.Timedelta,
           ) -> tuple[pd.DataFrame, dict[str, int]]:
    """Cases of these customers, by the customer they name, else by the one whose voice they were opened from."""
    speaker = pd.Series(dtype="str") if every is None else every.drop_duplicates("response_id").set_index("response_id")["customer_id"].astype("str")
    via = cases["response_id"].map(speaker).astype("str")
    owner = cases["customer_id"].fillna(via)
    mine = owner.isin(start.index)
    inside = mine & _inside(owner, cases["opened_at"], start, span)
    clash = cases["customer_id"].notna() & via.notna() & (cases["customer_id"] != via)
    found = cases.assign(customer_id=owner).loc[inside, ["case_id", "customer_id", "response_id", "topic"]]
    counts = {"cases": len(found), "cases_outside": int((mine & ~inside).sum()), "cases_nameless": int(owner.isna().sum()), "cases_all": len(cases),
              "cases_without_voice": int((~among(found["response_id"], voices["response_id"])).sum()), "cases_clashing": int((clash & mine).sum())}
    return found, counts


def _inside(owner: pd.Series, at: pd.Series, start: pd.Series, span: pd.Timedelta) -> pd.Series:
    """Whether each moment lies between its owner's and `span` after it; false where either is missing."""
    began = pd.Series(start.dt.tz_convert("UTC").reindex(owner).array, index=at.index)
    return (at >= began) & (at - began <= span)
