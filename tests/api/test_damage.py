"""DESIGN 4, 6: what is stored is served only as it was written. tests/tamper tries every table and column; here is what needs a story."""
import shutil
import sqlite3
import unittest

import harness


class TwoRestores(unittest.TestCase):
    """Both have the keys of the backup, and versions of the same paths and numbers, but other contents."""

    def restored(self, first, backup, password):
        server = harness.Reeved()
        self.addCleanup(server.remove)
        code, out, err = server.run("restore", "--data", server.data, "--from", backup, "--root-key", first.data / "root.key",
                                    "--reason", "the disk was lost", "--admin-token-file", server.token_file)
        self.assertEqual(code, 0, out + err)
        shutil.copy(first.data / "root.key", server.data / "root.key")
        server.start()
        self.assertEqual(server.put("/v1/secrets/a/b", {"data": {"password": password}}).status, 200)
        self.assertEqual(server.put("/v1/profiles/a/b", f"name: {password}\n").status, 200)
        self.assertEqual(server.stop(), 0)
        return server

    def test_the_content_of_one_is_not_served_by_the_other(self):
        with harness.Reeved() as first:
            first.put("/v1/secrets/a/b", {"data": {"password": "first"}})
            first.put("/v1/profiles/a/b", "name: first\n")
            backup = first.folder / "backup"
            backup.write_bytes(first.get("/v1/backup").body)
            one, other = (self.restored(first, backup, password) for password in ("of-one", "of-other"))
        db = sqlite3.connect(one.data / "reeve.db")
        db.execute("attach ? as other", (str(other.data / "reeve.db"),))
        ids = "select content_id from main.versions where version = 2 and path like '%/a/b'"
        changed = db.execute(f"insert or replace into main.contents select * from other.contents where id in ({ids})").rowcount
        db.commit()
        db.close()
        self.assertEqual(changed, 2)
        one.start()
        for path in ("secrets/a/b", "profiles/a/b", "config/a/b"):
            answer = one.get("/v1/" + path)
            self.assertEqual(answer.status, 500, answer)
            self.assertNotIn(b"of-other", answer.body)
        self.assertIn("content_unreadable", one.log)
        self.assertEqual(one.get("/v1/secrets/a/b?version=1").json["data"], {"password": "first"})
        self.assertEqual(one.stop(), 0, one.log)
        self.assertEqual(one.reports(), [])
