"""One line a product: its score, what its customers complain about most, and the cases that lie open."""

from __future__ import annotations

import pandas as pd

from voclib.loop import compliance
from voclib.readers import open_cases
from voclib.readers.product import counts as counting
from voclib.readers.product.counts import Counts, Tables
from voclib.readers.product.text import Names
from voclib.results import Estimate, Text
from voclib.stats import metrics
from voclib.stats.gates import Gates

SCORE_WEEKS = 13  # a quarter: four weeks hold too few answers for a score
COLUMNS = ["product", "nps", "topic", "complaint", "voices", "open", "safety"]


def sheet(tables: Tables, counts: Counts, *, conf_level: float, gates: Gates, timezone: str, names: Names) -> pd.DataFrame:
    """One row a product, most open safety cases first: `nps` and `complaint` are Estimates, `topic` the Text of the topic complained about most."""
    products = sorted(counts.keys["product"].unique())
    voices = _voices(tables, counts, timezone)
    scores = _scores(voices, conf_level=conf_level, gates=gates)
    left = _open(tables, counts, timezone)
    rows = []
    for name in products:
        own = voices[voices["product"] == name]
        topic, complaint = _complaint(tables, own, conf_level=conf_level, gates=gates, names=names)
        mine = left[left["product"] == name] if left is not None else None
        rows.append({"product": name, "nps": scores.get(name), "topic": topic, "complaint": complaint, "voices": len(own),
                     "open": None if mine is None else len(mine), "safety": None if mine is None else int(mine["severity"].eq("safety").sum())})
    made = pd.DataFrame(rows, columns=COLUMNS)
    order = made[["safety", "open"]].fillna(0).sort_values(["safety", "open"], ascending=False, kind="stable").index
    return made.loc[order].reset_index(drop=True)


def _voices(tables: Tables, counts: Counts, timezone: str) -> pd.DataFrame:
    """Voices of the last quarter that have a product."""
    responses, product = tables["responses"], counting.products(tables, counts.column)
    until = counts.until.tz_localize(timezone)
    inside = (responses["submitted_at"] < until) & (responses["submitted_at"] >= until - pd.Timedelta(weeks=SCORE_WEEKS))
    return responses.assign(product=product)[(product.notna() & inside).fillna(False)]


def _scores(voices: pd.DataFrame, *, conf_level: float, gates: Gates) -> dict[str, Estimate]:
    """NPS by product, dealers as clusters where there are enough, an answer that names none by itself."""
    answers = voices[voices["nps_score"].notna()]
    if answers.empty:
        return {}
    answers, by = compliance.clustered(answers, "unit_id", gates)
    found = metrics.groups("nps", answers, by="product", cluster=by, conf_level=conf_level, gates=gates)
    return {one.group: one for one in found}


def _complaint(tables: Tables, voices: pd.DataFrame, *, conf_level: float, gates: Gates, names: Names) -> tuple[Text | None, Estimate | None]:
    """The topic that most voices are negative about, and their share; a customer who speaks twice counts as one cluster."""
    mentions = tables.get("topic_mentions")
    if mentions is None or voices.empty:
        return None, None
    bad = mentions[mentions["sentiment"].eq("negative").fillna(False) & mentions["response_id"].isin(voices["response_id"])]
    sizes = bad.drop_duplicates(["response_id", "topic"])["topic"].value_counts()
    if sizes.empty:
        return None, None
    topic = str(sizes[sizes == sizes.max()].index.sort_values()[0])
    flagged = voices.assign(complains=voices["response_id"].isin(bad.loc[bad["topic"] == topic, "response_id"]))
    author = voices["author_id"] if "author_id" in voices else pd.Series(None, index=voices.index, dtype="str")
    who = voices["customer_id"].fillna("author:" + author).fillna("alone:" + voices["response_id"])
    found = metrics.share(flagged.assign(who=who), "complains", estimand="complaint_voice_share", cluster="who", conf_level=conf_level, gates=gates)
    return names.topic(topic), found


def _open(tables: Tables, counts: Counts, timezone: str) -> pd.DataFrame | None:
    """Cases open at the end of the last period, with the product of their customer, or of their voice where voices name it."""
    found = open_cases.at(tables, counts.until.tz_localize(timezone))
    if found is None:
        return None
    if counts.column:
        named = pd.Series(counting.products(tables, counts.column).to_numpy(), tables["responses"]["response_id"].to_numpy())
        return found.assign(product=found["response_id"].map(named))
    return found.assign(product=found["customer_id"].map(tables["customers"].drop_duplicates("customer_id").set_index("customer_id")["product"]))
