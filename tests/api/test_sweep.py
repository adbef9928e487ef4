"""Tokens that have ended leave memory and file, and nobody notices but by the room that they leave."""
import re
import sqlite3
import subprocess

from harness import until
from support import COMMAND, Case


class Sweep(Case):
    options = ("--ended-tokens-kept", "1s")

    def removed(self):
        return int(re.search(rb"^reeve_tokens_removed_total (\d+)$", self.server.get("/metrics").body, re.M).group(1))

    def rows(self):
        db = sqlite3.connect(f"file:{self.server.data}/reeve.db?mode=ro", uri=True)
        try:
            return db.execute("select count(*) from tokens").fetchone()[0]
        finally:
            db.close()

    def verify(self):
        done = subprocess.run([COMMAND, "audit", "verify", "--data", str(self.server.data)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_ended_tokens_leave_the_file_without_an_entry_or_a_revision(self):
        until(lambda: self.rows() == 1, "a store with the administrator's token only")
        before = self.removed()
        lasting = self.server.token(["runtime"], ttl="1h")
        parent = self.server.token(["administrator"], ttl="2s")
        below = self.server.post("/v1/tokens", {"name": "below", "policies": ["administrator"]}, token=parent).json["token"]
        short = [self.server.token(["runtime"], ttl="1s") for _ in range(40)]
        size, revision = self.server.get("/v1/status").json["audit"]["size"], self.revision()
        until(lambda: self.removed() == before + 42, "the removal of 42 tokens")
        self.assertEqual(self.rows(), 2)
        # Refusals that another test caused are counted, and recorded some seconds later.
        actions = {e["action"] for e in self.server.get(f"/v1/audit?after={size}&limit=1000").json["items"]}
        self.assertLessEqual(actions, {"access.refused"})
        self.assertEqual(self.revision(), revision)
        self.assertEqual(self.server.get("/v1/tokens/self", token=lasting).status, 200)
        self.verify()
        self.server.delete("/v1/tokens/" + self.server.get("/v1/tokens/self", token=lasting).json["accessor"])
        unknown = self.expect_problem(self.server.get("/v1/tokens/self", token="rv_" + "a" * 43), 401)
        for ended in (parent, below, short[0]):
            problem = self.expect_problem(self.server.get("/v1/tokens/self", token=ended), 401)
            self.assertEqual((problem["title"], problem["detail"]), (unknown["title"], unknown["detail"]))

    def test_a_kill_during_the_removal_leaves_a_store_that_verifies(self):
        until(lambda: self.rows() == 1, "a store with the administrator's token only")
        short = [self.server.token(["runtime"], ttl="1s") for _ in range(30)]
        until(lambda: self.rows() < 31, "the first removal")
        self.server.kill()
        self.verify()
        self.server.start()
        self.assertEqual(self.server.get("/v1/tokens/self", token=short[-1]).status, 401)
        until(lambda: self.rows() == 1, "the removal of the rest")
        self.verify()
