"""What is said about the public files on money, in both languages: faults found, roles of columns, exposures, reasons of leavers."""

from __future__ import annotations

from typing import NamedTuple

from voclib.errors import DataError, nearest
from voclib.results import Text

FILES = {
    "telco": Text("电信七个文件", "The seven telecom files"), "csv": Text("电信 CSV", "Telecom CSV"),
    "workbook": Text("电信单张工作簿", "Telecom single workbook"), "status": Text("电信状态表", "Telecom status sheet"),
    "services": Text("电信服务表", "Telecom services sheet"), "demographics": Text("电信人口统计表", "Telecom demographics sheet"),
    "location": Text("电信所在地表", "Telecom location sheet"), "population": Text("邮编人口表", "Population by postcode"),
    "orders": Text("唱片订单", "Record orders"),
}


class Finding(NamedTuple):
    """One fault: the file, the count that must be above zero for it to be told ("" always), and both texts as (zh, en) with places for counts."""

    file: str
    when: str
    found: tuple[str, str]
    done: tuple[str, str]


FINDINGS = (
    Finding("telco", "undated", (
        "{columns} 栏里没有一栏是日期；“Quarter” 每行都写 {quarter}，没有年份",
        "None of the {columns} columns is a date; “Quarter” says {quarter} in every row, with no year"), (
        "没有事前期，没有事件研究，没有十二个月窗口；证据等级最高 1",
        "No prior period, no event study, no twelve-month window; evidence level 1 at most")),
    Finding("telco", "", (
        "没有成本，没有毛利，也没有一栏写明币种；国家只有 {country}",
        "No cost, no margin, and no column states a currency; the only country is {country}"), (
        "当作美元收入，不叫毛利，不换算",
        "Treated as revenue in US dollars; not called margin, not converted")),
    Finding("telco", "spellings", (
        "六个文件各有 {customers} 位客户，没有重复，没有缺少；客户号却有 {spellings} 种栏名：{key_names}",
        "Six files each hold {customers} customers, none duplicated or missing; the customer number has {spellings} column names: {key_names}"), (
        "按客户号对齐，从不按行对齐；客户号不离开程序",
        "Matched by customer number, never by row; the numbers never leave the program")),
    Finding("telco", "constant", (
        "{constant} 栏从头到尾只有一个值：{constant_names}",
        "{constant} columns hold a single value throughout: {constant_names}"), (
        "不用", "Not used")),
    Finding("services", "no_offer", (
        "没有优惠的 {no_offer} 位、没有上网的 {no_technology} 位写作 “None”，常用软件把它读成缺失",
        "{no_offer} customers without an offer and {no_technology} without internet say “None”, which common software reads as missing"), (
        "照原样读，自成一类", "Read as written, as a category of its own")),
    Finding("services", "adds_up", (
        "总收入 = 费用 − 退款 + 超量 + 长途，{customers} 行里 {adds_up} 行对到分；长途又恰好是月均 × 月数（{calls_exact} 行）",
        "Total revenue = charges − refunds + extra data + long distance, to the cent in {adds_up} of {customers} rows; long distance is itself "
        "exactly the monthly average × months ({calls_exact} rows)"), (
        "金额是算出来的，不是账：能加总，不能追到任何一笔",
        "The amounts are computed, not booked: they add up but cannot be traced to any booking")),
    Finding("services", "not_product", (
        "{not_product} 行的累计费用不等于月费 × 月数，最多差 ${furthest:,.2f}：月费是最近一次的价格",
        "In {not_product} rows cumulative charges differ from monthly charge × months, by up to ${furthest:,.2f}: that charge is the latest price"), (
        "每月收入用总收入 ÷ 在网月数，不用月费",
        "Monthly revenue is total revenue ÷ months of tenure, not the monthly charge")),
    Finding("services", "listed", (
        "月费就是价目表：持有的产品解释了它的 {list_fit:.1%}，技术支持 ${support_fee:.2f}，光纤 ${fibre_fee:.2f}；长途月均在 "
        "${calls_low:.0f} 到 ${calls_high:.0f} 之间均匀分布，与均匀最多差 {calls_off:.1%}",
        "The monthly charge follows the price list: products held explain {list_fit:.1%} of it, support ${support_fee:.2f}, fibre ${fibre_fee:.2f}; "
        "monthly long distance is spread evenly from ${calls_low:.0f} to ${calls_high:.0f}, within {calls_off:.1%} of uniform"), (
        "账单里没有行为：金额的差别只能来自去留，其余是标价，分开列",
        "The bill contains no behaviour: money can differ only by who leaves; the rest is list price and shown separately")),
    Finding("csv", "blank", (
        "累计费用存成文字，{blank} 行是空格，其中 {blank_months} 行在网 0 个月；"
        "服务表给同一批人 {filled_months:.0f} 个月，{filled_exact} 行的累计恰好是月费的 {filled_months:.0f} 倍：事后填的",
        "Total charges are stored as text and blank in {blank} rows, {blank_months} of them with a tenure of 0; the services sheet gives the same "
        "customers {filled_months:.0f} months, in {filled_exact} rows with exactly {filled_months:.0f} monthly charges: filled in afterwards"), (
        "这些客户不进金额", "These customers are excluded from the money")),
    Finding("services", "dust", (
        "{dust} 个总收入带着计算的尾数，不是整分（最多差 {dust_cents:.0e} 分）",
        "{dust} total revenues carry rounding residue and are not whole cents (off by up to {dust_cents:.0e} of a cent)"), (
        "不改数值，印出时取整；相等只判到半分", "Values left unchanged and rounded in print; “equal” means within half a cent")),
    Finding("status", "paid_more", (
        "“CLTV” 在 {paid_more} 位客户那里低于他们已经付的钱；在网 48 个月以内平均 {cltv_low:,.0f}，一过就跳到 {cltv_high:,.0f}",
        "For {paid_more} customers “CLTV” is below what they have already paid; its mean is {cltv_low:,.0f} up to 48 months of tenure and jumps "
        "to {cltv_high:,.0f} after that"), (
        "那是打分，不是钱；只在供应商那张图里照列", "A rating, not money; shown only where the vendor's chart is reproduced")),
    Finding("status", "low_left", (
        "满意度 1–2 分的 {low} 位里走了 {low_left} 位，4–5 分的 {high} 位里留下 {high_stayed} 位；只有 3 分两种都有：答案由离开推得，或问在离开之后",
        "Of {low} customers with satisfaction 1–2, {low_left} left; of {high} with 4–5, {high_stayed} stayed; only score 3 has both: the score "
        "was derived from leaving or asked for afterwards"), (
        "不用它解释去留：{settled:.0%} 的客户，去留由它定", "Not used to explain who stays; it determines that for {settled:.0%} of customers")),
    Finding("status", "score_differs", (
        "流失分低于 {score_floor} 的无人离开，高于 {score_ceiling} 的无人留下；"
        "两个版本有 {score_differs} 行不同，其中 {score_differs_left} 行是离开的客户",
        "Nobody with a churn score below {score_floor} left and nobody above {score_ceiling} stayed; the two editions differ in "
        "{score_differs} rows, {score_differs_left} of them leavers"), (
        "不用：它见过答案", "Not used: it has seen the answer")),
    Finding("status", "joined", (
        "“Joined” 的 {joined} 位入网不超过 {joined_months} 个月而没走；"
        "同样新的 {young} 位里走了 {young_left} 位（{young_share:.0%}），叫 “Joined” 的有 {joined_left} 位",
        "The {joined} customers marked “Joined” have at most {joined_months} months of tenure and stayed; of all {young} equally new customers "
        "{young_left} left ({young_share:.0%}), {joined_left} of them marked “Joined”"), (
        "不用：只有留下的人才能得到它", "Not used: only customers who stayed can get it")),
    Finding("status", "reason_differs", (
        "{reasons} 条离开原因都出自已走的人；{reason_differs} 条与工作簿不同（{reason_differs_share:.0%}），"
        "“对手报价更好” 由 {rival_offer_workbook} 变 {rival_offer}",
        "All {reasons} reasons come from customers who left; {reason_differs} differ from the workbook ({reason_differs_share:.0%}), and “Rival's "
        "better offer” changes from {rival_offer_workbook} to {rival_offer}"), (
        "两个版本并列，等级 0：那是走的人的钱，不是为此丢的钱",
        "Both editions shown side by side, level 0: this is money leavers paid, not money lost for that reason")),
    Finding("status", "extra_said", (
        "{extra_said} 位说因为超量流量费，账上付过的只有 {extra_paid} 位，{extra_unlimited} 位用的是不限量；"
        "{calls_said} 位说长途费，{calls_no_phone} 位没有电话",
        "{extra_said} cite extra-data charges, but only {extra_paid} ever paid any and {extra_unlimited} have unlimited data; {calls_said} cite "
        "long-distance charges, {calls_no_phone} of them without a phone"), (
        "原因不当作痛点的记录", "A stated reason is not treated as a record of a pain point")),
    Finding("status", "unsaid", (
        "{moved} 位搬家，{died} 位去世，{unsaid} 位说不上来",
        "{moved} moved away, {died} died, {unsaid} could not say"), (
        "单列，不算体验", "Listed separately, not counted as an experience")),
    Finding("services", "cap", (
        "在网月数到 {cap} 为止，那里有 {at_cap} 位，前一个月只有 {before_cap} 位：截断了",
        "Tenure ends at {cap} months, with {at_cap} customers there and only {before_cap} a month earlier: it is truncated"), (
        "只作对照的变量", "Used only as a covariate for comparison")),
    Finding("status", "left", (
        "“离开” 是本季度还是自入网以来，没有一个文件说明：两年后还在的，按前者是 {kept_quarter:.0%}，按后者是 {kept_ever:.0%}",
        "No file says whether “left” means during this quarter or at any time since joining: after two years {kept_quarter:.0%} remain on the "
        "first reading, {kept_ever:.0%} on the second"), (
        "不画留存曲线", "No survival curve is drawn")),
    Finding("services", "contract", (
        "合同期限有 {contract} 行与工作簿不同，其中 {lengthened} 行由按月变长；{contract_stayed} 行是留下的客户，{contract_left} 行是离开的",
        "The contract differs from the workbook in {contract} rows, {lengthened} of them from monthly to longer; {contract_stayed} are customers "
        "who stayed, {contract_left} who left"), (
        "用工作簿那一版，且只作对照", "The workbook version is used, for comparison only")),
    Finding("services", "fibre_cable", (
        "{fibre_cable} 位在工作簿里是光纤、在这里成了有线，{fibre_cable_left} 位都走了；另有 {dsl_cable} 位由 DSL 成了有线",
        "{fibre_cable} customers with fibre in the workbook have cable here, and {fibre_cable_left} of them left; another {dsl_cable} changed from "
        "DSL to cable"), (
        "用工作簿那一版", "The workbook version is used")),
    Finding("demographics", "dependents", (
        "有无家属与 CSV 有 {dependents} 行不同；新添家属的 {gained} 位里走了 {gained_left} 位；"
        "有家属者的离开率由 {csv_dependents_left:.1%} 变 {dependents_left:.1%}",
        "Dependents differ from the CSV in {dependents} rows; of {gained} who gained dependents, {gained_left} left; the leaving rate of those "
        "with dependents changes from {csv_dependents_left:.1%} to {dependents_left:.1%}"), (
        "不用：改动与去留有关", "Not used: the changes are related to who left")),
    Finding("services", "electronic", (
        "电子支票不见了：{electronic} 位改叫银行扣款，{mailed} 位邮寄支票改成信用卡",
        "Electronic checks have disappeared: {electronic} customers are now recorded as bank withdrawals, and {mailed} mailed checks as cards"), (
        "用工作簿那一版，且只作对照", "The workbook version is used, for comparison only")),
    Finding("services", "bands_apart", (
        "{bands} 种优惠的在网月数互不重叠：优惠由月数定，离开率由 {offer_low:.0%} 到 {offer_high:.0%} 说的是新老",
        "The tenure ranges of the {bands} offers do not overlap: tenure determines the offer, and leaving rates from {offer_low:.0%} to "
        "{offer_high:.0%} reflect new and old customers"), (
        "不用", "Not used")),
    Finding("services", "refunded", (
        "退款和超量费自入网累计：{refunded} 位退过款的平均在网 {refunded_months:.1f} 个月，其余 {unrefunded_months:.1f}。走得早就来不及有",
        "Refunds and extra charges accumulate since joining: the {refunded} ever refunded average {refunded_months:.1f} months of tenure, the "
        "others {unrefunded_months:.1f}. Early leavers had no time to get one"), (
        "“退过款的更少离开” 不成立；没有日期，拒绝定价", "“Refunded customers leave less often” does not hold; without dates it is not priced")),
    Finding("services", "limited_paid", (
        "限量套餐的 {limited} 位里 {limited_paid} 位付过超量费，没付过的只有 {limited_unpaid} 位",
        "Of {limited} customers with limited data, {limited_paid} have paid for extra; only {limited_unpaid} never did"), (
        "对照太少，照算，看是否定得了价", "Too few to compare with; computed anyway, to see whether it can be priced")),
    Finding("services", "offline_no", (
        "没有上网的 {offline} 位，各项附加服务都写 “No”，与不愿买的人混在一起（工作簿分开写）",
        "For the {offline} customers without internet all add-ons say “No”, as if they had declined them (the workbook keeps the two apart)"), (
        "只在上网客户里比较", "Compared only among internet customers")),
    Finding("demographics", "derived", (
        "是否老年、是否不满三十、有无家属、是否推荐过，在 {derived} 行里都由另一栏算得；最小的 {youngest} 岁，未成年 {under_age} 位",
        "Senior, under thirty, any dependents and any referral are derived from another column in {derived} rows; the youngest customer is "
        "{youngest}, and {under_age} are minors"), (
        "各留一栏", "One column of each pair is kept")),
    Finding("services", "single_silent", (
        "未婚的 {single} 位没有一位推荐过朋友，已婚的 {married} 位里有 {married_referred} 位：是写法，不是行为",
        "None of the {single} unmarried customers ever referred a friend, but {married_referred} of {married} married ones did: an artefact of "
        "recording, not behaviour"), (
        "不用", "Not used")),
    Finding("workbook", "each_most", (
        "每个邮编都有 {each_least} 到 {each_most} 位客户，不论住 {smallest} 人还是 {largest} 人：地点是分派的，不是观察到的",
        "Every postcode has {each_least} to {each_most} customers, whether {smallest} or {largest} people live there: places were assigned, "
        "not observed"), (
        "地点不进任何模型", "Places are not used in any model")),
    Finding("location", "moved_place", (
        "{moved_place} 位换了邮编，单一城市进了 {moved_city} 位；其中 {moved_place_left} 位离开，"
        "{moved_offer} 位的原因写着对手报价更好（工作簿里是 {moved_offer_workbook} 位）：事后编进去的",
        "{moved_place} customers changed postcode, {moved_city} of them to a single city; {moved_place_left} left, {moved_offer} giving “Rival's "
        "better offer” ({moved_offer_workbook} in the workbook): written in afterwards"), (
        "不用", "Not used")),
    Finding("location", "off_map", (
        "{off_map} 行的合并坐标与自己的经纬两栏不一致；{split_cities} 个城市跨多个邮编（最多 {most_codes} 个）",
        "In {off_map} rows the combined coordinates differ from the separate latitude and longitude; {split_cities} cities have several "
        "postcodes (up to {most_codes})"), (
        "不用", "Not used")),
    Finding("population", "empty_codes", (
        "{postcodes} 个邮编里 {empty_codes} 个没有客户，{tiny_codes} 个不满 100 人；没有年份",
        "Of {postcodes} postcodes, {empty_codes} have no customer and {tiny_codes} fewer than 100 people; no year is given"), (
        "不用", "Not used")),
    Finding("orders", "buyers", (
        "{buyers} 位买家的首单都在 {first_from} 到 {first_to}：只是一个季度新客的 {one_in:.0f} 分之一，没有老客",
        "The first orders of all {buyers} buyers fall between {first_from} and {first_to}: one in {one_in:.0f} of a single quarter's new "
        "customers, with no existing ones"), (
        "不代表全部客户；首日人人有，不进窗口", "Not representative of all customers; the first day, which everyone has, is in no window")),
    Finding("orders", "seen_least", (
        "到 {last_day} 截止，各人被看到 {seen_least} 到 {seen_most} 天",
        "The data end on {last_day}; customers are observed for {seen_least} to {seen_most} days"), (
        "只用人人完整的窗口", "Only windows that are complete for everyone are used")),
    Finding("orders", "one_to_one", (
        "日期是没有分隔的整数，没有时刻；两个客户号一一对应",
        "Dates are whole numbers without separators or a time; the two customer numbers match one to one"), (
        "按年月日读；号码换成行号", "Read as year, month, day; customer numbers are replaced by row numbers")),
    Finding("orders", "copies", (
        "{copies} 行与另一行每格相同，另有同日再下的共 {sameday} 单：是抄重还是再买，看不出",
        "{copies} {copies:row repeats|rows repeat} another in every cell, and {sameday} orders follow one of the same day: whether copies or second "
        "purchases is unclear"), (
        "保留；抄重的最多占金额的 {copies_share:.2%}", "Kept; copies account for at most {copies_share:.2%} of the money")),
    Finding("orders", "free", (
        "{free} 单金额为 0，{free_only} 位客户只有这样的单",
        "{free} {free:order has|orders have} an amount of 0, and {free_only} {free_only:customer has|customers have} no other"), (
        "留作买家，花费为 0", "Kept as buyers who spent 0")),
    Finding("orders", "dear", (
        "每张从 ${cheapest:.2f} 到 ${dearest:.2f}，{dear} 单每张超过 $50：卖的不全是唱片",
        "Prices per disc run from ${cheapest:.2f} to ${dearest:.2f}, above $50 in {dear} orders: not everything sold was a record"), (
        "只用金额，不用张数", "Only the amount is used, not the number of discs")),
    Finding("orders", "no_returns", (
        "没有一笔退货，没有成本", "No returns and no costs"), (
        "是收入，不是毛利", "Revenue, not margin")),
    Finding("orders", "largest_orders", (
        "{once:.0%} 的人只在一天买过；最高 1% 占金额 {top_share:.1%}，单一位客户 {largest_orders} 单占 {largest_share:.1%}",
        "{once:.0%} bought on one day only; the top 1% account for {top_share:.1%} of the money, a single customer with {largest_orders} "
        "orders for {largest_share:.1%}"), (
        "均值旁边给截尾的数，注明是另一个量", "A winsorised figure stands beside each mean, labelled as a different quantity")),
)

