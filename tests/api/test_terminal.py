"""What a hostile server or a file can do to the terminal, the token and the files of who uses the command: nothing."""
import http.server
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time
import tty
import unittest

from support import COMMAND

FORGED = "forged line"
EVIL = f"\x1b]0;owned\x07\x1b[2J\u009b31m\x7f\u202e\u2066\u200f\u061c\u200b\u00ad\U000e0041\r\n{FORGED}\n\tend"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")
RAW = EVIL.encode() + b"\xff\xc3(\xed\xa0\x80\n"


def evil_answer():
    """One answer with the members of all."""
    origin = {"path": EVIL, "version": 1, "line": 3, "column": 4}
    finding = {"profile": EVIL, "pointer": EVIL, "keyword": EVIL, "message": EVIL, "origin": origin}
    diff = [{"op": op, "pointer": "/" + EVIL, "from": EVIL, "to": {EVIL: [EVIL]}, "reload": EVIL} for op in ("add", "remove", "replace")]
    item = {"path": EVIL, "version": 1, "created_at": EVIL, "created_by": EVIL, "message": EVIL, "state": EVIL, "author": EVIL, "time": EVIL,
            "source": EVIL, "action": EVIL, "actor": EVIL, "outcome": EVIL, "reason": EVIL, "accessor": EVIL, "name": EVIL, "policies": [EVIL],
            "expires_at": EVIL, "touched": [{"path": EVIL, "version": 1}], "diff": diff, "config": EVIL, "index": 1, "revision": 1}
    return {**item, "items": [item], "changes": [item], "effective": [item], "diff": diff, "errors": [finding], "warnings": [EVIL, finding],
            "unchecked": [finding], "token": EVIL, "allowed": True, "rule": {"policy": EVIL, "rule": 1, "line": 1}, "data": {"k": EVIL},
            "content": {EVIL: EVIL}, EVIL: EVIL, "nested": {EVIL: {EVIL: EVIL}}}


