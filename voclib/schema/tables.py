"""The data standard: every table a study may read, declared once.

`TABLES[name]` is a pandera DataFrameSchema; its metadata holds the key, what a row is, and rules across columns
(`after`: the first column must not lie before the second).
"""

from __future__ import annotations

import pandera.pandas as pa

from voclib.schema.columns import choice, day, flag, ident, moment, money, month, real, whole, words

TABLES: dict[str, pa.DataFrameSchema] = {}
SURVEY_CHANNELS = ("survey", "sms", "app", "email", "phone", "onsite")
CHANNELS = (*SURVEY_CHANNELS, "review", "appstore", "post", "social", "ticket", "call", "chat", "mail")
LANGUAGES = ("zh", "en", "other")  # "other": another language than these two
CONTACT_KINDS = ("sale", "delivery", "maintenance", "repair", "call", "digital")
FRONTLINE_KINDS = ("product_bug", "competitor_intel", "process_suggestion")


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
    language=choice("语言", "Preferred language", *LANGUAGES, null=True),
    is_contactable=flag("可联系", "Has a deliverable address and gave consent", null=True),
)
_table(
    "touchpoints", "一次服务接触", "One service contact", key=("touchpoint_id",),
    touchpoint_id=ident("接触编号", "Contact"),
    customer_id=ident("客户", "Customer", references="customers.customer_id", sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True),
    kind=choice("类型", "Kind of contact", *CONTACT_KINDS),
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
    ces_score=whole("省力程度 1–7", "Ease (7 = very easy)", 1, 7, unit="1–7", null=True),
    rating_score=whole("总评 0–10", "Overall rating; not a likelihood to recommend", 0, 10, unit="0–10", null=True),
    is_recommended=flag("是否推荐", "Recommends: yes or no", null=True),
    star_rating=whole("星级 1–5", "Stars given in a shop or on a site", 1, 5, unit="1–5", null=True),
    emotion=choice("情绪", "Feeling, as the source tags it", "positive", "neutral", "negative", null=True),
    business_type=words("业务类型", "Line of business, as the source names it"),
    campaign_id=ident("批次", "Campaign that asked", null=True),
    comment=words("原话", "Verbatim, redacted", sensitivity="text"), language=choice("语言", "Language of the verbatim", *LANGUAGES, null=True),
    segment=words("场景/客群", "Scene or segment named by the source"),
    duration_seconds=real("作答时长", "Time taken to answer", 0, unit="seconds", null=True),
    is_on_premises=flag("店内提交", "Submitted on the dealer's premises", null=True),
    device_hash=ident("设备指纹", "Hashed device", null=True, sensitivity="personal"),
    author_id=ident("作者（假名）", "Author's name at the source, as a pseudonym", null=True, sensitivity="personal"),
    reach=whole("触达人数", "Audience: followers or views", 0, 10_000_000_000, null=True),
    weight=real("权重", "Survey weight; 1 unless a study sets it", 0),
)
_table(
    "conversations", "一通电话、一次在线会话或一串邮件", "One call, chat or thread of e-mails", key=("response_id",),
    after=(("ended_at", "started_at"),),
    response_id=ident("声音", "Voice", references="responses.response_id"), kind=choice("类型", "Kind", "call", "chat", "mail"),
    staff_id=ident("坐席（假名）", "Agent, as a pseudonym", null=True, sensitivity="personal"), queue_id=ident("队列", "Queue", null=True),
    started_at=moment("开始时间", "Started at"), ended_at=moment("结束时间", "Ended at", null=True),
    wait_seconds=real("等待", "Waiting before the first answer", 0, unit="seconds", null=True),
    emotion_score=real("情绪分", "Feeling at the end, scored by the source: −1 upset, 1 pleased", -1, 1, unit="−1–1", null=True),
    is_resolved=flag("已解决", "Settled in this conversation", null=True),
)
_table(
    "turns", "对话中的一次发言", "One turn of a conversation", key=("response_id", "turn"),
    response_id=ident("对话", "Conversation", references="conversations.response_id"), turn=whole("序号", "Position, from 1", 1, 100_000),
    speaker=choice("说话人", "Who speaks", "customer", "agent", "bot", "other"), started_at=moment("时间", "Said at", null=True),
    offset_seconds=real("距开始", "Seconds since the start", 0, unit="seconds", null=True),
    text=words("原话", "What was said, redacted", sensitivity="text"),
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
    unit_id=ident("门店", "Unit", references="units.unit_id"),
    wave_month=month("期次；季度记为首月", "Survey wave; a quarter counts as its first month", unit="month or quarter"),
    submitted_at=moment("提交时间", "Submitted at"), item_code=words("题目", "Item", null=False),
    value=real("得分", "Value on the item's scale", 0, 10, unit="1–5"), role_band=words("岗位", "Role band"),
    tenure_band=words("司龄", "Tenure band"), is_manager=flag("管理者", "Manager; left out of unit means by default"),
)
_table(
    "employee_waves", "每期员工调研的邀请与回收", "Employees asked and answering, by unit and wave", key=("unit_id", "wave_month"),
    unit_id=ident("门店", "Unit", references="units.unit_id"),
    wave_month=month("期次；季度记为首月", "Survey wave; a quarter counts as its first month", unit="month or quarter"),
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
_table(
    "rosters", "门店每周排班与出勤", "A unit's week: hours planned and worked", key=("unit_id", "week_on", "role_band"),
    unit_id=ident("门店", "Unit", references="units.unit_id"), week_on=day("周一日期", "Monday of the week"),
    role_band=words("岗位", "Role band", null=False),
    planned_hours=real("排班工时", "Hours planned", 0, unit="hours"), worked_hours=real("实际工时", "Hours worked", 0, unit="hours"),
)
_table(
    "batches", "零件批次：装车数量是分母", "Batches of parts; the number fitted is the denominator", key=("batch_id",),
    batch_id=ident("批次", "Batch"), part=words("零件", "Part", null=False), product=words("车型/产品", "Product or model", null=False),
    supplier=words("供应商", "Supplier", null=False), produced_on=day("生产日", "Produced on"),
    fitted_n=whole("装车数", "Vehicles fitted with it", 0, 100_000_000),
)
_table(
    "repairs", "一次维修：车型、零件、批次", "One repair: model, part, batch", key=("repair_id",),
    repair_id=ident("维修单", "Repair"), touchpoint_id=ident("接触", "Contact", references="touchpoints.touchpoint_id", null=True),
    customer_id=ident("客户", "Customer", references="customers.customer_id", null=True, sensitivity="personal"),
    vehicle_id=ident("车辆（假名）", "Vehicle, as a pseudonym", null=True, sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True), product=words("车型/产品", "Product or model"),
    part=words("零件", "Part", null=False), batch_id=ident("批次", "Batch", references="batches.batch_id", null=True), fault=words("故障", "Fault"),
    repaired_at=moment("维修时间", "Repaired at"), mileage_km=real("里程", "Mileage", 0, unit="km", null=True),
    cost_cny=money("费用", "Cost", null=True), is_warranty=flag("保修", "Under warranty", null=True),
)
_table(
    "frontline_reports", "一线一键上报", "One-click reports of the frontline", key=("report_id",),
    after=(("confirmed_at", "reported_at"), ("fixed_at", "reported_at"), ("notified_at", "reported_at")),
    report_id=ident("上报编号", "Report"), staff_id=ident("员工（假名）", "Employee, as a pseudonym", null=True, sensitivity="personal"),
    unit_id=ident("门店", "Unit", references="units.unit_id", null=True), reported_at=moment("上报时间", "Reported at"),
    kind=choice("类型", "Kind", *FRONTLINE_KINDS), product=words("车型/产品", "Product or model"), topic=words("主题", "Topic"),
    competitor=words("竞品", "Competitor named"), quoted_price_cny=money("竞品报价", "Competitor's price quoted", null=True),
    text=words("原话", "What was reported, redacted", sensitivity="text"),
    duplicate_of_report_id=ident("重复于", "Earlier report of the same", references="frontline_reports.report_id", null=True),
    confirmed_at=moment("确认时间", "Confirmed at", null=True), fixed_at=moment("解决时间", "Fixed at", null=True),
    notified_at=moment("反馈一线时间", "Frontline told at", null=True), recovered_cny=money("挽回金额", "Money recovered", null=True),
)
_table(
    "projects", "改进项目", "Improvement projects", key=("project_id",),
    after=(("due_on", "chartered_on"), ("landed_on", "chartered_on"), ("evaluated_on", "landed_on")),
    project_id=ident("项目编号", "Project"), name=words("名称", "Name", null=False), topic=words("主题", "Topic"),
    owner_department=words("责任部门", "Department that owns it", null=False),
    owner_id=ident("负责人（假名）", "Owner, as a pseudonym", null=True, sensitivity="personal"), chartered_on=day("立项日", "Chartered on"),
    due_on=day("期限", "Due on", null=True), landed_on=day("落地日", "Landed on", null=True), evaluated_on=day("评估日", "Evaluated on", null=True),
    measure=words("衡量指标", "Measure it is judged by"), baseline=real("基线", "Measure before", null=True),
    target=real("目标", "Target", null=True), cost_cny=money("成本", "Cost", null=True),
)
_table(
    "recommendations", "提出的洞察与建议", "Recommendations made to departments", key=("recommendation_id",), after=(("decided_on", "proposed_on"),),
    recommendation_id=ident("建议编号", "Recommendation"), proposed_on=day("提出日", "Proposed on"), title=words("标题", "Title", null=False),
    topic=words("主题", "Topic"), department=words("部门", "Department asked"), report=words("出自报告", "Report it rests on"),
    evidence_level=whole("证据等级", "Evidence level", 0, 4, null=True), decision=choice("决定", "Decision", "adopted", "rejected", "pending"),
    decided_on=day("决定日", "Decided on", null=True), project_id=ident("项目", "Project", references="projects.project_id", null=True),
)
_table(
    "concept_tests", "概念测试的一份回答", "One answer in a concept test", key=("answer_id",),
    answer_id=ident("答卷", "Answer"), concept_id=ident("概念编号", "Concept"), concept=words("概念", "Concept's name", null=False),
    kind=choice("类型", "Kind: under test, or a product on sale to compare with", "concept", "benchmark"),
    product=words("车型/产品", "Product or model"),
    customer_id=ident("客户", "Customer", references="customers.customer_id", null=True, sensitivity="personal"), segment=words("客群", "Segment"),
    answered_at=moment("作答时间", "Answered at", null=True), intent_score=whole("购买意愿 1–5", "Intent to buy", 1, 5, unit="1–5", null=True),
    appeal_score=whole("喜好 1–5", "Appeal", 1, 5, unit="1–5", null=True),
    value_score=whole("性价比 1–5", "Value for money", 1, 5, unit="1–5", null=True),
    comment=words("原话", "Verbatim, redacted", sensitivity="text"), language=choice("语言", "Language of the verbatim", *LANGUAGES, null=True),
)
_table(
    "touchpoint_register", "触点登记表：每个触点归谁、从哪个文件来", "Touchpoints: who owns each, which file it delivers", key=("register_id",),
    register_id=ident("登记编号", "Entry"), name=words("触点", "Touchpoint", null=False),
    name_en=words("触点英文名", "Touchpoint's name in English; empty: as in the other"), stage=words("旅程阶段", "Stage of the journey"),
    channel=words("渠道", "Channel it should deliver"), owner_department=words("责任部门", "Department that owns it"),
    feed=words("数据文件", "File it delivers, as a pattern; empty where none is planned"),
    expected_days=real("应送间隔", "Days between voices at most", 0, unit="days", null=True),
    registered_on=day("登记日", "Registered on", null=True),
)
