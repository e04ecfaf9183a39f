"""What the estimands of pages for one reader are called."""

from __future__ import annotations

from voclib.reporting.names.naming import Name
from voclib.results import Text

READERS = {
    "counts_up": Name(title=Text("变多、且大过偶然的项数", "Counts that rose by more than chance"), short=Text("项变多", "rose"),
                      scale=Text("在能判断的各项里数，灰圈是只跟上一期比", "Among those that can be judged; ring: against the previous period only")),
    "recent_ratio": Name(title=Text("这一期是平常的几倍", "This period as a multiple of the usual rate"), reference=1.0,
                         scale=Text("1 倍 = 和平常一样", "1 means as usual")),
    "pairs_apart": Name(title=Text("分得出高低的对数", "Pairs that can be distinguished"), short=Text("对", "pairs"),
                        scale=Text("两两相比，灰圈是一对一对单独检验", "Every pair compared; ring: each pair tested on its own")),
    "programme_value": Name(title=Text("落地项目少花的保修维修费", "Warranty repairs avoided by projects that went live"),
                            short=Text("省下", "avoided"),
                            scale=Text("按客户为同一零件付的均价来算", "Priced at what customers pay for the same part")),
    "project_cost": Name(title=Text("同样这些项目的花费", "Cost of those same projects"),
                         scale=Text("只含算出金额的项目，台账合计", "Only projects with an amount; as booked")),
    "landed_cost": Name(title=Text("全部落地项目的花费", "Cost of all projects that went live"), scale=Text("台账合计", "Total as booked")),
}
