"""reeved recover: a fresh administrator while the server is stopped, once or not at all."""
import json
import os
import sqlite3
import stat
import subprocess
import unittest

import harness
from support import COMMAND
from test_restore import Points, names, strace_works


class Recover(unittest.TestCase):
    def setUp(self):
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)
        self.server.init()
        self.fresh = self.server.folder / "fresh.token"

    def arguments(self, *more):
        return ["recover", "--data", self.server.data, "--root-key", self.server.data / "root.key", "--reason", "the token was lost",
                "--admin-token-file", self.fresh, *more]

    def recover(self, code=0, arguments=None):
        got, out, err = self.server.run(*(arguments or self.arguments()))
        self.assertEqual(got, code, out + err)
        return out + err

    def expect_works(self):
        """The fresh token and the old one; the log is sound and says why."""
        token = self.fresh.read_text().strip()
        self.server.start()
        self.assertIn(self.server.put("/v1/policies/p", "rules: []\n", token=token).status, (200, 201))
        self.assertEqual(self.server.get("/v1/status").status, 200)
        entries = self.server.get("/v1/audit?limit=1000", token=token).json["items"]
        self.assertEqual(self.server.stop(), 0)
        done = subprocess.run([os.path.abspath(COMMAND), "audit", "verify", "--data", str(self.server.data)], capture_output=True,
                              text=True, env=self.server.environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return entries

    def test_a_fresh_token_administers_and_the_log_says_why(self):
        out = self.recover()
        self.assertIn(str(self.fresh), out)
        self.assertEqual(stat.S_IMODE(self.fresh.stat().st_mode), 0o600)
        entries = self.expect_works()
        found = [e for e in entries if e["action"] == "store.recover"]
        self.assertEqual([(e["reason"], e["actor"], e["outcome"]) for e in found], [("the token was lost", "reeved", "ok")])
        self.assertEqual(sum(e["action"] == "token.create" for e in entries), 2)
        self.assertNotIn(self.fresh.read_text().strip(), json.dumps(entries))

    def test_the_folder_names_key_and_token_by_itself(self):
        self.recover(arguments=["recover", "--data", self.server.data, "--reason", "x"])
        (self.server.data / "admin.token").rename(self.fresh)
        self.expect_works()

    def test_a_server_that_runs_is_left_alone(self):
        self.server.start()
        self.assertIn("another reeved", self.recover(code=1))
        self.assertFalse(self.fresh.exists())
        self.assertEqual(self.server.get("/v1/status").status, 200)
        self.assertEqual(self.server.stop(), 0)

    def test_what_does_not_fit_is_refused_and_changes_nothing(self):
        before = (self.server.data / "reeve.db").read_bytes()
        other = harness.Reeved()
        self.addCleanup(other.remove)
        other.init()
        out = self.recover(code=1, arguments=self.arguments()[:4] + [other.data / "root.key"] + self.arguments()[5:])
        self.assertIn("key", out)
        self.recover(code=2, arguments=["recover", "--data", self.server.data])
        self.fresh.write_text("mine")
        self.assertIn("exists already", self.recover(code=1))
        self.assertEqual(self.fresh.read_text(), "mine")
        self.fresh.unlink()
        mine = self.server.folder / "fresh.token.unfinished"
        mine.write_text("mine")
        self.assertIn("exists", self.recover(code=1))
        self.assertEqual(mine.read_text(), "mine")
        self.recover(code=1, arguments=self.arguments()[:-1] + ["/nonexistent/token"])
        self.assertEqual(names(self.server.data), ["audit.pub", "reeve.db", "reeve.lock", "root.key"])
        self.assertEqual((self.server.data / "reeve.db").read_bytes()[4096:], before[4096:])

    def test_a_store_that_was_changed_gets_no_new_head(self):
        db = sqlite3.connect(self.server.data / "reeve.db")
        db.execute("update tokens set is_revoked = 1")
        db.commit()
        db.close()
        self.assertIn("damaged", self.recover(code=1))
        self.assertFalse(list(self.server.folder.glob("fresh*")))

    def test_a_policy_that_gives_no_right_is_said(self):
        self.server.start()
        self.assertEqual(self.server.put("/v1/policies/administrator?force=true", "rules: []\n").status, 200)
        self.assertEqual(self.server.stop(), 0)
        self.assertIn("--reset-policy", self.recover(code=1))
        self.assertFalse(list(self.server.folder.glob("fresh*")))
        self.recover(arguments=self.arguments("--reset-policy"))
        token = self.fresh.read_text().strip()
        self.server.start()
        self.assertEqual(self.server.put("/v1/policies/p", "rules: []\n", token=token).status, 201)
        versions = self.server.get("/v1/policies/administrator:versions", token=token).json["items"]
        self.assertEqual([v["version"] for v in versions], [3, 2, 1])
        self.assertEqual(versions[0]["digest"], versions[2]["digest"])
        entries = self.server.get("/v1/audit?action=policy.put", token=token).json["items"]
        self.assertIn(("reeved", "the token was lost"), [(e["actor"], e["reason"]) for e in entries])
        self.assertEqual(self.server.stop(), 0)
        done = subprocess.run([os.path.abspath(COMMAND), "audit", "verify", "--data", str(self.server.data)], capture_output=True,
                              text=True, env=self.server.environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_policy_that_gives_the_right_is_left_alone(self):
        self.recover(arguments=self.arguments("--reset-policy"))
        self.server.start()
        self.assertEqual(len(self.server.get("/v1/policies/administrator:versions").json["items"]), 1)
        self.assertEqual(self.server.stop(), 0)

    @unittest.skipUnless(strace_works(), "strace cannot inject here")
    def test_one_that_is_killed_is_run_again(self):
        points = Points(self.server)
        for point in points.find(self.arguments()):
            with self.subTest(point=point):
                self.fresh.unlink(missing_ok=True)
                points.kill(point, self.arguments())
                if not self.fresh.exists():
                    self.recover()
                self.expect_works()
                self.assertEqual([p.name for p in self.server.folder.glob("fresh*")], ["fresh.token"])


if __name__ == "__main__":
    unittest.main()
