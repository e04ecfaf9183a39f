"""What the estimands of the frontline's reports are called on a page."""

from __future__ import annotations

from voclib.reporting.names.naming import Name, share
from voclib.results import Text

FRONTLINE = {
    "reporting_ratio": Name(
        title=Text("听到回音之后，上报的频率是之前的几倍", "How often employees report after hearing back, relative to before"),
        scale=Text("同一位员工，1 倍 = 没有变化", "Same employee; 1 means no change"),
        reference=1.0,
    ),
    "told_share": share("一线得到回音的占比", "Share whose reporter heard back", "已解决的上报", "Among fixed reports", "得到回音", "told"),
    "lead_days": Name(
        title=Text("一线比客户早多少天", "Days by which the frontline came first"),
        scale=Text("两边各自开始变多的日子之差，零表示同一天", "Between the days each side began to rise; zero means the same day"),
        short=Text("更早", "earlier"),
    ),
    "report_rate": Name(
        title=Text("每千工时上报几条", "Reports per 1,000 hours worked"),
        scale=Text("按门店每周出勤工时", "By hours on the dealers' rosters"),
        short=Text("条", "reports"),
    ),
    "silent_dealers": Name(title=Text("一条也没报的门店", "Dealers without any report"), scale=Text("门店数", "Dealers"),
                           short=Text("家", "dealers")),
    "rival_share": share("提到某个竞品的占比", "Share that name a rival", "竞品情报，重复的不算", "Among first reports on rivals", "提到",
                         "name it"),
    "undercut": share("竞品报价比我们低多少", "How far a rival's quote lies below ours", "相对我们同一车型的价目，负数是更高",
                      "Relative to our list price of the same model; negative is higher", "更低", "below"),
    "win_loss": Name(title=Text("比价之后的胜败", "Deals won and lost"), scale=Text("占有结果的商机", "Among deals with an outcome")),
    "recovered_money": Name(title=Text("记下的挽回金额", "Money recovered, as booked"), scale=Text("精确合计，没有对照",
        "An exact sum, with no comparison")),
}
