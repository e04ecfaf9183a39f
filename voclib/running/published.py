"""Published reports as they stand somewhere: in a folder, in one file, or in a git revision that nobody checks out."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from voclib.errors import DataError, ParameterError, RunError, nearest

_NEEDS = {"notebook", "edition", "headline", "provenance"}


@dataclass(frozen=True)
class Published:
    """Reports of one edition, notebook → content of `<report>.json`; `revision` is the commit they were read from, empty for files on disk.

    `is_single` where one report was named rather than a folder.
    """

    name: str
    edition: str
    findings: Mapping[str, Mapping[str, Any]]
    revision: str = ""
    is_single: bool = False


def read(spec: str | Path, *, root: Path, edition: str | None = None) -> Published:
    """The reports that `spec` names: a folder of one edition, a folder of editions (then with `edition`), one `.json`, or a git revision.

    A revision is written as git writes it (`HEAD~3`, `v1.2`), alone for `reports/` or with a folder or file (`v1.2:reports/sample`). Paths are
    looked for from the working directory, then from `root`.

    Raises
    ------
    ParameterError
        if there is no such path or revision, or a folder of several editions is named without `edition`.
    DataError
        if there are no reports in it, or git cannot be called.
    RunError
        names a report that is no JSON.
    """
    name = str(spec)
    path = next((p for p in (Path(spec), root / spec) if p.exists()), None)
    if path is None:
        return _at_revision(name, root, edition)
    if path.is_file():
        return _chosen(name, {path.name: path.read_bytes()}, edition, is_single=True)
    own = {p.name: p.read_bytes() for p in sorted(path.glob("*.json"))}
    below = {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.glob("*/*.json"))}
    return _chosen(name, own or below, edition)


def only(spec: str | Path, *, root: Path) -> str | None:
    """The edition of what `spec` names where that is one, None where there are several or what is named cannot be read: `read` tells that."""
    try:
        return read(spec, root=root).edition
    except (ParameterError, DataError):
        return None


def _chosen(name: str, files: Mapping[str, bytes], edition: str | None, *, revision: str = "", is_single: bool = False) -> Published:
    """The reports of one edition among files."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for file, content in files.items():
        if (finding := _finding(file, content, name)) is not None:
            found.setdefault(str(finding["edition"]), {})[str(finding["notebook"])] = finding
    if not found:
        there = f"it holds {', '.join(sorted(files))}, none of which is a report" if files else "it holds no .json file"
        raise DataError(f"There are no reports in {name}: {there}; publish with 'voc run', or name a folder such as reports/sample.")
    if edition is None and len(found) > 1:
        raise ParameterError(f"{name} holds the editions {', '.join(sorted(found))}; choose one with --edition, or name its folder.")
    chosen = edition or next(iter(found))
    if chosen not in found:
        raise ParameterError(f"{name} holds no report of the edition '{chosen}'; {nearest(chosen, found)}")
    return Published(name, chosen, dict(sorted(found[chosen].items())), revision, is_single)


def _finding(file: str, content: bytes, name: str) -> Mapping[str, Any] | None:
    """A report's content; None for a JSON file that is no report."""
    try:
        value = json.loads(content)
    except ValueError as error:
        raise RunError(f"{file} in {name} is not JSON ({error}); restore it from git or run with --force.") from error
    return value if isinstance(value, dict) and value.keys() >= _NEEDS else None


def _at_revision(name: str, root: Path, edition: str | None) -> Published:
    revision, _, inside = name.partition(":")
    commit = _commit(revision, name, root)
    place = inside or (f"reports/{edition}" if edition else "reports")
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, "--", f"./{place}")
    files = [f for f in listed.decode("utf-8").split("\0") if f.endswith(".json") and PurePosixPath(f).parts]
    if not files:
        there = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, "--", "./reports").decode("utf-8").split("\0")
        folders = sorted({str(PurePosixPath(f).parent) for f in there if f.endswith(".json")})
        raise DataError(f"There are no reports in {place} at revision {revision}; {nearest(place, folders)}")
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit, "--", *files))) as archive:
        contents = {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}
    return _chosen(name, contents, edition, revision=commit, is_single=inside.endswith(".json"))


def _commit(revision: str, name: str, root: Path) -> str:
    """The commit a revision names; what is not asked of git: anything that looks like an option."""
    done = _called(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") if revision and not revision.startswith("-") else None
    if done is not None and done.returncode == 0:
        return done.stdout.decode("ascii").strip()
    if _called(root, "rev-parse", "--git-dir").returncode != 0:
        raise ParameterError(f"There is no folder or report {name}, and this is not a git repository; name a folder such as reports/sample.")
    names = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags").decode("utf-8").split()
    raise ParameterError(f"There is no folder or report {name}, and git knows no revision '{revision}'. Name a folder such as "
                         f"reports/sample, a report's .json, or a revision such as HEAD~1; {nearest(revision, ['HEAD', *names])}")


def _git(root: Path, *arguments: str) -> bytes:
    done = _called(root, *arguments)
    if done.returncode != 0:
        raise DataError(f"git {arguments[0]} failed: {done.stderr.decode('utf-8', 'replace').strip()}; compare folders instead.")
    return done.stdout


def _called(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise DataError("git is not installed, so no revision can be read; compare folders instead.") from error


def pairs(old: Published, new: Published) -> Iterable[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Notebook, its old and its new report, by notebook; where one report was named, that one alone.

    Raises
    ------
    ParameterError
        if the editions differ, or the one report named has no counterpart.
    """
    if old.edition != new.edition:
        raise ParameterError(f"{old.name} holds the edition '{old.edition}', {new.name} '{new.edition}'; compare two states of one edition.")
    names = old.findings.keys() | new.findings.keys()
    for one, other in ((old, new), (new, old)):
        if one.is_single:
            names = set(one.findings)
            if missing := names - other.findings.keys():
                raise ParameterError(f"{other.name} holds no report of {', '.join(missing)}; {nearest(next(iter(missing)), other.findings)}")
    return [(name, old.findings.get(name), new.findings.get(name)) for name in sorted(names)]