ROLES = {
    "prior": Text("可用", "Usable"), "product": Text("可用，但没有日期", "Usable, but undated"),
    "undated": Text("只作对照", "For comparison only"), "leak": Text("不用：泄漏", "Not used: leakage"), "other": Text("不用", "Not used"),
    "outcome": Text("金额", "The money"),
}


class Column(NamedTuple):
    """What a group of columns may be used for, with the reason as (zh, en)."""

    column: Text
    role: str
    reason: tuple[str, str]


COLUMNS = (
    Column(Text("性别、年龄、婚姻", "Gender, age, marital status"), "prior", (
        "性别和婚姻在 {agreed} 行里与 CSV 一致；不随去留而变",
        "Gender and marital status agree with the CSV in {agreed} rows; they do not vary with leaving")),
    Column(Text("电话、上网技术（工作簿）", "Phone, internet technology (workbook)"), "product", (
        "客户持有什么；没有生效日期", "What the customer holds; no start date is given")),
    Column(Text("在网月数", "Months of tenure"), "undated", (
        "离开的人在离开那天停表；截在 {cap}", "Leavers' clocks stop on leaving; truncated at {cap}")),
    Column(Text("合同期限、付款方式（工作簿）", "Contract, payment (workbook)"), "undated", (
        "没有日期；合同在另一版里有 {contract} 行改过，{contract_left} 行是离开的客户",
        "Undated; the other edition has a different contract in {contract} rows, {contract_left} of them leavers")),
    Column(Text("满意度", "Satisfaction"), "leak", ("{settled:.0%} 的客户，去留由它定", "It determines who stays for {settled:.0%} of customers")),
    Column(Text("流失分、客户状态、离开原因", "Churn score, status, reason"), "leak", (
        "由去留而来，或只有走的人才有", "Derived from leaving, or recorded only for leavers")),
    Column(Text("有无家属", "Dependents"), "leak", (
        "改过 {dependents} 行；新添家属的 {gained} 位走了 {gained_left} 位",
        "Changed in {dependents} rows; of {gained} who gained dependents, {gained_left} left")),
    Column(Text("CLTV", "CLTV"), "other", (
        "打分；{paid_more} 位已付的钱更多", "A rating; {paid_more} customers have already paid more")),
    Column(Text("城市、邮编、坐标、人口", "City, postcode, coordinates, population"), "other", (
        "每个邮编 {each_least} 到 {each_most} 位客户：分派的", "{each_least} to {each_most} customers in every postcode: assigned")),
    Column(Text("优惠、推荐次数", "Offer, referrals"), "other", (
        "优惠由月数定；推荐由婚姻定", "Tenure determines the offer; marital status the referrals")),
    Column(Text("月费、累计、退款、总收入", "Charges, totals, refunds, revenue"), "outcome", (
        "要解释的就是它", "This is what is to be explained")),
)


