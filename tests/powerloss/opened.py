"""Holds a data folder to the facts: it opens, verifies, has all that was acknowledged and nothing by half."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import harness
from support import COMMAND

# A folder that is not whole yet says which command goes on.
REMEDY = re.compile(r"reeved (init|restore)")


class Wrong(AssertionError):
    """What the check found. The first line is enough to know which."""


class Opened(harness.Reeved):
    """A server on a data folder that exists, kept where it is."""

    def __init__(self, data, root_key=None):
        super().__init__(*(["--root-key", root_key] if root_key else []))
        self.data = pathlib.Path(data)
        self.token = None

    @property
    def admin(self):
        return self.token

    def verify(self):
        key = self.options[1] if self.options else self.data / "root.key"
        done = subprocess.run([COMMAND, "audit", "verify", "--data", str(self.data), "--root-key", str(key)], capture_output=True, text=True,
                              env=self.environment(), timeout=60)
        if done.returncode != 0:
            raise Wrong("it does not verify: " + done.stdout + done.stderr)


class Facts:
    """What was acknowledged by one moment, by kind."""

    def __init__(self, facts, position):
        self.versions, self.entries, self.destroyed, self.epoch = {}, {}, {}, 1
        self.tokens, self.revoking, self.revoked, self.backups = [], set(), set(), []
        self.is_complete = False
        self.all = facts
        for at, kind, *what in facts:
            if at <= position:
                getattr(self, "take_" + kind)(*what)

    def at_backup(self, name):
        """What a backup must hold at least: what was acknowledged before it began."""
        [begin] = [at for at, kind, *what in self.all if kind == "backup_begins" and what == [name]]
        facts = Facts(self.all, begin)
        facts.revoked.update(facts.tokens)
        facts.tokens, facts.epoch = [], facts.epoch + 1
        return facts

    def take_version(self, path, version, digest):
        self.versions.setdefault(path, {})[version] = digest

    def take_entry(self, index, request):
        self.entries[index] = request

    def take_destroyed(self, path, versions):
        self.destroyed.setdefault(path, set()).update(versions)

    def take_token(self, text):
        self.tokens.append(text)

    def take_revoking(self, text):
        self.revoking.add(text)

    def take_revoked(self, text):
        self.revoked.add(text)

    def take_epoch(self, number):
        self.epoch = number

    def take_backup(self, name):
        self.backups.append(name)

    def take_backup_begins(self, name):
        pass

    def take_complete(self):
        self.is_complete = True


def check(server, facts):
    """`server` runs on what is checked. `server.token` may be None where no token was given out yet."""
    connection = server.connect()

    def get(path, status=200, **more):
        answer = server.ask("GET", path, connection=connection, **more)
        if answer.status != status:
            raise Wrong(f"GET {path}: {answer.status} instead of {status}: {answer.body[:300]!r}")
        return answer

    epoch = int(get("/readyz", token=None).headers["Reeve-Epoch"])
    if epoch != facts.epoch:
        raise Wrong(f"epoch {epoch} instead of {facts.epoch}")
    for token in facts.revoked:
        get("/v1/tokens/self", 401, token=token)
    for token in facts.tokens:
        if token not in facts.revoking | facts.revoked:
            get("/v1/tokens/self", token=token)
    if server.token is None:
        return
    check_versions(get, facts)
    check_entries(get, facts)
    check_pairs(server, connection)
    connection.close()


def check_versions(get, facts):
    for path, versions in facts.versions.items():
        found = {i["version"]: i for i in get(f"/v1/{path}:versions?limit=1000").json["items"]}
        for version, digest in versions.items():
            if version not in found:
                raise Wrong(f"{path} version {version} is lost")
            if found[version].get("digest") != digest:
                raise Wrong(f"{path} version {version} is another one: {found[version]}")
        for version in facts.destroyed.get(path, ()):
            if found[version]["state"] != "destroyed":
                raise Wrong(f"{path} version {version} was destroyed and is {found[version]['state']}")
        newest = found[max(found)]
        get("/v1/" + path, 200 if newest["state"] == "live" else 404)


def check_entries(get, facts):
    found, after = {}, 0
    while True:
        lines = get(f"/v1/audit?limit=1000&after={after}", headers={"Accept": "application/x-ndjson"}).body.splitlines()
        for line in lines:
            entry = json.loads(line)
            found[entry["index"]] = entry["request_id"]
        if len(lines) < 1000:
            break
        after = max(found) + 1
    for index, request in facts.entries.items():
        if found.get(index) != request:
            raise Wrong(f"audit entry {index} is " + ("lost" if index not in found else "of another request"))
    if sorted(found) != list(range(len(found))):
        raise Wrong("the audit log has a gap")


def check_pairs(server, connection):
    """Each of crash.py's batches changes a secret and a profile together."""
    number = 0
    while True:
        secret, profile = (server.ask("GET", f"/v1/{kind}/pair/w{number}", connection=connection) for kind in ("secrets", "profiles"))
        if (secret.status, profile.status) == (404, 404):
            return
        if (secret.status, profile.status) != (200, 200) or (secret.json["version"], secret.json["data"]["value"]) != (
                profile.json["version"], profile.json["content"]["value"]):
            raise Wrong(f"half a batch: {secret} {profile}")
        config = server.ask("GET", f"/v1/config/pair/w{number}?reveal=true", connection=connection)
        if config.status != 200 or config.json["of"] != secret.json["data"]["value"]:
            raise Wrong(f"the configuration is another one: {config}")
        number += 1


