"""A real browser for pages: Debian's Chromium through Playwright, cut off from every network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CUT = """() => [...document.querySelectorAll('.plot .vega svg')].filter(s => s.getClientRects().length).flatMap(s => {
  const r = s.getBoundingClientRect();
  return [...s.querySelectorAll('text')].filter(t => t.textContent).map(t => [t.textContent, t.getBoundingClientRect()])
    .filter(([t, b]) => b.width && (b.left < r.left - 1.5 || b.right > r.right + 1.5 || b.top < r.top - 1.5 || b.bottom > r.bottom + 1.5))
    .map(([t]) => t) })"""
OVER = """() => [...document.querySelectorAll('.plot .vega svg')].filter(s => s.getClientRects().length).flatMap(s => {
  const boxes = [...s.querySelectorAll('text')].filter(t => t.textContent && getComputedStyle(t).strokeWidth === '1px')
    .map(t => [t.textContent, t.getBoundingClientRect()]).filter(([t, b]) => b.width);
  const found = [];
  boxes.forEach(([t, a], i) => boxes.slice(i + 1).forEach(([u, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (t !== u && wide > 3 && tall > 7) found.push(t + ' | ' + u) }));
  return found })"""
LIVE_AND_STILL = """f => { const sorted = t => [...t].map(e => e.textContent).filter(x => x).sort();
  const bytes = Uint8Array.from(atob(f.querySelector('.plot[lang=zh] img.wide').src.split(',')[1]), c => c.charCodeAt(0));
  const svg = new DOMParser().parseFromString(new TextDecoder().decode(bytes), 'image/svg+xml');
  return [sorted(f.querySelectorAll('.plot[lang=zh] .vega svg text')), sorted(svg.querySelectorAll('text'))] }"""

OVERFLOWING = """() => { const w = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= w) return [];
  return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1 && e.offsetParent)
    .slice(0, 5).map(e => e.tagName + '.' + e.className) }"""


@dataclass
class Opened:
    """A page in the browser: `page` (Playwright), `console` (errors and warnings), `requests` (addresses outside the page's own folders)."""

    page: object
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def language(self, lang: str) -> None:
        """Choose a language as a reader does."""
        self.page.locator(f".lang label:has(#lang-{lang})").click()
        self.page.wait_for_timeout(50)

    def drawn(self) -> int:
        """Wait until every chart of the chosen language is drawn by script; how many are on view."""
        waiting = "() => [...document.querySelectorAll('.plot:not(.drawn)')].filter(e => e.getClientRects().length).length"
        for _ in range(100):  # wait_for_function would need eval, which the page's policy forbids
            if self.page.evaluate(waiting) == 0:
                break
            self.page.wait_for_timeout(100)
        return self.page.locator(".plot.drawn .vega svg:visible").count()

    def overflowing(self) -> list[str]:
        """Elements that stick out at the right where the page scrolls sideways; empty where it does not."""
        return self.page.evaluate(OVERFLOWING)

    def visible_languages(self) -> set[str]:
        """Languages of which any text is on view, the names on the switch aside."""
        return set(self.page.evaluate(
            "() => [...document.querySelectorAll('body [lang]:not(.keep)')].filter(e => e.getClientRects().length).map(e => e.getAttribute('lang'))"))


@pytest.fixture
def open_page(browser: object) -> Iterator[Callable[..., Opened]]:
    """`open_page(path, width=1280, js=True, dark=False)` opens a file as a reader would and notes what it complains about or asks for."""
    contexts = []

    def open_(path: Path, *, width: int = 1280, js: bool = True, dark: bool = False) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=js, color_scheme="dark" if dark else "light")
        contexts.append(context)
        opened = Opened(context.new_page())
        folder = path.resolve().parent.parent.as_uri()
        context.on("request", lambda r: None if r.url.startswith((folder, "data:")) else opened.requests.append(r.url))
        opened.page.on("console", lambda m: opened.console.append(m.text) if m.type in ("error", "warning") else None)
        opened.page.on("pageerror", lambda e: opened.console.append(str(e)))
        opened.page.goto(path.resolve().as_uri(), wait_until="load")
        return opened

    yield open_
    for context in contexts:
        context.close()


HOSTILE = (
    "<script>window.__pwned='script'</script>",
    "<img src=x onerror=\"window.__pwned='handler'\">",
    "[click](javascript:window.__pwned='link')",
    "</script><script>window.__pwned='closing tag'</script>",
    "<svg onload=\"window.__pwned='svg'\"></svg>",
    "<a href=\"javascript:window.__pwned='href'\">free</a>",
    "<iframe srcdoc=\"<script>parent.__pwned='frame'</script>\"></iframe>",
    "$\\text{<img src=x onerror=\"window.__pwned='math'\">}$",
    "![p](http://pixel.invalid/p.png) [d](data:text/html,<script>top.__pwned='data'</script>)",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=window.__pwned='mutation'&gt;\">",
    "<details open ontoggle=\"window.__pwned='toggle'\">x</details><style>@import url(http://style.invalid/x.css);body{display:none}</style>",
    "\"><base href=http://base.invalid/><meta http-equiv=refresh content=0;url=http://go.invalid/><!--",
    "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %} \u2028 ${window.__pwned='template'}",
    "]]></style></title></textarea><script>window.__pwned='raw text'</script>",
)


