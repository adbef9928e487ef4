"""A real reeved on a free port with a data folder of its own, for tests that speak to it from outside.

Standard library only. REEVED names the program; the sanitizers' reports go where scripts/test looks for them, or into the
server's own folder, and a server that left one fails its test.
"""
import atexit
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ.get("REEVED", "build/src/app/reeved")
PATIENCE_S = 60


def until(condition, what="the state that was waited for", patience=PATIENCE_S):
    """Waits until `condition()` is true and gives its value; fails after `patience` seconds, which no test hopes to need."""
    end = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"it did not come in {patience} s: {what}")
        time.sleep(0.01)
    return found


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


SERVERS = set()
CHILDREN = set()  # other processes, which clean up after themselves on SIGTERM


def end_child(child):
    """Ends a process of CHILDREN and closes its pipes."""
    CHILDREN.discard(child)
    if child.poll() is None:
        child.terminate()
    try:
        child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


@atexit.register
def end_all():
    """However the tests end, no process outlives them and no folder is left."""
    for child in list(CHILDREN):
        end_child(child)
    for server in list(SERVERS):
        server.remove()


class Reeved:
    """init() and start() happen on entering; leaving stops it with SIGTERM and expects exit 0 and no report."""

    def __init__(self, *options, env=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reeved-api-"))
        self.data = self.folder / "data"
        self.token_file = self.folder / "admin.token"
        self.log_file = self.folder / "log"
        self.options = list(options)
        self.prefix = []  # a program that runs the program
        self.extra_env = env or {}
        self.process = None
        self.port = None
        SERVERS.add(self)

    # -- the program

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("REEVED_")}
        if "REEVE_SANITIZER_REPORTS" not in env:
            reports = self.folder / "reports"
            reports.mkdir(exist_ok=True)
            env["ASAN_OPTIONS"] = f"log_path={reports}/asan:detect_leaks=1:exitcode=99"
            env["UBSAN_OPTIONS"] = f"log_path={reports}/ubsan:print_stacktrace=1:halt_on_error=1"
        env.update(self.extra_env)
        return env

    def run(self, *arguments):
        """One command to its end: (exit code, stdout, stderr)."""
        done = subprocess.run([*self.prefix, PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              env=self.environment(), timeout=60)
        return done.returncode, done.stdout, done.stderr

    def init(self):
        code, out, err = self.run("init", "--data", self.data, "--admin-token-file", self.token_file)
        if code != 0:
            raise AssertionError(f"init gave {code}: {out}{err}")
        return self

    def start(self, *more, data=None):
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, PROGRAM, "serve", "--data", str(data or self.data), "--listen", "127.0.0.1:0",
                 "--port-file", str(port_file), *self.options, *map(str, more)],
                stderr=log, stdout=log, env=self.environment())
        self.wait_for_port(port_file)
        self.port = int(port_file.read_text())
        self.idle_sockets = self.sockets()
        return self

    def wait_for_port(self, port_file):
        def is_up():
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}: {self.log}")
            return port_file.exists() and port_file.read_text().endswith("\n")

        until(is_up, "a server that listens")

    def sockets(self):
        """How many the server holds."""
        count = 0
        for entry in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                count += os.readlink(entry).startswith("socket:")
            except FileNotFoundError:
                pass
        return count

    def connections(self):
        """How many clients the server thinks are connected."""
        return self.sockets() - self.idle_sockets

    def waiting_polls(self):
        """How many long polls are asleep."""
        return int(re.search(rb"^reeve_waiting_polls (\d+)$", self.get("/metrics").body, re.M).group(1))

    def wait_for_polls(self, count):
        until(lambda: self.waiting_polls() >= count, f"{count} polls that wait")

    def wait_for_no_connections(self):
        until(lambda: self.connections() == 0, "the end of every connection")

    def stop(self, signal_number=signal.SIGTERM):
        """Gives the exit code."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal_number)
        try:
            return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"serve did not stop: {self.log}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def kill_if_running(self):
        if self.process is not None:
            self.kill()

    @property
    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def reports(self):
        folder = self.folder / "reports"
        return [p.read_text(errors="replace") for p in folder.iterdir()] if folder.exists() else []

    def __enter__(self):
        try:
            return self.init().start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind, value, trace):
        try:
            code = self.stop()
            if kind is None:
                assert code in (0, None), f"exit code {code}: {self.log}"
                assert not self.reports(), self.reports()[0]
        finally:
            self.remove()

    def remove(self):
        self.kill_if_running()
        shutil.rmtree(self.folder, ignore_errors=True)
        SERVERS.discard(self)

    # -- speaking to it

    @property
    def admin(self):
        return self.token_file.read_text().strip()

    def connect(self, timeout=PATIENCE_S):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, type=None, token="", headers=None, connection=None):
        """One request. `body`: bytes, text, or what becomes JSON. `token`: "" is the administrator's, None is none."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", "Bearer " + (token or self.admin))
        if body is not None and not isinstance(body, (bytes, str)):
            body, type = json.dumps(body), type or "application/json"
        if isinstance(body, str):
            body = body.encode()
        if type is not None:
            sent["Content-Type"] = type
        own = connection or self.connect()
        try:
            own.request(method, path, body=body, headers=sent)
            got = own.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            if connection is None:
                own.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def put(self, path, body, type="application/yaml", **more):
        return self.ask("PUT", path, body=body, type=type if isinstance(body, (bytes, str)) else None, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body={} if body is None else body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def raw(self, sent, timeout=5.0, until_close=True):
        """Bytes as they are; all that comes back until the other side closes or `timeout` of silence."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
            s.sendall(sent)
            got = b""
            try:
                while True:
                    part = s.recv(65536)
                    if not part:
                        return got, True
                    got += part
                    if not until_close and b"\r\n\r\n" in got:
                        return got, False
            except TimeoutError:
                return got, False
            except ConnectionResetError:
                return got, True

    def token(self, policies, **more):
        """A fresh token with these policies."""
        answer = self.post("/v1/tokens", {"name": "test", "policies": policies, "ttl": "1h", **more})
        assert answer.status in (200, 201), answer
        return answer.json["token"]


class ServerCase(unittest.TestCase):
    """One server for all tests of a class; each test uses names of its own."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Reeved(*cls.options)
        cls.server.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def expect(self, answer, status):
        self.assertEqual(answer.status, status, repr(answer))
        return answer

    def expect_problem(self, answer, status):
        self.expect(answer, status)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "detail", "request_id"):
            self.assertTrue(problem[member], member)
        self.assertEqual(problem["request_id"], answer.headers["Reeve-Request-Id"])
        return problem
