"""Names in the data on English pages: one table for charts and tables, and nobody's own words half translated."""

from __future__ import annotations

import re

import pytest
import yaml

from voclib.reporting import proper_names
from voclib.reporting.charts import drawing
from voclib.reporting.figures.markup import both, each, label
from voclib.results import Text
from voclib.simulate.dealers import REGIONS
from voclib.simulate.worlds.batches import PARTS


@pytest.mark.parametrize(("text", "written"), [
    ("辰星 E7", "Chenxing E7"), ("Brake pads · 辰星 E7", "Brake pads · Chenxing E7"), ("维修 · 辰星 E7", "Repair · Chenxing E7"),
    ("Other parts of 恒岳制动", "Other parts of Hengyue Brakes"), ("售后 56%", "After-sales 56%"),
    ("语音助手越来越聪明，辰星 X3的导航也准", "语音助手越来越聪明，辰星 X3的导航也准"),
    ("check 辰星汽车·西安雁塔店 first", "check Chenxing Xi'an Yanta first"), ("辰星汽车·某地店", "辰星汽车·某地店"),
    ("new “钥匙” (Chinese), slightly more for 辰星 X3", "new “钥匙” (Chinese), slightly more for Chenxing X3"),
    ("after “服务顾问赋能计划”", "after “Service adviser programme”"), ("“辰星 X3的导航也准” at 某店", "“辰星 X3的导航也准” at 某店"),
    ("NPS 45", "NPS 45")])
def test_a_listed_name_is_english_and_a_text_with_other_chinese_stays(text: str, written: str) -> None:
    assert proper_names.english(text) == written


def test_tables_figures_and_charts_use_the_same_name() -> None:
    said = '<span lang="zh">辰星 E7</span><span lang="en">Chenxing E7</span>'
    assert both({"zh": "辰星 E7", "en": "辰星 E7"}) == each(lambda lang: "辰星 E7") == said
    assert both(Text("制动片 · 辰星 E7", "Brake pads · 辰星 E7")).endswith('<span lang="en">Brake pads · Chenxing E7</span>')
    assert label(lambda lang: "辰星 E7") == "辰星 E7 Chenxing E7"
    assert [drawing.label("辰星 E7", None, lang) for lang in ("zh", "en")] == ["辰星 E7", "Chenxing E7"]
    assert drawing.label("k", {"k": Text("售后", "售后")}, "en") == "After-sales"
    assert both({"zh": "<b>辰星", "en": "<b>辰星"}) == "&lt;b&gt;辰星"


def test_every_name_in_the_table_is_chinese_and_its_other_name_is_not() -> None:
    names = [pair for kind in yaml.safe_load(proper_names.TABLE.read_text("utf-8")).values() for pair in kind.items()]
    assert names and all(re.search(r"[\u4e00-\u9fff]", zh) and not re.search(r"[\u4e00-\u9fff]", en) for zh, en in names)


def test_dealers_and_suppliers_of_the_sample_company_have_an_english_name() -> None:
    dealers = [f"辰星汽车·{place}店" for places in REGIONS.values() for place in places]
    suppliers = [name for part in PARTS for name in part.suppliers]
    assert [name for name in [*dealers, *suppliers] if re.search(r"[\u4e00-\u9fff]", proper_names.english(name))] == []