def check_integrity(file):
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found = db.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as failure:
        found = str(failure)
    finally:
        db.close()
    if found != "ok":
        raise Wrong(f"{file.name}: {found}")


def start_and_check(server, facts):
    try:
        server.start()
    except AssertionError as failure:
        raise Wrong(f"it does not start: {failure}") from failure
    try:
        check(server, facts)
        if server.token is not None:  # it takes writes
            answer = server.ask("PUT", "/v1/profiles/after/start", body=b"a: 1\n", type="application/yaml")
            if answer.status not in (200, 201):
                raise Wrong(f"it takes no writes: {answer}")
        code = server.stop()
    finally:
        server.kill_if_running()
    if code != 0 or server.reports():
        raise Wrong(f"exit code {code}: {server.log}{server.reports()[:1]}")
    server.verify()
    check_integrity(server.data / "reeve.db")


def check_backup(backup, root_key, work, facts):
    """An acknowledged backup can be restored."""
    server = Opened(work / "restored", str(root_key))
    try:
        token_file = work / "restored.token"
        code, out, err = server.run("restore", "--data", server.data, "--from", backup, "--root-key", root_key, "--reason", "a test",
                                    "--admin-token-file", token_file)
        if code != 0:
            raise Wrong(f"{backup.name} is not restored: {out}{err}")
        server.token = token_file.read_text().strip()
        start_and_check(server, facts)
    finally:
        server.remove()
        shutil.rmtree(server.data, ignore_errors=True)
        (work / "restored.token").unlink(missing_ok=True)


def read_token(path):
    """The token in a file that a power cut may have left empty or cut."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return None
    return text.strip() if text.endswith("\n") and os.path.getsize(path) > 20 else None


def starts(server):
    if not (server.data / "reeve.db").exists():
        return False
    try:
        server.start()
    except AssertionError:
        return False
    server.stop()
    return True


def go_on(server, command, token_file):
    """An unfinished folder says the command that goes on; that command finishes it."""
    if server.data.exists():
        code, _, err = server.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", *server.options)
        if code == 0 or not REMEDY.search(err):
            raise Wrong(f"an unfinished folder, and exit code {code} does not say how to go on: {err}")
    more = list(command)
    if command == ["init"] and server.data.exists() and any(server.data.iterdir()):
        more.append("--resume")
    code, out, err = server.run(*more, "--data", server.data, "--admin-token-file", token_file)
    if code != 0:
        raise Wrong(f"{more[0]} does not go on: {code} {out}{err}")


def recovered(server):
    """The tokens of the recoveries whose files have their names, and of another one."""
    code, out, err = server.run("recover", "--data", server.data, "--reason", "a test", "--admin-token-file", server.data.parent / "last.token",
                                *server.options)
    if code != 0:
        raise Wrong(f"recover gave {code}: {out}{err}")
    return [read_token(path) or "an empty file" for path in server.data.parent.glob("*.token") if path.name != "admin.token"]
