"""Allocations that fail in a running server, of libmicrohttpd, SQLite and libyaml too: one request may fail, and nothing else."""
import contextlib
import http.client
import mmap
import os
import pathlib
import re
import struct
import threading
import time
import unittest

import harness
from harness import Reeved, until
from support import Case, query

LIBRARY = os.environ.get("FAILING_MALLOC_LIBRARY", str(pathlib.Path(harness.PROGRAM).resolve().parents[2] / "tests/faults/libfailing_malloc.so"))


class ScarceReeved(Reeved):
    """fail(n) lets every n-th allocation fail; fail(0) none."""

    def __init__(self, *options):
        super().__init__(*options)
        self.control = self.folder / "allocations"
        self.control.write_bytes(bytes(12))
        with open(self.control, "r+b") as f:
            self.shared = mmap.mmap(f.fileno(), 12)

    def start(self, *more, data=None):
        self.extra_env = {"LD_PRELOAD": LIBRARY, "FAILING_MALLOC": str(self.control)}
        return super().start(*more, data=data)

    def environment(self):
        env = super().environment()
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return env

    def fail(self, every):
        self.shared[0:4] = struct.pack("=I", every)

    @property
    def failed(self):
        return struct.unpack("=I", self.shared[8:12])[0]


class Memory(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = ScarceReeved()
        cls.server.__enter__()

    def gauge(self, name):
        return int(re.search(rf"^{name}(?:{{[^}}]*}})? (\d+)$", self.server.get("/metrics").body.decode(), re.M).group(1))

    @contextlib.contextmanager
    def scarcity(self, every):
        before = self.server.failed
        self.server.fail(every)
        try:
            yield
        finally:
            self.server.fail(0)
        self.failures = self.server.failed - before

    def requests(self, app):
        """Of each kind that takes a way of its own, with the statuses that it has when memory suffices."""
        path = f"profiles/{app}/a"
        return [("PUT", "/v1/" + path, {"a": "x" * 20000, "b": [1, 2, {"c": None}]}, (200, 201)),
                ("GET", f"/v1/config/{app}/a", None, (200,)),
                ("GET", f"/v1/config/{app}/a?reveal=true&format=yaml", None, (200,)),
                ("GET", f"/v1/config/{app}/a?explain=true", None, (200,)),
                ("PUT", f"/v1/secrets/{app}/s", {"data": {"password": "p" * 2000}}, (200, 201)),
                ("GET", f"/v1/secrets/{app}/s", None, (200,)),
                ("GET", f"/v1/{path}:versions", None, (200,)),
                ("GET", "/v1/profiles?limit=100", None, (200,)),
                ("GET", "/v1/audit?limit=100", None, (200,)),
                ("POST", "/v1/batch?dry_run=true", {"changes": [{"op": "put", "path": path, "content": {"$extends": ["none"]}}]}, (200, 422)),
                ("POST", "/v1/tokens", {"name": app, "policies": ["runtime"], "ttl": "1h"}, (200, 201)),
                ("GET", f"/v1/config/{app}/a?wait=100ms", None, (200, 304)),
                ("GET", "/v1/status", None, (200,)),
                ("GET", "/nowhere", None, (404,)),
                ("PUT", "/v1/" + path, "a: [", (400, 422))]

    def ask_all(self, app, rounds, seen):
        """Each request by itself may be refused or cut; the one after it is answered, or is its turn to fail."""
        for _ in range(rounds):
            for method, target, body, _ in self.requests(app):
                try:
                    answer = self.server.ask(method, target, body, type="application/yaml" if isinstance(body, str) else None)
                    seen.append(answer.status)
                    if answer.headers.get("Content-Type", "").endswith("json"):
                        answer.json  # whole
                except (ConnectionError, http.client.HTTPException):
                    seen.append(None)

    def expect_all(self, app):
        """Nothing of the failures is left: no worker reads an old state."""
        for method, target, body, statuses in self.requests(app):
            answer = self.server.ask(method, target, body, type="application/yaml" if isinstance(body, str) else None)
            self.assertIn(answer.status, statuses, f"{method} {target}: {answer!r}")

    def test_every_nth_allocation_fails_while_clients_are_connected(self):
        self.expect_all("calm")
        statuses = []
        for every in (2, 3, 5, 7, 11, *range(13, 200, 8), 499):
            with self.scarcity(every):
                clients = [threading.Thread(target=self.ask_all, args=(f"scarce{n}", 2, statuses)) for n in range(4)]
                for client in clients:
                    client.start()
                for client in clients:
                    client.join(60)
                self.assertFalse(any(client.is_alive() for client in clients), f"a client waits for ever, every {every}")
            self.assertGreater(self.failures, 0)
            self.expect_all(f"calm{every}")
        self.assertLessEqual(set(statuses) - {None}, {200, 201, 304, 400, 401, 403, 404, 409, 422, 429, 500, 503, 507})
        self.assertGreater(statuses.count(200), 50)
        self.server.wait_for_no_connections()
        until(lambda: self.gauge("reeve_calls_running") == 0, "calls that go on")
        self.reeve("audit", "verify", "--data", self.server.data)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()  # which checks every row and the sums of the tables
        self.expect_all("calm")

    def test_clients_that_are_connected_stay_when_others_fail(self):
        self.store("profiles/poll/a", "a: 1\n")
        tag = self.server.get("/v1/config/poll/a").headers["ETag"]
        polls = [self.server.connect() for _ in range(20)]
        for poll in polls:
            poll.request("GET", query("/v1/config/poll/a", wait="50s"), headers={"If-None-Match": tag, "Authorization": "Bearer " + self.server.admin})
        self.server.wait_for_polls(len(polls))
        with self.scarcity(3):
            self.ask_all("others", 2, [])
        self.assertEqual(self.server.waiting_polls(), len(polls))
        self.store("profiles/poll/a", "a: 2\n")
        for poll in polls:
            self.assertEqual(poll.getresponse().read(), b'{"a":2}')
            poll.close()


if __name__ == "__main__":
    unittest.main()
