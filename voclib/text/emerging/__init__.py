"""What is new among the voices of the last days: themes that rise above what their own past predicts, within a budget of false alarms a year.

Every evening the last `days` days are held against the `baseline_days` before them, as a share of all voices of the language: growth, weekdays and
waves of invitations to the same mix of customers cancel; a season or a festival does not, nor a wave that invites more of one kind of customer.
Two kinds of theme are told. *New*: terms that were seldom or never said before, grouped by the voices that share them. *Rising*: a frozen topic or a
class of one's own. Once on the list, a theme stays, and its voices raise no second alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from voclib.errors import DataError, ParameterError
from voclib.progress import Progress
from voclib.results import Text
from voclib.text.emerging import tails as tails
from voclib.text.emerging.counts import Ints, Voices, read
from voclib.text.emerging.scan import NEW, Raised, Scan
from voclib.text.topics import TopicModel

if TYPE_CHECKING:
    import datetime

    import pandas as pd

DAYS, BASELINE, BUDGET, LEAST = 7, 91, 1.0, 5
TOLD = 6  # words a theme is told in


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One theme as it stood on the evening it was found.

    `n` voices in the window, none counted twice (see `counts.read`), where `expected` were to come; `ratio` of the two with its 95 %
    interval, too high as the ratio of whatever is picked for being high; `p_value` of its strongest feature beside the `threshold` it had to pass.
    `first_seen` is the day of its first voice in that window; for a rising theme, which was always there, the window's first day. `members` are
    positions among the texts given, copies among them, from `first_seen` on (of a rising theme: in the window). `latest` is n in the last window.
    """

    kind: Literal["new", "rising"]
    language: str
    words: tuple[str, ...]
    topic: int | None
    n: int
    expected: float
    ratio: float
    conf_low: float
    conf_high: float
    p_value: float
    threshold: float
    first_seen: datetime.date
    found_on: datetime.date
    latest: int
    members: tuple[int, ...]

    @property
    def name(self) -> str:
        """The leading words, as a name."""
        return " · ".join(self.words[:4])

    @property
    def delay(self) -> int:
        """Days from the first voice in the window to the evening of the alarm."""
        return (self.found_on - self.first_seen).days


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The list: `themes` in the order they were found, and what stands behind it.

    `evenings` with a voice in the window were looked at, and `features` tested on the last of them; `voices` were watched and `left_out` were those
    without letters or a time. `refusal` says why nothing could be watched, and is None otherwise.
    """

    themes: tuple[Theme, ...]
    budget: float
    days: int
    baseline_days: int
    evenings: int
    features: int
    voices: int
    left_out: int
    refusal: Text | None = None

    @property
    def delay(self) -> float | None:
        """Median days from first voice to alarm over new themes; None without one."""
        known = [theme.delay for theme in self.themes if theme.kind == "new"]
        return float(np.median(known)) if known else None

    @property
    def expected_false(self) -> float:
        """False alarms to be expected over the evenings looked at: at most the budget times years watched."""
        return round(self.budget * self.evenings / tails.YEAR, 4)

    def table(self) -> pd.DataFrame:
        """One row a theme: `kind, language, name, topic, n, expected, ratio, conf_low, conf_high, p_value, threshold, first_seen, found_on, …`."""
        import pandas as pd

        columns = ["kind", "language", "name", "topic", "n", "expected", "ratio", "conf_low", "conf_high", "p_value", "threshold", "first_seen",
                   "found_on", "delay", "latest", "voices"]
        rows = [{"voices": len(t.members), **{name: getattr(t, name) for name in columns if name != "voices"}} for t in self.themes]
        return pd.DataFrame(rows, columns=columns).astype({"topic": "Int64"})

    def summary(self, lang: str) -> str:
        """The list in two or three sentences, zh or en."""
        if self.refusal is not None:
            return self.refusal[lang]
        new, rising = (sum(t.kind == kind for t in self.themes) for kind in ("new", "rising"))
        told = Text(
            f"看了 {self.evenings:,} 个晚上、{self.voices:,} 条声音：{new} 个新话题，{rising} 个话题升温。"
            f"误报预算为每年 {self.budget:g} 次，这段时间预计误报不超过 {self.expected_false:.2g} 次。",
            f"{self.evenings:,} evenings and {self.voices:,} voices were watched: {_many(new, 'new theme')}, {_many(rising, 'rising one')}. "
            f"With a budget of {self.budget:g} false alarms a year, at most {self.expected_false:.2g} were to be expected in this time.")
        late = Text("" if self.delay is None else f"新话题从第一条声音到报警，中位数 {self.delay:g} 天。",
                    "" if self.delay is None else f" From its first voice to the alarm, a new theme took {self.delay:g} days (median).")
        return told[lang] + late[lang]


def _many(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def watch(texts: Sequence[str | None], when: ArrayLike | pd.Series, *, model: TopicModel | None = None,
          classes: Mapping[str, ArrayLike] | None = None, authors: Sequence[object] | None = None, since: object = None, until: object = None,
          days: int = DAYS, baseline_days: int = BASELINE, budget: float = BUDGET, least: int = LEAST, timezone: str = "Asia/Shanghai",
          progress: Progress | None = None) -> Watch:
    """Watch voices evening by evening, from `since` (else as soon as the baseline is full) to `until` (else the last day).

    `model` lends its frozen topics, `classes` are further yes-or-no columns by name (rule classes), `authors` who wrote each voice. `budget` is the
    number of false alarms a year over terms, topics, languages and evenings together; half of it is for terms, half for topics and classes. A theme
    needs `least` voices that repeat no other. Nothing is drawn at random.

    A feature's voices in the window are held against a negative binomial forecast of its share in the blocks of `days` days before, with a rising
    trend and its own dispersion (Farrington et al. 1996, JRSS A 159; Noufaily et al. 2013, Statistics in Medicine 32); the threshold is Bonferroni's
    over evenings and over the features common enough to pass it (Tarone 1990, Biometrics 46). See `tails`.

    Raises
    ------
    ParameterError
        for days, baseline, budget or least out of range.
    DataError
        where times, classes or authors do not fit the texts.
    """
    _check(days, baseline_days, budget, least)
    voices = read(texts, when, model=model, classes=classes, authors=authors, until=until, days=days, timezone=timezone,
                  progress=progress)
    return look(voices, since=since, days=days, baseline_days=baseline_days, budget=budget, least=least, progress=progress)


def look(voices: Voices, *, since: object = None, days: int = DAYS, baseline_days: int = BASELINE, budget: float = BUDGET, least: int = LEAST,
         progress: Progress | None = None) -> Watch:
    """`watch` on voices that are counted already, with the same `days`: for several looks at one history."""
    _check(days, baseline_days, budget, least)
    blocks = baseline_days // days
    full = days * (blocks + 1)
    behind = {"budget": budget, "days": days, "baseline_days": baseline_days, "voices": voices.said, "left_out": voices.left_out}
    if voices.length < full:
        return Watch(themes=(), evenings=0, features=0, refusal=_too_short(voices.length, full), **behind)
    terms, topics = ([Scan(stream=s, days=days, blocks=blocks, least=least) for s in streams] for streams in (voices.terms, voices.topics))
    spoken = np.unique(np.concatenate([scan.stream.day for scan in (*terms, *topics)]))
    evenings = np.arange(max(full - 1, _since(since, voices)), voices.length)
    evenings = evenings[np.searchsorted(spoken, evenings, "right") > np.searchsorted(spoken, evenings - days, "right")]  # with a voice in the window
    found, features = [], 0
    for step, evening in enumerate(evenings.tolist()):
        if progress is not None:
            progress(step, len(evenings), "evenings")
        fresh, held, features = _new(terms, found, evening, budget / 2 / tails.YEAR)
        found += fresh + _risen(topics, held, evening, budget / 2 / tails.YEAR)
    numbers = {id(scan): own for scan, own in zip(topics, voices.numbers, strict=True)}
    return Watch(themes=tuple(_theme(raised, voices, numbers) for raised in found), evenings=len(evenings),
                 features=features + sum(len(own) for own in voices.numbers), **behind)


def _new(scans: Sequence[Scan], known: Sequence[Raised], evening: int, rate: float) -> tuple[list[Raised], Ints, int]:
    """New themes of an evening, the voices that they and new words of older themes hold, and how many terms shared the threshold.

    Numbers of themes in the scans are places in the list, `known` and then new.
    """
    for scan in scans:
        scan.move(evening)
    threshold, features = tails.threshold([scan.totals() for scan in scans], rate)
    fresh: list[Raised] = []
    held = [np.zeros(0, dtype=np.intp)]
    for scan in scans:
        columns, made = scan.standing_out(threshold, times=NEW)
        chance = dict(zip(columns.tolist(), made.p_value.tolist(), strict=True))
        for group, theme in scan.groups(columns) if columns.size else ():
            leading = sorted(group.tolist(), key=lambda j: (chance[j], j))
            if theme < 0:
                theme = len(known) + len(fresh)
                fresh.append(scan.raised(leading, chance[leading[0]], threshold, "new"))
            else:
                (known[theme] if theme < len(known) else fresh[theme - len(known)]).columns.extend(leading)
            held.append(scan.own(leading, theme))
    return fresh, np.concatenate(held), features


def _risen(scans: Sequence[Scan], held: Ints, evening: int, rate: float) -> list[Raised]:
    """Topics and classes that rise tonight without the voices of new themes, and were not above their threshold within the baseline."""
    found = []
    threshold = rate / max(sum(len(scan.stream.names) for scan in scans), 1)
    for scan in scans:
        scan.move(evening)
        if held.size:
            scan.hide(np.isin(scan.stream.rows, held))
        columns, made = scan.standing_out(threshold)
        for column, p in zip(columns.tolist(), made.p_value.tolist(), strict=True):
            if evening - scan.quiet.get(column, -scan.days * scan.blocks) >= scan.days * scan.blocks:
                found.append(scan.raised([column], p, threshold, "rising"))
            scan.quiet[column] = evening
    return found


def _theme(raised: Raised, voices: Voices, numbers: dict[int, tuple[int | None, ...]]) -> Theme:
    """What is handed out, with rounded numbers."""
    from scipy import stats

    scan, last, rising = raised.scan, voices.length - 1, raised.kind == "rising"
    first = raised.evening - scan.days + 1 if rising else raised.first
    low, high = stats.f.ppf([0.025, 0.975], 2 * raised.n + 1, 2 / raised.spread) * (raised.n + 0.5) / raised.mean
    own = numbers[id(scan)][raised.columns[0]] if rising else None
    names = [scan.stream.names[j] for j in raised.columns]
    return Theme(kind=raised.kind, language=scan.stream.language, words=(names[0],) if rising else _told(names), topic=own, n=raised.n,
                 expected=_short(raised.mean), ratio=_short(raised.n / raised.mean), conf_low=_short(low), conf_high=_short(high),
                 p_value=_short(raised.p_value), threshold=_short(raised.threshold), first_seen=_date(voices, first),
                 found_on=_date(voices, raised.evening), latest=scan.latest(raised.columns, last),
                 members=tuple(scan.members(raised.columns, first, raised.evening if rising else last).tolist()))


def _told(names: Sequence[str]) -> tuple[str, ...]:
    """Up to `TOLD` terms, each with a word that none before it has; single words come before pairs."""
    told: list[str] = []
    said: set[str] = set()
    for name in sorted(names, key=lambda n: " " in n):  # stable: within each, the least likely first
        if not set(name.split(" ")) <= said:
            told.append(name)
            said |= set(name.split(" "))
    return tuple(told[:TOLD])


def _short(value: float) -> float:
    """Four significant digits, so that bytes repeat."""
    return float(f"{value:.4g}")


def _date(voices: Voices, day: int) -> datetime.date:
    import pandas as pd

    return (voices.origin + pd.Timedelta(days=day)).date()


def _since(since: object, voices: Voices) -> int:
    import pandas as pd

    if since is None:
        return 0
    try:
        return (pd.Timestamp(since).tz_localize(None).normalize() - voices.origin).days
    except (ValueError, TypeError) as error:
        raise DataError(f"since has to be a time, and {type(error).__name__} says otherwise; write it as 2026-01-31.") from None


def _too_short(have: int, need: int) -> Text:
    if not have:
        return Text("没有一条声音带时间，看不出什么是新的。", "No voice has a time, so nothing can be called new.")
    return Text(f"数据太短：只有 {have:,} 天，至少需要 {need:,} 天，才能知道平时是什么样。",
                f"Too short: {have:,} days, and {need:,} are needed to know what is usual.")


def _check(days: int, baseline_days: int, budget: float, least: int) -> None:
    if days < 1 or baseline_days < 4 * days:
        raise ParameterError(f"days is at least 1 and baseline_days four times as long, not {days!r} and {baseline_days!r}.")
    if not 0 < budget <= tails.YEAR or least < 2:
        raise ParameterError(f"budget lies above 0 and at most at {tails.YEAR} false alarms a year, least is at least 2: not {budget!r}, {least!r}.")
