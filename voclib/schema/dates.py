"""A date as people and systems write it → ISO, only forms that can be read in one way; and the zone whose days a report counts in."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
         r"|dec(?:ember)?)\.?")
_HALF = r"(?P<{}>上午|下午|[ap]\.?m\.?)?"
_AFAR = r"(?:UTC|GMT|格林尼治标准时间)"  # GMT+8, as Google Forms and browsers write it
_CLOCK = (rf"(?:[T\s,]*(?:at\s+)?{_HALF.format('early')}\s*(?P<hour>[0-9]{{1,2}})[:时点](?P<minute>[0-9]{{1,2}})"
          rf"(?:[:分](?P<second>[0-9]{{1,2}}(?:\.[0-9]+)?)秒?|分)?\s*{_HALF.format('late')}(?P<hours>[+-][0-9]{{2}})?)?"
          rf"\s*(?P<zone>Z|{_AFAR}?[+-][0-9]{{2}}:?[0-9]{{2}}|{_AFAR}[+-][0-9]{{1,2}}|{_AFAR})?"
          r"(?:(?<=[0-9Z])\[[A-Za-z_/]+\]|(?<=[+-][0-9]{4})\s*\([^()0-9]+\))?")  # +08 of PostgreSQL, Z[Asia/Shanghai] of Java, (China Standard Time)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]*\s+)?"
_YEAR, _DAY = r"(?P<year>[0-9]{4})", r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_FORMS = tuple(re.compile(form + _CLOCK, re.IGNORECASE) for form in (
    rf"{_YEAR}[-/.年](?P<month>[0-9]{{1,2}})[-/.月](?P<day>[0-9]{{1,2}})日?(?:\s*\(?(?:周|星期)[一二三四五六日天]\)?)?",
    rf"{_WEEKDAY}{_DAY}[-\s/.]+{_NAME}[-\s/.,]+{_YEAR}", rf"{_WEEKDAY}{_NAME}\s*{_DAY}[\s,]+{_YEAR}", rf"{_YEAR}[-\s/.]{_NAME}[-\s/.]{_DAY}"))
_COMPACT = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2}))?")
_NAMED = re.compile(r"(?P<time>.*[0-9:][0-9])\s*\(?(?P<zone>[A-Z]{2,5})\)?")  # CST is a clock of China, Cuba and North America
_MORNING = ("上午", "am")
ZONE = "Asia/Shanghai"  # where neither a call nor the mapping of the tables names one


def zone(tables: object, given: str = "") -> str:
    """The zone whose days, months and quarters a report counts in: the one given, else the one in which the mapping read the tables
    (`voclib.load` knows it from the scorecard beside them), else Asia/Shanghai."""
    return given or getattr(tables, "timezone", "") or ZONE


def named_zone(plain: str) -> str:
    """The letters at the end of a time that name its zone without an offset (CST), where it could be read without them; else empty."""
    found = _NAMED.fullmatch(plain)
    return found["zone"] if found and iso(found["time"]) else ""


def iso(plain: str) -> str | None:
    """An ISO date, with time and zone where there are any; None where the text is no date, or can be read in two ways.

    Whether such a day exists is not asked here. 01/07/2026 has two readings, and a mapping says which; 1 Jul 2026 has one.
    """
    found = next((match for form in (*_FORMS, _COMPACT) if (match := form.fullmatch(plain))), None)
    if not found:
        return None
    part = found.groupdict()
    month = int(part["month"]) if part.get("month") else _MONTHS.index(part["name"][:3].lower()) + 1
    date = f"{part['year']}-{month:02d}-{int(part['day']):02d}"
    if not part.get("hour"):
        return None if part.get("early") else date
    hour = _hour(int(part["hour"]), part.get("early") or "", part.get("late") or "")
    if hour is None:
        return None
    whole, dot, fraction = (part["second"] or "0").partition(".")
    zone = _offset(part.get("zone") or "") or (f"{part['hours']}:00" if part.get("hours") else "")
    return f"{date}T{hour:02d}:{int(part['minute']):02d}:{int(whole):02d}{dot}{fraction}{zone}"


def _offset(zone: str) -> str:
    """A zone as +08:00, +0800 or Z; empty where there is none."""
    bare = re.sub(_AFAR, "", zone, flags=re.IGNORECASE)
    if not bare:
        return "Z" if zone else ""
    return f"{bare[0]}{int(bare[1:]):02d}:00" if len(bare) < len("+0800") and bare[0] in "+-" else bare.upper()


def _hour(hour: int, early: str, late: str) -> int | None:
    """The hour of the day from one of a twelve-hour clock: 12 am is midnight; None where the clock contradicts itself."""
    said = {half.lower().replace(".", "") for half in (early, late) if half}
    if not said:
        return hour
    half = said.pop()
    if said or (hour > 12 and half in _MORNING):
        return None
    if half in _MORNING:
        return hour % 12
    return hour if hour > 12 else hour % 12 + 12
