"""Tells by which of our checks one change is noticed, and whether it changes what is served."""
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field

import harness
from case import NotApplicable, quoted
from stores import COMMAND, OPTIONS, content, copy

# In the order in which they are listed. What `verify` finds by the public key alone, it finds with more at hand too.
DETECTORS = ("start", "read", "verify", "key", "older")
IMPLIED = {"verify": ("key", "older")}
WAIT_S = 20
# Words of a refused start that say where, when another row than the changed one no longer fits, or a key does not open.
NAMED = ("table ", "version ", "root key", "keyring", "the store ", "format number")
DAMAGED = ("damaged", "is not what reeved wrote", "malformed", "corrupt", "cannot be opened")


@dataclass
class Verdict:
    noticed: set = field(default_factory=set)
    served: str = "none"     # "same", "damaged" (only as errors that say so), "changed"; "none" where the start was refused
    problems: list = field(default_factory=list)
    message: str = ""
    differences: list = field(default_factory=list)
    has_effect: bool = True
    memory_bytes: int = 0


class Server(harness.Reeved):
    """Serves a folder of ours, and is killed: nothing of the folder is used afterwards."""

    def __init__(self, data, admin):
        super().__init__(*OPTIONS)
        self.data, self.own_admin = data, admin
        self.memory_bytes = 0

    @property
    def admin(self):
        return self.own_admin

    def try_start(self):
        """True where it listens; False where it ended. `memory_bytes` is what it was seen to use at most."""
        port_file = self.folder / "port"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [harness.PROGRAM, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--port-file", str(port_file),
                 *self.options], stderr=log, stdout=log, env=self.environment())
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if port_file.exists() and port_file.read_text().endswith("\n"):
                self.port = int(port_file.read_text())
                return True
            self.memory_bytes = max(self.memory_bytes, self.peak())
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        raise AssertionError("the start took too long")

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)


def read(server, kept, size):
    """All that is served, then that a write is possible."""
    found = content.read_all(server, size=size)
    found.update(content.use_kept(server, kept))
    answer = server.put("/v1/profiles/orders/probe", "$extends: [base]\n")
    found["a write"] = [answer.status, None if answer.status < 400 else answer.json["detail"]]
    return found


def dump(folder):
    """Every row and definition, or None where SQLite cannot read them."""
    try:
        db = sqlite3.connect(f"file:{folder / 'reeve.db'}?mode=ro", uri=True)
        try:
            if db.execute("pragma integrity_check").fetchall() != [("ok",)]:
                return None
            names = sorted(db.execute("select type, name, sql from sqlite_schema").fetchall(), key=str)
            return names, {n: sorted(db.execute(f"select * from {quoted(n)}").fetchall(), key=repr) for t, n, _ in names if t == "table"}
        finally:
            db.close()
    except (sqlite3.Error, ValueError):
        return None


