#!/usr/bin/env python3
"""Lets the n-th system call of each kind fail, or kills the process at it: inject.py [--runs N] [--seed S]

Each run does one scenario with one fault (strace). Whatever fails: no crash, no hang, no sanitizer report, an exit code and a message; then,
without the fault, the store opens, verifies and holds what was acknowledged. Without --runs, n goes up for each scenario, call and error
until a run does not reach it. Closes with "N passed, N failed".
"""
import argparse
import collections
import concurrent.futures
import itertools
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
import harness  # noqa: E402
import opened  # noqa: E402
import record  # noqa: E402

# What can fail, and how. "KILL" is no error: the process is killed there.
FAULTS = [
    ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "EINTR"), ("pwrite64", "KILL"),
    ("write", "ENOSPC"), ("write", "EIO"), ("write", "EINTR"), ("write", "KILL"),
    ("fdatasync", "EIO"), ("fdatasync", "KILL"), ("fsync", "EIO"), ("fsync", "KILL"),
    ("openat", "EMFILE"), ("openat", "ENOSPC"), ("openat", "EINTR"), ("openat", "KILL"),
    ("ftruncate", "EIO"), ("ftruncate", "ENOSPC"), ("ftruncate", "KILL"), ("fallocate", "ENOSPC"), ("fallocate", "EINTR"),
    ("rename", "EIO"), ("rename", "ENOSPC"), ("rename", "KILL"), ("renameat2", "EIO"), ("renameat2", "KILL"), ("linkat", "EIO"),
    ("unlink", "EIO"), ("unlink", "KILL"), ("mkdir", "ENOSPC"), ("mkdir", "KILL"),
    ("pread64", "EIO"), ("pread64", "EINTR"), ("read", "EIO"), ("read", "EINTR"),
    ("mmap", "ENOMEM"), ("getrandom", "EIO"), ("getrandom", "EINTR"),
    ("accept4", "EMFILE"), ("accept4", "EINTR"), ("epoll_wait", "EINTR"), ("recvfrom", "EINTR"), ("sendto", "EINTR"), ("sendmsg", "EINTR"),
]
# A server writes to files by pwrite64(); its write() wakes threads, through descriptors that neither are full nor wait.
FILE_ERRORS = ("ENOSPC", "EIO", "EINTR")
N_MAX = 400  # of one kind of call in one thread
SAMPLE_N_MAX = 40
REFUSALS = (503, 507)  # a fault is the server's, not the client's
DAMAGED = b"urn:reeve:problem:corrupt"  # SQLite calls a page that cannot be read damaged


class Faulty(record.Recorded):
    """Runs its programs under strace while `fault` is set."""

    def __init__(self):
        super().__init__()
        self.trace = self.folder / "trace"
        self.tracer = None

    def environment(self):
        env = super().environment()
        # The leak checker needs ptrace for itself.
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0:allocator_may_return_null=1"
        return env

    def set_fault(self, call, error, number):
        what = "signal=KILL" if error == "KILL" else f"error={error}"
        self.fault = ["strace", "-f", "-qq", "-o", str(self.trace), "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}"]

    def begin_fault(self):
        """In what is started from now on. -D: the program is the child, not strace."""
        self.prefix = [self.fault[0], "-D", *self.fault[1:]]

    def attach_fault(self):
        """In each thread of the server that runs, from now on."""
        self.tracer = subprocess.Popen([self.fault[0], *self.fault[1:], "-p", str(self.process.pid)], stderr=subprocess.PIPE)
        harness.until(self.is_attached, "strace")

    def is_attached(self):
        if self.tracer.poll() is not None:
            raise opened.Wrong(f"strace: {self.tracer.stderr.read()}")
        status = pathlib.Path(f"/proc/{self.process.pid}/task")
        return all(f"TracerPid:\t{self.tracer.pid}\n" in (t / "status").read_text() for t in status.iterdir())

    def clear_fault(self):
        """Says whether it happened."""
        self.prefix = []
        if self.tracer is not None:
            self.tracer.terminate()
            self.tracer.communicate()
        text = self.trace.read_text(errors="replace") if self.trace.exists() else ""
        return "(INJECTED)" in text or "signal=KILL" in self.fault[-1] and "killed by SIGKILL" in text

    def is_sanitizer_out_of_memory(self):
        """Its own allocations do not fail, they abort."""
        return all(any(text in r for text in ("out of memory", "failed to allocate")) for r in self.reports()) and "mmap" in self.fault[-1] and bool(
            self.reports())

    def expect_no_crash(self, code, what, text, may_be_killed):
        if code == -signal.SIGKILL and may_be_killed:
            return
        if "libsodium_failed" in text and code == -signal.SIGABRT:
            return  # without random bytes libsodium goes no further, and the log says so
        if self.is_sanitizer_out_of_memory():
            return
        if code < 0 or code >= 99 or self.reports() or "AddressSanitizer" in text or "runtime error" in text:
            raise opened.Wrong(f"{what} crashed with {code}: {text[-2000:]}{self.reports()[:1]}")
        if code != 0 and not text.strip():
            raise opened.Wrong(f"{what} ended with {code} and no message")


