#!/usr/bin/env python3
"""Kills the server at random moments under writers and readers, again and again: crash.py [--rounds N | --seconds S]

After each kill the server starts again and must hold every write that it acknowledged, no half of any other, and an audit log that verifies
and goes on from the last checkpoint that anyone saw. REEVED and REEVE name the programs. Closes with "N passed, N failed".
"""
import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
import harness  # noqa: E402
from support import COMMAND  # noqa: E402

KEYS = 6
FILLER = "x" * 300


class Register:
    """What is known of one document: the last acknowledged (version, value), and values whose answer never came."""

    def __init__(self):
        self.version = 0
        self.value = None
        self.maybe = {}  # value -> the version that it would have


class Writer(threading.Thread):
    """Writes documents that are its own until the server is gone; then `registers` says what must and what may be there."""

    def __init__(self, rig, number):
        super().__init__()
        self.rig, self.number = rig, number
        self.registers = {}
        self.pairs = Register()
        self.chance = random.Random(rig.chance.random())
        self.failures = []
        self.acknowledged = 0
        self.last_revision = 0
        self.last_time = ""

    def run(self):
        connection = self.rig.server.connect(timeout=10)
        while not self.rig.is_stopped:
            try:
                self.step(connection)
            except (OSError, harness.http.client.HTTPException):
                return
            except AssertionError as failure:
                self.failures.append(str(failure))
                return

    def step(self, connection):
        what = self.chance.random()
        if what < 0.35:
            self.put(connection, with_match=False)
        elif what < 0.6:
            self.put(connection, with_match=True)
        elif what < 0.8:
            self.batch(connection)
        else:
            self.read(connection)

    def write(self, connection, register, value, send):
        """Until the answer is there the write may have happened or not."""
        register.maybe[value] = register.version + 1
        answer = send()
        if answer.status not in (200, 201):
            raise AssertionError(f"a write was refused: {answer}")
        del register.maybe[value]
        return answer

    def accept(self, register, value, version, answer):
        self.acknowledged += 1
        revision = int(answer.headers["Reeve-Revision"])
        if version <= register.version:
            raise AssertionError(f"version {version} after {register.version}")
        if revision <= self.last_revision:
            raise AssertionError(f"revision {revision} after {self.last_revision}")
        register.version, register.value = version, value
        self.last_revision = revision

    def put(self, connection, with_match):
        key = f"secrets/crash/w{self.number}/k{self.chance.randrange(KEYS)}"
        register = self.registers.setdefault(key, Register())
        value = self.rig.value()
        headers = {}
        if with_match:
            headers = {"If-Match": f'"v{register.version}"'} if register.version else {"If-None-Match": "*"}
        answer = self.write(connection, register, value, lambda: self.rig.server.ask(
            "PUT", "/v1/" + key, body={"data": {"value": value, "filler": FILLER}}, headers=headers, connection=connection))
        self.accept(register, value, answer.json["version"], answer)
        if answer.json["created_at"] < self.last_time:
            raise AssertionError("time went back")
        self.last_time = answer.json["created_at"]

    def batch(self, connection):
        """A secret and a profile that always change together, and a third that is patched."""
        value = self.rig.value()
        name = f"w{self.number}"
        changes = [{"op": "put", "path": f"secrets/pair/{name}", "content": {"data": {"value": value}}},
                   {"op": "put", "path": f"profiles/pair/{name}", "content": {"value": value, "of": f"${{secret:pair/{name}#value}}"}}]
        answer = self.write(connection, self.pairs, value, lambda: self.rig.server.ask(
            "POST", "/v1/batch", body={"changes": changes}, connection=connection))
        items = answer.json["items"]
        if len({i["revision"] for i in items}) != 1 or len({i["version"] for i in items}) != 1:
            raise AssertionError(f"a batch of several revisions: {items}")
        self.accept(self.pairs, value, items[0]["version"], answer)

    def read(self, connection):
        key = self.chance.choice(list(self.registers) or [None])
        if key is None or self.registers[key].version == 0:
            return
        answer = self.rig.server.ask("GET", "/v1/" + key, connection=connection)
        if answer.status != 200 or answer.json["data"]["value"] != self.registers[key].value:
            raise AssertionError(f"read back something else: {answer}")
        index = int(answer.headers["Reeve-Audit-Index"])
        with self.rig.lock:
            self.rig.recorded[index] = answer.headers["Reeve-Request-Id"]


