"""Tables of the page on topics, in words: complaints, where they are, what is emerging, wordings that say the same, themes of both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib import numbers
from voclib.results import Text
from voclib.sentences import say, with_interval
from voclib.studies.topics import tables
from voclib.studies.topics import text as words
from voclib.studies.topics.spread import Spread
from voclib.text import emerging as watching
from voclib.text import topics

LONGEST = 150  # columns of a verbatim in a table, a Chinese character taking two
BEFORE = 28  # days shown before the watch began


def subject(row: Any, names: Mapping[str, Text]) -> Text:
    """A topic as a reader knows it: its theme, where it has one, and its leading words."""
    quoted = words.quoted(row.name_)
    return say("{t}{q}", "{t} {q}", t=names[row.theme], q=quoted) if row.theme else quoted


def _rows(frame: pd.DataFrame) -> Any:
    """Rows whose topic's name does not clash with what pandas calls a row."""
    return frame.rename(columns={"name": "name_"}).itertuples(index=False)


def bubbles(topics: pd.DataFrame, names: Mapping[str, Text]) -> pd.DataFrame:
    """One row a topic for the map, with what its tooltip says."""
    return topics.assign(theme_name=[names.get(theme, Text("", "")) for theme in topics["theme"]],
                         share_text=[words.negative(row.share, row.known) for row in _rows(topics)],
                         stability_text=[words.stability(row.stability, row.is_stable) for row in _rows(topics)])


def cards(kept: pd.DataFrame, chosen: pd.DataFrame, names: Mapping[str, Text], *, conf_level: float) -> pd.DataFrame:
    """One row a complaint topic: voices and their share, share negative, change over a quarter, how often it is found again."""
    rows = []
    for row in _rows(chosen):
        inside, near = kept["topic"].eq(row.topic), kept["near"].eq(row.topic)
        options = {"group": str(row.topic), "conf_level": conf_level}
        rows.append({"topic": subject(row, names), "voices": int(row.voices),
                     "share": with_interval(tables.share_of(kept, inside, "topic_voices", **options)),
                     "negative": with_interval(tables.negative_of(kept, inside, "topic_negative", **options)),
                     "change": with_interval(tables.change_of(kept, near, "topic_change", **options), signed=True),
                     "stability": words.stability(row.stability, row.is_stable)})
    return pd.DataFrame(rows, columns=list(words.CARD_COLUMNS))


def places(kept: pd.DataFrame, chosen: pd.DataFrame, names: Mapping[str, Text], spreads: Mapping[str, Sequence[Spread]]) -> pd.DataFrame:
    """One row a complaint topic: dealers, regions and models it is spread over or bunched in, the step, and what that points to."""
    rows = []
    for k, row in enumerate(_rows(chosen)):
        dealer, region, model = (spreads[column][k] for column in ("dealer", "region", "model"))
        rows.append({"topic": subject(row, names), "dealers": words.spread(dealer), "regions": words.spread(region), "models": words.spread(model),
                     "step": _step(kept.loc[kept["topic"].eq(row.topic), "step"]), "reading": words.reading(dealer, model)})
    return pd.DataFrame(rows, columns=list(words.PLACE_COLUMNS))


def _step(steps: pd.Series) -> Text:
    """The commonest step and its share of the voices that name one."""
    known = steps.dropna()
    if known.empty:
        return Text(numbers.DASH, numbers.DASH)
    counts = known.astype("str").value_counts()
    first = sorted(counts.index[counts == counts.max()])[0]
    part = f"{first} {counts[first] / len(known):.0%}"
    return Text(part, part)


def verbatims(kept: pd.DataFrame, model: topics.TopicModel, chosen: pd.DataFrame, names: Mapping[str, Text], *, most: int) -> pd.DataFrame:
    """Two negative voices a complaint topic, those nearest to its centre, as they stand in the table; none where `most` is 0."""
    rows = [{"topic": subject(row, names), "text": cut(text)} for row in _rows(chosen)
            for text in (tables.nearest_texts(kept, model, row.topic, most=most) if most else ())]
    return pd.DataFrame(rows, columns=list(words.VERBATIM_COLUMNS))


