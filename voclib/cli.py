"""The command line: `voc simulate | ingest | run | index | verify | compare | trace | doctor | new`."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.errors import DataError, ParameterError, VocError
from voclib.progress import bar

if TYPE_CHECKING:
    from voclib.running.inputs import Built
    from voclib.running.workspace import Workspace

_EXAMPLES = """\
examples:
  voc simulate                                  build the sample company under data/sample
  voc ingest params/rules/sample.yml            read raw exports, print how usable they are
  voc run params/sample.yml                     publish the sample edition; unchanged notebooks are not run again
  voc run params/sample.yml --only 20-scores -p seed=7
  voc verify params/sample.yml                  run again elsewhere and compare with the committed reports
  voc compare HEAD~1 reports/sample             what moved since the last commit, and why
  voc trace S00000123                           which file and row it came from, and which reports count it
  voc doctor                                    what is missing here, and the command that mends it
  voc new study 33-referrals --question-zh 谁带来了新客户？ --question-en "Who brings new customers?"
"""
_RUN_EXAMPLES = """\
examples:
  voc run params/sample.yml                     everything that changed
  voc run params/sample.yml --only 20-scores    one notebook
  voc run params/sample.yml -p seed=7           a parameter for every notebook that declares it
  voc run params/sample.yml --force --jobs 1    everything again, one at a time
  voc run params/sample.yml --standalone        also one-file pages for e-mail, under build/standalone/
"""


_INGEST_EXAMPLES = """\
example:
  voc ingest params/rules/sample.yml --root ~/exports/june

Write the day of the export into the mapping (as_of: 2026-06-30): a date after it, such as a mistyped year, is then set aside with its reason. Today's
date is never used, so that the same exports always give the same tables. Without as_of, only dates far from all others are noticed.
"""
_COMPARE_EXAMPLES = """\
examples:
  voc compare HEAD~1 reports/sample             a revision beside what lies on disk
  voc compare v1.2:reports/sample HEAD:reports/sample
  voc compare reports build/reports --edition sample
  voc compare HEAD~1 reports/sample --json      for a program

