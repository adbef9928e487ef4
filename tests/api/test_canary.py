"""DESIGN 3, 4, 6: a secret's value is in no log, error, audit entry, file, command line or core.

The canaries go through everything, also through what fails, and are then looked for in all forms that they could have taken.
"""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import unittest
import urllib.parse

from harness import until
from support import Case

TEXT = "canary-Zq7xW93kPl5v"
UTF8 = "kanárek-žluťoučký-Ω9381"
NUMBER = 7391648205517393
BYTES = bytes([0, 255, 17, 201, 93, 86, 44, 209, 163, 7, 0, 88])


def forms():
    """All that a value could look like: as it is, escaped, encoded, and parts long enough to tell."""
    found = {}
    for value in (TEXT, UTF8, str(NUMBER)):
        raw = value.encode()
        found[value] = {raw, json.dumps(value)[1:-1].encode(), urllib.parse.quote(value).encode(), raw.hex().encode(),
                        raw[:-4], raw[4:], base64.b64encode(raw).rstrip(b"=")[:-2], hashlib.sha256(raw).hexdigest().encode(),
                        hashlib.sha256(raw).digest(), value.encode("utf-16-le")}
    found["bytes"] = {BYTES, base64.b64encode(BYTES), BYTES.hex().encode()}
    return found


FORMS = forms()


