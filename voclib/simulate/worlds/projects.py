"""Recommendations, what was decided about them, and the projects that followed: some move their measure, three do nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.worlds.batches import PARTS

TOPICS = ("waiting_time", "parts_price", "delivery_delay", "service_advisor", "lounge", "booking", "sales_attitude", "warranty")
"""What the frontline makes suggestions about."""
RECOMMENDED, ADOPTED, REJECTED, PROJECTS, IDLE = 40, 18, 12, 16, 3
EFFECT = (0.3, 0.6)
SPIKE_DAYS = 75
"""So many days before its charter a project's subject is reported more often than usual, and would have gone back by itself."""
SPIKE = (1.3, 1.8)
NEVER = 1_000_000
PENDING, YES, NO = range(3)


@dataclass(frozen=True)
class Projects:
    """Arrays over projects (16,) and recommendations (40,); days count from the first day, NEVER is a day that has not come.

    `subject` below the number of parts is a part, else a topic of suggestions. `effect` is the share by which the rate of the subject
    falls from landing on, `spike` the factor on its rate over the days before the charter.
    """

    subject: np.ndarray
    chartered: np.ndarray
    due: np.ndarray
    landed: np.ndarray
    evaluated: np.ndarray
    effect: np.ndarray
    spike: np.ndarray
    idle: np.ndarray
    about: np.ndarray
    proposed: np.ndarray
    decision: np.ndarray
    decided: np.ndarray
    project: np.ndarray

    def factors(self, day: np.ndarray, *, parts: bool) -> np.ndarray:
        """What every subject's usual rate is multiplied by on the given days; shape (n, parts) or (n, topics)."""
        first, count = (0, len(PARTS)) if parts else (len(PARTS), len(TOPICS))
        made = np.ones((len(day), count))
        for i in np.flatnonzero((self.subject >= first) & (self.subject < first + count)):
            before = (day >= self.chartered[i] - SPIKE_DAYS) & (day < self.chartered[i])
            made[:, self.subject[i] - first] *= np.where(day >= self.landed[i], 1 - self.effect[i], np.where(before, self.spike[i], 1.0))
        return made


def make(rng: np.random.Generator, *, days: int, spared: int) -> Projects:
    """Forty recommendations over five quarters; 45 % adopted, 30 % rejected. `spared` is a part that no project is about."""
    proposed = np.sort((np.arange(RECOMMENDED) // 8 * (days / 5) + rng.random(RECOMMENDED) * days / 5).astype(int))
    last = np.argsort(proposed + rng.normal(scale=60, size=RECOMMENDED))
    decision = np.full(RECOMMENDED, PENDING)
    settled = rng.permutation(last[: ADOPTED + REJECTED])
    decision[settled[:ADOPTED]], decision[settled[ADOPTED:]] = YES, NO
    decided = np.where(decision == PENDING, NEVER, np.minimum(proposed + rng.integers(5, 41, RECOMMENDED), days - 1))
    adopted = np.flatnonzero(decision == YES)[np.argsort(decided[decision == YES], kind="stable")]
    subjects = rng.permutation(np.setdiff1d(np.arange(len(PARTS) + len(TOPICS)), [spared]))
    about, project = subjects[rng.integers(0, subjects.size, RECOMMENDED)], np.full(RECOMMENDED, -1)
    orphan, joins = rng.permutation(np.arange(2, ADOPTED))[:2]  # one adopted and forgotten, one that goes into an earlier project
    own = np.setdiff1d(np.arange(ADOPTED), [orphan, joins])
    project[adopted[own]], about[adopted[own]] = np.arange(PROJECTS), subjects[:PROJECTS]
    earlier = own[own < joins][-1]
    project[adopted[joins]], about[adopted[joins]] = project[adopted[earlier]], about[adopted[earlier]]
    chartered = np.minimum(decided[adopted[own]] + rng.integers(3, 21, PROJECTS), days - 1)
    return Projects(about=about, proposed=proposed, decision=decision, decided=decided, project=project,
                    **_run(rng, subjects[:PROJECTS], chartered, days=days))


def _run(rng: np.random.Generator, subject: np.ndarray, chartered: np.ndarray, *, days: int) -> dict[str, np.ndarray]:
    """Deadlines, landings (a third late, two stuck), evaluations a month later, and effects."""
    allowed = rng.integers(50, 121, PROJECTS)
    late = rng.random(PROJECTS) < 1 / 3
    takes = np.round(allowed * np.where(late, rng.uniform(1.1, 1.6, PROJECTS), rng.uniform(0.55, 0.95, PROJECTS))).astype(int)
    landed = np.where(chartered + takes < days, chartered + takes, NEVER)
    landed[rng.permutation(PROJECTS // 2)[:2]] = NEVER
    evaluated = landed + rng.integers(28, 36, PROJECTS)
    evaluated[(rng.random(PROJECTS) < 0.35) | (evaluated >= days)] = NEVER
    idle = np.zeros(PROJECTS, dtype=bool)
    idle[rng.permutation(np.argsort(landed, kind="stable")[:6])[:IDLE]] = True  # landed early, so that there is time to see nothing happen
    effect = np.where(idle | (landed == NEVER), 0.0, rng.uniform(*EFFECT, PROJECTS))
    return {"subject": subject, "chartered": chartered, "due": chartered + allowed, "landed": landed, "evaluated": evaluated, "effect": effect,
            "spike": rng.uniform(*SPIKE, PROJECTS), "idle": idle}
