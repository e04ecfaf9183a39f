"""Long work tells how far it is: a function of (done, total, what), and the bar that draws it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int, str], None]


@contextmanager
def bar(what: str, *, quiet: bool = False) -> Iterator[Progress | None]:
    """A progress bar on stderr, or under the cell of a notebook; None where nobody watches: `quiet`, or a batch run (`VOC_BATCH`).

    `with progress.bar("topics") as told: study(…, progress=told)`. Where the total changes, another stage has begun and the bar starts anew.
    """
    if quiet or os.environ.get("VOC_BATCH"):
        yield None
        return
    drawn = None

    def told(done: int, total: int, label: str = "") -> None:
        nonlocal drawn
        if total and drawn is None:
            from tqdm import tqdm

            drawn = tqdm(total=total, desc=what, file=sys.stderr, bar_format="{desc} {bar:24} {n_fmt}/{total_fmt} {postfix}", leave=False,
                         disable=False if "ipykernel" in sys.modules else None)  # None: drawn on a terminal only, which a notebook is not
        if drawn is not None:
            drawn.set_postfix_str(label, refresh=False)
            if total != drawn.total:
                drawn.reset(total)
            drawn.update(done - drawn.n)

    try:
        yield told
    finally:
        if drawn is not None:
            drawn.close()