Data, code, definition (formulas, parameters, thresholds) and packages are distinguished by what each report records about itself.
"""
_TRACE_EXAMPLES = """\
examples:
  voc trace S00000123                           a voice
  voc trace C0000042                            a customer's number as in the export; only its pseudonym is looked for and shown
  voc trace B00000777 --edition params/mine.yml
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 for success, 1 for an error of ours told in words, 2 for wrong usage, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.do(arguments)
    except VocError as error:
        print(f"voc {arguments.command}: {error}", file=sys.stderr)
        if isinstance(error, DataError) and error.problems is not None and len(error.problems):
            print(error.problems.head(20).to_string(index=False), file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the answer, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if not (why := _unwritten(error)):
            raise
        print(f"voc {arguments.command}: {why} What was there before stands; run the same command again then.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = "finished reports are kept" if arguments.command in ("run", "verify") else "what was there before stands"
        print(f"voc {arguments.command}: interrupted; {kept}", file=sys.stderr)
        return 130


def _unwritten(error: OSError) -> str:
    """Why the machine took no more bytes, and what helps; empty for any other error of the system, which is ours to mend."""
    what = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{what}, or the share of it that is yours; free some room: the build/ folder may go, and so may old files under /tmp."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"no permission to write here{what}; work in a folder of your own, or have its rights changed."
    return ""


def _parser() -> argparse.ArgumentParser:
    shape = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(prog="voc", description="From channel exports to published, reproducible reports.", epilog=_EXAMPLES, **shape)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    one = commands.add_parser("simulate", help="build the sample company, with planted truth", **shape,
                              epilog="examples:\n  voc simulate\n  voc simulate --customers 1000000 --out data/large\n")
    one.add_argument("--customers", type=_positive, default=20_000, metavar="N", help="number of customers (default 20000)")
    one.add_argument("--seed", type=int, default=20260701, metavar="S", help="the same seed gives the same company (default 20260701)")
    one.add_argument("--out", default="data/sample", metavar="FOLDER", help="where to build it (default data/sample)")
    one.add_argument("--force", action="store_true", help="build into a folder that holds something else; its raw/ is deleted")
    _quiet(one).set_defaults(do=_simulate)
    one = commands.add_parser("ingest", help="read raw exports into standard tables, score them and report what is odd", **shape,
                              epilog=_INGEST_EXAMPLES)
    one.add_argument("mapping", help="mapping file: which column of which export is which standard column")
    one.add_argument("--root", metavar="FOLDER", help="folder of the raw files, instead of the one the mapping names")
    one.add_argument("--if-changed", action="store_true", help="do nothing if the mapping, raw files and code are unchanged")
    _quiet(one).set_defaults(do=_ingest)
    one = commands.add_parser("run", help="publish an edition", epilog=_RUN_EXAMPLES, **shape)
    one.add_argument("edition", help="edition file, such as params/sample.yml")
    one.add_argument("-p", dest="overrides", action="append", default=[], metavar="NAME=VALUE", help="set a parameter; may be repeated")
    one.add_argument("--only", action="append", metavar="NOTEBOOK", help="run only this notebook; may be repeated")
    one.add_argument("--force", action="store_true", help="run unchanged notebooks too")
    one.add_argument("--standalone", action="store_true", help="also write one-file pages for e-mail")
    _quiet(_jobs(one)).set_defaults(do=_run)
    commands.add_parser("index", help="rebuild the portal from the published reports", **shape).set_defaults(do=_index)
    one = commands.add_parser("verify", help="run an edition again and compare with what is published", **shape)
    one.add_argument("edition", help="edition file, such as params/sample.yml")
    _quiet(_jobs(one)).set_defaults(do=_verify)
    _asking(commands, shape)
    return parser


def _asking(commands: Any, shape: Mapping[str, Any]) -> None:
    """The commands that answer questions about what is there."""
    one = commands.add_parser("compare", help="what moved between two states of the reports, and why", epilog=_COMPARE_EXAMPLES, **shape)
    one.add_argument("old", help="a folder of reports, one report's .json, or a git revision such as HEAD~1 or v1.2:reports/sample")
    one.add_argument("new", help="the same, of the newer state")
    one.add_argument("--edition", metavar="NAME", help="which edition, where a folder or revision holds several")
    one.add_argument("--json", action="store_true", help="everything, both languages, for a program")
    _lang(one).set_defaults(do=_compare)
    one = commands.add_parser("trace", help="where one identifier comes from, and which reports count it", epilog=_TRACE_EXAMPLES, **shape)
    one.add_argument("identifier", help="of a voice, case, booking, contact, customer, dealer … as in the export")
    one.add_argument("--edition", default="params/sample.yml", metavar="FILE", help="edition to search (default params/sample.yml)")
    _lang(one).set_defaults(do=_trace)
    one = commands.add_parser("doctor", help="what is missing here, and the command that mends it", **shape)
    _lang(one).set_defaults(do=_doctor)
    one = commands.add_parser("new", help="start something new in the pattern of what is there", **shape)
    kinds = one.add_subparsers(dest="kind", required=True, metavar="kind")
    one = kinds.add_parser("study", help="a notebook, its study, its words, its test, and a line in an edition", **shape,
                           epilog="example:\n  voc new study 33-referrals --question-zh 谁带来了新客户？ --question-en 'Who brings new customers?'\n")
    one.add_argument("name", help="two digits, then words: 33-referrals; the tens digit is the stage (0 data … 3 links and money … 9 validation)")
    one.add_argument("--question-zh", required=True, metavar="TEXT", help="the question the page answers, in Chinese")
    one.add_argument("--question-en", required=True, metavar="TEXT", help="the same in English")
    one.add_argument("--edition", default="sample", metavar="NAME", help="edition it joins (default sample)")
    _lang(one).set_defaults(do=_new_study)


def _lang(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--lang", choices=("zh", "en"), default="en", help="language of the answer (default en)")
    return parser


def _jobs(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one per processor)")
    return parser


def _quiet(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 1 or more")
    return int(text)


def _simulate(arguments: argparse.Namespace) -> int:
    from voclib.running.inputs import Built
    from voclib.running.workspace import find
    from voclib.simulate import refuse_others

    space = find(Path.cwd())
    built, out = Built(space), (space.root / arguments.out).resolve()
    if not arguments.force and not built.knows(space.shown(out)):
        refuse_others(out, space.shown(out))

    def build() -> None:
        from voclib.simulate import build as simulate

        with bar("simulate", quiet=arguments.quiet) as progress:
            simulate(out, customers=arguments.customers, seed=arguments.seed, progress=progress)

    fresh = built.ensure(space.shown(out), built.simulation(arguments.customers, arguments.seed), build)
    if not arguments.quiet:
        print(f"{'Built' if fresh else 'Unchanged:'} {space.shown(out)} ({arguments.customers} customers, seed {arguments.seed})")
    return 0


def _ingest(arguments: argparse.Namespace) -> int:
    from voclib.running.inputs import Built
    from voclib.running.workspace import find
    from voclib.sources import ingest

    if arguments.if_changed and arguments.root is None:
        space = find(Path.cwd())
        fresh = _read_if_changed(space, Built(space), arguments.mapping, quiet=arguments.quiet)
        print(f"{'Read' if fresh else 'Unchanged:'} {arguments.mapping}")
        return 0

    with bar("ingest", quiet=arguments.quiet) as progress:
        pool = ingest(arguments.mapping, root=arguments.root, progress=progress)
    print(_scorecard(pool.scorecard))
    if not arguments.quiet:
        print(pool.findings("en"))
    return 0


def _scorecard(card: Mapping[str, Any]) -> str:
    """The scorecard of an import as a table: one line a channel, then the total; rows = unchanged + repaired + quarantined."""
    head = ("channel", "files", "rows", "unchanged", "repaired", "quarantined", "valid voices", "most often missing")
    lines = [head]
    for channel, row in {**card["channels"], "total": {**card["totals"], "files": len(card["files"])}}.items():
        share = f"{row['valid_share']:.1%}" if row.get("voices") else "–"
        missing = ", ".join(f"{item['fields']} ({item['n']:,})" for item in row.get("missing_required", [])[:2])
        counts = [f"{row[name]:,}" for name in ("files", "rows_read", "clean", "repaired", "quarantined")]
        lines.append((channel, *counts, share, missing))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    last = len(head) - 1
    shown = [f"{card['company']['en']} ({card['name']})"]
    for line in lines:
        cells = [text.ljust(w) if i in (0, last) else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths, strict=True))]
        shown.append("  ".join(cells).rstrip())
    return "\n".join(shown)


def _run(arguments: argparse.Namespace) -> int:
    from voclib.running import run

    overrides, only = _overrides(arguments.overrides), tuple(arguments.only) if arguments.only else None
    _ingest_inputs(arguments, overrides=overrides, only=only)
    with bar("run", quiet=arguments.quiet) as progress:
        result = run(arguments.edition, overrides=overrides, only=only, force=arguments.force, jobs=arguments.jobs, progress=progress,
                     standalone=arguments.standalone)
    for path in result.standalone:
        print(path)
    print(f"{len(result.executed)} executed, {len(result.skipped)} unchanged")
    print(result.portal)
    return 0


def _index(arguments: argparse.Namespace) -> int:
    from voclib.running import refresh
    from voclib.running.workspace import find

    portal = refresh(find(Path.cwd()))
    if not portal.is_file():
        raise DataError("There are no reports under reports/; run 'voc run params/sample.yml' first.")
    print(portal)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from voclib.running import verify

    _ingest_inputs(arguments)
    with bar("verify", quiet=arguments.quiet) as progress:
        result = verify(arguments.edition, jobs=arguments.jobs, progress=progress)
    for one in result.comparisons:
        print(("ok    " if one.passed else "FAIL  ") + one.message)
    print(f"largest relative difference {result.difference:.1e}: {'the edition repeats' if result.passed else 'the edition does not repeat'}")
    return 0 if result.passed else 1


def _compare(arguments: argparse.Namespace) -> int:
    import json

    from voclib.running.comparison import compare
    from voclib.running.workspace import find

    found = compare(arguments.old, arguments.new, root=find(Path.cwd()).root, edition=arguments.edition)
    print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) if arguments.json else found.told(arguments.lang))
    return 0