class Hostile(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        status, kind, body, more = self.server.answers(self)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.server.has_etag:
            self.send_header("ETag", f'"{len(self.server.seen)}"')
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    has_etag = True

    def handle_error(self, *_):
        """Commands that have heard enough hang up."""


def as_json(value, status=200, kind="application/json", **more):
    return status, kind, json.dumps(value).encode(), more


class Terminal(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reeve-terminal-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.hostile = Server(("127.0.0.1", 0), Hostile)
        self.hostile.seen = []
        self.hostile.answers = lambda request: as_json(evil_answer())
        thread = threading.Thread(target=self.hostile.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.hostile.server_close)
        self.addCleanup(self.hostile.shutdown)
        self.token_file = self.write("token", "rv_canary\n", 0o600)

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def environment(self, **more):
        return {**os.environ, "REEVE_ADDR": f"http://127.0.0.1:{self.hostile.server_address[1]}", "REEVE_TOKEN_FILE": str(self.token_file),
                "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "halt_on_error=1", **more}

    def start(self, words, **more):
        """The command with a terminal for both outputs, which passes bytes on as they are."""
        master, slave = pty.openpty()
        tty.setraw(slave, termios.TCSANOW)
        child = subprocess.Popen([os.path.abspath(COMMAND), *map(os.fsencode, map(str, words))], stdin=subprocess.DEVNULL, stdout=slave,
                                 stderr=slave, env=self.environment(**more))
        os.close(slave)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child, master

    def read_until(self, master, text=None, patience_s=30):
        """All that is shown until `text` is, or until nobody can show any more."""
        shown, end = b"", time.monotonic() + patience_s
        while text is None or text not in shown:
            self.assertLess(time.monotonic(), end, shown)
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        return shown

    def show(self, *words, code=None, **more):
        child, master = self.start(words, **more)
        shown = self.read_until(master)
        os.close(master)
        ended = child.wait(30)
        self.assertIn(ended, (0, 1, 2, 3) if code is None else (code, ), f"{words}: {shown}")
        return shown

    def pipe(self, *words, code=0, **more):
        done = subprocess.run([os.path.abspath(COMMAND), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              env=self.environment(**more))
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        self.stderr = done.stderr.decode()
        return done.stdout

    def assert_harmless(self, shown, words, is_content=False):
        text = shown.decode()  # it is UTF-8
        self.assertTrue(text.strip(), words)
        self.assertIsNone(HIDDEN.search(text), f"{words}: {text!r}")
        if not is_content:
            self.assertFalse([line for line in text.splitlines() if line.startswith(FORGED)], f"{words}: {text!r}")

    # -- a server's text

    def talking(self):
        file, folder = self.write("doc.yaml", "a: 1\n"), self.folder / "dir"
        self.write("dir/profiles/a/b.yaml", "a: 1\n")
        key = self.write("log.pub", "log+00000000+AAAA\n")
        document = "profiles/a/b"
        return [("list", "profiles/"), ("history", document), ("history", "config/a/b"), ("diff", document), ("log", ), ("show", 1),
                ("revert", 1), ("revert", 1, "--dry-run"), ("rollback", document, "--to", 1), ("put", document, file),
                ("put", document, file, "--dry-run"), ("delete", document), ("delete", document, "--dry-run"),
                ("undelete", document, "--versions", 1), ("secret", "put", "a/b", f"k=@{file}"), ("secret", "set", "a/b", f"k=@{file}"),
                ("secret", "delete", "a/b"), ("secret", "destroy", "a/b", "--versions", 1), ("secret", "get", "a/b", "--key", EVIL[:9]),
                ("token", "list"), ("token", "revoke", "abc"), ("access", "check", "read", document), ("audit", "list"), ("status", ),
                ("apply", "-f", folder), ("apply", "-f", folder, "--dry-run"), ("apply", "-f", folder, "--dry-run", "-o", "markdown"),
                ("apply", "-f", folder, "-o", "markdown"), ("apply", "-f", folder, "--prune", "policies/"),
                ("audit", "verify", "--key", key), ("run", "--config", "a/b", "--env", "X=/nowhere", "--", "true")]

    def giving(self):
        return [("get", "profiles/a/b"), ("get", "profiles/a/b", "-o", "json"), ("config", "a/b"), ("config", "a/b", "--explain"),
                ("config", "a/b", "-o", "env"), ("secret", "get", "a/b"), ("secret", "get", "a/b", "--key", "k"), ("token", "self"),
                ("token", "create", "--name", "n", "--policy", "p"), ("audit", "list", "-o", "jsonl"), ("list", "profiles/", "-o", "json"),
                ("status", "-o", "json"), ("log", "-o", "json"), ("show", 1, "-o", "json"), ("diff", "profiles/a/b", "-o", "json")]

    def test_no_answer_reaches_a_terminal_but_harmless(self):
        for dry in (False, True):
            self.hostile.answers = lambda request: as_json({**evil_answer(), "dry_run": dry})
            for words in self.talking():
                self.assert_harmless(self.show(*words), words)

    def test_no_refusal_reaches_a_terminal_but_harmless(self):
        problem = {"type": EVIL, "title": EVIL, "detail": EVIL, "request_id": EVIL, "errors": evil_answer()["errors"]}
        for status in (400, 401, 403, 409, 422, 500):
            self.hostile.answers = lambda request: as_json(problem, status, "application/problem+json")
            for words in self.talking() if status == 422 else self.talking()[:3]:
                self.assert_harmless(self.show(*words), words)

    def test_what_is_no_json_is_harmless_too(self):
        self.hostile.answers = lambda request: (200, "application/json", b'{"a": "' + RAW, {})
        for words in self.talking():
            self.assert_harmless(self.show(*words), words)

    def test_content_is_exact_in_a_pipe_and_harmless_on_a_terminal(self):
        for words in self.giving():
            self.assert_harmless(self.show(*words), words, is_content=True)
        self.assertEqual(self.pipe("secret", "get", "a/b", "--key", "k"), EVIL.encode())
        self.hostile.answers = lambda request: (200, "application/yaml", RAW, {})
        for words in (("get", "profiles/a/b"), ("config", "a/b"), ("config", "a/b", "-o", "env"), ("audit", "list", "-o", "jsonl"),
                      ("secret", "get", "a/b"), ("log", "-o", "json")):
            self.assertEqual(self.pipe(*words), RAW, words)
            self.assert_harmless(self.show(*words), words, is_content=True)
        shown = self.show("get", "profiles/a/b")
        for escaped in (rb"\x1b[2J", rb"\u009b31m", rb"\u202e", rb"\U000e0041", rb"\xff", rb"\x0d"):
            self.assertIn(escaped, shown)

    def test_what_a_poll_is_told_is_harmless_in_the_log_of_a_run(self):
        problem = {"title": EVIL, "detail": EVIL + '" forged="yes'}
        self.hostile.answers = lambda request: as_json({"a": 1}) if len(self.hostile.seen) == 1 else \
            as_json(problem, 500, "application/problem+json")
        child, master = self.start(("run", "--config", "a/b", "--", "sleep", "60"))
        shown = self.read_until(master, b"poll_failed")
        child.send_signal(signal.SIGTERM)
        shown += self.read_until(master)
        os.close(master)
        child.wait(30)
        self.assert_harmless(shown, "run")
        self.assertIn(b"poll_failed", shown)
        self.assertNotIn(b'" forged="yes', shown)

    # -- how often it asks

    def run_for(self, seconds):
        child, master = self.start(("run", "--config", "a/b", "--", "sleep", seconds))
        shown = self.read_until(master)
        os.close(master)
        self.assertEqual(child.wait(30), 0, shown)
        return shown

    def test_a_server_that_holds_no_request_is_not_asked_without_a_pause(self):
        self.hostile.answers = lambda request: as_json({"a": 1}) if len(self.hostile.seen) == 1 else (304, "application/json", b"", {})
        self.run_for(1)
        self.assertLess(len(self.hostile.seen), 30)

    def test_an_answer_without_an_etag_starts_nothing_again(self):
        self.hostile.has_etag = False
        shown = self.run_for(1)
        self.assertEqual(shown.count(b"child_started"), 1, shown)
        self.assertIn(b"ETag", shown)
        self.assertEqual(len(self.hostile.seen), 1)

    def test_no_core_file_is_left_with_secrets_in_it(self):
        def allow():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        place = self.folder / "cores"
        place.mkdir()
        dumps = subprocess.run(["sh", "-c", "kill -ABRT $$"], cwd=place, preexec_fn=allow)
        self.assertEqual(dumps.returncode, -signal.SIGABRT)
        if not list(place.iterdir()):
            self.skipTest("this machine writes no core files here")
        shutil.rmtree(place)
        place.mkdir()
        runtime = tempfile.mkdtemp(prefix="reeve-terminal-", dir="/dev/shm")  # what is killed leaves its file, in memory
        self.addCleanup(shutil.rmtree, runtime)
        child = subprocess.Popen([os.path.abspath(COMMAND), "run", "--config", "a/b", "--", "sh", "-c", "echo started; exec sleep 60"], cwd=place,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=allow,
                                 env=self.environment(ASAN_OPTIONS="exitcode=99:disable_coredump=0", XDG_RUNTIME_DIR=runtime))
        self.assertEqual(child.stdout.readline(), b"started\n")
        child.send_signal(signal.SIGABRT)
        self.assertEqual(child.wait(30), -signal.SIGABRT)
        child.stdout.close()
        self.assertEqual(list(place.iterdir()), [])

    # -- names and texts of files

    def test_names_and_texts_of_files_are_harmless(self):
        name = "\x1b[2J\u202e\u009b\nforged line"
        for place in (f"bad/profiles/a/{name}.yaml", f"twins/profiles/{name}/b.yaml", f"{name}/profiles/a/b.yaml"):
            self.write(place, f"? [\n{EVIL}: {EVIL}\n: ")
        self.write("keys/schemas/s.yaml", "additionalProperties: false\n")
        self.write("keys/profiles/a/b.yaml", json.dumps({"$schema": "s", EVIL: "${" + EVIL + "}"}))
        self.write("tests.json", json.dumps([{"description": EVIL, "schema": {"type": "string"},
                                              "tests": [{"description": EVIL, "data": {EVIL: 1}, "valid": True}]}]))
        for words in (("check", "-f", self.folder / "bad"), ("check", "-f", self.folder / "twins"), ("check", "-f", self.folder / name),
                      ("check", "-f", self.folder / "keys"), ("check", "-f", self.folder / "keys", "-o", "json"),
                      ("apply", "-f", self.folder / "bad"), ("apply", "-f", self.folder / name), ("apply", "-f", self.folder / ("no" + name)),
                      ("schema", "test", self.folder / "tests.json"), ("schema", "check", "--schema", self.folder / name, self.folder / name),
                      ("put", "profiles/a/b", self.folder / ("no" + name)), ("get", name), (name, ), ("secret", name), ("get", "--" + name),
                      ("config", name), ("list", "profiles/", "-o", name), ("status", "--token-file", self.folder / name),
                      ("backup", "-o", self.folder / ("no" + name) / "x")):
            self.assert_harmless(self.show(*words), words)

    # -- where the token goes

    def test_the_next_page_is_of_the_same_server(self):
        port = self.hostile.server_address[1]
        for link in (f"@127.0.0.1:{port}/stolen", ".evil.example/stolen", f"http://127.0.0.1:{port}/stolen", ""):
            self.hostile.answers = lambda request: as_json({"items": []}, Link=f'<{link}>; rel="next"')
            self.hostile.seen.clear()
            self.show("list", "profiles/")
            self.assertEqual([path for path, _ in self.hostile.seen], ["/v1/profiles"], link)

    def test_a_list_without_an_end_is_given_up(self):
        self.hostile.answers = lambda request: as_json({"items": [{"path": "profiles/a/x"}]}, Link='</v1/profiles?after=x>; rel="next"')
        self.write("dir/profiles/a/b.yaml", "a: 1\n")
        shown = self.show("apply", "-f", self.folder / "dir", "--prune", "profiles/", code=1)
        self.assertIn(b"more than 100 pages", shown)

    def test_an_address_that_is_not_this_machine_is_told(self):
        for address in ("http://127.evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://localhost.",
                        "http://0.0.0.0", "http://0x7f.evil.example", "http://[::]", "http://localhosts"):
            shown = self.show("status", "--addr", address + ":1", code=1)  # nobody answers
            self.assertIn(b"is not encrypted", shown, address)
        for address in ("http://127.0.0.1@evil.example", "http://user:pass@127.0.0.1", "http://127.0.0.1?", "http://127.0.0.1#x", "ftp://127.0.0.1",
                        "http://[::1].x", "http://127.0.0.1 .evil", "http://", "127.0.0.1:7338", "http://\x1b[2J", "file:///etc/passwd"):
            shown = self.show("status", "--addr", address, code=1)
            self.assertNotIn(b"pass@", shown, address)
            self.assert_harmless(shown, address)
            self.assertEqual(self.hostile.seen, [], address)
        for address in ("http://127.0.0.1:1", "http://LOCALHOST:1", "http://[::1]:1", "http://127.1.2.3:1", "https://evil.example:1"):
            self.assertNotIn(b"is not encrypted", self.show("status", "--addr", address, code=1), address)

    # -- the token's file

    def test_a_token_file_that_others_can_read_is_told_and_never_the_token(self):
        for mode, is_told in ((0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True), (0o660, True)):
            self.token_file.chmod(mode)
            for words in (("status", ), ("get", "profiles/a/b"), ("run", "--config", "a/b", "--", "true")):
                self.pipe(*words)
                self.assertEqual(f"chmod 600 {self.token_file}" in self.stderr, is_told, (oct(mode), self.stderr))
                self.assertNotIn("canary", self.stderr)
        link = self.folder / "link"
        link.symlink_to(self.token_file)
        self.pipe("status", REEVE_TOKEN_FILE=str(link))
        self.assertIn("chmod 600", self.stderr)
        self.pipe("status", REEVE_TOKEN_FILE="", REEVE_TOKEN="rv_canary")
        self.assertEqual(self.stderr, "")
        self.assertEqual({token for _, token in self.hostile.seen}, {"Bearer rv_canary"})

    def test_a_token_file_that_is_none_is_refused_in_a_sentence(self):
        fifo, loop, away = self.folder / "fifo", self.folder / "loop", self.folder / "away"
        os.mkfifo(fifo, 0o600)
        loop.symlink_to(loop)
        away.symlink_to(self.folder / "nowhere")
        cases = {fifo: "not a regular file", self.folder: "not a regular file", "/dev/zero": "not a regular file", loop: "symbolic links",
                 away: "No such file", self.write("large", "x" * 5000, 0o600): "larger than 4096", self.write("empty", "\n", 0o600): "is empty",
                 self.write("two", "rv_canary\nrv_b", 0o600): "holds a blank", self.write("accent", "rv_canary\u00e9", 0o600): "not ASCII"}
        for file, said in cases.items():
            self.pipe("status", "--token-file", file, code=1)
            self.assertIn(said, self.stderr, file)
            self.assertIn(str(file), self.stderr)
            self.assertNotIn("canary", self.stderr)
        self.assertEqual(self.hostile.seen, [])

    def test_a_token_is_saved_where_only_its_owner_reads_it(self):
        self.hostile.answers = lambda request: as_json({"token": "rv_new", "accessor": "abc"})
        file = self.folder / "new.token"
        self.assertEqual(self.pipe("token", "create", "--name", "n", "--policy", "p", "--save", file), b"")
        self.assertEqual((file.stat().st_mode & 0o777, file.read_text()), (0o600, "rv_new\n"))
        self.assertIn("abc", self.stderr)
        self.assertNotIn("rv_new", self.stderr)
        for there in (file, self.write("there", "kept")):
            self.hostile.seen.clear()
            self.pipe("token", "create", "--name", "n", "--policy", "p", "--save", there, code=2)
            self.assertEqual(self.hostile.seen, [])


if __name__ == "__main__":
    unittest.main()
