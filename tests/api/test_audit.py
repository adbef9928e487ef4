"""DESIGN 6: the log, what is in it, and that nobody changes it unseen."""
import json
import pathlib
import random
import shutil
import sqlite3
import subprocess
import unittest

import harness
from support import COMMAND, Case


class Audit(Case):
    def index(self, answer):
        return int(answer.headers["Reeve-Audit-Index"])

    def entry(self, answer):
        return self.document(f"audit/entries/{self.index(answer)}")

    def test_every_change_has_its_entry(self):
        path = "secrets/each/a"
        steps = [(self.secret("each/a", {"k": "v"}), 1), (self.secret("each/a", {"k": "w"}), 2),
                 (self.server.post(f"/v1/{path}:rollback", {"version": 1}), 3),
                 (self.server.ask("PATCH", "/v1/" + path, body=b'{"data": {"k": "x"}}', type="application/merge-patch+json"), 4),
                 (self.server.delete("/v1/" + path), 4), (self.server.post(f"/v1/{path}:undelete", {"versions": [4]}), 4),
                 (self.server.get("/v1/" + path), 4), (self.server.get(f"/v1/{path}?version=1"), 1),
                 (self.server.post(f"/v1/{path}:destroy", {"versions": [1]}), 1)]
        actions = []
        for answer, version in steps:
            entry = self.entry(answer)
            actions.append(entry["action"])
            self.assertEqual(entry["outcome"], "ok")
            self.assertEqual(entry["request_id"], answer.headers["Reeve-Request-Id"])
            self.assertIn((path, version), [(t["path"], t["version"]) for t in entry["touched"]])
            for member in ("actor", "accessor", "auth", "time", "epoch", "revision"):
                self.assertTrue(entry[member], member)
            self.assertEqual(entry["source"], "127.0.0.1")
        self.assertEqual(len(set(actions)), 7, actions)
        self.assertEqual(entry["index"], self.index(steps[-1][0]))

    def test_value_hashes_show_no_equality(self):
        macs = [self.entry(self.secret(p, {"k": "same"}))["touched"][0].get("value_mac") for p in ("mac/a", "mac/a", "mac/b")]
        self.assertEqual(len(set(macs)), 3)
        self.assertTrue(all(macs))

    def test_changes_of_access_are_entries(self):
        made = self.server.post("/v1/tokens", {"name": "noted", "policies": ["auditor"], "ttl": "1h"})
        gone = self.server.delete("/v1/tokens/" + made.json["accessor"])
        for answer in (made, gone):
            self.assertIn(made.json["accessor"], json.dumps(self.entry(answer)))
            self.assertNotIn(made.json["token"], json.dumps(self.entry(answer)))

    def test_what_was_refused_is_an_entry(self):
        for answer in (self.server.put("/v1/profiles/ref/a", "a: ${b}\n"),
                       self.server.put("/v1/profiles/ref/a", "a: 1\n", headers={"If-Match": '"v3"'}),
                       self.server.get("/v1/secrets/ref/a", token=self.reader("ref", "allow read profiles/**"))):
            self.assertGreaterEqual(answer.status, 400)
            self.assertNotEqual(self.entry(answer)["outcome"], "ok")

    def test_a_plain_read_of_configuration_makes_no_entry(self):
        self.store("profiles/plain/a", "a: 1\n")
        self.assertIsNone(self.server.get("/v1/config/plain/a").headers["Reeve-Audit-Index"])

    def test_filters(self):
        self.secret("filter/a", {"k": "v"})
        self.secret("filter/b", {"k": "v"})
        self.server.get("/v1/secrets/filter/a", token=self.reader("filter", "allow read profiles/**"))
        self.assertEqual({e["touched"][0]["path"] for e in self.audit(path="secrets/filter/a")}, {"secrets/filter/a"})
        self.assertEqual({t["path"] for e in self.audit(path="secrets/filter/") for t in e["touched"]},
                         {"secrets/filter/a", "secrets/filter/b"})
        self.assertEqual([e["actor"] for e in self.audit(path="secrets/filter/", actor="test")], ["test"])
        outcome = self.audit(path="secrets/filter/", actor="test")[0]["outcome"]
        self.assertEqual(len(self.audit(path="secrets/filter/", outcome=outcome)), 1)
        put = [e for e in self.audit(path="secrets/filter/") if e["outcome"] == "ok"][0]
        self.assertEqual({e["action"] for e in self.audit(path="secrets/filter/", action=put["action"])}, {put["action"]})
        self.assertEqual(self.audit(to="2001-01-01T00:00:00Z"), [])
        self.assertTrue(self.audit(**{"from": put["time"], "path": "secrets/filter/"}))
        self.assertEqual(self.audit(**{"from": "2099-01-01T00:00:00Z"}), [])

    def test_pages_and_lines(self):
        for _ in range(5):
            self.secret("pages/a", {"k": "v"})
        seen, at = [], "/v1/audit?path=secrets/pages/a&after=0&limit=2"
        while at:
            answer = self.expect(self.server.get(at), 200)
            seen += [e["index"] for e in answer.json["items"]]
            link = answer.headers["Link"]
            at = link and link[1:link.index(">")]
        self.assertEqual(len(seen), 5)
        self.assertEqual(seen, sorted(seen))
        answer = self.server.get("/v1/audit?path=secrets/pages/a", headers={"Accept": "application/x-ndjson"})
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/x-ndjson")
        self.assertEqual([json.loads(line)["index"] for line in answer.body.splitlines()], seen)

    def test_a_documents_log_is_for_who_may_audit_it(self):
        self.secret("own/a", {"k": "v"})
        self.secret("foreign/a", {"k": "v"})
        reader = self.reader("own", "allow audit secrets/own/**")
        answer = self.server.get("/v1/audit?path=secrets/own/a", token=reader)
        self.expect(answer, 200)
        self.assertTrue(answer.json["items"])
        self.assertIn(self.server.get("/v1/audit?path=secrets/foreign/a", token=reader).status, (403,))
        self.expect_problem(self.server.get("/v1/audit", token=reader), 403)

    def test_the_log_verifies_live_and_from_its_data(self):
        self.secret("verify/a", {"k": "v"})
        key = self.server.data / "audit.pub"
        self.reeve("audit", "verify", "--key", key, "--save-checkpoint", self.server.folder / "older")
        self.secret("verify/a", {"k": "w"})
        self.reeve("audit", "verify", "--key", key, "--older", self.server.folder / "older")
        self.reeve("audit", "verify", "--data", self.server.data, "--key", key, "--older", self.server.folder / "older")
        out = self.reeve("audit", "verify", "--data", self.server.data)
        self.assertIn("audit.pub", out + self.stderr, "that it trusts that file it says")
        note = self.expect(self.server.get("/v1/audit/checkpoint"), 200).body.decode()
        size = int(note.splitlines()[1])
        self.assertGreater(size, 2)
        self.assertIn("\n\n— ", note)
        lines = (self.server.folder / "older").read_text().split("\n")
        lines[1] = str(int(lines[1]) - 1)
        (self.server.folder / "forged").write_text("\n".join(lines))
        self.reeve("audit", "verify", "--key", key, "--older", self.server.folder / "forged", code=1)