# -- scenarios: prepare() makes what is copied for each run, run() has the fault

def is_killed(fault):
    return fault[1] == "KILL"


def ask(server, *arguments, **more):
    """An answer, or None where the fault took the connection."""
    try:
        answer = server.ask(*arguments, **more)
    except (OSError, harness.http.client.HTTPException):
        return None
    is_unread = "pread64" in server.fault[-1] and DAMAGED in answer.body
    if answer.status >= 300 and answer.status not in REFUSALS and not is_unread:
        raise opened.Wrong(f"{arguments[:2]}: {answer}")
    return answer


def serve_work(server):
    for number in range(3):
        secret = {"data": {"value": f"v{number}", "filler": "x" * 5000}}
        ask(server, "PUT", f"/v1/secrets/inject/s{number}", body=secret)
        ask(server, "GET", f"/v1/secrets/inject/s{number}")
    value = f"{time.monotonic_ns()}"
    ask(server, "POST", "/v1/batch", body={"changes": [
        {"op": "put", "path": "secrets/pair/w0", "content": {"data": {"value": value}}},
        {"op": "put", "path": "profiles/pair/w0", "content": {"value": value, "of": "${secret:pair/w0#value}"}}]})
    ask(server, "POST", "/v1/tokens", body={"name": "injected", "policies": ["auditor"], "ttl": "1h"})
    ask(server, "POST", "/v1/secrets/inject/old:destroy", body={"versions": [1]})
    ask(server, "GET", "/v1/backup")
    ask(server, "GET", "/readyz", token=None)


def prepare_serve(server):
    server.init().start()
    for number in range(3):
        server.ask("PUT", f"/v1/secrets/inject/s{number}", body={"data": {"value": "old"}})
    server.ask("PUT", "/v1/secrets/inject/old", body={"data": {"value": "old"}})
    server.stop()


def run_start(server, fault):
    server.begin_fault()
    finish_serve(server, fault, lambda: None)


def run_serve(server, fault):
    """The fault comes once the server is up."""
    finish_serve(server, fault, server.attach_fault)


def finish_serve(server, fault, when_up):
    try:
        server.start()
        when_up()
        serve_work(server)
        code = server.stop()
    except AssertionError as failure:
        if isinstance(failure, opened.Wrong):
            raise
        code = server.process.poll() if server.process is not None else None
        if code is None:
            raise opened.Wrong(f"a hang: {failure}") from failure
        server.process = None
    server.expect_no_crash(code, "serve", server.log, is_killed(fault))


def run_init(server, fault):
    shutil.rmtree(server.data)
    server.token_file.unlink()
    server.begin_fault()
    code, out, err = server.run("init", "--data", server.data, "--admin-token-file", server.token_file)
    server.expect_no_crash(code, "init", out + err, is_killed(fault))
    server.facts = [(0, "complete"), (0, "token", server.admin)] if code == 0 else []
    server.go_on = ["init"]


def prepare_restore(server):
    prepare_serve(server)
    server.start()
    server.command("backup", "-o", server.disk / "backup")
    server.stop()
    shutil.move(server.data / "root.key", server.disk / "root.key")
    server.facts = [f for f in server.facts if f[1] in ("version", "entry")] + [(0, "revoked", server.admin), (0, "epoch", 2)]
    shutil.rmtree(server.data)
    server.token_file.unlink()


