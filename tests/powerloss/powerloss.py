#!/usr/bin/env python3
"""Cuts the power of recorded runs, and holds what the disk may then hold to all that was acknowledged: powerloss.py [--images N]

Each image has a seed, which chooses the run, the moment and what becomes of that which was not synced (disk.py). A failed image is kept with
its recording, and the line that says so names the command that makes it again. A run itself is not repeatable (threads), its recording is.
Closes with "N passed, N failed".
"""
import argparse
import bisect
import concurrent.futures
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
import disk  # noqa: E402
import opened  # noqa: E402
import record  # noqa: E402

IMAGES_A_ROUND = 150  # of one set of recordings
WRITES = 60
WRITES_LONG = 700  # enough for a checkpoint that no destroy asks for
# How many of twelve images.
SHARES = {"init": 2, "serve": 3, "recovery": 2, "backup": 1, "restore": 2, "migration": 1, "recover": 1}
STRUCTURE = (disk.CREATE, disk.TRUNCATE, disk.ALLOCATE, disk.MKDIR, disk.RENAME, disk.LINK, disk.UNLINK)


def scenario_of(seed):
    names = [name for name, share in SHARES.items() for _ in range(share)]
    return names[seed % len(names)]


class Cut:
    """One power cut of a recording, chosen by its seed: anywhere, near a change of names or sizes, or right after an answer."""

    def __init__(self, seed, run):
        self.seed, self.run = seed, run
        self.chance = random.Random(seed)
        first = next(n for n, e in enumerate(run.events) if e.process != 0)
        self.number = self.chance.choice((self.anywhere, self.near_structure, self.after_answer))(first, len(run.events))

    def anywhere(self, first, last):
        return self.chance.randint(first, last)

    def near_structure(self, first, last):
        rare = [n for n, e in enumerate(self.run.events) if n >= first and e.op in STRUCTURE]
        return min(max(first, self.chance.choice(rare) + self.chance.randint(0, 6)), last)

    def after_answer(self, first, last):
        begin = self.run.events[first - 1].end if first else 0
        answers = [f for f in self.run.facts if f[0] > begin]
        kind = self.chance.choice(sorted({f[1] for f in answers}))
        position = self.chance.choice([f[0] for f in answers if f[1] == kind])
        return bisect.bisect_left([e.end for e in self.run.events], position) + 1

    @property
    def position(self):
        return self.run.events[self.number - 1].end

    def __str__(self):
        return f"seed {self.seed}, {self.run.scenario}, after event {self.number} of {len(self.run.events)} ({self.run.events[self.number - 1]})"


class Checker:
    """Checks images, some at a time, and counts."""

    def __init__(self, work, keep, is_keeping_all, jobs, is_quiet=False):
        self.is_quiet = is_quiet
        self.work, self.keep, self.is_keeping_all = work, keep, is_keeping_all
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.room = threading.Semaphore(2 * jobs)  # images that wait
        self.lock = threading.Lock()
        self.passed, self.failed, self.unfinished = 0, 0, 0

    def images(self, run, cuts, is_ignoring_syncs=False):
        """Makes them in the order of their cuts, so that one walk over the recording is enough."""
        model = disk.Disk(run.root)
        model.is_ignoring_syncs = is_ignoring_syncs
        at = 0
        for cut in sorted(cuts, key=lambda c: c.number):
            for event in run.events[at:cut.number]:
                model.take(event)
            at = cut.number
            self.room.acquire()
            folder = self.work / f"seed-{cut.seed}"
            folder.mkdir()
            cut.style = model.image(folder / "disk", cut.chance)
            self.pool.submit(self.one, cut, folder).add_done_callback(lambda _: self.room.release())

    def one(self, cut, folder):
        pristine = folder / "pristine"
        shutil.copytree(folder / "disk", pristine)
        problem = None
        try:
            is_whole = check_image(cut.run, opened.Facts(cut.run.facts, cut.position), folder)
        except AssertionError as failure:
            problem = str(failure)
        except Exception:
            problem = traceback.format_exc()
        with self.lock:
            if problem is None:
                self.passed += 1
                self.unfinished += not is_whole
            else:
                self.failed += 1
            if problem is not None and not self.is_quiet:
                print(f"FAILED {cut}, unsynced {cut.style}: {problem[:3000]}", flush=True)
        if self.keep and (problem is not None or self.is_keeping_all):
            self.preserve(cut, pristine)
        shutil.rmtree(folder, ignore_errors=True)

    def preserve(self, cut, pristine):
        kept = self.keep / f"seed-{cut.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        shutil.move(pristine, kept / "disk")
        with self.lock:
            recording = cut.run.folder
            if not recording.is_relative_to(self.keep):
                recording = self.keep / f"recording-{recording.name}"
                shutil.rmtree(recording, ignore_errors=True)
                shutil.copytree(cut.run.folder, recording)
            print(f"  its image: {kept}/disk; again: scripts/powerloss --seed {cut.seed} --recording {recording} --keep", flush=True)

    def end(self):
        self.pool.shutdown()


