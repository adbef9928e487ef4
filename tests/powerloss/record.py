"""Runs programs under the recorder, and keeps what they acknowledged and when.

A fact is (position, kind, what …): when the recording had this length, the answer that says so was with its client, so every image of a
later power cut must hold it. Facts never end: a destroyed version or a revoked token does not come back. "revoking" is noted before the
request: from then on the token may be revoked.
"""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "api"), str(HERE.parent / "crash")]
import crash  # noqa: E402
import disk  # noqa: E402
import harness  # noqa: E402
from support import COMMAND, together  # noqa: E402

RECORDER = os.environ.get("POWERLOSS_RECORDER", "build/tests/powerloss/librecorder.so")
FIXTURES = HERE.parent / "fixtures"


class Recorded(harness.Reeved):
    """Its data folder and token lie in `disk`, all else beside it. Nothing is recorded before record()."""

    def __init__(self):
        super().__init__()
        self.folder = self.folder.resolve()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.data = self.disk / "data"
        self.token_file = self.disk / "admin.token"
        self.log_file = self.folder / "log"
        self.recording = self.folder / "recording"
        self.is_recording = False
        self.kill_at = None
        self.facts = []
        self.values = 0
        self.lock = threading.Lock()

    def record(self):
        disk.record_existing(self.recording, self.disk)
        self.is_recording = True
        return self

    def environment(self):
        env = super().environment()
        if self.is_recording:
            env.update(LD_PRELOAD=os.path.abspath(RECORDER), POWERLOSS_ROOT=str(self.disk), POWERLOSS_RECORD=str(self.recording))
            env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            if self.kill_at is not None:
                env["POWERLOSS_KILL"] = str(self.kill_at)
        return env

    # -- facts

    def fact(self, kind, *what):
        with self.lock:
            self.facts.append((self.recording.stat().st_size if self.recording.exists() else 0, kind, *what))

    def ask(self, method, path, **more):
        answer = super().ask(method, path, **more)
        if "Reeve-Audit-Index" in answer.headers:
            self.fact("entry", int(answer.headers["Reeve-Audit-Index"]), answer.headers["Reeve-Request-Id"])
        if method != "GET" and answer.status in (200, 201):
            self.note_write(path, more, answer.json)
        return answer

    def note_write(self, path, more, answer):
        if "token" in answer:
            self.fact("token", answer["token"])
            return
        for item in answer.get("items", [answer]):
            if path.endswith(":destroy"):
                self.fact("destroyed", item["path"], more["body"]["versions"])
            elif "digest" in item:
                self.fact("version", item["path"], item["version"], item["digest"])

    # -- the programs

    def init(self, *more):
        code, out, err = self.run("init", "--data", self.data, "--admin-token-file", self.token_file, *more)
        if code != 0:
            raise AssertionError(f"init gave {code}: {out}{err}")
        self.fact("complete")
        self.fact("token", self.admin)
        return self

    def run_command(self, *arguments):
        """(exit code, stdout, stderr)"""
        done = subprocess.run([*self.prefix, COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, env={
            **self.environment(), "REEVE_ADDR": f"http://127.0.0.1:{self.port}", "REEVE_TOKEN_FILE": str(self.token_file)})
        return done.returncode, done.stdout, done.stderr

    def command(self, *arguments):
        code, out, err = self.run_command(*arguments)
        if code != 0:
            raise AssertionError(f"reeve {arguments}: {out}{err}")

    def end(self):
        code = self.stop()
        if code != 0 or self.reports():
            raise AssertionError(f"exit code {code}: {self.log}{self.reports()[:1]}")


class Remover(threading.Thread):
    """Destroys versions, which empties the write-ahead log into the database, and revokes tokens, until `rig.is_stopped`."""

    def __init__(self, rig):
        super().__init__()
        self.rig = rig
        self.failures = []
        self.acknowledged = 0

    def run(self):
        connection = self.rig.server.connect(timeout=10)
        number = 0
        while not self.rig.is_stopped:
            try:
                self.step(connection, number)
                number += 1
            except (OSError, harness.http.client.HTTPException):
                return
            except AssertionError as failure:
                self.failures.append(str(failure))
                return

    def ask(self, connection, method, path, body=None):
        answer = self.rig.server.ask(method, path, body=body, connection=connection)
        if answer.status not in (200, 201, 204):
            raise AssertionError(f"{method} {path}: {answer}")
        self.acknowledged += 1
        return answer

    def step(self, connection, number):
        server = self.rig.server
        path = f"secrets/gone/s{number % 3}"
        version = self.ask(connection, "PUT", "/v1/" + path, {"data": {"value": self.rig.value(), "filler": crash.FILLER * 20}}).json["version"]
        made = self.ask(connection, "POST", "/v1/tokens", {"name": f"t{number}", "policies": ["auditor"], "ttl": "1h"}).json
        self.ask(connection, "POST", f"/v1/{path}:destroy", {"versions": [version]})
        if number % 2 == 0:
            server.fact("revoking", made["token"])
            self.ask(connection, "DELETE", "/v1/tokens/" + made["accessor"])
            server.fact("revoked", made["token"])


def traffic(server, chance, writes, writers=3, is_killed=False):
    """Clients write, read and remove until `writes` are acknowledged or the server is gone."""
    rig = crash.Rig(chance.random(), writers, server)
    rig.counter = server.values  # the same value again would make no version
    server.values += 1000000
    threads = [*(crash.Writer(rig, n) for n in range(writers)), Remover(rig)]
    for writer in threads[:-1]:  # as a writer that knows nothing of an earlier one: no If-Match
        writer.registers = Versions(server)
        writer.pairs.version = server_version(server, f"secrets/pair/w{writer.number}")
    for thread in threads:
        thread.start()
    harness.until(lambda: sum(t.acknowledged for t in threads) >= writes or not any(t.is_alive() for t in threads), "the writes")
    rig.is_stopped = True
    for thread in threads:
        thread.join()
        if thread.failures:
            raise AssertionError(thread.failures[0])
    if is_killed:
        server.process.wait(harness.PATIENCE_S)
        server.process = None


def server_version(server, path):
    answer = server.get("/v1/" + path)
    return answer.json["version"] if answer.status == 200 else 0


class Versions(dict):
    """Registers of documents that may exist already."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def setdefault(self, key, register):
        if key not in self:
            register.version = server_version(self.server, key)
            if register.version:
                register.value = self.server.get("/v1/" + key).json["data"]["value"]
        return super().setdefault(key, register)


# -- the scenarios; each leaves a stopped server with a recording

def record_init(server, chance, writes):
    """Half of them with the token on another disk, so that no sync of its folder helps that of the data."""
    if chance.random() < 0.5:
        server.token_file = server.folder / "admin.token"
    server.record().init().start()
    traffic(server, chance, writes // 8, writers=1)
    server.end()


def record_serve(server, chance, writes):
    server.init().record().start()
    traffic(server, chance, writes)
    server.end()
    server.start()
    traffic(server, chance, writes // 4)
    server.end()


def record_recovery(server, chance, writes):
    """kill -9, and the start after it."""
    server.init().record()
    for _ in range(2):
        server.kill_at = chance.randrange(80, 80 + 12 * writes)
        server.start()
        traffic(server, chance, 100 * writes, is_killed=True)
    server.kill_at = None
    server.start()
    traffic(server, chance, writes // 4)
    server.end()


def record_backup(server, chance, writes):
    server.init().start()
    traffic(server, chance, writes // 2)
    server.end()
    server.record().start()

    def make_backups():
        for number in range(2):
            server.fact("backup_begins", f"backup-{number}")
            server.command("backup", "-o", server.disk / f"backup-{number}")
            server.fact("backup", f"backup-{number}")

    together(lambda: traffic(server, chance, writes // 2), make_backups)
    server.end()


def record_restore(server, chance, writes):
    """The data folder is that of the restore; the one that was backed up is gone."""
    server.init().start()
    traffic(server, chance, writes // 2)
    server.command("backup", "-o", server.folder / "backup")
    server.end()
    server.root_key = server.folder / "root.key"
    shutil.move(server.data / "root.key", server.root_key)
    shutil.rmtree(server.data)
    server.token_file.unlink()
    if chance.random() < 0.5:
        server.token_file = server.data / "admin.token"
    old = [f[2] for f in server.facts if f[1] == "token"]
    server.facts = [(0, *f[1:]) for f in server.facts if f[1] in ("version", "entry", "destroyed")]
    server.facts += [(0, "revoked", token) for token in old] + [(0, "epoch", 2)]
    server.record()
    server.restore_arguments = ["--from", str(server.folder / "backup"), "--root-key", str(server.root_key), "--reason", "a test"]
    code, out, err = server.run("restore", "--data", server.data, "--admin-token-file", server.token_file, *server.restore_arguments)
    if code != 0:
        raise AssertionError(f"restore gave {code}: {out}{err}")
    server.fact("complete")
    server.fact("token", server.admin)
    server.options = ["--root-key", str(server.root_key)]
    server.start()
    traffic(server, chance, writes // 8, writers=1)
    server.end()


def record_migration(server, chance, writes):
    source = FIXTURES / "format-2"
    server.data.mkdir(mode=0o700)
    for name in ("reeve.db", "root.key", "audit.pub", "admin.token"):
        target = server.token_file if name == "admin.token" else server.data / name
        shutil.copy(source / name, target)
        target.chmod(0o644 if name == "audit.pub" else 0o600)
    server.record()
    server.fact("complete")
    server.fact("token", server.admin)
    with sqlite3.connect(f"file:{source}/reeve.db?immutable=1", uri=True) as db:
        for path, version, digest in db.execute("SELECT path, version, lower(hex(digest)) FROM versions"):
            server.fact("version", path, version, ("keyed:" if path.startswith("secrets/") else "sha256:") + digest)
        server.fact("epoch", *map(int, db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()))
    db.close()
    server.start()
    traffic(server, chance, writes // 8, writers=1)
    server.end()


def recover_arguments(server, name):
    return ["recover", "--data", server.data, "--reason", "a test", "--admin-token-file", server.data.parent / name]


def record_recover(server, chance, writes):
    server.init().start()
    traffic(server, chance, writes // 4)
    server.end()
    server.record()
    for name in ("second.token", "third.token"):
        code, out, err = server.run(*recover_arguments(server, name))
        if code != 0:
            raise AssertionError(f"recover gave {code}: {out}{err}")
        server.fact("token", (server.disk / name).read_text().strip())
    server.start()
    traffic(server, chance, writes // 8, writers=1)
    server.end()


SCENARIOS = {"init": record_init, "serve": record_serve, "recovery": record_recovery, "backup": record_backup,
             "restore": record_restore, "migration": record_migration, "recover": record_recover}


FOLDER = "@FOLDER@"  # stands for the record's own in its facts


class Record:
    """One scenario's recording, with its facts, in a folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.__dict__.update(json.loads((self.folder / "facts.json").read_text().replace(FOLDER, str(self.folder.resolve()))))
        self.events = disk.read_events(self.folder / "recording")

    @classmethod
    def make(cls, folder, scenario, chance, writes):
        server = Recorded()
        server.root_key, server.restore_arguments = None, []
        try:
            SCENARIOS[scenario](server, chance, writes)
            folder.mkdir()
            shutil.move(server.recording, folder / "recording")
            token_file = server.token_file.relative_to(server.disk) if server.token_file.is_relative_to(server.disk) else ""
            for name in ("root.key", "backup"):
                if (server.folder / name).exists():
                    shutil.move(server.folder / name, folder / name)
            arguments = [a.replace(str(server.folder), FOLDER) for a in server.restore_arguments]
            (folder / "facts.json").write_text(json.dumps({
                "scenario": scenario, "root": str(server.disk), "facts": server.facts, "token_file": str(token_file),
                "root_key": f"{FOLDER}/root.key" if server.root_key else None, "restore_arguments": arguments}))
        finally:
            server.remove()
        return cls(folder)
