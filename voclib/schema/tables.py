"""The data standard: every table a study may read, declared once.

`TABLES[name]` is a pandera DataFrameSchema; its metadata holds the key, what a row is, and rules across columns
(`after`: the first column must not lie before the second).
"""

from __future__ import annotations

import pandera.pandas as pa

from voclib.schema.columns import choice, day, flag, ident, moment, money, month, real, whole, words

TABLES: dict[str, pa.DataFrameSchema] = {}
SURVEY_CHANNELS = ("survey", "sms", "app", "email", "phone", "onsite")
CHANNELS = (*SURVEY_CHANNELS, "review", "post", "ticket", "call", "chat")


def _table(name: str, zh: str, en: str, /, *, key: tuple[str, ...], after: tuple[tuple[str, str], ...] = (), **columns: pa.Column) -> None:
    TABLES[name] = pa.DataFrameSchema(columns, name=name, description=en, strict=True, unique=list(key),
                                      metadata={"key": key, "zh": zh, "after": after})


_table(
    "units", "门店与组织；关闭或并入的门店也保留", "Dealers and other organisational units; closed and merged ones stay", key=("unit_id",),
    after=(("closed_on", "opened_on"),),
    unit_id=ident("门店编号", "Unit"), name=words("名称", "Display name", null=False),
    kind=choice("类型", "Kind of unit", "dealer", "region", "headquarters", "airline", "other"),
    region=words("区域", "Region", null=False), parent_unit_id=ident("上级", "Parent unit", references="units.unit_id", null=True),
    opened_on=day("开业日", "Opened on", null=True), closed_on=day("关闭日", "Closed on; empty while open", null=True),
    merged_into_unit_id=ident("并入", "Unit it was merged into", references="units.unit_id", null=True),
)
_table(
    "customers", "全体客户，含已流失；从不预先筛掉", "Every customer, including those who left; never filtered to active ones", key=("customer_id",),
    after=(("churned_on", "joined_on"),),
    customer_id=ident("客户编号（假名）", "Customer, as a keyed pseudonym", sensitivity="personal"),
    joined_on=day("成为客户日", "Start of the relationship", null=True), is_churned=flag("已流失", "Has left"),
    churned_on=day("流失日", "End of the relationship; empty while active", null=True),
    unit_id=ident("归属门店", "Home unit", references="units.unit_id", null=True), region=words("区域", "Region"),
    segment=words("客群", "Segment", null=False), product=words("车型/产品", "Product or model"),
    value_tier=choice("价值层级", "Value tier, fixed before the period studied", "vvip", "regular", null=True),
    language=choice("语言", "Preferred language", "zh", "en", null=True),
    is_contactable=flag("可联系", "Has a deliverable address and gave consent", null=True),
)
_table(
    "touchpoints", "一次服务接触", "One service contact", key=("touchpoint_id",),
    touchpoint_id=ident("接触编号", "Contact"),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True),
    kind=choice("类型", "Kind of contact", "sale", "delivery", "maintenance", "repair", "call", "digital"),
    started_at=moment("开始时间", "Started at"), duration_minutes=real("时长", "Duration", 0, unit="minutes", null=True),
    wait_minutes=real("等待", "Waiting time", 0, unit="minutes", null=True), amount_cny=money("金额", "Amount charged", null=True),
    staff_id=ident("员工（假名）", "Employee, as a pseudonym", null=True, sensitivity="personal"), queue_id=ident("队列", "Queue", null=True),
)
_table(
    "behaviours", "某日所见的客户行为快照", "What was known of a customer's behaviour on a day", key=("customer_id", "asof_on"),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"), asof_on=day("快照日", "As of"),
    recency_days=real("距上次接触", "Days since the last contact", 0, unit="days", null=True),
    contacts_12m=whole("12 个月接触次数", "Contacts in 12 months", 0, 10_000), spend_12m_cny=money("12 个月消费", "Spend in 12 months"),
    complaints_12m=whole("12 个月投诉", "Complaints in 12 months", 0, 10_000), logins_90d=whole("90 天登录", "Log-ins in 90 days", 0, 100_000),
    open_share=real("打开率", "Share of messages opened", 0, 1, unit="share", null=True),
    is_post=flag("邀请之后", "Measured after the invitation: never a predictor"),
)
_table(
    "invitations", "一次调研邀请", "One survey invitation", key=("invitation_id",),
    invitation_id=ident("邀请编号", "Invitation"),
    touchpoint_id=ident("接触", "Contact asked about", references="touchpoints.touchpoint_id", null=True),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"),
    channel=choice("渠道", "Channel", *SURVEY_CHANNELS), trigger=words("触发", "What triggered it"),
    sent_at=moment("发出时间", "Sent at"), wave=whole("轮次", "0 = first message, 1 = first reminder …", 0, 20),
    is_delivered=flag("送达", "Delivered"), is_opened=flag("打开", "Opened", null=True),
)
_table(
    "responses", "一条客户声音：问卷、评价或帖子", "One customer voice: a survey answer, review or post", key=("response_id",),
    after=(("submitted_at", "touched_at"),),
    response_id=ident("声音编号", "Voice"), invitation_id=ident("邀请", "Invitation answered", references="invitations.invitation_id", null=True),
    customer_id=ident("客户", "Customer", references="customers.customer_id", null=True, sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True), channel=choice("渠道", "Channel", *CHANNELS),
    touched_at=moment("接触时间", "Time of the contact; decides the period", null=True), submitted_at=moment("提交时间", "Submitted at", null=True),
    nps_score=whole("推荐意愿 0–10", "Likelihood to recommend", 0, 10, unit="0–10", null=True),
    csat_score=whole("满意度 1–5", "Satisfaction", 1, 5, unit="1–5", null=True),
    ces_score=whole("费力度 1–7", "Ease (7 = very easy)", 1, 7, unit="1–7", null=True),
    rating_score=whole("总评 0–10", "Overall rating; not a likelihood to recommend", 0, 10, unit="0–10", null=True),
    is_recommended=flag("是否推荐", "Recommends: yes or no", null=True),
    comment=words("原话", "Verbatim, redacted", sensitivity="text"), language=choice("语言", "Language of the verbatim", "zh", "en", null=True),
    segment=words("场景/客群", "Scene or segment named by the source"),
    duration_seconds=real("作答时长", "Time taken to answer", 0, unit="seconds", null=True),
    is_on_premises=flag("店内提交", "Submitted on the dealer's premises", null=True),
    device_hash=ident("设备指纹", "Hashed device", null=True, sensitivity="personal"),
    weight=real("权重", "Survey weight; 1 unless a study sets it", 0),
)
_table(
    "followups", "对未作答者的随机回访", "Random call-backs to people who did not answer", key=("followup_id",),
    followup_id=ident("回访编号", "Call-back"), customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"),
    drawn_on=day("抽取日", "Drawn on"), draw_probability=real("抽取概率", "Probability of being drawn", 1e-9, 1, unit="share"),
    mode=choice("方式", "Mode", "phone", "visit", "mixed"), attempts=whole("尝试次数", "Attempts", 0, 100),
    outcome=choice("结果", "Outcome", "completed", "refused", "no_contact"),
    nps_score=whole("推荐意愿 0–10", "Likelihood to recommend", 0, 10, unit="0–10", null=True),
)
_table(
    "employee_surveys", "员工体验：一人一题一行", "Employee experience: one row an employee and item", key=("employee_response_id", "item_code"),
    employee_response_id=ident("答卷（假名）", "Answer sheet, as a pseudonym", sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id"), wave_month=month("期次", "Survey wave"),
    submitted_at=moment("提交时间", "Submitted at"), item_code=words("题目", "Item", null=False),
    value=real("得分", "Value on the item's scale", 0, 10, unit="1–5"), role_band=words("岗位", "Role band"),
    tenure_band=words("司龄", "Tenure band"), is_manager=flag("管理者", "Manager; left out of unit means by default"),
)
_table(
    "employee_waves", "每期员工调研的邀请与回收", "Employees asked and answering, by unit and wave", key=("unit_id", "wave_month"),
    unit_id=ident("门店", "Unit", references="units.unit_id"), wave_month=month("期次", "Survey wave"),
    invited_n=whole("邀请人数", "Invited", 0, 1_000_000), returned_n=whole("回收人数", "Returned", 0, 1_000_000),
)
_table(
    "operations", "门店月度经营", "A unit's month", key=("unit_id", "month"),
    unit_id=ident("门店", "Unit", references="units.unit_id"), month=month("月份", "Month"),
    footfall=whole("客流", "Visitors", 0, 10_000_000), staff_hours=real("工时", "Staff hours", 0, unit="hours", null=True),
    vacancies=whole("空缺", "Open positions", 0, 10_000, null=True), wait_p50_minutes=real("等待中位数", "Median wait", 0, unit="minutes", null=True),
    wait_p90_minutes=real("等待 P90", "90th percentile of wait", 0, unit="minutes", null=True),
    is_promotion=flag("促销", "Promotion ran"), is_refurbished=flag("翻新", "Refurbishment ran"),
    is_manager_changed=flag("换店长", "Manager changed"),
    revenue_cny=money("收入", "Revenue", null=True), margin_cny=money("毛利", "Gross margin", null=True),
)
_table(
    "programmes", "员工体验或服务投入项目", "Investments in employee or customer experience", key=("programme_id", "unit_id"),
    programme_id=ident("项目编号", "Programme"), unit_id=ident("门店", "Unit", references="units.unit_id"), name=words("名称", "Name", null=False),
    started_on=day("开始日", "Started on"), cost_cny=money("成本", "Cost"),
    assigned_by=choice("如何选中", "How units were chosen", "random", "volunteer", "management", "unknown"),
    reach_share=real("覆盖率", "Share of the unit reached", 0, 1, unit="share"),
)
_table(
    "transactions", "账目：一笔一行，退款为负", "The ledger: one row a booking, refunds negative", key=("transaction_id",),
    transaction_id=ident("流水号", "Booking"), order_id=ident("订单", "Order", null=True),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True), booked_at=moment("入账时间", "Booked at"),
    kind=choice("类型", "Kind", "vehicle", "service", "parts", "subscription", "refund"), net_cny=money("净额", "Net of tax and discount"),
    margin_cny=money("毛利", "Gross margin", null=True), currency=choice("币种", "Currency as booked", "CNY"),
    refund_of_transaction_id=ident("退款对应", "Booking refunded", references="transactions.transaction_id", null=True),
)
_table(
    "usage", "客户月度使用", "A customer's month of use", key=("customer_id", "month"),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"), month=month("月份", "Month"),
    logins=whole("登录次数", "Log-ins", 0, 100_000), active_days=whole("活跃天数", "Active days", 0, 31),
)
_table(
    "topic_mentions", "声音中提到的主题（由分类器给出）", "Topics found in a voice by a classifier", key=("response_id", "topic"),
    response_id=ident("声音", "Voice", references="responses.response_id"), topic=words("主题", "Topic", null=False),
    probability=real("概率", "Probability given by the classifier", 0, 1, unit="share"),
    sentiment=choice("情感", "Sentiment", "positive", "neutral", "negative", null=True), classifier=words("分类器", "Classifier", null=False),
)
_table(
    "gold_labels", "人工标注的主题", "Topics labelled by people", key=("response_id", "topic", "labeller_id"),
    response_id=ident("声音", "Voice", references="responses.response_id"), topic=words("主题", "Topic", null=False),
    labeller_id=ident("标注者（假名）", "Labeller, as a pseudonym", sensitivity="personal"), is_present=flag("存在", "Topic is present"),
    sampling_probability=real("抽样概率", "Probability of being labelled", 1e-9, 1, unit="share"),
)
_table(
    "cases", "由声音开出的工单", "Cases opened from voices", key=("case_id",),
    after=(("assigned_at", "opened_at"), ("responded_at", "opened_at"), ("resolved_at", "opened_at")),
    case_id=ident("工单编号", "Case"), response_id=ident("声音", "Voice", references="responses.response_id", null=True),
    customer_id=ident("客户", "Customer", references="customers.customer_id", null=True, sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True), topic=words("主题", "Topic"),
    severity=choice("等级", "Severity", "safety", "high", "medium", "low"), owner_department=words("责任部门", "Department that owns it"),
    opened_at=moment("开单时间", "Opened at"), assigned_at=moment("分派时间", "Assigned at", null=True),
    responded_at=moment("首次响应", "First response", null=True), resolved_at=moment("解决时间", "Resolved at; empty while open", null=True),
    description=words("描述", "Description, redacted", sensitivity="text"),
)
