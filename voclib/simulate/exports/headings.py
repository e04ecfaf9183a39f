"""The sample company's raw exports: file pattern → {heading: standard column}, as an analyst would map them."""

from __future__ import annotations

from voclib.simulate.exports import field_headings, voice_headings

TIMEZONE = "Asia/Shanghai"

_SURVEY = {
    "问卷编号": "response_id", "邀请编号": "invitation_id", "客户编号": "customer_id", "门店编号": "unit_id", "渠道": "channel",
    "到店时间": "touched_at", "提交时间": "submitted_at", "推荐分": "nps_score", "满意度": "csat_score", "轻松度": "ces_score",
    "原话": "comment", "语言": "language", "场景": "segment", "作答秒数": "duration_seconds", "是否店内提交": "is_on_premises",
    "设备": "device_hash", "业务类型": "business_type",
}
_WAVE = {"答卷编号": "employee_response_id", "门店编号": "unit_id", "期次": "wave_month", "提交时间": "submitted_at", "岗位": "role_band",
         "司龄": "tenure_band", "是否管理者": "is_manager", "q1": "value", "q2": "value", "q3": "value", "q4": "value", "q5": "value",
         "q6": "value"}

EXPORTS: dict[str, dict[str, str]] = {
    "survey_*.csv": _SURVEY,
    "survey_*.xlsx": _SURVEY,
    "reviews.csv": {"review_id": "response_id", "dealer_id": "unit_id", "member_id": "customer_id", "published_at": "submitted_at",
                    "score": "rating_score", "would_recommend": "is_recommended", "text": "comment", "lang": "language"},
    "posts.jsonl": {"id": "response_id", "dealer": "unit_id", "time": "submitted_at", "text": "comment", "lang": "language", "board": "segment"},
    "contact_centre.csv": {"记录编号": "response_id", "客户编号": "customer_id", "门店编号": "unit_id", "类型": "channel", "通话时间": "touched_at",
                           "录入时间": "submitted_at", "内容": "comment", "语言": "language", "时长秒": "duration_seconds", "情绪": "emotion",
                           "业务类型": "business_type"},
    "tickets.jsonl": {"ticket_id": "case_id", "source_id": "response_id", "customer.id": "customer_id", "dealer.id": "unit_id", "topic": "topic",
                      "severity": "severity", "department": "owner_department", "description": "description", "events.opened": "opened_at",
                      "events.assigned": "assigned_at", "events.responded": "responded_at", "events.resolved": "resolved_at"},
    "ledger.csv": {"流水号": "transaction_id", "订单号": "order_id", "客户编号": "customer_id", "门店编号": "unit_id", "入账时间": "booked_at",
                   "类型": "kind", "净额": "net_cny", "毛利": "margin_cny", "币种": "currency", "冲销流水号": "refund_of_transaction_id"},
    "employee_survey_*.csv": _WAVE,
    "employee_waves.csv": {"门店编号": "unit_id", "期次": "wave_month", "邀请人数": "invited_n", "回收人数": "returned_n"},
    "usage.csv": {"客户编号": "customer_id", "月份": "month", "登录次数": "logins", "活跃天数": "active_days"},
    "customers.csv": {"客户编号": "customer_id", "入会日期": "joined_on", "是否流失": "is_churned", "流失日期": "churned_on", "归属门店": "unit_id",
                      "大区": "region", "客群": "segment", "车型": "product", "价值层级": "value_tier", "语言": "language",
                      "可联系": "is_contactable"},
    "units.csv": {"门店编号": "unit_id", "名称": "name", "类型": "kind", "大区": "region", "上级": "parent_unit_id", "开业日": "opened_on",
                  "关闭日": "closed_on", "并入": "merged_into_unit_id"},
    "touchpoints.csv": {"接触编号": "touchpoint_id", "客户编号": "customer_id", "门店编号": "unit_id", "类型": "kind", "开始时间": "started_at",
                        "时长分钟": "duration_minutes", "等待分钟": "wait_minutes", "金额": "amount_cny", "员工编号": "staff_id",
                        "队列": "queue_id"},
    "invitations.csv": {"邀请编号": "invitation_id", "接触编号": "touchpoint_id", "客户编号": "customer_id", "渠道": "channel", "触发": "trigger",
                        "发出时间": "sent_at", "轮次": "wave", "是否送达": "is_delivered", "是否打开": "is_opened"},
    "followups.csv": {"回访编号": "followup_id", "客户编号": "customer_id", "抽取日": "drawn_on", "抽取概率": "draw_probability", "方式": "mode",
                      "尝试次数": "attempts", "结果": "outcome", "推荐分": "nps_score"},
    "behaviours.csv": {"客户编号": "customer_id", "快照日": "asof_on", "距上次接触天数": "recency_days", "接触次数12月": "contacts_12m",
                       "消费12月": "spend_12m_cny", "投诉12月": "complaints_12m", "登录90天": "logins_90d", "打开率": "open_share",
                       "邀请之后": "is_post"},
    "operations.csv": {"门店编号": "unit_id", "月份": "month", "客流": "footfall", "工时": "staff_hours", "空缺": "vacancies",
                       "等待中位数": "wait_p50_minutes", "等待P90": "wait_p90_minutes", "促销": "is_promotion", "翻新": "is_refurbished",
                       "换店长": "is_manager_changed", "收入": "revenue_cny", "毛利": "margin_cny"},
    "programmes.csv": {"项目编号": "programme_id", "门店编号": "unit_id", "名称": "name", "开始日": "started_on", "成本": "cost_cny",
                       "选店方式": "assigned_by", "覆盖率": "reach_share"},
    "topic_mentions.csv": {"response_id": "response_id", "topic": "topic", "probability": "probability", "sentiment": "sentiment",
                           "classifier": "classifier"},
    "gold_labels.csv": {"response_id": "response_id", "topic": "topic", "labeller_id": "labeller_id", "is_present": "is_present",
                        "sampling_probability": "sampling_probability"},
    **voice_headings.EXPORTS, **field_headings.EXPORTS,
}
"""In `employee_survey_*` each of q1 … q6 is one item: the heading becomes `item_code`, the cell `value`."""

