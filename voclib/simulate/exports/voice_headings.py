"""Raw exports of the later voices, in the form of `exports`: file → {heading or adapter's column: standard column}."""

from __future__ import annotations

_LANGUAGES = {"中文": "zh", "英文": "en"}
EMOTION_WORDS = {"正面": "positive", "中性": "neutral", "负面": "negative"}
CALL_SPEAKERS = {"坐席": "agent", "客户": "customer"}
CHAT_SPEAKERS = {"staff": "agent", "user": "customer", "robot": "bot"}

EXPORTS: dict[str, dict[str, str]] = {
    "call_transcripts.jsonl": {"call_id": "response_id", "_turn": "turn", "_speaker": "speaker", "_offset": "offset_seconds", "_text": "text"},
    "chat_transcripts.jsonl": {"session": "response_id", "_turn": "turn", "_speaker": "speaker", "_at": "started_at", "_text": "text"},
    "inbox.mbox": {"_conversation": "response_id", "header.X-Customer-Id": "customer_id", "header.X-Unit-Id": "unit_id", "_began": "submitted_at",
                   "_said": "comment", "header.X-Language": "language", "header.X-Emotion": "emotion", "header.X-Business": "business_type"},
    "social_posts.csv": {"帖子编号": "response_id", "平台": "segment", "作者": "author_id", "发布时间": "submitted_at", "正文": "comment",
                         "语言": "language", "情感": "emotion", "粉丝数": "reach"},
    "app_reviews.json": {"id": "response_id", "stars": "star_rating", "version": "segment", "author": "author_id", "published": "submitted_at",
                         "body": "comment", "lang": "language"},
    "postcall_survey.csv": {"答卷编号": "response_id", "批次": "campaign_id", "客户编号": "customer_id", "门店编号": "unit_id",
                            "通话时间": "touched_at", "提交时间": "submitted_at", "满意度": "csat_score"},
    "kiosk.csv": {"编号": "response_id", "门店编号": "unit_id", "时间": "submitted_at", "满意度": "csat_score"},
}
ALSO: dict[str, dict[str, dict[str, str]]] = {
    "contact_centre.csv": {"conversations": {
        "记录编号": "response_id", "类型": "kind", "坐席编号": "staff_id", "队列": "queue_id", "通话时间": "started_at", "结束时间": "ended_at",
        "等待秒": "wait_seconds", "情绪分": "emotion_score", "是否解决": "is_resolved"}},
    "inbox.mbox": {
        "conversations": {"_conversation": "response_id", "header.X-Owner": "staff_id", "_began": "started_at", "_ended": "ended_at",
                          "header.X-Wait-Seconds": "wait_seconds", "header.X-Resolved": "is_resolved"},
        "turns": {"_conversation": "response_id", "_turn": "turn", "_speaker": "speaker", "_at": "started_at", "_offset": "offset_seconds",
                  "_text": "text"}},
}
"""Further tables made from a file."""

TABLE_OF: dict[str, str] = {"call_transcripts.jsonl": "turns", "chat_transcripts.jsonl": "turns", **dict.fromkeys(
    ("inbox.mbox", "social_posts.csv", "app_reviews.json", "postcall_survey.csv", "kiosk.csv"), "responses")}

VALUES: dict[str, dict[str, dict[str, str]]] = {"social_posts.csv": {"语言": _LANGUAGES, "情感": EMOTION_WORDS}}

CONSTANTS: dict[str, dict[str, str]] = {
    "call_transcripts.jsonl": {}, "chat_transcripts.jsonl": {}, "inbox.mbox": {"channel": "mail", "weight": "1"},
    "social_posts.csv": {"channel": "social", "weight": "1"}, "app_reviews.json": {"channel": "appstore", "weight": "1"},
    "postcall_survey.csv": {"channel": "sms", "segment": "来电", "business_type": "客服", "weight": "1"},
    "kiosk.csv": {"channel": "onsite", "segment": "展厅", "business_type": "销售", "is_on_premises": "是", "weight": "1"},
}