def see_it_fail(work, jobs):
    """The checks find a disk that lost what was synced: a test that cannot fail would prove nothing."""
    run = record.Record.make(work / "self-test", "serve", random.Random(0), WRITES // 2)
    checker = Checker(work, None, False, jobs, is_quiet=True)
    checker.images(run, [Cut(seed, run) for seed in range(8)], is_ignoring_syncs=True)
    checker.end()
    if checker.failed < 4:
        raise AssertionError(f"with syncs ignored only {checker.failed} of 8 images failed")


def move(run, folder):
    """DIR/unfinished/made names files by their absolute paths; the image lies elsewhere than the disk that was recorded."""
    for made in (folder / "disk" / "data").glob("unfinished/made*"):
        made.write_bytes(made.read_bytes().replace(run.root.encode(), str(folder / "disk").encode()))


def check_image(run, facts, folder):
    """True: it was whole. False: it was unfinished, said so, and was finished."""
    move(run, folder)
    data = folder / "disk" / "data"
    token_file = folder / "disk" / run.token_file if run.token_file else folder / "admin.token"
    server = opened.Opened(data, run.root_key)
    try:
        is_whole = facts.is_complete or opened.starts(server)
        if not is_whole:
            opened.go_on(server, ["restore", *run.restore_arguments] if run.restore_arguments else ["init"], token_file)
        server.token = facts.tokens[0] if facts.is_complete else opened.read_token(token_file)
        if server.token is None and run.token_file:
            raise opened.Wrong("it serves, but its administrator's token is not there")
        if run.scenario == "recover":
            facts.tokens += opened.recovered(server)
        opened.start_and_check(server, facts)
        for name in facts.backups:
            opened.check_backup(folder / "disk" / name, data / "root.key", folder, facts.at_backup(name))
    finally:
        server.remove()
    return is_whole


def run_round(checker, work, number, seeds, options):
    """Records each scenario that these seeds need, once, and cuts it."""
    if options.recording:
        run = record.Record(pathlib.Path(options.recording).resolve())
        checker.images(run, [Cut(seed, run) for seed in seeds])
        return
    for scenario in SHARES:
        own = [s for s in seeds if (options.scenario or scenario_of(s)) == scenario]
        if own:
            writes = WRITES_LONG if scenario == "serve" and number % 4 == 3 else WRITES
            run = record.Record.make(work / f"{scenario}-{number}", scenario, random.Random(f"{scenario} {number}"), writes)
            checker.images(run, [Cut(seed, run) for seed in own])


def parse():
    options = argparse.ArgumentParser()
    options.add_argument("--images", type=int, default=IMAGES_A_ROUND)
    options.add_argument("--first", type=int, default=0, help="the first seed")
    options.add_argument("--seed", type=int, help="this image only")
    options.add_argument("--scenario", choices=SHARES)
    options.add_argument("--recording", help="a folder that an earlier run kept; with --seed")
    options.add_argument("--failed", type=pathlib.Path, help="the folder for images that failed")
    options.add_argument("--keep", action="store_true", help="keep images that passed too")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--self-test", action="store_true", help="first see the checks fail on a disk that ignores syncs")
    return options.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse()
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.images)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reeve-powerloss-") as work:
        work = pathlib.Path(work).resolve()
        if options.self_test:
            see_it_fail(work, options.jobs)
        checker = Checker(work, options.failed and options.failed.resolve(), options.keep, options.jobs)
        try:
            for number in range(seeds[0] // IMAGES_A_ROUND, seeds[-1] // IMAGES_A_ROUND + 1):
                own = [s for s in seeds if s // IMAGES_A_ROUND == number]
                run_round(checker, work, number, own, options)
        except BaseException:
            checker.pool.shutdown(cancel_futures=True)
            raise
        checker.end()
    seconds = time.monotonic() - begin
    print(f"{checker.passed + checker.failed} images in {seconds:.0f} s, {checker.unfinished} of them unfinished, said so and were finished")
    print(f"{checker.passed} passed, {checker.failed} failed")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