class Canary(Case):
    options = ("--log-level", "debug")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answers = []
        cls.case = cls("test_no_answer_but_those_that_were_asked_for_shows_it")
        cls.case.exercise()

    def keep(self, answer):
        """An answer in which no canary may be."""
        self.answers.append(repr(answer.headers.items()).encode() + answer.body)
        return answer

    def exercise(self):
        server, keep = self.server, self.keep
        data = {"text": TEXT, "utf8": UTF8, "number": NUMBER, "nested": {"in": [TEXT]}}
        body = json.dumps({"data": data}, ensure_ascii=False)
        put = lambda path, body, **more: keep(server.put(path, body, type="application/json", **more))
        self.expect(put("/v1/secrets/can/a", body), 201)
        keytab = {"data": {"keytab": base64.b64encode(BYTES).decode()}, "metadata": {"encoding": {"keytab": "base64"}}}
        self.expect(put("/v1/secrets/can/bytes", json.dumps(keytab)), 201)
        keep(self.schema("can/s", {"t": {"x-secret": True, "maxLength": 100}, "n": {"maximum": 8e15}, "u": {"x-secret": True}}))
        keep(self.store("profiles/can/a", "$schema: can/s\nt: ${secret:can/a#text}\nu: 'x ${secret:can/a#utf8}'\n"
                        "n: ${secret:can/a#number}\no: ${secret:can/a#nested}\n"))
        # reads that show it, to be recorded
        for path in ("secrets/can/a", "secrets/can/a?version=1", "config/can/a?reveal=true", "config/can/a?reveal=true&format=env"):
            answer = server.get("/v1/" + path)
            if "env" not in path:
                self.assertIn(TEXT.encode(), answer.body)
        # versions, differences, what may not show it
        put("/v1/secrets/can/a", body.replace("canary", "other"))
        put("/v1/secrets/can/a?message=rotated", body)
        keep(server.ask("PATCH", "/v1/secrets/can/a", body=json.dumps({"data": {"more": TEXT}}), type="application/merge-patch+json"))
        for path in ("secrets/can/a:versions", "secrets/can/a:diff?from=1&to=2", "secrets/can/a:diff?from=2&to=4", "config/can/a",
                     "config/can/a?explain=true", "config/can/a:versions", "secrets/can/a:dependents", "revisions", "revisions/3",
                     "secrets?prefix=can/", "profiles/can/a", "audit?limit=1000", "status"):
            keep(server.get("/v1/" + path))
        keep(server.get("/metrics"))
        keep(server.post("/v1/secrets/can/a:rollback", {"version": 1}))
        put("/v1/secrets/can/a?dry_run=true", body.replace("Zq7", "xxx"))
        keep(server.post("/v1/batch?dry_run=true", {"changes": [{"op": "put", "path": "secrets/can/a", "content": {"data": data}}]}))
        keep(server.post("/v1/batch", {"changes": [{"op": "put", "path": "secrets/can/a", "content": {"data": data}}]}))
        # failures that hold it
        for bad in (body[:-3], body + "x", '{"data": {"text": "%s", "text": "%s"}}' % (TEXT, TEXT), '{"data": "%s"}' % TEXT,
                    '{"%s": {}}' % TEXT, '"%s"' % TEXT, '{"data": {"text": "%s"}, "metadata": {"expires_at": "%s"}}' % (TEXT, TEXT),
                    '{"data": {"text": "%s\\u12"}}' % TEXT, '{"data": {"text": %s}}' % TEXT, "data: {text: *%s}" % TEXT):
            self.assertGreaterEqual(put("/v1/secrets/can/a", bad).status, 400)
            self.assertGreaterEqual(keep(server.put("/v1/secrets/can/a", bad, type="application/yaml")).status, 200)
            keep(server.put("/v1/secrets/can/a", bad, type="text/plain"))
        put("/v1/secrets/can/a", json.dumps({"data": {"text": TEXT * 20, "utf8": UTF8, "number": NUMBER, "nested": 1}}))
        put("/v1/secrets/can/a", json.dumps({"data": {"text": "ok", "utf8": UTF8, "number": NUMBER * 10, "nested": 1}}))
        for schema in ({"properties": {"t": {"const": "x"}}}, {"properties": {"t": {"pattern": "^nothing$"}}},
                       {"properties": {"t": {"enum": ["a", "b"]}}}, {"properties": {"t": {"type": "integer"}}},
                       {"properties": {"n": {"multipleOf": 1000}}}):
            keep(server.put("/v1/schemas/can/s", schema))
        # A literal where a secret must stand: perhaps someone's password.
        keep(server.put("/v1/profiles/can/b", "$schema: can/s\nt: %s\nn: %s0\n" % (TEXT, NUMBER)))
        reader = self.reader("canary-reader", "allow read config/can/*")
        keep(server.get("/v1/config/can/a?reveal=true", token=reader))
        keep(server.get("/v1/secrets/can/a", token=reader))
        keep(server.get("/v1/config/can/a?reveal=true&format=properties&key=/none"))
        keep(server.delete("/v1/secrets/can/a"))
        # in what is no place for it
        server.raw(b"PUT /v1/secrets/can/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + server.admin.encode() +
                   b"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n" + body.encode(), timeout=0.3)
        # a version that is destroyed, a poll, and the command
        self.expect(keep(server.post("/v1/secrets/can/a:destroy", {"versions": [1]})), 200)
        etag = server.get("/v1/config/can/a?reveal=true").headers["ETag"]
        keep(server.get("/v1/config/can/a?reveal=true&wait=1s", headers={"If-None-Match": etag}))
        self.said = self.reeve("audit", "list", "--path", "secrets/can/") + self.reeve("log") + self.reeve("history", "config/can/a") + \
            self.reeve("config", "can/a", "--explain") + self.reeve("audit", "verify", "--key", server.data / "audit.pub")
        type(self).said = self.said

    def assert_free(self, content, where):
        for name, shapes in FORMS.items():
            for shape in shapes:
                at = content.find(shape)
                self.assertEqual(at, -1, f"{name!r} as {shape!r} at {at} of {where}: {content[max(0, at - 80):at + 80]!r}")

    def test_no_answer_but_those_that_were_asked_for_shows_it(self):
        self.assertGreater(len(self.answers), 60)
        for answer in self.answers:
            self.assert_free(answer, answer[:200])

    def test_no_log_line_shows_it(self):
        log = self.server.log_file.read_bytes()
        self.assertGreater(len(log), 100)
        self.assert_free(log, "log")
        self.assertNotIn(self.server.admin.encode(), log)

    def test_no_audit_entry_shows_it(self):
        entries = self.server.get("/v1/audit?limit=1000").body
        self.assertIn(b"secrets/can/a", entries)
        self.assert_free(entries, "audit")
        self.assertNotIn(self.server.admin.encode(), entries)

    def test_no_output_of_the_command_shows_it(self):
        self.assert_free(self.said.encode(), "output")

    def test_no_file_of_the_data_directory_shows_it(self):
        files = [p for p in self.server.data.rglob("*") if p.is_file()]
        self.assertTrue(any(p.name == "reeve.db" for p in files))
        for path in files:
            self.assert_free(path.read_bytes(), path)
            self.assertNotIn(self.server.admin.encode(), path.read_bytes(), path)
            self.assertEqual(path.stat().st_mode & 0o077 & ~(0o044 if path.name == "audit.pub" else 0), 0, path)

    def test_configuration_is_encrypted_too(self):
        self.store("profiles/can/plain", "# mark-77123\na: canary-of-configuration-9912\n")
        for path in self.server.data.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"canary-of-configuration-9912", path.read_bytes(), path)
                self.assertNotIn(b"mark-77123", path.read_bytes(), path)

    def test_no_backup_shows_it(self):
        self.reeve("backup", "-o", self.server.folder / "backup")
        self.assert_free((self.server.folder / "backup").read_bytes(), "backup")

    def test_a_child_of_run_has_it_only_where_it_was_asked_for(self):
        program = ("import json, os, sys\n"
                   "print(json.dumps({'argv': open('/proc/self/cmdline').read(), 'env': dict(os.environ),\n"
                   "  'parent': open(f'/proc/{os.getppid()}/cmdline').read(),\n"
                   "  'parent_env': open(f'/proc/{os.getppid()}/environ').read(),\n"
                   "  'file': open(os.environ['REEVE_CONFIG_FILE']).read(), 'mode': os.stat(os.environ['REEVE_CONFIG_FILE']).st_mode}))\n")
        for wish, is_asked in (((), False), (("--env", "THE_TEXT=/t"), True)):
            got = json.loads(self.reeve("run", "--config", "can/a", *wish, "--", sys.executable, "-c", program))
            self.assertEqual(json.loads(got["file"])["t"], TEXT)
            self.assertEqual(got["mode"] & 0o777, 0o600)
            for part in ("argv", "parent", "parent_env"):
                self.assert_free(got[part].encode(), part)
            self.assertNotIn("REEVE_TOKEN_FILE", got["env"])
            asked = got["env"].pop("THE_TEXT", None)
            self.assertEqual(asked, TEXT if is_asked else None)
            self.assert_free(json.dumps(got["env"], ensure_ascii=False).encode(), "environment")

    def test_no_core_holds_a_key_and_no_value_that_is_done_with(self):
        """A core of a process that has answered and rested: values were wiped where they ended."""
        gcore = shutil.which("gcore")
        if gcore is None:
            self.skipTest("gcore is not there")
        if "asan" in subprocess.run(["ldd", os.environ.get("REEVED", "build/src/app/reeved")], capture_output=True, text=True).stdout:
            self.skipTest("AddressSanitizer keeps freed memory and its shadow is no use in a core")
        shapes = TEXT.encode(), str(NUMBER).encode()

        def rested():
            """A core in which what was answered is done with."""
            done = subprocess.run([gcore, "-o", str(self.server.folder / "core"), str(self.server.process.pid)], capture_output=True,
                                  text=True)
            files = list(self.server.folder.glob("core*"))
            if not files:
                self.skipTest("gcore may not: " + done.stderr.strip()[-200:])
            content = files[0].read_bytes()
            self.assertIn(b"secrets/can/a", content, "else this would look at nothing")
            return content if not any(shape in content for shape in shapes) else None

        self.server.get("/healthz")
        content = until(rested, "a core without a value")
        text = (self.server.data / "root.key").read_bytes().strip()
        for root in {text, *self.decoded(text)}:
            self.assertEqual(content.count(root), 0, "the root key is in the core")

    def decoded(self, text):
        """The key's 32 bytes, whether the file has them in hexadecimal digits or base64."""
        found = []
        for part in text.split():
            for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True), lambda t: base64.urlsafe_b64decode(t + "=")):
                try:
                    found.append(decode(part.decode().split(":")[-1]))
                except ValueError:
                    continue
        found = [f for f in found if len(f) == 32]
        self.assertTrue(found, "the key file has an unknown form")
        return found


if __name__ == "__main__":
    unittest.main()