class Rig:
    def __init__(self, seed, writers, server=None):
        self.chance = random.Random(seed)
        self.server = server or harness.Reeved().init()
        self.lock = threading.Lock()
        self.counter = 0
        self.recorded = {}  # audit index -> request id, of reads that were answered
        self.is_stopped = False
        self.writers = []
        self.count = writers
        self.checkpoint = self.server.folder / "checkpoint"
        self.acknowledged = 0

    def value(self):
        with self.lock:
            self.counter += 1
            return f"value-{self.counter}"

    def round(self, delay):
        self.server.start()
        old = self.writers
        self.check(old)
        self.is_stopped = False
        self.writers = [Writer(self, n) for n in range(self.count)]
        for now, before in zip(self.writers, old):
            now.registers, now.pairs = before.registers, before.pairs
            now.last_revision, now.last_time = before.last_revision, before.last_time
        for writer in self.writers:
            writer.start()
        time.sleep(delay)
        self.server.kill()
        self.is_stopped = True
        for writer in self.writers:
            writer.join(30)
            if writer.is_alive():
                raise AssertionError("a writer hangs")
            if writer.failures:
                raise AssertionError(writer.failures[0])
            self.acknowledged += writer.acknowledged

    # -- after a start

    def check(self, writers):
        for writer in writers:
            for key, register in writer.registers.items():
                self.settle(register, self.read(key), key)
            self.check_pair(writer)
        self.check_audit()

    def read(self, key):
        answer = self.server.get("/v1/" + key)
        if answer.status == 404:
            return 0, None
        if answer.status != 200:
            raise AssertionError(f"{key}: {answer}")
        got = answer.json
        return got["version"], got["data"]["value"] if "data" in got else got["content"]["value"]

    def settle(self, register, found, name):
        """What is there is what was acknowledged last, or a write whose answer the kill ate; never an older one, never another."""
        version, value = found
        if (version, value) != (register.version, register.value) and register.maybe.get(value) != version:
            raise AssertionError(f"{name}: version {version} is {value!r}; acknowledged was version {register.version},"
                                 f" {register.value!r}, unanswered {register.maybe}")
        register.version, register.value, register.maybe = version, value, {}

    def check_pair(self, writer):
        name = f"w{writer.number}"
        secret, profile = self.read(f"secrets/pair/{name}"), self.read(f"profiles/pair/{name}")
        if secret != profile:
            raise AssertionError(f"half a batch: {secret} {profile}")
        self.settle(writer.pairs, secret, f"pair/{name}")
        if secret[0]:
            config = self.server.get(f"/v1/config/pair/{name}?reveal=true").json
            if config != {"value": secret[1], "of": secret[1]}:
                raise AssertionError(f"the configuration is another one: {config}")

    def check_audit(self):
        for index, request in self.chance.sample(sorted(self.recorded.items()), min(5, len(self.recorded))):
            entry = self.server.get(f"/v1/audit/entries/{index}").json
            if entry["request_id"] != request:
                raise AssertionError(f"entry {index} is of another request")
        older = ["--older", self.checkpoint] if self.checkpoint.exists() else []
        done = subprocess.run([COMMAND, "audit", "verify", "--key", self.server.data / "audit.pub", *older,
                               "--save-checkpoint", str(self.checkpoint) + ".new"], capture_output=True, text=True, timeout=60,
                              env={**self.server.environment(), "REEVE_ADDR": f"http://127.0.0.1:{self.server.port}",
                                   "REEVE_TOKEN_FILE": str(self.server.token_file)})
        if done.returncode != 0:
            raise AssertionError("the log does not verify: " + done.stdout + done.stderr)
        pathlib.Path(str(self.checkpoint) + ".new").replace(self.checkpoint)

    def end(self):
        self.server.start()
        self.check(self.writers)
        code = self.server.stop()
        if code != 0:
            raise AssertionError(f"exit code {code}: {self.server.log}")
        done = subprocess.run([COMMAND, "audit", "verify", "--data", self.server.data, "--older", self.checkpoint], capture_output=True,
                              text=True, env=self.server.environment())
        if done.returncode != 0:
            raise AssertionError("the log does not verify from its data: " + done.stdout + done.stderr)
        if self.server.reports():
            raise AssertionError(self.server.reports()[0])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=1000000)
    options.add_argument("--seconds", type=float, default=1e9)
    options.add_argument("--writers", type=int, default=4)
    options.add_argument("--keep", help="a folder for the data of a run that failed")
    options.add_argument("--seed", type=int, default=None)
    options = options.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    rig = Rig(seed, options.writers)
    passed = failed = 0
    end = time.monotonic() + options.seconds
    try:
        while passed < options.rounds and time.monotonic() < end:
            # Most kills under load, some while it is hardly up.
            rig.round(rig.chance.choice((0, 0.01, 0.05)) if rig.chance.random() < 0.2 else rig.chance.uniform(0.05, 0.5))
            passed += 1
        rig.end()
        passed += 1
    except AssertionError as failure:
        failed = 1
        print(f"round {passed + 1}: {failure}\n{rig.server.log[-3000:]}")
    if rig.acknowledged == 0:
        failed = 1
        print("nothing was ever acknowledged")
    print(f"{passed} kills, {rig.acknowledged} acknowledged writes, {len(rig.recorded)} recorded reads")
    print(f"{passed} passed, {failed} failed")
    if failed and options.keep:
        rig.server.kill_if_running()
        shutil.copytree(rig.server.folder, options.keep, dirs_exist_ok=True)
        print(f"data kept in {options.keep}")
    rig.server.remove()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
