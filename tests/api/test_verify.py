"""`reeve audit verify --data` names each change of a stopped store's rows, tables and indexes: table, key and what to do."""
import pathlib
import shutil
import sqlite3
import subprocess
import unittest

import harness
from support import COMMAND

# What is changed, and what is said of it. {weak}, {gone}, {root} are accessors.
CHANGES = {
    "a token that is made administrator": (
        ["update tokens set record = cast(replace(cast(record as text), '[\"auditor\"]', '[\"administrator\"]') as blob)"
         " where accessor = '{weak}'"],
        "tokens {weak}: its record or its hash is not the one of entry"),
    "hashes of two tokens swapped": (
        ["create temp table h as select accessor, hash from tokens where accessor in ('{weak}', '{root}')",
         "update tokens set hash = zeroblob(32) where accessor = '{weak}'",
         "update tokens set hash = (select hash from h where accessor = '{weak}') where accessor = '{root}'",
         "update tokens set hash = (select hash from h where accessor = '{root}') where accessor = '{weak}'"],
        "tokens {root}: its record or its hash is not the one of entry"),
    "a revoked token that is valid again": (
        ["update tokens set is_revoked = 0 where accessor = '{gone}'"],
        "tokens {gone}: it is valid; the log says that it was revoked"),
    "a token that is revoked": (
        ["update tokens set is_revoked = 1 where accessor = '{weak}'"],
        "tokens {weak}: it is revoked, and no entry of the log says so"),
    "a token that ends later": (
        ["update tokens set expires_ms = expires_ms + 86400000 where accessor = '{weak}'"],
        "tokens {weak}: its row ends at another time than its record"),
    "a token that was never made": (
        ["insert into tokens (hash, accessor, record, expires_ms, uses_left, is_revoked, changed_revision)"
         " select zeroblob(32), 'abc', record, expires_ms, uses_left, 0, 0 from tokens where accessor = '{root}'"],
        "tokens abc: no entry of the log made it"),
    "a head that is set back": (
        ["update heads set version = 1 where path = 'policies/p'"],
        "heads policies/p: its newest version is 1; entry"),
    "a head that is set ahead": (
        ["update heads set version = 9 where path = 'policies/p'"],
        "heads policies/p: its newest version is 9 and the greatest that exists 2"),
    "a head that is removed": (
        ["delete from heads where path = 'policies/p'"],
        "versions policies/p version 1: entry"),
    "the newest version removed with its head": (
        ["update heads set version = 1 where path = 'policies/p'", "delete from versions where path = 'policies/p' and version = 2"],
        "heads policies/p: its newest version is 1; entry"),
    "an old version removed": (
        ["delete from versions where path = 'policies/p' and version = 1"],
        "versions policies/p version 1: entry"),
    "a version that was never made": (
        ["insert into versions select 'profiles/v/x', version, revision, created_ms, created_by, message, content_type, digest, state,"
         " state_revision, key_generation, content_id{macs} from versions where path = 'profiles/v/a'",
         "insert into heads values ('profiles/v/x', 1)"],
        "versions profiles/v/x version 1: no entry of the log made it"),
    "a deleted version that is live": (
        ["update versions set state = 0 where path = 'profiles/v/gone'"],
        "versions profiles/v/gone version 1: it is live; by entry"),
    "a version that is deleted": (
        ["update versions set state = 1 where path = 'profiles/v/a'"],
        "versions profiles/v/a version 1: it is deleted; by entry"),
    "a content that is removed": (
        ["delete from contents where id = (select content_id from versions where path = 'profiles/v/a')"],
        "contents profiles/v/a version 1: table contents: the content of profiles/v/a version 1 is missing"),
    "all contents": (["delete from contents"], "contents policies/administrator version 1: table contents: the content of "),
    "the epoch": (["update meta set value = cast('7' as blob) where name = 'epoch'"], "meta epoch: it is not 1"),
    "the revision": (["update meta set value = cast('2' as blob) where name = 'revision'"], "meta revision: it is not "),
    "the time of the revision": (["update meta set value = cast('2' as blob) where name = 'last_ms'"], "meta last_ms: it is not "),
    "a revision that is removed": (["delete from revisions where revision = 3"], "revisions 3: it is missing, and those before it down to 3"),
    "the first revisions": (["delete from revisions where revision < 3"], "revisions 2: it is missing, and those before it down to 1"),
    "the newest revision": (["delete from revisions where revision = (select max(revision) from revisions)"], "revisions "),
    "a revision too many": (
        ["update revisions set revision = revision + 1 where revision = (select max(revision) from revisions)"], "revisions "),
    "a counter that is removed": (["delete from meta where name = 'epoch'"], "meta epoch: it is missing"),
    "the stored peaks": (
        ["update audit_log set peaks = cast(substr(peaks, 1, length(peaks) - 1) || case when substr(peaks, -1) = x'55' then x'66' else x'55' end"
         " as blob)"],
        "audit_log 0: the stored state of the hash tree"),
    "the stored time": (["update audit_log set time_ms = time_ms + 1"], "audit_log 0: the stored time"),
    "the log's head": (["delete from audit_log"], "audit_log 0: the log's head is missing"),
    "an index that was made partial": (
        ["drop index audit_actor", "create index audit_actor on audit (bucket, actor, idx) where idx < 3"],
        "audit_actor: its definition was changed"),
    "an index that is removed": (["drop index audit_actor"], "audit_actor: it is missing"),
    "an index that was added": (["create index more on audit (idx)"], "more: no store has a table, index, view or trigger of this name"),
    "a table that was added": (["create table more (x)"], "more: no store has a table, index, view or trigger of this name"),
    "a column that was added": (["alter table tokens add column more text"], "tokens: its definition was changed"),
}
# What only the root key shows, and what is said of it then.
WITH_ROOT_KEY = {
    "a token with more uses": (["update tokens set uses_left = 50 where accessor = '{used}'"], "table tokens"),
    "an author": (["update revisions set author = 'x' where revision = 3"], "table revisions"),
    "a message": (["update versions set message = 'x' where path = 'profiles/v/a'"], "table versions"),
    "the time of a version": (["update versions set created_ms = created_ms + 1 where path = 'profiles/v/a'"], "table versions"),
    "a change": (["update changes set origin = 'x' where revision = 3"], "table changes"),
    "a dependency that is removed": (["delete from edges"], "table edges"),
    "a digest of a configuration": (["update effectives set digest = zeroblob(32)"], "table effectives"),
    "a kept response": (["update answers set answer = x'00'"], "table answers"),
    "a kept response that is removed": (["delete from answers"], "table answers"),
    "a content": (["update contents set sealed = cast(substr(sealed, 1, length(sealed) - 1) || case when substr(sealed, -1) = x'55' then x'66'"
                   " else x'55' end as blob) where id = (select content_id from versions where path = 'profiles/v/a')"],
                  "contents profiles/v/a version 1: "),
    "two contents swapped": (
        ["create temp table c as select path, content_id from versions where path in ('profiles/v/a', 'profiles/v/gone')",
         "update versions set content_id = (select content_id from c where c.path <> versions.path)"
         " where path in ('profiles/v/a', 'profiles/v/gone')"],
        "contents profiles/v/a version 1: "),
}
# Those that a server must not start with.
DEFINITIONS = ("partial", "index that", "table that", "column that")


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = harness.Reeved().init().start()
        cls.accessors = {}
        for name in ("weak", "gone"):
            made = server.post("/v1/tokens", {"name": name, "policies": ["auditor"], "ttl": "24h"})
            assert made.status == 201, made.body
            cls.accessors[name] = made.json["accessor"]
        made = server.post("/v1/tokens", {"name": "used", "policies": ["auditor"], "uses": 5})
        assert server.get("/v1/tokens/self", token=made.json["token"]).status == 200, "its row is written again"
        cls.accessors["used"] = made.json["accessor"]
        cls.accessors["root"] = server.get("/v1/tokens/self").json["accessor"]
        for path, body in (("profiles/v/a", "a: 1\n"), ("profiles/v/gone", "a: 1\n"), ("policies/p", "rules: [{allow: [read], on: '**'}]\n"),
                           ("policies/p", "rules: []\n")):
            assert server.put("/v1/" + path, body).status in (200, 201)
        assert server.put("/v1/profiles/v/b", "$extends: a\n", headers={"Idempotency-Key": "one"}).status == 201
        for n in range(3):
            assert server.put("/v1/secrets/v/s", {"data": {"k": f"v{n}"}}).status in (200, 201)
        assert server.delete("/v1/tokens/" + cls.accessors["gone"]).status == 204
        assert server.delete("/v1/profiles/v/gone").status == 204
        assert server.post("/v1/secrets/v/s:destroy", {"versions": [1]}).status == 200
        assert server.delete("/v1/secrets/v/s").status == 204
        cls.live = cls.verify(cls, server.data)
        assert server.stop() == 0
        cls.folder = pathlib.Path(str(server.data) + "-changed")
        with sqlite3.connect(server.data / "reeve.db") as db:
            columns = [row[1] for row in db.execute("pragma table_info(versions)")]
        cls.accessors["macs"] = "".join(", " + name for name in columns if "mac" in name)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.server.remove()

    def verify(self, folder, *more):
        done = subprocess.run([COMMAND, "audit", "verify", "--data", folder, "--key", self.server.data / "audit.pub", *more],
                              capture_output=True, text=True, timeout=60, env=self.server.environment())
        return done.returncode, done.stdout, done.stderr

    def change(self, statements):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.server.data, self.folder, ignore=lambda d, names: [n for n in names if n.endswith("sock")])
        db = sqlite3.connect(self.folder / "reeve.db")
        for statement in statements:
            db.execute(statement.format(**self.accessors))
        db.commit()
        db.close()

    def test_a_store_that_nobody_changed_is_sound_running_and_stopped(self):
        for code, out, err in (self.live, self.verify(self.server.data)):
            self.assertEqual((code, err), (0, ""), out)
            self.assertIn("as the log says: 9 documents with 12 versions, 4 tokens; 11 contents are there", out)
            self.assertIn("not checked without the root key", out)

    def test_each_change_is_named_with_its_row_and_a_remedy(self):
        for name, (statements, said) in CHANGES.items():
            with self.subTest(name):
                self.change(statements)
                code, out, err = self.verify(self.folder)
                self.assertEqual((code, out), (1, ""), err)
                self.assertIn("reeve audit verify: " + said.format(**self.accessors), err)
                self.assertIn("what to do: ", err)
                self.assertRegex(err, r"NOT SOUND, [1-9]\d* problem")
                self.assertNotIn("AddressSanitizer", err)

    def test_the_root_key_opens_every_content_and_vouches_for_every_row(self):
        code, out, err = self.verify(self.server.data, "--root-key", self.server.data / "root.key")
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn("11 contents are there, open, and are those that were written", out)
        self.assertIn("every row is one that reeved wrote, and none is missing", out)
        self.assertNotIn("not checked", out)

    def test_what_only_the_root_key_shows_is_found_with_it(self):
        for name, (statements, said) in WITH_ROOT_KEY.items():
            with self.subTest(name):
                self.change(statements)
                self.assertEqual(self.verify(self.folder)[0], 0, "or the table above is not true any more")
                code, out, err = self.verify(self.folder, "--root-key", self.folder / "root.key")
                self.assertEqual((code, out), (1, ""), err)
                self.assertIn(said, err)
                self.assertIn("what to do: ", err)

    def test_a_recovered_store_is_sound(self):
        self.change([])
        token = self.folder / "fresh.token"
        done = subprocess.run([harness.PROGRAM, "recover", "--data", self.folder, "--root-key", self.folder / "root.key", "--reason", "lost",
                               "--admin-token-file", token], capture_output=True, text=True, timeout=60, env=self.server.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        code, out, err = self.verify(self.folder, "--root-key", self.folder / "root.key")
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn("5 tokens;", out)

    def test_another_root_key_is_said_and_the_rest_is_checked(self):
        other = self.server.folder / "other.key"
        other.write_text("00" * 32 + "\n")
        other.chmod(0o600)
        code, _, err = self.verify(self.server.data, "--root-key", other)
        self.assertEqual(code, 1)
        self.assertIn("the store's keys do not open", err)
        self.assertIn("nothing else is wrong that the public key can tell", err)
        self.change(["update tokens set is_revoked = 0"])
        self.assertIn("the log says that it was revoked", self.verify(self.folder, "--root-key", other)[2])
        code, _, err = self.verify(self.server.data, "--root-key", self.server.folder / "none.key")
        self.assertEqual(code, 2, err)

    def test_a_store_of_format_2_verifies_as_far_as_its_entries_say(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(pathlib.Path(__file__).parent.parent / "fixtures" / "format-2", self.folder)
        self.folder.chmod(0o700)
        (self.folder / "root.key").chmod(0o600)
        done = subprocess.run([COMMAND, "audit", "verify", "--data", self.folder, "--key", self.folder / "audit.pub", "--root-key",
                               self.folder / "root.key", "--older", self.folder / "checkpoint"],
                              capture_output=True, text=True, timeout=60, env=self.server.environment())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("contents are there, open, and are those that were written", done.stdout)
        self.assertIn("not compared in full: ", done.stdout)
        self.assertIn("an older release wrote these rows", done.stdout)

    def test_several_changes_are_all_named_and_counted(self):
        self.change(["update versions set state = 1 where path = 'profiles/v/a'", "update tokens set is_revoked = 0", "drop index audit_actor"])
        code, _, err = self.verify(self.folder)
        self.assertEqual(code, 1)
        self.assertIn("NOT SOUND, 3 problems; the first: audit_actor: it is missing", err)

    def test_very_many_findings_are_counted_and_a_hundred_of_them_shown(self):
        self.change(["with recursive n(i) as (values(1) union all select i + 1 from n where i < 300)"
                     " insert into tokens (hash, accessor, record, expires_ms, uses_left, is_revoked, changed_revision)"
                     " select cast(zeroblob(28) || cast(1000 + i as text) as blob), 'more' || i, x'00', 0, -1, 0, 0 from n"])
        code, _, err = self.verify(self.folder)
        self.assertEqual((code, err.count("no entry of the log made it")), (1, 101), err[-500:])
        self.assertIn("and 200 more", err)
        self.assertIn("NOT SOUND, 300 problems", err)

    def test_an_index_that_does_not_fit_its_table_is_found(self):
        """As a faulty disk or a program that writes to the definitions leaves it."""
        self.change(["drop index audit_actor", "create index audit_actor on audit (bucket, actor, idx) where idx < 3",
                     "pragma writable_schema = on",
                     "update sqlite_schema set sql = 'CREATE INDEX audit_actor ON audit (bucket, actor, idx)' where name = 'audit_actor'"])
        code, _, err = self.verify(self.folder)
        self.assertEqual(code, 1, err)
        self.assertIn("reeve.db: ", err)
        self.assertIn("audit_actor", err)

    def test_a_server_does_not_start_with_a_changed_definition(self):
        names = [name for name in CHANGES if any(word in name for word in DEFINITIONS)]
        self.assertEqual(len(names), 5)
        for name in names:
            with self.subTest(name):
                self.change(CHANGES[name][0])
                done = subprocess.run([harness.PROGRAM, "serve", "--data", self.folder, "--listen", "127.0.0.1:0"],
                                      capture_output=True, text=True, timeout=60, env=self.server.environment())
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("table or index " + CHANGES[name][1].split(":")[0], done.stdout + done.stderr)
