"""The portal and what belongs to all editions together: registry, shared assets, reports nobody publishes any more."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voclib.errors import RunError
from voclib.running import registry
from voclib.running.edition import load
from voclib.running.workspace import Workspace, digest, dumps, file_digest, read_json, write

_PACKAGE = Path(__file__).resolve().parent.parent


def findings(space: Workspace) -> list[dict[str, Any]]:
    """The findings of all published reports, by edition and notebook.

    Raises
    ------
    RunError
        names a report file that is no JSON.
    """
    found = []
    for path in sorted(space.reports.glob("*/*.json")):
        try:
            found.append(json.loads(path.read_text("utf-8")))
        except ValueError as error:
            raise RunError(f"{space.shown(path)} is not JSON ({error}); restore it from git or run with --force.") from error
    return sorted(found, key=lambda f: (f["edition"], f["notebook"]))


def refresh(space: Workspace) -> Path:
    """Bring registry, portal and assets in line with the reports on disk; returns the portal's path.

    The portal is drawn again only if a finding, the registry or our own code changed, and never before a first report.
    """
    published = findings(space)
    portal, known_path = space.reports / "index.html", space.build / "portal.json"
    if not published:
        return portal
    before = registry.before(registry.update(space.reports / "registry.jsonl", published))
    code = {p.relative_to(_PACKAGE).as_posix(): file_digest(p) for p in sorted((_PACKAGE / "reporting").rglob("*"))
            if p.is_file() and "__pycache__" not in p.parts}
    editions = _editions(space, published)
    key = digest(dumps([published, before, code, editions]))
    if not portal.is_file() or read_json(known_path) != {"key": key, "portal": file_digest(portal)}:
        _draw(space, portal, published, before, editions)
        write(known_path, dumps({"key": key, "portal": file_digest(portal)}).encode())
    return portal


def remove_dropped(space: Workspace, edition: str, notebooks: list[str]) -> list[Path]:
    """Take away the reports of notebooks that an edition no longer names; git keeps them."""
    dropped = [p for p in sorted((space.reports / edition).glob("*")) if p.suffix in (".html", ".json") and p.stem not in notebooks]
    for path in dropped:
        path.unlink()
    return dropped


def remove_unused_assets(space: Workspace) -> list[Path]:
    """Take away shared assets whose name stands in no page."""
    pages = [p.read_text("utf-8") for p in sorted(space.reports.rglob("*.html"))]
    named = {name for text in pages for name in re.findall(r"_assets/([A-Za-z0-9._-]+)", text)}
    unused = [p for p in sorted((space.reports / "_assets").glob("*")) if p.name not in named]
    for path in unused:
        path.unlink()
    return unused


def _editions(space: Workspace, published: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Published editions with their texts, in the order of the portal: those without a notice (own data) first, then the fullest."""
    counts = Counter(f["edition"] for f in published)
    texts = []
    for name in counts:
        path = space.root / "params" / f"{name}.yml"
        bare = {"title": {"zh": name, "en": name}, "company": None, "notice": None}
        told = load(path).model_dump(mode="json", include={"title", "company", "notice"}) if path.is_file() else bare
        texts.append({"name": name, **told})
    return sorted(texts, key=lambda e: (e["notice"] is not None, -counts[e["name"]], e["name"]))


def _draw(space: Workspace, portal: Path, published: list[dict[str, Any]], before: list[Mapping[str, Any]], editions: list[dict[str, Any]]) -> None:
    from voclib.reporting.portal import changes, render

    companies = [e["company"] for e in editions]
    company = companies[0] if all(c == companies[0] for c in companies) else None
    write(portal, render(published, editions=editions, changes=changes(before, published), company=company).encode())
    remove_unused_assets(space)
