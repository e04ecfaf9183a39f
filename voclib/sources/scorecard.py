"""The scorecard of an import: rows, valid voices, missing fields, repairs, redactions and traps, per channel and file."""

from __future__ import annotations

import pandas as pd

from voclib import privacy
from voclib.schema.tables import TABLES
from voclib.sources.accounting import Account, rows_of
from voclib.sources.mapping import Mapping
from voclib.sources.oddities import campaigns, doubts, duplicates, feeds, formats, mixed_scales, own_marks, traps, voices
from voclib.sources.standardising import revisions, tiers
from voclib.sources.standardising.shaping import MARKS, Piece

_COUNTS = ("rows_read", "accepted", "clean", "repaired", "quarantined", "unreadable", "duplicates")


def build(mapping: Mapping, pieces: list[Piece], accounts: dict[str, Account], *, repairs: pd.DataFrame, problems: pd.DataFrame,
          redactions: dict[int, dict[str, int]], absent: list[dict]) -> dict:
    """The scorecard as a plain dictionary: no clocks, no absolute paths, the same for the same rows in any order."""
    files = [_file(piece, accounts, mapping, repairs) for piece in pieces] + absent
    totals = {name: sum(int(entry.get(name, 0)) for entry in files) for name in _COUNTS}
    return {
        "name": mapping.name, "company": mapping.company.model_dump(), "timezone": mapping.timezone, "totals": totals, "files": files,
        "channels": _channels(mapping, files, accounts, redactions, repairs, problems),
        "tables": {name: _table(found, repairs, problems) for name, found in sorted(accounts.items())},
        "redaction": {"covered": list(privacy.KINDS), "not_covered": {language: list(kinds) for language, kinds in privacy.NOT_COVERED.items()}},
        "valid_voice": [list(line) for line in mapping.valid_voice], "traps": _traps(mapping, accounts),
        "feeds": feeds.build(mapping, pieces, accounts), "format_changes": formats.changes(mapping, pieces, accounts),
        "doubts": [*doubts.build(accounts, repairs, problems, pieces), *mixed_scales.build(mapping, pieces, accounts), *own_marks.build(pieces)],
        **_repeats(voices.gather(accounts, mapping.timezone), accounts),
    }


def _repeats(heard: pd.DataFrame | None, accounts: dict[str, Account]) -> dict[str, object]:
    return {"campaigns": campaigns.build(heard), "duplicates": duplicates.build(heard), "tiers": tiers.build(heard, accounts)}


def _file(piece: Piece, accounts: dict[str, Account], mapping: Mapping, repairs: pd.DataFrame) -> dict:
    rows = rows_of(piece, accounts, mapping, repairs)
    return {"channel": piece.channel, "file": piece.file, "status": "connected" if rows["rows_read"] else "silent", "encoding": piece.encoding,
            **rows, "repeated_rows": traps.repeated_rows(piece.raw) if rows["rows_read"] else 0, "tables": sorted(piece.tables),
            "ignored_columns": sorted(piece.ignored), "set_missing": piece.declared_missing, "rows_not_joined": piece.unjoined,
            "notes": [{"note": kind, "what": what} for kind, what in piece.notes],
            "columns": traps.columns(piece.raw)}


def _channels(mapping: Mapping, files: list[dict], accounts: dict[str, Account], redactions: dict[int, dict[str, int]],
              repairs: pd.DataFrame, problems: pd.DataFrame) -> dict[str, dict]:
    found = {}
    for channel in dict.fromkeys(source.channel for source in mapping.sources):
        own = [entry for entry in files if entry["channel"] == channel]
        sources = [number for number, source in enumerate(mapping.sources) if source.channel == channel]
        entry: dict[str, object] = {name: sum(int(item.get(name, 0)) for item in own) for name in _COUNTS}
        entry["files"] = len(own)
        entry["redactions"] = {kind: sum(redactions.get(number, {}).get(kind, 0) for number in sources) for kind in privacy.KINDS}
        entry |= _unmatched(channel, repairs, problems, accounts, sources)
        if "responses" in accounts:
            entry |= _voices(accounts["responses"], sources, mapping)
        found[channel] = entry
    return found


