"""DESIGN 9: a store that an older release made opens, keeps a copy where it was migrated, and answers what it answered then."""
import gzip
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

import harness
from support import COMMAND

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
sys.path.insert(0, str(FIXTURES))
import content  # noqa: E402


def missing(expected, found, where=""):
    """What `found` lacks of `expected`, or has otherwise; more members than expected are no difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key not in found:
                yield f"{where}/{key} is missing"
            else:
                yield from missing(value, found[key], f"{where}/{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (a, b) in enumerate(zip(expected, found)):
            yield from missing(a, b, f"{where}/{number}")
    elif expected != found:
        yield f"{where}: {str(found)[:300]} instead of {str(expected)[:300]}"


class Migration(unittest.TestCase):
    formats = (2,)

    def opened(self, number):
        """A stopped server on a copy of the store of that format, with what must be readable."""
        source = FIXTURES / f"format-{number}"
        server = harness.Reeved()
        self.addCleanup(server.remove)
        server.data.mkdir(mode=0o700)
        for name in ("reeve.db", "root.key", "audit.pub", "admin.token"):
            target = server.token_file if name == "admin.token" else server.data / name
            shutil.copy(source / name, target)
            target.chmod(0o600)
        with sqlite3.connect(server.data / "reeve.db") as db:  # answers are kept for a day
            db.execute("update answers set time_ms = ?", (int(time.time() * 1000),))
        db.close()
        return server, json.loads(gzip.decompress((source / "expected.json.gz").read_bytes()))

    def stored_format(self, file):
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            return int(db.execute("select value from meta where name = 'format'").fetchone()[0])
        finally:
            db.close()

    def verify(self, server, number, code=0):
        older = FIXTURES / f"format-{number}" / "checkpoint"
        done = subprocess.run([COMMAND, "audit", "verify", "--data", server.data, "--key", server.data / "audit.pub", "--older", older],
                              capture_output=True, text=True, timeout=60, env=server.environment())
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def check_readable(self, server, expected):
        wanted = expected["read"]
        found = content.read_all(server, size=wanted["size"][1])
        self.assertEqual(list(missing(wanted, found))[:10], [])
        used = content.use_kept(server, expected)
        for label, token in expected["tokens"].items():
            self.assertEqual(used[f"token {label}"][0], token["status"], label)
        for number, answer in enumerate(expected["answers"]):
            self.assertEqual(used[f"answer {number}"], [answer["status"], answer["answer"]])

    def check_copy(self, server, number):
        """One copy, of the old format, where the format changed; none where it did not."""
        copies = sorted(p.name for p in server.data.glob("reeve.db.format-*"))
        if self.stored_format(server.data / "reeve.db") == number:
            self.assertEqual(copies, [])
        else:
            self.assertEqual(copies, [f"reeve.db.format-{number}"])
            self.assertEqual(self.stored_format(server.data / copies[0]), number)

    def test_a_store_of_each_older_format_opens_and_holds_what_it_held(self):
        for number in self.formats:
            with self.subTest(format=number):
                server, expected = self.opened(number)
                server.start()
                self.check_readable(server, expected)
                self.verify(server, number)
                self.assertEqual(server.put("/v1/profiles/orders/production", "$extends: [staging]\nexecutors: 9\n").status, 200)
                self.assertEqual(server.stop(), 0, server.log)
                self.check_copy(server, number)
                self.verify(server, number)

    def test_the_second_start_migrates_nothing(self):
        for number in self.formats:
            with self.subTest(format=number):
                server, expected = self.opened(number)
                server.start()
                self.assertEqual(server.stop(), 0, server.log)
                size = server.log.count("data_migrated")
                server.start()
                self.assertEqual(server.get("/v1/status").json["documents"], expected["read"]["status"][1]["documents"])
                self.assertEqual(server.stop(), 0, server.log)
                self.assertEqual(server.log.count("data_migrated"), size)
                self.check_copy(server, number)
                self.assertEqual(server.reports(), [])