def prose(zh: str, en: str) -> list[object]:
    """Two markdown cells, one a language."""
    from nbformat.v4 import new_markdown_cell

    return [new_markdown_cell(zh, metadata={"tags": ["zh"]}), new_markdown_cell(en, metadata={"tags": ["en"]})]


def code(source: str, *shown: object, tags: tuple[str, ...] = (), **streams: str) -> object:
    """A code cell that has been run: `shown` are display objects, `streams` is console text by stream."""
    from nbformat.v4 import new_code_cell, new_output

    rich = [new_output("display_data", data=s if isinstance(s, dict) else s._repr_mimebundle_()) for s in shown]
    text = [new_output("stream", name=name, text=words) for name, words in streams.items()]
    return new_code_cell(source, metadata={"tags": list(tags)}, outputs=rich + text)


def company_study() -> object:
    """A finding with every part filled."""
    from voclib.results import Check, Estimate, Study, Text, Verdict

    nps = Estimate(estimand="nps", kind="estimate", unit="points", value=18.2, conf_low=11.1, conf_high=25.3, std_error=3.6, n=8200,
                   n_effective=440, evidence_level=1, verdict=Verdict.REPORT_WITH_CAVEAT)
    naive = Estimate(estimand="nps", kind="estimate", unit="points", value=47, conf_low=45, conf_high=49, std_error=1, n=8200)
    limits = tuple((Text(f"不是说第 {k} 件事。", f"Not reading {k}."), Text("原因写在这里。", "The reason stands here.")) for k in (1, 2, 3))
    return Study(
        question=Text("把沉默的客户算进来，我们的 NPS 还是 47 吗？", "Is our NPS still 47 once silent customers count?"),
        answer=Text("大概不是。更可能在 18 上下。回访发现，没作答的人更不满意。", "Probably not. It is more likely around 18. Call-backs show why."),
        kicker=Text("谁没有被听见 · 2026 年第三季度", "Who is not heard · 2026 Q3"), headline=(nps,), naive=naive, verdict=Verdict.REPORT_WITH_CAVEAT,
        caveat=Text("100 位没有接通；如果他们更不满意，真实值会更低。", "100 were not reached; if they are less satisfied, the true score is lower."),
        decision=Text("暂停用 47 做考核。下季度回访 1,200 位。", "Stop using 47 for targets. Call 1,200 customers next quarter."), limits=limits,
        checks=(Check(Text("有效样本够用", "Enough effective answers"), True, Text("440，下限 100。", "440; the floor is 100.")),
                Check(Text("每类客户都有人作答", "Every kind answers"), False, Text("18% 无人作答。", "18% have no answer."),
                      Text("只给范围。", "Range only."))),
        seed=20260701)


def hostile_charts() -> list[object]:
    """Two charts whose data carry every hostile text, in labels and tooltips."""
    import altair as alt
    import pandas as pd

    from voclib.reporting import charts
    from voclib.results import Text

    frame = pd.DataFrame({"group": HOSTILE[:6], "estimate": [5.0, 8, 12, None, 20, -3], "conf_low": [1.0, 3, 7, 2, 15, -9],
                          "conf_high": [9.0, 13, 17, 28, 25, 3]})
    words = {"title": Text("六组中五组高于零", "Five of six groups lie above zero"),
             "subtitle": Text("NPS，分，横条 = 95% 区间", "NPS, points; bar = 95% interval")}
    first = charts.interval_plot(frame, **words, description=Text(f"五组高于零 {HOSTILE[3]}", f"Five lie above zero {HOSTILE[3]}"))
    points = pd.DataFrame({"x": range(len(HOSTILE)), "y": [k % 5 for k in range(len(HOSTILE))], "t": HOSTILE,
                           "unused_verbatim": "this column is nobody's business"})
    own = alt.Chart(points).mark_circle().encode(x="x:Q", y="y:Q", tooltip=["t:N"]).properties(height=200)
    words = {"title": Text(HOSTILE[0], HOSTILE[1]), "subtitle": Text(HOSTILE[2], HOSTILE[4]), "description": Text(HOSTILE[5], HOSTILE[6])}
    return [first, charts.chart(own, own, **words)]