def _trace(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from voclib.running.edition import load, plan
    from voclib.running.workspace import find, resolved
    from voclib.schema import store
    from voclib.sources.standardising import origins
    from voclib.studies.tracing import trace

    edition, space = load(arguments.edition), find(arguments.edition)
    jobs = {job.notebook: job for job in plan(edition, space=space)}
    for data in dict.fromkeys(name for job in jobs.values() for name in job.data):
        folder = resolved(data, space.root)
        if not folder.is_dir():
            continue  # a single file is what it is: it was never imported
        asked = {name: _with_truth(job.parameters, space) for name, job in jobs.items() if data in job.data}
        asides = {kind: pd.read_csv(folder / f"{kind}.csv", dtype="str", encoding="utf-8-sig").astype({"row": "int64"})
                  for kind in ("repairs", "quarantine")}
        found = trace(arguments.identifier, tables=store.read(folder), origins=origins.read(folder), jobs=asked, **asides,
                      pseudonyms=_pseudonyms(arguments.identifier, edition.inputs, folder.name, space))
        print(found.told(arguments.lang))
    return 0


def _with_truth(parameters: Mapping[str, Any], space: Workspace) -> dict[str, Any]:
    """A notebook's parameters, with the planted truth where it names a file of it."""
    import json

    from voclib.running.workspace import resolved

    given = dict(parameters)
    file = given.get("truth_file")
    if file and (path := resolved(str(file), space.root)).is_file():
        given["truth"] = json.loads(path.read_text("utf-8"))
    return given


def _pseudonyms(identifier: str, inputs: Sequence[str], data: str, space: Workspace) -> dict[str, str]:
    """What a person's number is called in the tables; nothing where the mapping's key is not at hand."""
    from voclib import privacy
    from voclib.sources import gathering
    from voclib.sources import mapping as mappings

    specs = [mappings.read(space.root / path) for path in inputs]
    keys = [spec.pseudonym_key or os.environ.get(privacy.KEY_VARIABLE) for spec in specs if spec.name == data]
    return gathering.known_as(identifier, key=keys[0]) if keys and keys[0] else {}


def _doctor(arguments: argparse.Namespace) -> int:
    from voclib.running.doctor import examine
    from voclib.running.workspace import find

    try:
        from voclib.sources.mapping import read
    except ImportError:  # half installed: the doctor says what is missing
        read = None
    report = examine(find(Path.cwd()), read_mapping=read)
    print(report.told(arguments.lang))
    return report.exit_status


def _new_study(arguments: argparse.Namespace) -> int:
    from voclib.running.scaffold import new_study, next_steps
    from voclib.running.workspace import find

    space = find(Path.cwd())
    for path in new_study(space, arguments.name, question_zh=arguments.question_zh, question_en=arguments.question_en, edition=arguments.edition):
        print(space.shown(path))
    print(next_steps(arguments.name, edition=arguments.edition)[arguments.lang])
    return 0


def _ingest_inputs(arguments: argparse.Namespace, *, overrides: Mapping[str, Any] | None = None, only: tuple[str, ...] | None = None) -> None:
    """Read the edition's raw files where they or their mapping changed; after everything that can be wrong with the edition was checked."""
    from voclib.running.edition import load, plan
    from voclib.running.inputs import Built
    from voclib.running.workspace import find

    edition, space = load(arguments.edition), find(arguments.edition)
    plan(edition, overrides, space=space, only=only, check_data=False)
    built = Built(space)
    for mapping in edition.inputs:
        _read_if_changed(space, built, mapping, quiet=arguments.quiet)


def _read_if_changed(space: Workspace, built: Built, mapping: str, *, quiet: bool) -> bool:
    """Turn the raw files of a mapping into standard tables unless nothing changed; whether they were read."""
    out = f"data/standard/{built.name(mapping)}"

    def read() -> None:
        from voclib.sources import ingest

        with bar("ingest", quiet=quiet) as progress:
            ingest(space.root / mapping, root=built.folder(mapping), out=space.root / out, progress=progress)

    return built.ensure(out, built.mapping(mapping), read)


def _overrides(given: Sequence[str]) -> dict[str, Any]:
    """`name=value` texts, each name once."""
    from voclib.running.parameters import Given

    found: dict[str, Given] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"-p {text}: write -p name=value")
        if name in found:
            raise ParameterError(f"-p {name} is given twice; keep one")
        found[name] = Given(value)
    return found


if __name__ == "__main__":
    sys.exit(main())
