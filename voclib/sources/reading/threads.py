"""Which thread a message belongs to, from what it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def roots(refers: Mapping[str, Sequence[str]], instants: Mapping[str, float]) -> dict[str, str]:
    """Message-ID → the Message-ID its thread began with.

    `refers` holds what each message refers to (References, oldest first, then In-Reply-To), `instants` when it was sent. Messages tied
    by a reference, also to one that is not there, are a thread; it began with the message that refers to none, the earliest where there
    are several (a circle of references, a forged one), the smaller Message-ID where they are equally early. The order of messages does
    not matter.
    """
    parent: dict[str, str] = {}
    answers: set[str] = set()
    for identifier, named in refers.items():
        chain = [*named, identifier]
        for earlier, later in zip(chain, chain[1:], strict=False):
            _join(parent, earlier, later)
            if earlier != later:
                answers.add(later)
        _find(parent, identifier)
    threads: dict[str, list[str]] = {}
    for identifier in parent:
        threads.setdefault(_find(parent, identifier), []).append(identifier)
    began = {top: min([one for one in members if one not in answers] or members, key=lambda one: (instants.get(one, float("inf")), one))
             for top, members in threads.items()}
    return {identifier: began[_find(parent, identifier)] for identifier in refers}


def _find(parent: dict[str, str], identifier: str) -> str:
    top = parent.setdefault(identifier, identifier)
    while parent[top] != top:
        parent[top] = parent[parent[top]]  # halving keeps long threads short
        top = parent[top]
    return top


def _join(parent: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_find(parent, one), _find(parent, other)))
    parent[second] = first
