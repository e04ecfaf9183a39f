"""Raw exports of the field, in the form of `exports`: file → {heading: standard column}, and the dirt planted in them."""

from __future__ import annotations

from typing import Any

_LANGUAGES = {"中文": "zh", "英文": "en"}

EXPORTS: dict[str, dict[str, str]] = {
    "batches.csv": {"批次号": "batch_id", "零件": "part", "车型": "product", "供应商": "supplier", "生产日期": "produced_on", "装车数": "fitted_n"},
    "repairs.csv": {"维修单号": "repair_id", "接触编号": "touchpoint_id", "客户编号": "customer_id", "车辆编号": "vehicle_id", "门店编号": "unit_id",
                    "车型": "product", "零件": "part", "批次号": "batch_id", "故障": "fault", "完工时间": "repaired_at", "里程": "mileage_km",
                    "费用": "cost_cny", "是否保修": "is_warranty"},
    "rosters.csv": {"门店编号": "unit_id", "周一": "week_on", "岗位": "role_band", "排班工时": "planned_hours", "出勤工时": "worked_hours"},
    "frontline.csv": {"上报编号": "report_id", "员工编号": "staff_id", "门店编号": "unit_id", "上报时间": "reported_at", "类型": "kind",
                      "车型": "product", "主题": "topic", "竞品": "competitor", "竞品报价": "quoted_price_cny", "内容": "text",
                      "重复于": "duplicate_of_report_id", "确认时间": "confirmed_at", "解决时间": "fixed_at", "反馈时间": "notified_at",
                      "挽回金额": "recovered_cny"},
    "projects.csv": {"项目编号": "project_id", "名称": "name", "主题": "topic", "责任部门": "owner_department", "负责人": "owner_id",
                     "立项日": "chartered_on", "期限": "due_on", "落地日": "landed_on", "评估日": "evaluated_on", "衡量指标": "measure",
                     "基线": "baseline", "目标": "target", "成本": "cost_cny"},
    "recommendations.csv": {"建议编号": "recommendation_id", "提出日": "proposed_on", "标题": "title", "主题": "topic", "部门": "department",
                            "出自报告": "report", "证据等级": "evidence_level", "决定": "decision", "决定日": "decided_on", "项目编号": "project_id"},
    "concept_tests.csv": {"答卷编号": "answer_id", "概念编号": "concept_id", "概念": "concept", "类别": "kind", "车型": "product",
                          "客户编号": "customer_id", "客群": "segment", "作答时间": "answered_at", "购买意愿": "intent_score", "喜好": "appeal_score",
                          "性价比": "value_score", "原话": "comment", "语言": "language"},
    "touchpoint_register.csv": {"登记编号": "register_id", "触点": "name", "英文名": "name_en", "阶段": "stage", "渠道": "channel",
                                "责任部门": "owner_department", "数据文件": "feed", "应送间隔天": "expected_days", "登记日": "registered_on"},
}

TABLE_OF: dict[str, str] = {"frontline.csv": "frontline_reports", **{f"{name}.csv": name for name in (
    "batches", "repairs", "rosters", "projects", "recommendations", "concept_tests", "touchpoint_register")}}

VALUES: dict[str, dict[str, dict[str, str]]] = {
    "frontline.csv": {"类型": {"产品缺陷": "product_bug", "竞品情报": "competitor_intel", "流程建议": "process_suggestion"}},
    "recommendations.csv": {"决定": {"采纳": "adopted", "否决": "rejected", "待定": "pending"}},
    "concept_tests.csv": {"类别": {"概念": "concept", "对照": "benchmark"}, "语言": _LANGUAGES},
}

CONSTANTS: dict[str, dict[str, str]] = {}

DIRT: dict[str, Any] = {
    "KEYS": {"repairs.csv": ("维修单号", "M9")},
    "DUPLICATED": {"repairs.csv": 0.001},
    "UNKNOWN_CUSTOMER": {"repairs.csv": 0.002},
    "MONEY": ("费用", "竞品报价", "挽回金额"),
}
