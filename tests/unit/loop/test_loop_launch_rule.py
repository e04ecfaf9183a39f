"""The file of the launch gate's rule, and the closed forms of its error rates."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import norm

from voclib.errors import ParameterError
from voclib.loop.launch_gate import odds
from voclib.loop.launch_gate import rule as launch_rule
from voclib.loop.launch_gate.rule import Rule

ROOT = Path(__file__).resolve().parents[3]
RULE = Rule(margin=0.05)
GIVEN = {"share": 0.4, "n": 400, "n_benchmark": 400, "concepts": 4}


class TestFile:
    def test_the_published_file(self) -> None:
        rule = launch_rule.load(ROOT / launch_rule.TEMPLATE)
        assert (rule.margin, rule.false_green, rule.family) == (0.05, 0.05, "bonferroni")
        assert rule.level == pytest.approx(0.9)
        assert rule.title("露营版皮卡").en == "Camping pickup" and rule.title("别的").en == "别的"

    @pytest.mark.parametrize(("text", "said"), [
        ("margn: 0.05\n", "margin"), ("family: holm\n", "margin"), ("margin: 5\n", "0.5"), ("margin: 0.05\nfamily: bonferoni\n", "bonferroni"),
        ("margin: 0.05\nfewest: 2\n", "10"), ("margin: 0.05\npower: 1.5\n", "power")])
    def test_what_is_wrong_is_said(self, tmp_path: Path, text: str, said: str) -> None:
        path = tmp_path / "launch.yml"
        path.write_text(text, "utf-8")
        with pytest.raises(ParameterError, match=said):
            launch_rule.load(path)


class TestOdds:
    def test_at_the_margin_the_chance_is_the_error_rate_itself(self) -> None:
        assert odds.chance(RULE, "green", RULE.margin, **GIVEN) == pytest.approx(0.05 / 4)
        assert odds.chance(RULE, "red", -RULE.margin, **GIVEN) == pytest.approx(0.05 / 4)

    def test_more_answers_see_more(self) -> None:
        small = odds.chance(RULE, "green", 0.1, **GIVEN)
        assert odds.chance(RULE, "green", 0.1, **{**GIVEN, "n": 4000, "n_benchmark": 4000}) > small
        assert odds.chance(RULE, "green", 0.1, **GIVEN, together=0.5) > small

    def test_needed_by_hand(self) -> None:
        """(z + z)²·(p₀q₀ + p₁q₁)/m² with z of α/4 and of 80 % power."""
        spread = 0.4 * 0.6 + 0.5 * 0.5
        by_hand = (norm.isf(0.0125) + norm.ppf(0.8)) ** 2 * spread / 0.05**2
        assert odds.needed(RULE, share=0.4, concepts=4) == pytest.approx(by_hand, abs=1)

    def test_with_the_answers_needed_the_gate_has_told_and_with_fewer_not(self) -> None:
        n = odds.needed(RULE, share=0.4, concepts=4)
        told = {"share": 0.4, "concepts": 4}
        assert odds.has_told(RULE, n=n, n_benchmark=n, **told)
        assert not odds.has_told(RULE, n=int(0.98 * n), n_benchmark=int(0.98 * n), **told)

    def test_a_side_where_no_share_can_lie_asks_for_nothing(self) -> None:
        assert odds.chance(RULE, "red", -0.1, **{**GIVEN, "share": 0.06}) == 0.0
        assert odds.chance(RULE, "green", 0.1, **{**GIVEN, "share": 0.96}) == 0.0
        assert odds.needed(RULE, share=0.999, concepts=1) >= RULE.fewest
        assert odds.tells(RULE, 0.0, 1) is None
