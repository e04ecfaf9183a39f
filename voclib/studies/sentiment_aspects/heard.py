"""The voices that say something in words, what their own scores say of them, and how a model that learned from the scores reads each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.progress import Progress
from voclib.results import Text
from voclib.schema import dates
from voclib.sentences import listed
from voclib.text import sentiment, writing

Tables = Mapping[str, pd.DataFrame]
SCORES = {"nps_score": (6, 9), "csat_score": (2, 4), "rating_score": (4, 7), "star_rating": (2, 4)}
"""The scores a voice may carry, of which the first there is counts: negative up to the first mark, positive from the second, neutral between."""
ALIGNED = {"csat_score": (3, 5), "rating_score": (6, 9), "star_rating": (3, 5)}
"""The same height as 0–6 and 9–10 of the recommendation score, on other scales: one page has one meaning of negative."""
ENOUGH = 200  # voices with a mark below which nothing is learned or corrected
PERIODS = {"month": "M", "quarter": "Q"}


def steps(responses: pd.DataFrame, *, channels: Sequence[str] = ()) -> np.ndarray:
    """At which step each voice is left out (N,): "channel" (of another channel), "comment" (nothing was written), "language" (neither Chinese nor
    English, by the words or, where these do not tell, by the tag of the source), "unreadable" (signs alone).

    Raises
    ------
    ParameterError
        for a channel that no voice has.
    """
    there = set(responses["channel"])
    if unknown := [name for name in channels if name not in there]:
        raise ParameterError(f"No voice has channel '{unknown[0]}'; {nearest(unknown[0], there)}")
    step = _steps([writing.normal(text) for text in responses["comment"]], _tags(responses))
    return np.where(responses["channel"].isin(channels or there), step, "channel").astype(object)


def _tags(responses: pd.DataFrame) -> Sequence[str | None]:
    """The language that the source says a voice is in, None where it does not."""
    return responses["language"].to_numpy(dtype=object, na_value=None) if "language" in responses else [None] * len(responses)


def _steps(plain: Sequence[str], tags: Sequence[str | None]) -> np.ndarray:
    step = np.array(["" if writing.spoken(form, tag) else "language" if writing.has_letters(form) else "unreadable" if form else "comment"
                     for form, tag in zip(plain, tags, strict=True)], dtype=object)
    wordless = np.flatnonzero(step == "unreadable")
    if wordless.size:
        told = sentiment.read([plain[k] for k in wordless]).source
        step[wordless[told != "none"]] = ""
    return step


def voices(tables: Tables, *, channels: Sequence[str] = (), period: str = "quarter", tags_are_marks: bool = False,
           timezone: str = "") -> pd.DataFrame:
    """Voices with text, sorted by `response_id`, with `period` ("2026Q3"), `written` (zh or en, as the text is), `person` and what `own_label` adds.

    `person` is the customer, else the author, else the voice itself. Empty where no voice says anything in words. `attrs["elsewhere"]` counts the
    voices of these channels that are left out for their language.

    Raises
    ------
    ParameterError
        for an unknown period or channel.
    """
    timezone = dates.zone(tables, timezone)
    if period not in PERIODS:
        raise ParameterError(f"period is month or quarter, not '{period}'; {nearest(period, PERIODS)}")
    found = tables["responses"].sort_values("response_id", ignore_index=True)
    step = steps(found, channels=channels)
    kept = found[step == ""].reset_index(drop=True)
    when = kept["submitted_at"].fillna(kept["touched_at"]).dt.tz_convert(timezone).dt.tz_localize(None)
    label = when.dt.to_period(PERIODS[period]).astype("str").where(when.notna())
    written = [writing.language(writing.normal(text)) or "zh" for text in kept["comment"]]
    person = kept["customer_id"].fillna("author:" + kept["author_id"]).fillna("alone:" + kept["response_id"])
    marks = own_label(kept, tags_are_marks=tags_are_marks)
    made = kept.assign(period=label, written=written, person=person, **marks)
    made.attrs["elsewhere"] = int((step == "language").sum())
    return made


def own_label(voices: pd.DataFrame, *, tags_are_marks: bool = False) -> dict[str, np.ndarray]:
    """What the customer's own mark says (`own`: one of `sentiment.CLASSES`, or None), the column it is from (`from_column`), and the source's `tag`.

    Scores first, then whether the writer recommends. Where most scores are recommendation scores, the others are cut at their height (`ALIGNED`):
    in the sample's reviews a 5 of 10 reads like a detractor, and with two cuts on one page reading and marks disagreed there. The mood tag that a
    source set itself is set beside the marks, since it need not be about these words; it is a mark, and the last one, with `tags_are_marks` (people
    read each voice before they set it), and where fewer than 200 voices carry another.
    """
    own, column = np.full(len(voices), None, dtype=object), np.full(len(voices), "", dtype=object)
    marks = _marks(voices)
    tag = voices["emotion"].where(voices["emotion"].isin(sentiment.CLASSES)).to_numpy(dtype=object, na_value=None)
    if tags_are_marks or sum(np.logical_or.reduce([classes.notna() for _, classes in marks])) < ENOUGH:
        marks.append(("emotion", pd.Series(tag, dtype=object)))
    for name, classes in marks:
        fits = np.equal(own, None) & classes.notna().to_numpy()
        own[fits], column[fits] = classes.to_numpy(dtype=object)[fits], name
    return {"own": own, "from_column": column, "tag": tag}


def _marks(voices: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Every column in which a customer said how it was, as classes; missing where it does not say."""
    made, scored = [], voices[list(SCORES)].notna()
    cuts = SCORES | (ALIGNED if scored["nps_score"].sum() > 0.5 * scored.any(axis=1).sum() else {})
    for name, (low, high) in cuts.items():
        mark = voices[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        made.append((name, np.select([mark <= low, mark >= high, ~np.isnan(mark)], ["negative", "positive", "neutral"], "")))
    yes = voices["is_recommended"].astype("boolean")
    made.append(("is_recommended", np.select([yes.eq(False).fillna(False), yes.fillna(False)], ["negative", "positive"], "")))
    return [(name, pd.Series(classes, dtype=object).where(classes != "")) for name, classes in made]


def read(kept: pd.DataFrame, *, seed: int = 0, progress: Progress | None = None) -> tuple[pd.DataFrame, Any]:
    """The voices with what is read from their words, and the model: columns negative, neutral, positive (probabilities), `read` (a class), `source`.

    Scored voices are read by a model that saw no voice of the same customer (cross-fitted), the others by the model learned from all scored ones.
    """
    model = sentiment.fit(kept["comment"].tolist(), kept["own"].to_numpy(dtype=object), groups=kept["person"].to_numpy(dtype=object), seed=seed,
                          progress=progress)
    seen = model.cross_fitted
    made = kept.assign(**dict(zip(sentiment.CLASSES, seen.probabilities.T, strict=True)), read=seen.label, source=seen.source)
    return made, model


def facts(kept: pd.DataFrame, tables: Tables) -> dict[Text, Any]:
    """Counts that open the page."""
    return {Text("条声音写了文字", "voices with readable text"): len(kept), Text("条声音在库", "voices in the pool"): len(tables["responses"]),
            Text("条自带客户的分数", "with the customer's own score"): int(kept["own"].notna().sum()),
            Text("条用英文写", "in English"): int(kept["written"].eq("en").sum())}


CHANNEL_COLUMNS = {"channel": Text("渠道", "Channel"), "voices": Text("有话的声音", "Voices with text"), "english": Text("英文", "In English"),
                   "scored": Text("自带分数", "With own score"), "kinds": Text("哪种分数", "Which score"),
                   "tagged": Text("只有情绪标记", "Mood tag only")}
KINDS = {"nps_score": Text("推荐分", "recommendation 0–10"), "csat_score": Text("满意度", "satisfaction"), "rating_score": Text("总评", "rating"),
         "star_rating": Text("星级", "stars"), "is_recommended": Text("是否推荐", "recommends or not"), "emotion": Text("来源的情绪标记", "mood tag")}


def by_channel(kept: pd.DataFrame, names: Mapping[str, Text]) -> pd.DataFrame:
    """One row a channel, most voices first: how many voices, in English, with a mark of the customer and which, with a tag of the source alone."""
    rows = []
    for channel, part in kept.groupby("channel"):
        used = [KINDS[name] for name in KINDS if part["from_column"].eq(name).any()] or [Text("—", "—")]
        rows.append({"channel": names.get(channel, Text(channel, channel)), "voices": len(part), "english": int(part["written"].eq("en").sum()),
                     "scored": int(part["own"].notna().sum()), "kinds": listed(used),
                     "tagged": int((part["own"].isna() & part["tag"].notna()).sum()), "key": channel})
    return pd.DataFrame(rows, columns=[*CHANNEL_COLUMNS, "key"]).sort_values(["voices", "key"], ascending=[False, True], ignore_index=True)
