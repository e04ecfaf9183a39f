"""How much a text reads like a language: whether its characters above ASCII are the ones that language uses.

Bytes decode in several encodings; in the wrong one the characters exist but hardly anybody uses them. A weight is the mean over the
characters above ASCII, 1 for the commonest of the language, 0.3 for one of its ordinary ones, 0 for others and -1 for what no text holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable

Weight = Callable[[str], float]
_ORDINARY = 0.3
# the commonest characters of running text and of the headings of exports
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还"
    "进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或"
    "新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量"
    "再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取"
    "拉格望觉术领共确传师观清今切院让识候带导争运编号客户店评分服务推荐快慢差态修维等待满意价钱车销售员工姓名联系时间日期备注订单购买咨询投诉建议慰谢谁您请帮换坏错退费诉绍耐烦糊")
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還"
    "進好小部其些主樣理心她本前開但因只從想實日者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或"
    "新己制身果加西月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活更別打女變四神總何電數安少報才結反受目太量"
    "再感建務做接必場件計管期市直資命山金指許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取"
    "望覺術領共確傳師觀清今切院讓識候帶導爭運編號客戶店評服務推薦快慢差態修維等待滿意價錢車銷售員工姓名聯繫時間日期備註訂單購買諮詢投訴建議謝您請幫換壞錯退費親久停太")
_KANJI = frozenset(
    "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨"
    "会同事自社発者地業方新場員立開手力問代明動京目通言理体田主題意不作用度強公持野以思家世多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住無真有口少町"
    "料工建空急止送切転研足究楽起着店病質待試族銀早映親験英医仕去味写字答夜音注帰古歌買悪図週室歩風紙黒花春赤青館屋色走秋夏習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹"
    "客対応良狭寧説番号満点評価様担当連絡確認期修理願感頼接予約丁舗推奨")
_HANGUL = frozenset(
    "이다는의가고에을를하지은기도어사한서인그나로자시아있대수으해라리들게정부일전보제여만구니과상스지장주면안요었없습았를원조적성소비연선동회오문관까우내신와유공방거물세관모합생경말무분중려했"
    "때명것결업러위명용개국마미천남더될된너못점실행운받체당진저히또던출음많바발치각재학번호매입추친절직불편후좋같감품질터드트계초길차량카겠싶걸강담격갑객급답화통예약환교배송늦빠른최별로평추점")
_SIGNS = frozenset("，。！？、；：（）「」『』《》【】“”‘’…—～　・ー％")
_THAI = re.compile("[กคงจดตทนบปพมยรลวสหอะาเแไใโ]|(?<=[ก-ฮ])[ัิีึืุู]|(?<=[ก-ฮั-ู])[่้์]")
_CYRILLIC = re.compile("[оеаинтсрвлкмдпуя]")
_CYRILLIC_LESS = re.compile("(?<![а-яё])[А-ЯЁІЇЄ]|[бгжзйхцчшщъыьэюёіїєґ]")
_QUOTED = frozenset("«»“”„–—…№")
_WESTERN = re.compile("(?<![^\x00-\x7f])[À-ÖØ-öø-ÿŒœŠšŽžŸ€£§°«»·–—…‘’“”„•™®©¿¡ªº²³](?![^\x00-\x7f])"
                      "|(?<=[A-Za-z])[ß-öø-ÿ](?=[ß-öø-ÿ][a-z])|(?<=[A-Za-z][ß-öø-ÿ])[ß-öø-ÿ](?=[a-z])")


def chinese_simplified(text: str) -> float:
    """Weight as simplified Chinese; ordinary is level 1 of GB 2312, 3,755 characters."""
    return _mean(text, lambda letter: _ideograph(letter, _SIMPLIFIED, "gb2312", range(0xB0, 0xD8)))


def chinese_traditional(text: str) -> float:
    """Weight as traditional Chinese; ordinary is level 1 of Big5, 5,401 characters."""
    return _mean(text, lambda letter: _ideograph(letter, _TRADITIONAL, "big5", range(0xA4, 0xC7)))


def japanese(text: str) -> float:
    """Weight as Japanese; common are kana, ordinary level 1 of JIS X 0208, 2,965 characters."""
    return _mean(text, lambda letter: 1.0 if "ぁ" <= letter <= "ヾ" else _ideograph(letter, _KANJI, "shift_jis", range(0x88, 0x98)))


def korean(text: str) -> float:
    """Weight as Korean; ordinary are the 2,350 syllables of KS X 1001."""
    return _mean(text, lambda letter: _ideograph(letter, _HANGUL, "euc_kr", range(0xB0, 0xC9)))


def thai(text: str) -> float:
    """Weight as Thai; vowel and tone signs count where they stand on a consonant."""
    return len(_THAI.findall(text)) / _above(text)


def cyrillic(text: str) -> float:
    """Weight as Russian or its neighbours; capitals count where they begin a word."""
    common = len(_CYRILLIC.findall(text))
    less = len(_CYRILLIC_LESS.findall(text))
    odd = sum(letter > "\x7f" and not letter.isalpha() and letter not in _QUOTED for letter in text)
    return (common + _ORDINARY * less - odd) / _above(text)


def western(text: str) -> float:
    """Weight as a western European language: letters with accents and typographic signs stand among ASCII, at most two in a row."""
    return len(_WESTERN.findall(text)) / _above(text)


def _mean(text: str, weigh: Weight) -> float:
    counts = Counter(letter for letter in text if letter > "\x7f")
    return sum(n * weigh(letter) for letter, n in counts.items()) / _above(text)


def _above(text: str) -> int:
    return sum(letter > "\x7f" for letter in text) or 1


def _ideograph(letter: str, common: frozenset[str], codec: str, first: range) -> float:
    if letter in common or letter in _SIGNS:
        return 1.0
    if "ｦ" <= letter <= "ﾟ" or unicodedata.category(letter) in ("Co", "Cc", "Cn"):
        return -1.0  # half-width katakana, private use, controls
    code = letter.encode(codec, errors="ignore")
    return _ORDINARY if len(code) == 2 and code[0] in first else 0.0