@pytest.fixture(scope="session")
def hostile_notebook() -> object:
    """An executed notebook with everything a page can hold, and a dozen attacks in every place where text can come in."""
    import pandas as pd
    from nbformat.v4 import new_notebook

    from voclib.reporting import show
    from voclib.results import Text

    everything = "\n\n".join(HOSTILE)
    frame = pd.DataFrame({"verbatim": HOSTILE, "n": range(len(HOSTILE))})
    table = show.table(frame, title=Text("原话", "Verbatims"), columns={"verbatim": Text("原话", "Verbatim"), "n": Text("数量", "Count")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        return new_notebook(cells=[
            *prose("# 笔记本的问题？", "# The notebook's question?"),
            code("seed = 1\ncluster = \"dealer_id\"", tags=("parameters",)),
            code("import voclib"),
            *prose("## 数据\n\n每一行是一位客户的**一次**回答。", "## Data\n\nA row is **one** answer of one customer."),
            code("# What they wrote\nframe", {"text/html": frame.to_html(escape=False), "text/plain": "frame"}, table),
            *prose("## 方法\n\n$$\\theta=100\\cdot E[1(Y\\ge 9)-1(Y\\le 6)]$$", "## Method\n\n$$\\theta=100\\cdot E[1(Y\\ge 9)-1(Y\\le 6)]$$"),
            *prose(everything, everything),
            *prose("## 结果\n\n先看每组的区间是否含零。", "## Result\n\nSee first whether an interval holds zero."),
            code("# Intervals by group\n" + "\n".join(f"# {text}" for text in HOSTILE), *hostile_charts()),
            code("print(text)", {"text/plain": everything}, stdout=everything, stderr=everything),
            *prose("## 站得住吗？\n\n先看没通过的。", "## Does it hold?\n\nFailed ones first."),
            *prose("## 结论", "## Headline"),
            code("show.headline(study)", show.headline(company_study())),
        ])


@pytest.fixture(scope="session")
def charts_page(write_page: Callable[..., Path]) -> Path:
    """A page with one chart of every ready-made kind, one of them with dates and several lines."""
    import pandas as pd
    from nbformat.v4 import new_notebook

    from voclib.reporting import charts
    from voclib.results import Text

    words = {"title": Text("四月以后不再下降", "No further fall since April"), "subtitle": Text("NPS，分，按月", "NPS, points, by month"),
             "description": Text("NPS 从 30 降到 12，后来持平。", "NPS falls from 30 to 12, then stays.")}
    level = [30.0, 28, 22, 12, 13, 12, 14, 12, 13]
    months = pd.DataFrame({"month": pd.date_range("2026-01-01", periods=9, freq="MS"), "estimate": level})
    months = months.assign(conf_low=months.estimate - 6, conf_high=months.estimate + 6, region="north")
    holes = months.assign(month=months.month.dt.strftime("%Y-%m"), conf_low=months.conf_low.where(~months.index.isin([2, 4])))
    both = pd.concat([months, months.assign(region="south", estimate=months.estimate - 20, conf_low=months.conf_low - 20,
                                            conf_high=months.conf_high - 20)])
    groups = pd.DataFrame({"group": ["华北", "华东", "华南", "全部"], "estimate": [0.23, 0.31, None, None], "conf_low": [0.18, 0.25, 0.05, None],
                           "conf_high": [0.28, 0.37, 0.4, None]})
    answers = pd.DataFrame({"nps_score": [10, 9, 9, 8, 7, 6, 3, 0, 10, 10]})
    channels = pd.DataFrame({"channel": ["门店", "电话", "应用"], "n": [12_000, 8_200, 41]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        drawn = [charts.trend(holes, x="month", **words),
                 charts.trend(both, x="month", group="region", labels={"north": Text("北区", "North"), "south": Text("南区", "South")}, **words),
                 charts.interval_plot(groups, unit="share", **words), charts.distribution(answers, **words),
                 charts.bars(channels, label="channel", value="n", **words)]
        return write_page(new_notebook(cells=[*prose("# 四月之后？", "# After April?"), *prose("## 走势", "## Trend"), code("# Charts", *drawn)]))


@pytest.fixture(scope="session")
def write_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`write_page(notebook, standalone=False)` makes the page and its assets in a fresh folder, laid out as under reports/."""
    from voclib.reporting import page
    from voclib.results import Text

    def write(notebook: object, *, standalone: bool = False) -> Path:
        made = page.render(
            notebook, edition={"name": "sample", "title": {"zh": "样本公司", "en": "Sample company"}}, report="20-scores",
            provenance={"code": "4f2a91c07be3", "data": HOSTILE[3], "seed": 20260701, "packages": ["altair 6.3.0", HOSTILE[0]]},
            company=Text("辰星汽车（样本公司）", "Chenxing Motors (sample company)"), standalone=standalone,
            notice=Text("模拟数据 · 不是任何公司的结果。", "Simulated data · not a result about any company."))
        folder = tmp_path_factory.mktemp("reports")
        for name, content in {f"sample/{'one' if standalone else '20-scores'}.html": made.html.encode(),
                              **{f"_assets/{k}": v for k, v in made.assets.items()}}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        return folder / "sample" / ("one.html" if standalone else "20-scores.html")

    return write


@pytest.fixture(scope="session")
def hostile_page(hostile_notebook: object, write_page: Callable[..., Path]) -> Path:
    """The page of `hostile_notebook`."""
    return write_page(hostile_notebook)