def run_restore(server, fault):
    server.options = ["--root-key", str(server.disk / "root.key")]
    server.go_on = ["restore", "--from", str(server.disk / "backup"), "--root-key", server.options[1], "--reason", "a test"]
    server.begin_fault()
    code, out, err = server.run(*server.go_on, "--data", server.data, "--admin-token-file", server.token_file)
    server.expect_no_crash(code, "restore", out + err, is_killed(fault))
    if code == 0:
        server.facts += [(0, "complete"), (0, "token", server.admin)]


def run_recover(server, fault):
    server.begin_fault()
    code, out, err = server.run(*record.recover_arguments(server, "second.token"))
    server.expect_no_crash(code, "recover", out + err, is_killed(fault))
    server.prefix = []
    server.facts += [(0, "token", token) for token in opened.recovered(server)]
    if code == 0 and not (server.disk / "second.token").exists():
        raise opened.Wrong("recover made no token's file")


def run_backup(server, fault):
    """The command fails, the server does not."""
    server.start()
    try:
        server.begin_fault()
        code, out, err = server.run_command("backup", "-o", server.disk / "copy")
        server.expect_no_crash(code, "backup", out + err, is_killed(fault))
        server.prefix = []
        if code == 0 or (server.disk / "copy").exists():
            facts = opened.Facts(server.facts + [(0, "backup_begins", "copy")], 0).at_backup("copy")
            opened.check_backup(server.disk / "copy", server.data / "root.key", server.folder, facts)
    finally:
        server.stop()


def run_verify(server, fault):
    server.begin_fault()
    code, out, err = server.run_command("audit", "verify", "--data", server.data)
    server.expect_no_crash(code, "verify", out + err, is_killed(fault))


class Scenario:
    def __init__(self, prepare, run, program, share):
        self.prepare, self.run, self.program, self.share = prepare, run, program, share


SCENARIOS = {  # `program`: that the fault is in from its first instruction
    "start": Scenario(prepare_serve, run_start, "REEVED", 2),
    "serve": Scenario(prepare_serve, run_serve, None, 3),
    "init": Scenario(prepare_serve, run_init, "REEVED", 2),
    "restore": Scenario(prepare_restore, run_restore, "REEVED", 2),
    "recover": Scenario(prepare_serve, run_recover, "REEVED", 1),
    "backup": Scenario(prepare_serve, run_backup, "REEVE", 1),
    "verify": Scenario(prepare_serve, run_verify, "REEVE", 1),
}
# Faults that once crashed or lost something: scenario, call, error, n.
ONCE = [
    ("start", "fsync", "EIO:delay_enter=200000", 2),  # clients are connected while the start fails
    ("init", "fsync", "EIO", 6), ("init", "fsync", "EIO", 10),  # of the folder of a new root key and token
]


