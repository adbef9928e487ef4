#!/usr/bin/env python3
"""Changes a stopped store in every way that it knows, and tells by whom each change is noticed: tamper.py [--short] [--only TEXT]

REEVED and REEVE name the programs. `expected` beside this file says what must be noticed by whom; a cell of the matrix that is worse, one
that is not expected at all, and an expected one that no case reaches are failures. docs/security.md has the same matrix.
  --short          one change of each table, column and kind
  --only TEXT      the cells whose name holds it
  --write          writes what was found to `expected`, and keeps its reasons
  --show           every case with what noticed it
  --docs           puts the matrix of `expected` into docs/security.md, without a run
Closes with "N passed, N failed".
"""
import argparse
import concurrent.futures
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field

import files
import matrix
import rows
import stores
from judge import DETECTORS, Judge, NotApplicable


@dataclass
class Cell:
    name: str
    sets: list = field(default_factory=list)
    served: set = field(default_factory=set)
    unnoticed: list = field(default_factory=list)

    def add(self, case, verdict):
        self.sets.append(verdict.noticed)
        self.served.add(verdict.served)
        if not verdict.noticed:
            self.unnoticed.append(case.label)

    def noticed(self):
        """By whom every change of the cell is noticed; "somebody" where each is, by one or another."""
        common = set.intersection(*self.sets)
        return common or (set() if self.unnoticed else {"somebody"})


def sampled(cases):
    """The short run: of the changes in the columns of a table one of each kind, in the last column of those that are not MACs."""
    samples = {(c.sample, c.kind): c for c in cases if c.is_short and c.sample and not c.place.endswith("mac")}
    return [c for c in cases if c.is_short and (c.sample is None or samples.get((c.sample, c.kind)) is c)]


class Run:
    def __init__(self, options, expected):
        self.options, self.expected = options, expected
        self.cells, self.problems, self.skipped, self.harmless, self.count = {}, [], [], 0, 0
        self.places = set()  # also of the changes that this run leaves out

    def one(self, judge, case):
        wanted = None
        if self.options.short and case.cell in self.expected:
            wanted = self.expected[case.cell].noticed
        try:
            return case, judge.judge(case, wanted), None
        except (NotApplicable, sqlite3.Error) as reason:
            return case, None, reason

    def take(self, case, verdict, reason):
        if verdict is None:
            self.skipped.append(f"{case.cell}, {case.label}: {reason}")
            return
        self.count += 1
        self.problems += [f"{case.cell}, {case.label}: {p}" for p in verdict.problems]
        if self.options.show:
            print(f"{case.cell}, {case.label}: {matrix.said(verdict.noticed)}; served: {verdict.served}; {verdict.message[:300]}")
            for difference in verdict.differences[:6]:
                print(f"    {difference}")
        if not verdict.has_effect:
            self.harmless += 1
            return
        self.cells.setdefault(case.cell, Cell(case.cell)).add(case, verdict)

    def all(self, built):
        judge = Judge(built)
        judge.prepare()
        cases = [c for source in (rows, files) for c in source.cases(built)]
        self.places = {c.place for c in cases}
        cases = [c for c in cases if self.options.only in c.cell]
        if self.options.short:
            cases = sampled(cases)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for done in pool.map(lambda c: self.one(judge, c), cases):
                self.take(*done)

    def failures(self):
        yield from self.problems
        known = {e.place for e in self.expected.values()}
        for place in sorted(self.places - known):
            yield f"{place}: it has no line in tests/tamper/expected"
        for name, cell in self.cells.items():
            expectation = self.expected.get(name)
            got = cell.noticed()
            if expectation is None:
                yield f"{name}: it has no line in tests/tamper/expected; found: {matrix.said(got)}"
            elif not matrix.is_as_good(got, expectation.noticed):
                yield f"{name}: noticed by {matrix.said(got)}, expected {matrix.said(expectation.noticed)}; {cell.unnoticed[:5]}"
            elif not expectation.noticed and not expectation.reason:
                yield f"{name}: noticed by nobody, and {matrix.FILE.name} gives no reason"
        if matrix.in_docs() != matrix.docs(self.expected):
            yield f"docs/security.md has another matrix than {matrix.FILE.name}: put it there with tests/tamper/tamper.py --docs"
        if not self.options.short and not self.options.only:
            for name in self.expected.keys() - self.cells.keys():
                yield f"{name}: expected, but no change of this kind was possible"


def show_cells(run):
    width = max((len(n) for n in run.cells), default=0)
    for name, cell in run.cells.items():
        print(f"{name:{width}}  {len(cell.sets):4}  {matrix.said(cell.noticed()):28}  {', '.join(sorted(cell.served))}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--short", "--write", "--show", "--docs"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = parse()
    expected = matrix.load()
    if options.docs:
        matrix.put_in_docs(expected)
        return 0
    signal.signal(signal.SIGTERM, interrupt)
    begin = time.monotonic()
    tempfile.tempdir = stores.default_root()
    root = tempfile.mkdtemp(prefix="reeve-tamper-")
    try:
        run = Run(options, expected)
        run.all(stores.built(root))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    show_cells(run)
    failures = list(run.failures())
    if options.write:
        matrix.save(expected, {name: cell.noticed() for name, cell in run.cells.items()})
    for failure in failures:
        print(f"FAIL {failure}")
    for reason in run.skipped if options.show else ():
        print(f"skipped {reason}")
    print(f"{run.count} changes, {run.harmless} without effect, {len(run.skipped)} not possible, {time.monotonic() - begin:.0f} s")
    print(f"{len(run.cells)} passed, {len(failures)} failed")
    return 1 if failures or not run.cells else 0


assert set(matrix.ORDER) >= set(DETECTORS)

if __name__ == "__main__":
    sys.exit(main())
