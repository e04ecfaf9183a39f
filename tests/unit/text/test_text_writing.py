"""In which language a text is written: Chinese, English or neither; and no text of another is read as if it were."""

from __future__ import annotations

import pandas as pd
import pytest
from topic_company import tables

from voclib.studies import topics
from voclib.studies.sentiment_aspects import heard as sentiment_voices
from voclib.text import sentiment, writing

ELSEWHERE = ("الخدمة سيئة جدا وانتظرت ساعتين", "店員さんがとても親切でした", "บริการแย่มากรอนานสองชั่วโมง", "직원이 친절하고 빨랐어요",
             "Очень долго ждал, персонал грубый", "πολύ αργή εξυπηρέτηση", "שירות גרוע מאוד")
LATIN = ("Der Service war schlecht und niemand hat sich gemeldet", "Ich warte seit drei Wochen auf mein Paket",
         "Die App stürzt ständig ab, das nervt",
         "Le service client ne répond jamais et la livraison est en retard", "El servicio fue muy malo y nunca respondieron a mis mensajes",
         "O atendimento foi péssimo e não resolveram o meu problema", "La consegna è arrivata in ritardo e il prodotto era rotto",
         "De bestelling kwam te laat en de klantenservice reageerde niet", "Barang datang terlambat dan penjual tidak menjawab pesan saya",
         "Dịch vụ rất tệ và không ai trả lời tin nhắn của tôi", "Kargo çok geç geldi ve kimse sorunumu çözmedi, bu son olsun",
         "Obsługa jest fatalna i nikt nie odpowiada", "Tjänsten var dålig och ingen svarade på mina meddelanden")
ENGLISH = ("Do I need a card", "CAN I DO A SWIFT TRANSFER", "refund now", "premium seat broken tv broken", "Die Hard", "no Wi-Fi en route", "I do.",
           "my la carte menu and el niño", "über slow", "per person", "vis-à-vis the agent")


@pytest.mark.parametrize("text", LATIN)
def test_another_language_in_latin_letters_is_not_read_as_english(text: str) -> None:
    assert writing.language(writing.normal(text)) == ""
    assert writing.language(writing.normal(f"{text}. The agent could not help me.")) == "en", "one sentence of English is enough"


@pytest.mark.parametrize("text", ENGLISH)
def test_short_english_with_a_foreign_word_stays_english(text: str) -> None:
    assert writing.language(writing.normal(text)) == "en"


@pytest.mark.parametrize(("text", "language"), [
    ("等了两个小时", "zh"), ("waited two hours", "en"), ("APP 登录不上", "zh"), ("the app says 登录 failed", "en"), ("優の品, 等太久了", "zh"),
    ("très bien, déjà vu à Łódź", "en"), ("don’t", "en"), ("ﬁne", "en"), ("ＡＢＣ", "en"), ("五5星", "zh"), ("12 345", ""), ("👍👍", ""), ("", ""),
    ("Łukasz said غ once", "en"), *((text, "") for text in ELSEWHERE)])
def test_a_text_is_of_the_script_that_most_of_its_words_have(text: str, language: str) -> None:
    assert writing.language(writing.normal(text)) == language


def test_what_is_in_another_script_is_counted_and_read_by_nothing() -> None:
    """A quarter of the voices in other scripts: the topics of the others, and what is read of them, stay as they were without them."""
    given = tables(n=600, new=0, hostile=False)
    first = given["responses"]
    more = first.head(200).assign(response_id=[f"X{k:03d}" for k in range(200)], comment=[f"{ELSEWHERE[k % 7]} {k}" for k in range(200)])
    both = {**given, "responses": pd.concat([first, more], ignore_index=True)}
    alone, one = (topics.study(voices, watch_weeks=0, granularity=1.0, seed=1) for voices in (given, both))
    strange = one.kept["response_id"].str.startswith("X")
    assert one.kept.loc[strange, "topic"].eq(-1).all() and one.kept.loc[strange, "near"].eq(-1).all()
    assert one.kept.loc[~strange, "topic"].tolist() == alone.kept["topic"].tolist()
    assert int(topics.by_channel(one.kept)["none"].sum()) == 200 and len(one.kept) == len(first) + 200
    assert (sentiment_voices.steps(more) == "language").all() and (sentiment_voices.steps(first) == "").all()
    assert set(sentiment.read(more["comment"].tolist()).source) == {"none"}
