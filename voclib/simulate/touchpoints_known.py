"""The touchpoint register of the sample company: what each touchpoint should deliver, and who owns it."""

from __future__ import annotations

FEEDS: tuple[tuple[str, str, str, str, str | None, str | None, float | None], ...] = (
    ("车友社区帖子", "Owners' forum", "了解", "post", "市场定价部", "posts.jsonl", 14),
    ("社交媒体（微博、小红书、抖音）", "Social media (Weibo, RedNote, Douyin)", "了解", "social", "市场定价部", "social_posts.csv", 7),
    ("展厅自助屏", "Showroom tablet", "了解", "survey", "门店管理部", "kiosk.csv", 7),
    ("微信小程序", "WeChat mini program", "了解", "survey", "数字化部", "wechat_mini.csv", 7),
    ("展厅意见簿（纸质）", "Comment book on paper", "了解", "survey", "门店管理部", None, None),
    ("概念测试", "Concept tests", "了解", "concept", "市场定价部", "concept_tests.csv", None),
    ("账目", "Ledger", "购买", "ledger", "销售部", "ledger.csv", 7),
    ("门店月报", "Dealers' monthly figures", "购买", "operations", "门店管理部", "operations.csv", 31),
    ("触点满意度问卷", "Surveys after a contact", "交付", "survey", "售后运营部", "survey_*.*", 7),
    ("应用商店评价", "App-store reviews", "用车", "appstore", None, "app_reviews.json", 14),
    ("应用使用", "App use", "用车", "usage", "数字化部", "usage.csv", 31),
    ("零件批次", "Batches of parts", "用车", "repair", "质量部", "batches.csv", None),
    ("门店点评", "Reviews of dealers", "售后", "review", "门店管理部", "reviews.csv", 14),
    ("客服中心记录", "Contact-centre log", "售后", "call", "售后运营部", "contact_centre.csv", 7),
    ("电话转写", "Call transcripts", "售后", "call", "售后运营部", "call_transcripts.jsonl", 7),
    ("在线会话转写", "Chat transcripts", "售后", "chat", "数字化部", "chat_transcripts.jsonl", 7),
    ("客户邮件", "Customers' e-mails", "售后", "mail", "售后运营部", "inbox.mbox", 14),
    ("通话回访", "Survey after a call", "售后", "survey", "售后运营部", "postcall_survey.csv", 7),
    ("投诉工单", "Complaint tickets", "售后", "ticket", "售后运营部", "tickets.jsonl", 7),
    ("维修单", "Repairs", "售后", "repair", "售后技术部", "repairs.csv", 7),
    ("一线一键上报", "Frontline reports", "售后", "frontline", "售后技术部", "frontline.csv", 14),
    ("排班与出勤", "Rosters", "售后", "operations", "门店管理部", "rosters.csv", 7),
    ("员工体验问卷", "Employee surveys", "售后", "employee", "门店管理部", "employee_survey_*.csv", 62),
    ("沉默客户回访", "Call-backs to the silent", "流失", "survey", "售后运营部", "followups.csv", None),
    ("改进项目", "Improvement projects", "流失", "project", "质量部", "projects.csv", None),
    ("洞察与建议", "Recommendations", "流失", "project", "质量部", "recommendations.csv", 60),
)
"""Name in Chinese and English, stage, channel, owner, file and the days between voices at most.

One falls silent, one never comes, one is on paper, one has no owner.
"""

SILENT, MISSING = "kiosk.csv", "wechat_mini.csv"
