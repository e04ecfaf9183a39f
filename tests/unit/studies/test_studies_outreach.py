"""The part on outreach: reply rates, evenness, who is beaten, disturbance, opt-outs, what calls buy, refusals and both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken

from voclib.errors import ParameterError
from voclib.reporting import names, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.stats import missingness
from voclib.studies.survivorship import outreach

N, DEALERS = 4000, 40


def company(seed: int = 1) -> dict[str, pd.DataFrame]:
    """Everybody is asked once by text message (even, 30 %), once by e-mail (lopsided by spend, 30 %) and once on site (even, 10 %)."""
    rng = np.random.default_rng(seed)
    ids, spend = [f"C{i:05d}" for i in range(N)], rng.normal(size=N)
    dealers = [f"D{i % DEALERS:02d}" for i in range(N)]
    people = pd.DataFrame({"customer_id": ids, "unit_id": dealers, "segment": rng.choice(["a", "b"], N), "value_tier": "regular", "language": "zh",
                           "joined_on": pd.Timestamp("2024-01-01"), "is_contactable": True})
    snapshot = pd.DataFrame({"customer_id": ids, "asof_on": pd.Timestamp("2025-12-31"), "is_post": False, "recency_days": rng.integers(1, 90, N),
                             "contacts_12m": rng.poisson(3, N), "spend_12m_cny": spend, "complaints_12m": 0, "logins_90d": rng.poisson(5, N),
                             "open_share": rng.random(N)})
    sent, replies = [], []
    for k, (channel, trigger, chance) in enumerate([("sms", "repair", np.full(N, 0.3)), ("email", "sale", 0.3 + 0.25 * np.tanh(2 * spend)),
                                                    ("onsite", "call", np.full(N, 0.1))]):
        names_ = [f"I{k}-{i}" for i in ids]
        at = pd.Timestamp(f"2026-0{2 * k + 1}-15 04:00", tz="UTC")
        sent.append(pd.DataFrame({"invitation_id": names_, "touchpoint_id": [f"T{k}-{i}" for i in ids], "customer_id": ids, "channel": channel,
                                  "trigger": trigger, "sent_at": at, "wave": 0, "is_delivered": True, "is_opened": True}))
        replied = rng.random(N) < chance
        replies.append(pd.DataFrame({"response_id": [f"R{k}-{i}" for i in ids], "invitation_id": names_, "customer_id": ids, "channel": channel,
                                     "nps_score": rng.integers(4, 11, N)})[replied])
    return {"customers": people, "behaviours": snapshot, "invitations": pd.concat(sent, ignore_index=True),
            "responses": pd.concat(replies, ignore_index=True)}


TABLES = company()


@pytest.fixture(scope="module")
def found() -> outreach.Outreach:
    """The part for the planted company."""
    return outreach.design(TABLES, seed=4)


def words(made: outreach.Outreach) -> list[Text]:
    """Every sentence of the part."""
    said = spoken({k: dict(v) for k, v in made.captions.items()})
    for check in made.checks:
        said += [check.name, check.detail, *([check.consequence] if check.consequence else [])]
    shown = [*made.costs.values(), *made.waves, *(e for p in made.panels.values() for e in (*p.rates, *p.evenness))]
    return [*said, *(t for e in shown for t in (e.reason, e.needs) if t)]


class TestOptions:
    def test_rates_are_those_of_each_option(self, found) -> None:
        rates = {e.group: e for e in found.panels["channel"].rates}
        for channel in ("sms", "email", "onsite"):
            direct = TABLES["responses"]["channel"].eq(channel).sum() / N
            assert rates[channel].value == pytest.approx(direct, abs=0.002) and rates[channel].n_clusters == DEALERS
        rest = {e.group: e for e in found.panels["channel"].against_rest}
        assert rest["onsite"].conf_high < 0 < rest["sms"].conf_low

    def test_lopsided_replies_are_seen_and_even_ones_are_not(self, found) -> None:
        even = {e.group: e for e in found.panels["channel"].evenness}
        truth = 1 - 2 * (0.25 * np.tanh(2 * TABLES["behaviours"]["spend_12m_cny"])).std()
        assert even["email"].value == pytest.approx(truth, abs=0.06) and even["email"].conf_high < 0.8
        assert even["sms"].conf_high > 0.95 and even["sms"].value > 0.9

    def test_who_is_beaten(self, found) -> None:
        table = found.panels["channel"].pareto.set_index("option")
        assert not table.loc["sms", "is_dominated"] and table.loc["onsite", "is_dominated"] and table.loc["email", "is_dominated"]
        assert (table["reach_share"] == 1).all() and table.loc["sms", "messages_per_reply"] == pytest.approx(1 / 0.3, rel=0.1)

    def test_alike_options_do_not_beat_each_other(self) -> None:
        rng = np.random.default_rng(9)
        mixed = TABLES["invitations"].assign(channel=rng.choice(["sms", "app", "email"], len(TABLES["invitations"])))
        assert not outreach.design({**TABLES, "invitations": mixed}, by=["channel"]).panels["channel"].pareto["is_dominated"].any()

    def test_customers_of_whom_little_is_known_are_not_called_even(self) -> None:
        unknown = {k: v for k, v in TABLES.items() if k != "behaviours"}
        traits = ("segment", "value_tier", "language", "tenure_days", "recency_days")
        assert outreach.design(unknown, traits=traits).panels["channel"].evenness[0].kind == "estimate", "absent columns are no trait"
        late = {**TABLES, "behaviours": TABLES["behaviours"].assign(asof_on=pd.Timestamp("2026-12-31"))}
        refused = outreach.design(late).panels["channel"].evenness
        assert all(e.kind == "refusal" and "were known beforehand" in e.reason.en for e in refused)
        assert outreach.design(late).panels["channel"].pareto.empty

    def test_what_was_measured_after_the_invitation_is_left_out(self) -> None:
        post = {**TABLES, "behaviours": TABLES["behaviours"].assign(is_post=True)}
        assert all(e.kind == "refusal" for e in outreach.design(post).panels["channel"].evenness)


class TestCosts:
    def test_messages_and_opt_outs(self, found) -> None:
        assert found.costs["messages"].value == pytest.approx(1.5), "two messages in the first quarter, one in the second"
        assert found.disturbance["messages"].sum() == 3 * N and (found.disturbance["over_limit_share"] == 0).all()
        assert found.costs["opt_out"].kind == "refusal" and "is not in the data" in found.costs["opt_out"].reason.en
        lost = {**TABLES, "customers": TABLES["customers"].assign(is_contactable=np.arange(N) % 10 > 0)}
        assert outreach.design(lost).costs["opt_out"].value == pytest.approx(0.1, abs=0.01)
        unknown = {**TABLES, "customers": TABLES["customers"].assign(is_contactable=pd.array([pd.NA] * N, dtype="boolean"))}
        assert {e.kind for k, e in outreach.design(unknown).costs.items() if k in ("opt_out", "unreachable")} == {"refusal"}

    def test_calls_are_those_of_the_follow_up_design(self, found) -> None:
        recent = TABLES["invitations"]["sent_at"] > TABLES["invitations"]["sent_at"].max() - pd.Timedelta(days=90)
        asked = TABLES["invitations"][recent]
        spoke = asked["invitation_id"].isin(TABLES["responses"]["invitation_id"]).groupby(asked["customer_id"]).any()
        assert found.calls["cost"].tolist() == [40.0 * n for n in outreach.CALLS] and found.calls["half_width"].is_monotonic_decreasing
        half = missingness.followup_design(int((~spoke).sum()), int(spoke.sum()), 80.0, calls=outreach.CALLS, completion=0.7)["half_width"]
        assert (found.calls["half_width"] / half).std() < 0.02
        low = outreach.design(TABLES, expected_completion=0.3)
        assert (low.calls["mode"] == "bounds").all() and (low.calls["bounds_half_width"] > 0).all()

    def test_past_call_backs_say_how_many_answer(self) -> None:
        back = pd.DataFrame({"followup_id": [f"F{i}" for i in range(100)], "outcome": ["completed"] * 80 + ["refused"] * 20})
        assert "80% of calls completed, as in past call-backs" in outreach.design({**TABLES, "followups": back}).captions["calls"]["subtitle"].en


class TestWords:
    def test_everything_can_be_drawn_and_is_named(self, found) -> None:
        for kind, panel in found.panels.items():
            show.intervals(panel.rates, **found.captions[f"{kind}_rates"])
            show.intervals(panel.evenness, **found.captions[f"{kind}_evenness"])
            show.table(panel.pareto, **found.captions[f"{kind}_pareto"])
            assert all(names.find(e.estimand) for e in (*panel.rates, *panel.against_rest, *panel.evenness))
        show.intervals(found.waves, **found.captions["waves"])
        show.table(found.disturbance, **found.captions["disturbance"])
        show.table(found.calls, **found.captions["calls"])
        assert all(names.find(e.estimand) for e in found.costs.values()) and found.verdict is Verdict.REPORT_WITH_CAVEAT

    def test_both_languages_say_the_same_and_no_more_than_they_may(self, found) -> None:
        said = words(found)
        assert len(said) > 30 and all(t.zh and t.en for t in said)
        for text in said:
            assert figures(text.zh) == figures(text.en), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text

    def test_order_of_rows_changes_nothing(self, found) -> None:
        shuffled = {k: v.sample(frac=1, random_state=1).reset_index(drop=True) for k, v in TABLES.items()}
        again = outreach.design(shuffled, seed=4)
        for kind in outreach.BY:
            one, two = found.panels[kind], again.panels[kind]
            assert [e.value for e in two.rates] == pytest.approx([e.value for e in one.rates])
            assert [e.value for e in two.evenness] == pytest.approx([e.value for e in one.evenness], abs=1e-6)


class TestRefused:
    @pytest.mark.parametrize("name", ["invitations", "responses", "customers"])
    def test_without_a_table(self, name: str) -> None:
        made = outreach.design({k: v for k, v in TABLES.items() if k != name})
        assert made.verdict is Verdict.REFUSE and "There is no table of" in made.waves[0].reason.en and made.calls.empty
        show.intervals(made.waves, **made.captions["waves"])
        assert all(t.zh and t.en for t in words(made))
        for name, table in (("trigger_pareto", made.panels["trigger"].pareto), ("disturbance", made.disturbance)):
            show.table(table, **made.captions[name])

    def test_where_nothing_was_delivered_nobody_was_disturbed(self) -> None:
        made = outreach.design({**TABLES, "invitations": TABLES["invitations"].assign(is_delivered=False)})
        show.table(made.disturbance, **made.captions["disturbance"])
        assert made.disturbance.empty and made.costs["messages"].kind == "refusal"

    @pytest.mark.parametrize("kept", [0, 1])
    def test_options_that_cannot_be_compared_are_not_said_to_be_alike(self, kept: int) -> None:
        """Of no option, or one, none 'stands out': there is nothing to stand out from."""
        sent = TABLES["invitations"]
        made = outreach.design({**TABLES, "invitations": sent[sent["channel"].eq("sms")] if kept else sent.assign(is_delivered=False),
                                "responses": TABLES["responses"] if kept else TABLES["responses"].assign(invitation_id="?")})
        assert made.captions["channel_rates"]["title"].en == "Fewer than two channels can be compared by reply rate"

    def test_few_replies_give_no_evenness(self) -> None:
        few = {**TABLES, "responses": TABLES["responses"].groupby("channel").head(20)}
        made = outreach.design(few)
        assert all(e.kind == "refusal" and "too few to see" in e.reason.en for e in made.panels["channel"].evenness)

    @pytest.mark.parametrize(("options", "message"), [
        ({"by": ["triggers"]}, "not 'triggers'; did you mean 'trigger'"), ({"traits": ["segmant"]}, "no trait 'segmant'; did you mean 'segment'"),
        ({"expected_completion": 0.0}, "a share in .0, 1."), ({"cost_per_call_cny": -1.0}, "cost_per_call_cny is not below zero")])
    def test_what_makes_no_sense(self, options: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            outreach.design(TABLES, **options)