class Exposure(NamedTuple):
    """An exposure: its name, the column that says who could meet it (None: everybody), and why its price is doubtful."""

    name: Text
    among: str | None
    doubt: Text


EXPOSURES = {
    "no_support": Exposure(Text("没有高级技术支持", "No premium support"), "has_internet", Text(
        "没买，不是没得到；买了的每月多付标价", "Not bought, rather than not provided; buyers pay its list price every month")),
    "no_security": Exposure(Text("没有在线安全服务", "No online security"), "has_internet", Text(
        "没买；自己挑的", "Not bought; the customer's own choice")),
    "fibre": Exposure(Text("光纤", "Fibre"), "has_internet", Text(
        "是产品，不是遭遇；价格本来就高", "A product, not a mishap; it costs more anyway")),
    "extra_charged": Exposure(Text("付过超量流量费", "Charged for extra data"), "has_limited_data", Text(
        "几乎人人付过；自入网累计", "Nearly everyone was; accumulated since joining")),
    "refunded": Exposure(Text("退过款", "Refunded"), None, Text(
        "自入网累计：走得早就来不及有", "Accumulated since joining: early leavers had no time to get one")),
}
CLASSES = {
    "low": Text("不满意（1–2 分）", "Dissatisfied (1–2)"), "mid": Text("中间（3 分）", "Neutral (3)"),
    "high": Text("满意（4–5 分）", "Satisfied (4–5)"),
}
KINDS = {
    "rival": Text("对手", "Rivals"), "people": Text("服务人员", "Staff"), "product": Text("产品与网络", "Product and network"),
    "price": Text("价格", "Price"), "none": Text("不是体验", "Not an experience"),
}