def cut(text: str) -> str:
    """A verbatim that fits into a cell."""
    plain, room = " ".join(text.split()), LONGEST
    for k, sign in enumerate(plain):
        room -= 2 if sign > "\u2e7f" else 1
        if room < 0:
            return plain[:k].rstrip() + "…"
    return plain


def listed(watch: watching.Watch) -> list[watching.Theme]:
    """The themes on the list, new ones first."""
    return sorted(watch.themes, key=lambda theme: (theme.kind != "new", theme.found_on, theme.name))


def emerging(watch: watching.Watch, model: topics.TopicModel) -> pd.DataFrame:
    """The emerging list: how many voices where how many were to come, the first voice, and the day it was found."""
    named = {t.number: t.name for t in model.topics()}
    rows = [{"theme": words.quoted(named.get(theme.topic, "") or theme.name), "kind": words.KINDS[theme.kind], "n": theme.n,
             "expected": words.usual(theme), "first_seen": words.day(theme.first_seen), "found_on": words.day(theme.found_on),
             "delay": theme.delay, "since": len(theme.members), "latest": theme.latest} for theme in listed(watch)]
    return pd.DataFrame(rows, columns=list(words.EMERGING_COLUMNS))


def fresh(kept: pd.DataFrame, watch: watching.Watch, *, most: int) -> pd.DataFrame:
    """The first voices of each theme on the list, different ones, as they stand in the table; none where `most` is 0."""
    rows = [{"topic": words.quoted(theme.name), "text": cut(text)} for theme in listed(watch)
            for text in kept.loc[list(theme.members)].drop_duplicates("form")["comment"].head(most)]
    return pd.DataFrame(rows, columns=list(words.VERBATIM_COLUMNS))


def days(kept: pd.DataFrame, watch: watching.Watch, until: pd.Timestamp) -> pd.DataFrame:
    """Voices a day of each theme on the list, from four weeks before the watch began: `theme, day, n, expected, found`."""
    if not watch.themes:
        return pd.DataFrame(columns=["theme", "day", "n", "expected", "found"])
    last = kept["day"].max()
    every = pd.date_range(max(kept["day"].min(), until - pd.Timedelta(days=BEFORE)), last, freq="D")
    rows = []
    for k, theme in enumerate(listed(watch)):
        own = kept["near"].eq(theme.topic) if theme.topic is not None else kept.index.isin(theme.members)
        counts = kept.loc[own, "day"].value_counts().reindex(every, fill_value=0)
        rows.append(pd.DataFrame({"theme": k, "day": every.strftime("%Y-%m-%d"), "n": counts.to_numpy(), "expected": theme.expected / watch.days,
                                  "found": f"{theme.found_on:%Y-%m-%d}"}))
    return pd.concat(rows, ignore_index=True)