class Judge:
    def __init__(self, stores):
        self.stores = stores
        self.baselines = {}
        self.count = 0
        self.lock = threading.Lock()
        self.sizes = {}

    def fresh(self, base):
        with self.lock:
            self.count += 1
            number = self.count
        return copy(self.stores.folder(base), self.stores.root / f"case-{number}")

    def prepare(self):
        """What each base serves, unchanged."""
        for base in ("stopped", "killed"):
            folder = self.fresh(base)
            server = Server(folder, self.stores.admin)
            try:
                assert server.try_start(), server.log
                self.sizes[base] = server.get("/v1/status").json["audit"]["size"]
                self.baselines[base] = read(server, self.stores.kept, self.sizes[base])
            finally:
                server.remove()
                self.clean(folder)
        self.rows = dump(self.stores.folder("stopped"))

    def clean(self, folder):
        for path in folder.parent.glob(folder.name + "*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def judge(self, case, wanted=None):
        """`wanted`: the only detectors that count, so that the others need not run."""
        folder = self.fresh(case.base)
        try:
            case.apply(folder, self.stores)
            verdict = Verdict()
            is_equal = case.is_byte and self.is_equal(folder)
            if wanted is None or set(wanted) & {"verify", "key", "older"}:
                self.verify(case, folder, verdict, wanted)
            self.serve(case, folder, verdict)
            verdict.has_effect = not (is_equal and not verdict.noticed and verdict.served == "same")
            if case.more is not None and (problem := case.more(folder, self.stores, verdict)):
                verdict.problems.append(problem)
            return verdict
        finally:
            self.clean(folder)

    def is_equal(self, folder):
        """The bytes that were changed mean nothing: every row, index and definition is as before."""
        copied = folder.with_name(folder.name + "-dumped")
        copy(folder, copied)
        return dump(copied) == self.rows

    # -- verify

    def verify(self, case, folder, verdict, wanted):
        copied = folder.with_name(folder.name + "-verified")
        checkpoint = self.stores.root / ("killed.checkpoint" if case.base == "killed" else "newest.checkpoint")
        is_own_key = case.place == "file audit.pub"  # else the auditor's copy
        key = () if is_own_key else ("--key", self.stores.audit_pub)
        for name, more in (("verify", ()), ("key", ("--root-key", self.stores.root / "root.key")), ("older", ("--older", checkpoint))):
            if wanted is not None and name not in wanted:
                continue
            copy(folder, copied)
            code, text = self.run_verify("--data", copied, *key, *more)
            self.clean(copied)
            if code == 1 or (code == 2 and is_own_key):
                verdict.noticed.add(name)
                verdict.message = verdict.message or text
            elif code not in (0, 2):
                verdict.problems.append(f"verify ended with {code}: {text[-300:]}")
            if name == "verify" and code == 1 and wanted is None:
                verdict.noticed.update(IMPLIED["verify"])
                return

    def run_verify(self, *arguments):
        env = {k: v for k, v in os.environ.items() if not k.startswith("REEVE_")}
        try:
            done = subprocess.run([COMMAND, "audit", "verify", *map(str, arguments)], capture_output=True, text=True, timeout=WAIT_S,
                                  errors="replace", stdin=subprocess.DEVNULL, env=env)
        except subprocess.TimeoutExpired:
            return "a timeout", ""
        return done.returncode, done.stdout + done.stderr

    # -- start and read

    def serve(self, case, folder, verdict):
        server = Server(folder, self.stores.admin)
        try:
            if server.try_start():
                self.compare(case, server, verdict)
                verdict.memory_bytes = server.peak()
            else:
                self.refused(case, server, verdict)
        except (OSError, harness.http.client.HTTPException, ValueError, KeyError, AssertionError) as failure:
            verdict.served = "changed"
            if server.process.poll() is not None or isinstance(failure, AssertionError):
                verdict.problems.append(f"{type(failure).__name__} {failure}, exit {server.process.returncode}: {server.log[-300:]}")
        finally:
            if server.process.returncode is not None:
                server.process = None
            verdict.problems += [r[:400] for r in server.reports()]
            server.remove()

    def refused(self, case, server, verdict):
        code, log = server.process.returncode, server.log
        verdict.memory_bytes = server.memory_bytes
        verdict.noticed.add("start")
        verdict.message = log.strip().splitlines()[-1] if log.strip() else ""
        if code not in (1, 2):
            verdict.problems.append(f"the start ended with {code}: {log[-300:]}")
        if case.names and not any(word in log for word in (*case.names, *NAMED)):
            verdict.problems.append(f"the refused start does not say where: {verdict.message[-200:]}")

    def compare(self, case, server, verdict):
        baseline = self.baselines[case.base]
        found = read(server, self.stores.kept, self.sizes[case.base])
        differences = sorted(k for k in baseline.keys() | found.keys() if baseline.get(k) != found.get(k))
        damaged = [k for k in differences if k in found and self.says_damaged(found[k])]
        verdict.differences = [f"{k}: {str(found.get(k))[:120]}" for k in differences]
        if damaged:
            verdict.noticed.add("read")
        verdict.served = "same" if not differences else "damaged" if len(damaged) == len(differences) else "changed"

    def says_damaged(self, answer):
        status, detail = answer
        return status >= 500 or (status >= 400 and isinstance(detail, str) and any(word in detail for word in DAMAGED))


__all__ = ["DETECTORS", "IMPLIED", "Judge", "NotApplicable", "Verdict"]