class Tampering(unittest.TestCase):
    """Whoever writes to reeve.db can change the log, but not so that `reeve audit verify` says it is whole."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Reeved()
        cls.server.__enter__()
        for n in range(12):
            assert cls.server.put("/v1/secrets/t/a", {"data": {"k": f"v{n}"}}).status in (200, 201)
        cls.case = Case()
        type(cls.case).server = cls.server
        cls.older = cls.server.folder / "older"
        cls.case.reeve("audit", "verify", "--key", cls.server.data / "audit.pub", "--save-checkpoint", cls.older)
        for n in range(3):
            assert cls.server.put("/v1/secrets/t/a", {"data": {"k": f"w{n}"}}).status == 200
        cls.server.stop()
        with sqlite3.connect(cls.server.data / "reeve.db") as db:
            cls.tables = {name: [c[1] for c in db.execute(f"pragma table_info({name})")]
                          for name, in db.execute("select name from sqlite_master where type = 'table'")}
        cls.audit_tables = [t for t in cls.tables if "audit" in t]

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def verify(self, folder, *more):
        done = subprocess.run([COMMAND, "audit", "verify", "--data", folder, "--key", self.server.data / "audit.pub", *more],
                              capture_output=True, text=True, timeout=60, env=self.server.environment())
        return done.returncode, done.stdout + done.stderr

    def tampered(self, *statements, more=()):
        folder = pathlib.Path(str(self.server.data) + "-tampered")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.server.data, folder, ignore=lambda d, names: [n for n in names if n.endswith("sock")])
        db = sqlite3.connect(folder / "reeve.db")
        changed = 0
        for statement in statements:
            changed += db.execute(statement).rowcount
        db.commit()
        db.close()
        if statements:
            self.assertGreater(changed, 0, statements)
        return self.verify(folder, *more)

    def entries(self):
        """The table of entries, its number's and its line's columns."""
        for table in self.audit_tables:
            columns = self.tables[table]
            with sqlite3.connect(self.server.data / "reeve.db") as db:
                row = db.execute(f"select * from {table} limit 1").fetchone()
            for at, value in enumerate(row or ()):
                text = value.decode(errors="replace") if isinstance(value, bytes) else value
                if isinstance(text, str) and '"action":' in text:
                    return table, columns[0], columns[at]
        self.fail(f"no table of entries among {self.tables}")

    def test_what_was_left_alone_verifies(self):
        code, said = self.tampered()
        self.assertEqual(code, 0, said)
        self.assertEqual(self.tampered(more=("--older", self.older))[0], 0)

    def test_each_change_of_a_row_is_found(self):
        table, number, line = self.entries()
        copy = ", ".join(c for c in self.tables[table] if c != number)
        attempts = {
            "an actor": [f"update {table} set {line} = cast(replace(cast({line} as text), '\"actor\":\"', '\"actor\":\"x') as blob)"
                         f" where {number} = 3"],
            "a removed entry": [f"delete from {table} where {number} = 3"],
            "the last one": [f"delete from {table} where {number} = (select max({number}) from {table})"],
            "the last three": [f"delete from {table} where {number} > (select max({number}) from {table}) - 3"],
            "the first one": [f"delete from {table} where {number} = 0"],
            "two swapped": [f"update {table} set {number} = -1 where {number} = 3", f"update {table} set {number} = 3 where {number} = 4",
                            f"update {table} set {number} = 4 where {number} = -1"],
            "one added": [f"insert into {table} ({number}, {copy}) select (select max({number}) + 1 from {table}), {copy}"
                          f" from {table} where {number} = 3"],
            "one twice": [f"update {table} set {line} = (select {line} from {table} where {number} = 4) where {number} = 3"],
            "all": [f"delete from {table}"],
        }
        for name, statements in attempts.items():
            with self.subTest(name):
                code, said = self.tampered(*statements)
                self.assertEqual(code, 1, said)
                self.assertTrue(said.strip())

    def test_changed_bytes_of_the_file_are_found_or_do_no_harm(self):
        """Flipping bits anywhere in the file never crashes the verifier."""
        chance = random.Random(7)
        content = bytearray((self.server.data / "reeve.db").read_bytes())
        folder = pathlib.Path(str(self.server.data) + "-tampered")
        for _ in range(12):
            self.tampered()
            for name in ("reeve.db-wal", "reeve.db-shm"):
                (folder / name).unlink(missing_ok=True)
            copy = bytearray(content)
            for _ in range(20):
                copy[chance.randrange(100, len(copy))] ^= 1 << chance.randrange(8)
            (folder / "reeve.db").write_bytes(copy)
            self.assertIn(self.verify(folder)[0], (0, 1))

    def test_an_older_state_is_found_by_a_checkpoint_that_someone_kept(self):
        """All of it as it was: consistent in itself, so only what was kept elsewhere shows it."""
        server = harness.Reeved()
        try:
            server.init().start()
            server.stop()
            code, said = self.verify(server.data, "--older", self.older)
            self.assertEqual(code, 1, said)
        finally:
            server.remove()

    def test_a_foreign_key_does_not_verify(self):
        server = harness.Reeved().init()
        try:
            done = subprocess.run([COMMAND, "audit", "verify", "--data", self.server.data, "--key", server.data / "audit.pub"],
                                  capture_output=True, timeout=60, env=server.environment())
            self.assertEqual(done.returncode, 1)
        finally:
            server.remove()

    def test_a_swapped_or_flipped_content_is_never_served(self):
        """The envelope's associated data name path and version: rows put elsewhere do not open."""
        contents = [t for t, columns in self.tables.items() if {"sealed", "ciphertext", "content"} & set(columns) and "audit" not in t]
        self.assertTrue(contents, self.tables)
        table = contents[0]
        column = next(c for c in self.tables[table] if c in ("sealed", "ciphertext", "content"))
        for statement in (f"update {table} set {column} = (select {column} from {table} order by rowid desc limit 1)",
                          f"update {table} set {column} = cast(substr({column}, 1, length({column}) - 1) || x'00' as blob)"):
            with self.subTest(statement):
                self.tampered(statement)
                server = harness.Reeved()
                server.data = pathlib.Path(str(self.server.data) + "-tampered")
                server.token_file = self.server.token_file
                try:
                    server.start()
                except AssertionError:
                    continue  # it does not even start: also good
                try:
                    answers = [server.get("/v1/secrets/t/a?version=%d" % v) for v in (1, 2, 3)]
                    self.assertTrue(all(a.status == 500 or b'"k":"v' in a.body for a in answers), answers)
                    self.assertTrue(any(a.status == 500 for a in answers), answers)
                    self.assertNotEqual([a.json.get("data") for a in answers][:2], [{"k": "w2"}] * 2)
                finally:
                    server.stop()
                    shutil.rmtree(server.folder)


if __name__ == "__main__":
    unittest.main()