def alike(kept: pd.DataFrame, groups: pd.DataFrame, names: Mapping[str, Text], topics: pd.DataFrame, *, show_verbatims: bool) -> pd.DataFrame:
    """Complaints that say the same: a typical wording (or the topic's words), people, wordings, dealers, models, days, and how to read it."""
    by = {row.topic: row for row in _rows(topics)}
    rows = []
    for row in groups.itertuples(index=False):
        own = kept.loc[row.members]
        typical = sorted(own["comment"], key=lambda text: (len(text), text))[len(own) // 2]
        named = subject(by[row.topic], names) if row.topic in by else words.NO_TOPIC
        rows.append({"what": cut(typical) if show_verbatims else named, "people": int(row.people), "texts": int(row.texts),
                     "dealers": int(own["dealer"].nunique()), "models": int(own["model"].nunique()), "period": _period(row.first, row.last),
                     "reading": words.pattern(own, (row.last - row.first).days if pd.notna(row.first) else None)})
    return pd.DataFrame(rows, columns=list(words.ALIKE_COLUMNS))


def _period(first: pd.Timestamp, last: pd.Timestamp) -> str:
    return numbers.DASH if pd.isna(first) else f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"


def joined(topics: pd.DataFrame, names: Mapping[str, Text]) -> pd.DataFrame:
    """One row a theme, most voices first: its topics in Chinese and in English, the voices of each, and the share negative."""
    rows = []
    for id, own in topics[topics["theme"].ne("")].groupby("theme"):
        sides = {lang: own[own["language"].eq(lang)].sort_values(["voices", "topic"], ascending=[False, True]) for lang in ("zh", "en")}
        known = int(own["known"].sum())
        rows.append({"theme": names[id], "voices": int(own["voices"].sum()), "zh": _listed(sides["zh"]), "en": _listed(sides["en"]),
                     "negative": float(own["negative"].sum() / known) if known else np.nan, "key": id})
    made = pd.DataFrame(rows, columns=[*words.JOINED_COLUMNS, "key"])
    return made.sort_values(["voices", "key"], ascending=[False, True], ignore_index=True)


def _listed(own: pd.DataFrame, most: int = 2) -> Text:
    """How many topics and voices, and the leading words of the largest."""
    if own.empty:
        return Text(numbers.DASH, numbers.DASH)
    told = "; ".join(" · ".join(name.split(" · ")[:3]) for name in own["name"].head(most))
    return say("{k} 个，{n} 条：{t}", "{k}, {n} voices: {t}", k=len(own), n=int(own["voices"].sum()), t=told)


def unlinked(topics: pd.DataFrame) -> pd.DataFrame:
    """Topics that no theme of the dictionary holds, most voices first."""
    own = topics[topics["theme"].eq("")].sort_values(["voices", "topic"], ascending=[False, True])
    return pd.DataFrame({"name": own["name"].tolist(), "language": [words.LANGUAGES[lang] for lang in own["language"]],
                         "voices": own["voices"].tolist(), "negative": own["share"].tolist()}, columns=list(words.UNLINKED_COLUMNS))


def loose(topics: pd.DataFrame, names: Mapping[str, Text]) -> pd.DataFrame:
    """The unstable topics, most voices first."""
    own = topics[~topics["is_stable"].astype(bool)].sort_values(["voices", "topic"], ascending=[False, True])
    rows = [{"topic": subject(row, names), "voices": int(row.voices), "stability": words.stability(row.stability, True)} for row in _rows(own)]
    return pd.DataFrame(rows, columns=list(words.LOOSE_COLUMNS))


def truth(watch: watching.Watch, planted: Mapping[str, Any]) -> pd.DataFrame:
    """One row a language: the planted theme, and the first theme of the list that is told in one of its words, if there is one."""
    began, dash = pd.Timestamp(planted["first_day"]).date(), Text(numbers.DASH, numbers.DASH)
    sizes = {"en": int(planted["english_n"]), "zh": int(planted["voices_n"]) - int(planted["english_n"])}
    own = {lang: [t for t in listed(watch) if t.kind == "new" and t.language == lang and any(w in " ".join(t.words) for w in spoken)]
           for lang, spoken in planted["words"].items()}
    others = sum(t.kind == "new" for t in watch.themes) - sum(map(len, own.values()))
    rows = []
    for lang, found in own.items():
        first = min(found, key=lambda t: t.found_on, default=None)
        rows.append({"planted": Text(**planted["theme"]), "language": words.LANGUAGES[lang], "voices": sizes[lang], "first_day": words.day(began),
                     "found": words.quoted(first.name) if first else words.NOT_FOUND, "found_on": words.day(first.found_on) if first else dash,
                     "delay": (first.found_on - began).days if first else None, "n": first.n if first else None, "others": others})
    return pd.DataFrame(rows, columns=list(words.TRUTH_COLUMNS))