def _unmatched(channel: str, repairs: pd.DataFrame, problems: pd.DataFrame, accounts: dict[str, Account], sources: list[int]) -> dict[str, object]:
    """Rows whose customer identifier is in no customer list, their share of the rows that name a customer, and how many identifiers they name."""
    every = pd.concat([repairs, problems], ignore_index=True)
    mine = every[(every["channel"] == channel) & (every["column"] == "customer_id")]
    lost = mine[mine["problem"].str.contains("not found in customers", regex=False)]
    named = sum(int((found.offered["_source"].isin(sources) & found.offered["customer_id"].notna()).sum())
                for name, found in accounts.items() if name != "customers" and "customer_id" in found.offered)
    return {"unmatched_customers": len(lost), "unmatched_share": round(len(lost) / named, 6) if named else 0.0,
            "unmatched_identifiers": int(lost["example"].nunique())}


def _voices(found: Account, sources: list[int], mapping: Mapping) -> dict[str, object]:
    """Voices of a channel: how many hold every required field, and which fields those that do not lack (most frequent first)."""
    offered = int(found.offered["_source"].isin(sources).sum())
    if not offered:
        return {}
    own = found.validated.accepted[found.origin["_source"].isin(sources).to_numpy()]
    lacking = {" | ".join(line): own[line].isna().all(axis=1) for line in mapping.valid_voice}
    is_valid = ~pd.DataFrame(lacking, index=own.index).any(axis=1) if lacking else pd.Series(True, index=own.index)
    missing = sorted(((name, int(mask.sum())) for name, mask in lacking.items() if mask.any()), key=lambda item: (-item[1], item[0]))
    fields = sorted({name for line in mapping.valid_voice for name in line})
    days = traps.day_counts(own["submitted_at"].fillna(own["touched_at"]), mapping.timezone).index
    return {"voices": offered, "voices_accepted": len(own), "voices_valid": int(is_valid.sum()),
            "valid_share": round(int(is_valid.sum()) / offered, 6), "missing_required": [{"fields": name, "n": n} for name, n in missing],
            "missing_fields": {name: int(own[name].isna().sum()) for name in fields}, "without_customer": int(own["customer_id"].isna().sum()),
            "first_day": days.min() if len(days) else None, "last_day": days.max() if len(days) else None, "days_with_voices": len(days)}


def _table(found: Account, repairs: pd.DataFrame, problems: pd.DataFrame) -> dict[str, object]:
    mended, wrong = repairs[repairs["table"] == found.table], problems[problems["table"] == found.table]
    return {"rows_made": len(found.offered), "accepted": len(found.validated.accepted), "quarantined": len(found.validated.quarantined),
            "repaired_cells": len(mended), "repairs": _counted(mended), "problems": _counted(wrong),
            "duplicate_keys": int((wrong["problem"] == "duplicate key").sum()), **_conflicting(found),
            "reversed_times": int(wrong["problem"].str.startswith("lies before").sum()),
            "missing": {name: int(n) for name, n in found.validated.accepted.isna().sum().items() if n},
            "key": list(TABLES[found.table].metadata["key"])}


def _conflicting(found: Account) -> dict[str, int]:
    """Rows that repeat a key with another content, and how many of these keys the time of the last change decides: one of the two must be wrong, or
    older."""
    key = [name for name in TABLES[found.table].metadata["key"] if name in found.offered.columns]
    named = found.offered.dropna(subset=key)
    contents = named.drop(columns=list(MARKS))
    contents = contents[contents.duplicated(key, keep=False)].apply(lambda texts: texts.str.strip()).drop_duplicates()
    again = contents.duplicated(key)
    dated = revisions.decides(named, key).reindex(contents.index)
    return {"conflicting_duplicates": int(again.sum()), "superseded": int((again & dated).sum())}


def _counted(findings: pd.DataFrame) -> list[dict[str, object]]:
    counts = findings.groupby(["column", "problem"]).size().reset_index(name="n")
    counts = counts.sort_values(["n", "column", "problem"], ascending=[False, True, True])
    return [{"column": str(row["column"]), "problem": str(row["problem"]), "n": int(row["n"])} for row in counts.to_dict("records")]


def _traps(mapping: Mapping, accounts: dict[str, Account]) -> list[dict]:
    responses, customers, ledger = (accounts[name].validated.accepted if name in accounts else None
                                    for name in ("responses", "customers", "transactions"))
    found = traps.leaks(responses, customers) if responses is not None and customers is not None else []
    found += traps.survivors(customers, ledger) if customers is not None else []
    if responses is None:
        return found
    origin = accounts["responses"].origin
    for number, source in enumerate(mapping.sources):
        here = (origin["_source"] == number).to_numpy()
        own = responses[here]
        if len(own):
            kinds = traps.repeated_texts(own) + traps.contradictions(own) + traps.dates(own, mapping.timezone)
            files = sorted(set(origin["_file"][here].astype(str)))
            found += [{"channel": source.channel, "source": number + 1, "files": files, **item} for item in kinds]
    return found