class Reason(NamedTuple):
    """A reason of leavers: lower-case words that a cell holds, its kind, and our name for it."""

    holds: tuple[str, ...]
    kind: str
    name: Text


REASONS = {
    "rival_devices": Reason(("better", "devices"), "rival", Text("对手设备更好", "Rival's better devices")),
    "rival_offer": Reason(("better", "offer"), "rival", Text("对手报价更好", "Rival's better offer")),
    "rival_speed": Reason(("higher", "speeds"), "rival", Text("对手网速更快", "Rival's higher speeds")),
    "rival_data": Reason(("more data",), "rival", Text("对手流量更多", "Rival's larger data allowance")),
    "support_manner": Reason(("attitude", "support"), "people", Text("客服态度", "Manner of support staff")),
    "provider_manner": Reason(("attitude", "provider"), "people", Text("服务商态度", "Attitude of the provider")),
    "online_skill": Reason(("expertise", "online"), "people", Text("在线客服不懂行", "Poor online support expertise")),
    "phone_skill": Reason(("expertise", "phone"), "people", Text("电话客服不懂行", "Poor phone support expertise")),
    "product": Reason(("product",), "product", Text("对产品不满", "Dissatisfied with the product")),
    "service": Reason(("service dis",), "product", Text("对服务不满", "Dissatisfied with the service")),
    "network": Reason(("network",), "product", Text("网络不稳", "Unreliable network")),
    "range": Reason(("limited",), "product", Text("服务种类少", "Few services on offer")),
    "self_service": Reason(("self-serv",), "product", Text("不能自助办理", "No self-service")),
    "speed": Reason(("affordable",), "product", Text("平价网速不够", "Too slow for the price")),
    "price": Reason(("price",), "price", Text("太贵", "Too expensive")),
    "extra_data": Reason(("extra data",), "price", Text("超量流量费", "Extra data charges")),
    "calls_price": Reason(("distance",), "price", Text("长途费", "Long-distance charges")),
    "moved": Reason(("moved",), "none", Text("搬家", "Moved")),
    "died": Reason(("deceased",), "none", Text("去世", "Died")),
    "unsaid": Reason(("know",), "none", Text("说不上来", "Could not say")),
}


def reason(cell: object) -> str | None:
    """The key in `REASONS` of a cell; None for an empty one.

    Raises
    ------
    DataError
        for a reason that is not among them.
    """
    if not isinstance(cell, str) or not (said := cell.strip().lower()):
        return None
    for key, told in REASONS.items():
        if all(word in said for word in told.holds):
            return key
    raise DataError(f"The reason for leaving '{cell}' is not known; {nearest(said, [' '.join(r.holds) for r in REASONS.values()])}")