TABLE_OF: dict[str, str] = {
    "survey_*.csv": "responses", "survey_*.xlsx": "responses", "reviews.csv": "responses", "posts.jsonl": "responses",
    "contact_centre.csv": "responses", "tickets.jsonl": "cases", "ledger.csv": "transactions", "employee_survey_*.csv": "employee_surveys",
    **{f"{name}.csv": name for name in ("employee_waves", "usage", "customers", "units", "touchpoints", "invitations", "followups", "behaviours",
                                        "operations", "programmes", "topic_mentions", "gold_labels")},
    **voice_headings.TABLE_OF, **field_headings.TABLE_OF,
}

ALSO: dict[str, dict[str, dict[str, str]]] = voice_headings.ALSO
"""Further tables made from a file that makes more than one: file → table → {heading: standard column}."""

_CHANNELS = {"短信": "sms", "应用": "app", "邮件": "email", "电话": "phone", "店内": "onsite"}
_CONTACTS = {"购车": "sale", "交车": "delivery", "保养": "maintenance", "维修": "repair", "来电": "call", "线上": "digital"}
_LANGUAGES = {"中文": "zh", "英文": "en"}

VALUES: dict[str, dict[str, dict[str, str]]] = {
    "survey_*.csv": {"渠道": _CHANNELS, "语言": _LANGUAGES},
    "survey_*.xlsx": {"渠道": _CHANNELS, "语言": _LANGUAGES},
    "contact_centre.csv": {"类型": {"来电": "call", "在线会话": "chat"}, "语言": _LANGUAGES, "情绪": voice_headings.EMOTION_WORDS},
    "ledger.csv": {"类型": {"整车": "vehicle", "工时": "service", "配件": "parts", "订阅": "subscription", "退款": "refund"},
                   "币种": {"人民币": "CNY"}},
    "customers.csv": {"价值层级": {"VVIP": "vvip", "普通": "regular"}, "语言": _LANGUAGES},
    "units.csv": {"类型": {"门店": "dealer", "大区": "region", "总部": "headquarters"}},
    "touchpoints.csv": {"类型": _CONTACTS},
    "invitations.csv": {"渠道": _CHANNELS},
    "followups.csv": {"方式": {"电话": "phone", "上门": "visit", "混合": "mixed"},
                      "结果": {"完成": "completed", "拒访": "refused", "未联系上": "no_contact"}},
    "programmes.csv": {"选店方式": {"随机": "random", "自愿": "volunteer", "总部指定": "management", "不详": "unknown"}},
    **voice_headings.VALUES, **field_headings.VALUES,
}
"""How the exports word a coded value; flags stand as 是 / 否 in every file with Chinese headings."""

CONSTANTS: dict[str, dict[str, str]] = {
    "survey_*.csv": {"weight": "1"}, "survey_*.xlsx": {"weight": "1"}, "reviews.csv": {"channel": "review", "weight": "1"},
    "posts.jsonl": {"channel": "post", "weight": "1"}, "contact_centre.csv": {"weight": "1"}, **voice_headings.CONSTANTS, **field_headings.CONSTANTS,
}
"""Standard columns an export does not carry and that are the same for every row."""
