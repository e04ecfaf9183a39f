"""When a row was last changed: of several states of one ticket or case the latest is the one that holds."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from voclib.errors import DataError, nearest
from voclib.schema import coercion
from voclib.schema.tables import TABLES
from voclib.sources.mapping import Channel
from voclib.sources.reading import dating
from voclib.sources.reading.extracts import Note

MARK = "_updated"  # seconds since 1970, missing where a row does not say
UNREAD = "updates_not_read"
# how Zendesk, Salesforce, ServiceNow, Jira, Google Play and Chinese systems call it, letters and digits only; the first that a file has counts
HEADINGS = ("updatedat", "lastmodifieddate", "lastmodifiedat", "lastmodifiedtime", "lastmodified", "sysupdatedon", "lastupdatedat", "lastupdateddate",
            "lastupdated", "updatedtime", "updateddate", "updatetime", "updated", "modifiedat", "modifiedtime", "modifieddate", "modifiedon",
            "datemodified", "systemmodstamp", "caselastmodifieddate",
            "reviewlastupdatedateandtime", "lastupdatetime", "更新时间", "最后更新时间", "最近更新时间", "最后修改时间",
            "最近修改时间", "修改时间", "最后更新", "更新日期", "修改日期")
_SOME_MOMENT = TABLES["turns"].columns["started_at"]


def column(spec: Channel, names: list[str], file: str) -> str | None:
    """The column that says when a row was last changed: the mapping's, else one with a usual heading; None where there is none.

    DataError where the mapping names one that is not there.
    """
    if spec.updated is not None:
        if spec.updated not in names:
            raise DataError(f"{file}: updated is '{spec.updated}', which is not a column there; {nearest(spec.updated, names)}")
        return spec.updated
    bare = {re.sub(r"[^a-z0-9\u4e00-\u9fff]", "", name.lower().rpartition(".")[2]): name for name in reversed(names)}
    return next((bare[heading] for heading in HEADINGS if heading in bare), None)


def times(raw: pd.DataFrame, name: str | None, *, timezone: str, where: str) -> tuple[pd.Series, tuple[Note, ...]]:
    """Seconds since 1970 of a column of such times, missing where a cell has none or cannot be read; a note counts the latter."""
    if name is None:
        return pd.Series(np.nan, index=raw.index), ()
    given = raw[name]
    texts, _ = dating.plain(given, [], declared=_SOME_MOMENT, where=where)
    read = coercion.read(pd.DataFrame({"started_at": texts}), "turns", timezone=timezone).frame["started_at"].set_axis(raw.index)
    seconds = (read.dt.tz_localize(None) - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    lost = int((given.notna() & ~coercion.is_nothing(given, _SOME_MOMENT) & read.isna()).sum())
    return seconds, ((UNREAD, f"{name}: {lost}"),) if lost else ()


def decides(frame: pd.DataFrame, key: list[str]) -> pd.Series:
    """Which rows share a key with others of which every one says when it was changed, and not all at the same time."""
    shared = frame.duplicated(key, keep=False)
    groups = frame.loc[shared].groupby(key, sort=False)[MARK]
    made = pd.Series(False, index=frame.index)
    made[shared] = (groups.transform("count") == groups.transform("size")) & (groups.transform("max") > groups.transform("min"))
    return made
