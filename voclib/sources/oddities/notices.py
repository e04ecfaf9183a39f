"""What the import noticed beyond single rows, in sentences: feeds, changes of format, campaigns, duplicates, tiers. One line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator


def lines(card: dict, lang: str) -> Iterator[str]:
    """The findings of a scorecard in zh or en, one line each."""
    zh = lang == "zh"
    yield from _feeds(card["feeds"], zh=zh)
    yield from (_format(item, zh=zh) for item in card["format_changes"])
    yield from (_batch(item, zh=zh) for item in card["campaigns"]["same_batch"])
    yield from (_again(item, zh=zh) for item in card["campaigns"]["entered_again"])
    yield from (_copied(item, zh=zh) for item in card["campaigns"]["copied_text"])
    if card["duplicates"]:
        pairs = sum(item["pairs"] for item in card["duplicates"])
        most = max(card["duplicates"], key=lambda item: item["pairs"])["channels"]
        yield (f"跨渠道重复：{pairs:,} 对声音出自同一人、内容相近或同日同分，最多在 {most[0]} 与 {most[1]} 之间" if zh else
               f"across channels: {pairs:,} pairs of voices come from one person with nearly the same words, or the same score on one day; "
               f"most between {most[0]} and {most[1]}")
    yield from _tiers(card["tiers"], zh=zh)
    yield from (doubt(item, zh=zh) for item in card.get("doubts", []))


def _feeds(feeds: dict, *, zh: bool) -> Iterator[str]:
    found = feeds["touchpoints"]
    if feeds["has_register"]:
        n = Counter(item["status"] for item in found)
        yield (f"触点登记 {len(found)} 个：已接入 {n['connected']}，读不出 {n['unreadable']}，静默 {n['silent']}，缺失 {n['missing']}，"
               f"未约定间隔 {n['unjudged']}，未规划 {n['unplanned']}" if zh else
               f"{len(found)} touchpoints registered: {n['connected']} connected, {n['unreadable']} unreadable, {n['silent']} silent, "
               f"{n['missing']} missing, {n['unjudged']} without an agreed interval, {n['unplanned']} without a feed")
    for item in found:
        if item["reason"]:
            yield _touchpoint(item, zh=zh)
    if feeds["unregistered"]:
        named = feeds["unregistered"]
        shown = ("、" if zh else ", ").join(named[:5])
        if zh:
            yield f"登记表未列出的文件 {len(named)} 个：{shown}{' 等' if len(named) > 5 else ''}"
        else:
            yield f"{len(named)} file(s) not listed in the touchpoint register: {shown}{' …' if len(named) > 5 else ''}"


def _touchpoint(item: dict, *, zh: bool) -> str:
    name, feed = item["name"], item["feed"]
    match item["reason"]:
        case "no_feed":
            return f"触点「{name}」没有规划数据文件" if zh else f"touchpoint “{name}” has no feed planned"
        case "no_file":
            return f"触点「{name}」缺失：没有文件符合 {feed}" if zh else f"touchpoint “{name}” is missing: no file matches {feed}"
        case "set_aside":
            return (f"触点「{name}」仍在送数据，但 {item['last_day']} 之后的声音都被隔离" if zh else
                    f"touchpoint “{name}” still delivers, but every voice after {item['last_day']} was set aside")
        case "no_interval":
            told = ("", "") if item["last_day"] is None else (f"，最后一条在 {item['last_day']}", f"; its last entry is dated {item['last_day']}")
            return (f"触点「{name}」没有约定间隔，是否停送无从判断{told[0]}" if zh else
                    f"touchpoint “{name}” has no agreed interval, so it is not known whether it has stopped{told[1]}")
        case "no_rows":
            return f"触点「{name}」静默：{feed} 没有数据行" if zh else f"touchpoint “{name}” is silent: {feed} has no rows"
    expected = item["expected_days"]
    if zh:
        told = f"（应每 {expected:g} 天至少一条）" if expected is not None else ""
        return f"触点「{name}」静默：{feed} 最后一条在 {item['last_day']}，比全体最后一天早 {item['days_silent']} 天{told}"
    told = f" (one is expected every {expected:g} days)" if expected is not None else ""
    return (f"touchpoint “{name}” is silent: the last entry in {feed} is dated {item['last_day']}, {item['days_silent']} days before the last "
            f"entry of all{told}")


def _format(item: dict, *, zh: bool) -> str:
    before, after = (item[side]["example"] or item[side]["shape"] for side in ("before", "after"))
    aside, fix = item["rows_quarantined_after"], item["fix"]
    what = {"format": ("写法", "is written differently"), "scale": ("量级", "is on a different scale")}[item["kind"]]
    if zh:
        return (f"{item['file']} 的“{item['column']}”自 {item['day']} 起{what[0]}改变：{before} → {after}，其后 {item['rows_after']:,} 行，"
                f"隔离 {aside:,} 行" + (f"；可在映射中加入  {fix}" if fix else ""))
    return (f"{item['file']}: “{item['column']}” {what[1]} from {item['day']} onwards: {before} → {after}; {item['rows_after']:,} rows since, "
            f"{aside:,} set aside" + (f"; add to the mapping  {fix}" if fix else ""))


def _batch(item: dict, *, zh: bool) -> str:
    n, same, chance = f"{item['customers']:,}", f"{item['agreement']:.0%}", f"{item['expected_agreement']:.0%}"
    if zh:
        return (f"{item['channel']} 的批次“{item['repeats_as']}”疑为“{item['campaign']}”重复导入：{n} 位客户相同，{same} 分数一致"
                f"（偶然一致约 {chance}），涉及 {item['rows_again']:,} 行")
    return (f"{item['channel']}: campaign “{item['repeats_as']}” looks like a second import of “{item['campaign']}”: {n} customers in common, "
            f"{same} with the same scores (about {chance} expected by chance), {item['rows_again']:,} rows")


def _again(item: dict, *, zh: bool) -> str:
    if zh:
        return f"{item['channel']} 在 {item['month']} 有 {item['rows']:,} 条声音疑为 24 小时内重复录入（客户与分数相同、编号不同）"
    return (f"{item['channel']}, {item['month']}: {item['rows']:,} voices appear to have been entered twice within 24 hours "
            "(same customer and scores, different number)")


def _copied(item: dict, *, zh: bool) -> str:
    first, last, n, authors = item["first_day"], item["last_day"], f"{item['voices']:,}", f"{item['authors']:,}"
    if zh:
        return f"{item['channel']} 在 {first} 至 {last} 有 {n} 条几乎相同的文字，出自 {authors} 个账号：疑为复制粘贴的集中发帖"
    return f"{item['channel']}, {first} to {last}: {n} nearly identical voices from {authors} authors: probably a copy-and-paste campaign"


def _tiers(tiers: dict, *, zh: bool) -> Iterator[str]:
    urgent = [item for item in tiers["voices"] if item["urgent"]]
    if urgent:
        n, vvip = sum(item["n"] for item in urgent), sum(item["n"] for item in urgent if item["tier"] == "vvip")
        yield f"紧急声音 {n:,} 条，其中高价值客户 {vvip:,} 条" if zh else f"{n:,} urgent voices, {vvip:,} of them from high-value customers"


_DOUBTS = {  # by kind of doubt: what it says in zh and in en
    "no_zero": ("{file} 的推荐意愿共 {n} 个回答，有 {ones} 个 1 分，却没有一个 0 分：量表可能是 1–10，请核对问卷",
                "{file}: {n} answers on likelihood to recommend, {ones} of them a 1 and none a 0; the scale may be 1–10, so check the questionnaire"),
    "cut_identifiers": ("{file} 有 {n} 格编号（{place}）被表格软件改成科学记数法（如 1.23E+14），末位数字已丢失，无法分辨是谁；请以文本格式重新导出",
                        "{file}: {n} identifiers ({place}) were turned into scientific notation (such as 1.23E+14) and lost their last digits, so "
                        "they identify nobody; export the column as text"),
    "zeroed_identifiers": ("{file} 的 {n} 格编号（{place}）都在 16 位以上，而第 15 位之后全是 0：表格软件只保留 15 位有效数字，不同的编号很可能已变成"
                           "同一个（只剩 {distinct} 个）；请以文本格式重新导出",
                           "{file}: all {n} identifiers ({place}) have 16 digits or more and only zeros after the 15th; a spreadsheet keeps 15, so "
                           "different ones have probably become one ({distinct} are left); export the column as text"),
    "unpadded_customers": ("{file} 有 {n} 个客户编号（{place}）与客户名单只差开头的 0，因此未能对上；请以文本格式重新导出，保留开头的 0",
                           "{file}: {n} customer identifiers ({place}) differ from the customer list only by leading zeros, so they match nobody; "
                           "export both columns as text with the leading zeros"),
    "reversed_scale": ("{file} 的 {place} 与 {other} 此高彼低（{n} 个回答，秩相关 {correlation}）：多半有一列计分方向反了（如 1 为非常满意）；"
                       "请核对问卷，若是 {place}，在映射中写  {line}",
                       "{file}: {place} is high where {other} is low ({n} answers, rank correlation {correlation}); one of them probably counts the "
                       "other way (1 as very satisfied). Check the questionnaire, and if it is {place} write  {line}"),
    "own_marks": ("{file} 的“{place}”列把 {n} 行标为 {days}，目前按答卷计入；若不是客户的回答，请在映射中写  {line}",
                  "{file}: “{place}” marks {n} row(s) as {days}, and they count as answers; if no customer gave them, write  {line}"),
    "mixed_scale": ("{file} 的 {place}：{group} 的 {n} 个回答全在 1–5，而其余 {others} 个有 {above} 超过 5；这部分多半是按 1–5 分问的，混在一列会显得"
                    "过低。请核对问卷，把这部分单独导出{line}",
                    "{file}: {place}: all {n} answers {group} lie within 1–5, while {above} of the other {others} exceed 5; they were probably given "
                    "on a scale of 1–5 and look worse than they are. Check the questionnaire and export them separately{line}"),
    "stray_dates": ("{file} 有 {n} 行的日期（{place}：{days}）与其余日期相差太远，多半是年份写错或占位，已隔离；请在来源处改正",
                    "{file}: {n} row(s) hold a date ({place}: {days}) far from all others, probably a mistyped year or a placeholder, and were set "
                    "aside; correct it at the source"),
    "solved_unanswered": ("{file}：首次响应与解决时间都有的 {of} 张工单里，{n} 张先解决、后响应；多半有一列是别的意思（如最近更新时间），"
                          "核对之前，响应与解决的时限都不可信",
                          "{file}: of {of} cases with both times, {n} were resolved before the first reply; one of the columns probably means "
                          "something else (such as the last update), and neither clock can be trusted until that is checked"),
    "stamped_at_once": ("{file}：工单在 {days} 天里陆续建立，{place} 的 {n} 个时间却几乎都落在 {hours} 小时之内：像是程序一次写入的，不是真实经过",
                        "{file}: cases were opened over {days} days, yet nearly all {n} times in {place} lie within {hours} hours; a program "
                        "probably wrote them in one run, so they do not tell when it happened"),
    "days_only": ("{file}：{place} 的 {n} 个时间都只有日期、没有钟点；“多少小时之内”因此至多准到前后一天，24 小时的时限请改按天理解（当天或次日）",
                  "{file}: the {n} times in {place} are dates without a time of day, so no limit in hours is exact to less than a day; read "
                  "“within 24 hours” as the same or the next day"),
    "one_order_each": ("{file}：账目历时 {days} 天，{n} 位客户几乎无一有第二笔订单；{place} 多半是订单自己的编号，不是人的。"
                       "请换成跟着人走的编号，否则每位客户此后的花费都会是 0",
                       "{file}: over {days} days practically none of {n} customers has a second order; {place} is probably a number of the "
                       "order, not of the person. Map the one that stays with the person, or everybody's later spending will be nothing"),
    "price_a_piece": ("{file} 的“{other}”没有用上，{of} 格里有 {n} 格不是 1：如果 {place} 是单价，金额就算错了（退货也成了收入），"
                      "请在映射里写  {line}",
                      "{file}: “{other}” is not used, and {n} of its {of} cells are not 1; if {place} is a price per piece, amounts are wrong "
                      "(and returns count as income). In that case write  {line}"),
    "unfilled_field": ("{file} 的 {of} 条原话里有 {n} 条留着没填的模板字段（{fields}）：这些话是程序拼出来的，或漏填了内容，不宜当作客户自己的话来数",
                       "{file}: {n} of {of} verbatims hold a template field that was never filled ({fields}); a program wrote these texts, or lost "
                       "what belongs there, so do not count them as customers' own words"),
}


KNOWN = tuple(_DOUBTS)
"""Kinds of doubt that have a sentence."""


def doubt(item: dict, *, zh: bool) -> str:
    """One doubt of the scorecard (see voclib.sources.oddities.doubts) as a sentence."""
    if item["doubt"] not in _DOUBTS:
        return _contradicting(item, zh=zh)
    if item["doubt"] == "mixed_scale":
        item = _mixed(item, zh=zh)
    counts = {name: f"{item[name]:,}" for name in ("n", "of", "ones", "distinct", "hours", "others") if name in item}
    place = ".".join(item[name] for name in ("table", "column") if name in item)
    listed = {name: ("、" if zh else ", ").join(item[name]) for name in ("days", "fields") if isinstance(item.get(name), list)}
    more = {name: item.get(name, "") for name in ("other", "correlation", "line", "days", "group", "above")} | listed
    return _DOUBTS[item["doubt"]][0 if zh else 1].format(file=item["file"], place=place, **counts, **more)


def _mixed(item: dict, *, zh: bool) -> dict:
    """A group on the short scale, with its names, its share and its line as words."""
    words = {"since": ("{} 起", "since {}"), "until": ("{} 及以前", "until {}"), "_file": ("文件 {}", "in the file {}")}
    named = [words[name][not zh].format(value) if name in words else f"{name} = {value}" if zh else f"where {name} is {value}"
             for name, value in item["group"].items()]
    line = (f"，或在映射中写  {item['line']}" if zh else f", or write  {item['line']}") if item["line"] else ""
    more = (f" 等 {item['files']} 个文件" if zh else f" and {item['files'] - 1} more") if item["files"] > 1 else ""
    return {**item, "file": f"{item['file']}{more}", "group": ("、" if zh else ", ").join(named), "above": f"{item['above']:.0%}", "line": line}


def _contradicting(item: dict, *, zh: bool) -> str:
    """Units of which several rows say different things."""
    shown = [f"{unit['unit']} ({', '.join(_differing(part, zh=zh) for part in unit['columns'])})" for unit in item["units"]]
    more = item["n"] > len(shown)
    if zh:
        return f"{item['n']:,} 家门店有互相矛盾的几行，只保留一行，其余已隔离：{'、'.join(shown)}{' 等' if more else ''}"
    return f"{item['n']:,} unit(s) have contradictory rows; one is kept and the others are set aside: {', '.join(shown)}{' …' if more else ''}"


def _differing(part: dict, *, zh: bool) -> str:
    aside = " / ".join(text or ("空" if zh else "empty") for text in part["aside"])
    kept = part["kept"] or ("空" if zh else "empty")
    return f"{part['column']}：留 {kept}，舍 {aside}" if zh else f"{part['column']}: {kept} kept, {aside} not"