def count_loading(program):
    """How many calls of each kind a program makes to load its libraries; a fault there is not ours."""
    done = subprocess.run(["strace", "-f", "-qq", program, "--version"], capture_output=True, text=True,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    return collections.Counter(re.findall(r"^(?:\[pid +\d+\] )?(\w+)\(", done.stderr, re.M))


def after(server):
    """Without the fault."""
    facts = opened.Facts(server.facts, 0)
    whole = opened.Opened(server.data, server.options[1] if server.options else None)
    try:
        if not facts.is_complete and not opened.starts(whole):
            opened.go_on(whole, server.go_on, server.token_file)
        whole.token = opened.read_token(server.token_file)
        opened.start_and_check(whole, facts)
    finally:
        whole.remove()


class Prepared:
    """What each run of a scenario begins with, made once."""

    def __init__(self, scenario, folder, facts):
        self.scenario, self.folder, self.facts = scenario, folder, facts
        program = {"REEVED": harness.PROGRAM, "REEVE": record.COMMAND}.get(scenario.program)
        self.loading = count_loading(program) if program else {}

    @staticmethod
    def all(work):
        made = {}
        for scenario in SCENARIOS.values():
            if scenario.prepare not in made:
                made[scenario.prepare] = make_folder(scenario.prepare, work / f"prepared-{len(made)}")
        return {name: Prepared(scenario, *made[scenario.prepare]) for name, scenario in SCENARIOS.items()}

    def one(self, fault, number):
        """(whether the fault happened, what was wrong or None)"""
        server = Faulty()
        try:
            shutil.rmtree(server.disk)
            shutil.copytree(self.folder, server.disk)
            server.facts = list(self.facts)
            server.set_fault(*fault, number + self.loading.get(fault[0], 0))
            try:
                self.scenario.run(server, fault)
            finally:
                has_happened = server.clear_fault()
            after(server)
            return has_happened, None
        except AssertionError as failure:
            return True, str(failure)
        except Exception:
            return True, traceback.format_exc()
        finally:
            server.remove()


def make_folder(prepare, folder):
    server = Faulty()
    try:
        prepare(server)
        shutil.copytree(server.disk, folder)
        return folder, [(0, *f[1:]) for f in server.facts]
    finally:
        server.remove()


class Runs:
    def __init__(self, work):
        self.prepared = Prepared.all(work)
        self.lock = threading.Lock()
        self.passed, self.failed, self.missed = collections.Counter(), 0, 0
        self.is_stopped = False

    def one(self, scenario, fault, number):
        """Whether the fault happened."""
        has_happened, problem = self.prepared[scenario].one(fault, number)
        with self.lock:
            if problem is not None:
                self.failed += 1
                print(f"FAILED {scenario}, {fault[0]} {fault[1]} at {number}: {problem[:2500]}", flush=True)
            elif has_happened:
                self.passed[scenario] += 1
            else:
                self.missed += 1
        return has_happened

    def upwards(self, scenario, fault):
        for number in range(1, N_MAX):
            if self.is_stopped or not self.one(scenario, fault, number):
                return


def fits(scenario, fault):
    return scenario not in ("start", "serve") or fault[0] != "write" or fault[1] not in FILE_ERRORS


def sample(chance, count):
    """(scenario, fault, n), small n more often."""
    yield from ((scenario, (call, error), number) for scenario, call, error, number in ONCE)
    shares = [s.share for s in SCENARIOS.values()]
    for _ in range(count - len(ONCE)):
        scenario = chance.choices(list(SCENARIOS), shares)[0]
        yield (scenario, chance.choice([f for f in FAULTS if fits(scenario, f)]), int(SAMPLE_N_MAX ** chance.random()))


def parse():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, help="a sample of so many")
    options.add_argument("--seed", type=int, default=0, help="of the sample")
    options.add_argument("--scenario", choices=SCENARIOS)
    options.add_argument("--call", help="this call only")
    options.add_argument("--error", help="this error only")
    options.add_argument("--n", type=int, help="this one only")
    options.add_argument("--jobs", type=int, default=2)
    return options.parse_args()


def chosen(options, runs, pool):
    """Starts what was asked for."""
    cases = [(name, fault) for name, fault in itertools.product(SCENARIOS, FAULTS)
             if options.scenario in (None, name) and options.call in (None, fault[0]) and options.error in (None, fault[1]) and fits(name, fault)]
    if options.runs:
        return [pool.submit(runs.one, *what) for what in sample(random.Random(options.seed), options.runs)]
    if options.n:
        return [pool.submit(runs.one, *case, options.n) for case in cases]
    return [pool.submit(runs.upwards, *case) for case in cases]


def report(runs, begin):
    print(f"{sum(runs.passed.values())} faults ({', '.join(f'{n} in {s}' for s, n in runs.passed.items())}) in "
          f"{time.monotonic() - begin:.0f} s; {runs.missed} runs did not reach theirs")
    print(f"{sum(runs.passed.values()) + runs.missed} passed, {runs.failed} failed")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse()
    if shutil.which("strace") is None:
        print("[SKIP] strace is not installed: apt-get install strace")
        return 77
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reeve-inject-") as work:
        runs = Runs(pathlib.Path(work).resolve())
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            try:
                for done in chosen(options, runs, pool):
                    done.result()
            except BaseException:
                runs.is_stopped = True
                pool.shutdown(cancel_futures=True)
                report(runs, begin)
                raise
    report(runs, begin)
    return 1 if runs.failed else 0


if __name__ == "__main__":
    sys.exit(main())
