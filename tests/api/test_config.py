"""DESIGN 7: reading effective configurations, and waiting for their change."""
import http.client
import os
import resource
import socket
import threading
import time
import unittest

from harness import until
from support import Case, query, together


class Poll(threading.Thread):
    """One long poll from its own thread: `answer` and the monotonic time at which it came."""

    def __init__(self, case, path, etag, wait="50s", token=""):
        super().__init__()
        self.case, self.path, self.etag, self.wait, self.token = case, path, etag, wait, token
        self.answer = self.at = None
        self.start()
        case.polls.append(self)
        until(lambda: case.server.waiting_polls() >= sum(p.is_alive() for p in case.polls), "a poll that waits")

    def run(self):
        self.answer = self.case.server.get(f"/v1/config/{self.path}{'&' if '?' in self.path else '?'}wait={self.wait}",
                                           headers={"If-None-Match": self.etag}, token=self.token)
        self.at = time.monotonic()

    def ended(self):
        self.join()
        return self.answer


class Config(Case):
    def setUp(self):
        self.polls = []

    def etag(self, path, token=""):
        return self.expect(self.server.get("/v1/config/" + path, token=token), 200).headers["ETag"]

    def test_an_etag_covers_what_is_sent_and_nothing_else(self):
        self.secret("etag/s", {"k": "v", "other": "w"})
        self.store("profiles/etag/base", "$abstract: true\na: 1\n")
        self.store("profiles/etag/a", "$extends: base\ns: ${secret:etag/s#k}\n")
        first = self.etag("etag/a")
        self.store("profiles/etag/unrelated", "a: 1\n")
        self.store("profiles/etag/base", "$abstract: true\n# a remark\na: 1\n")
        self.assertEqual(self.etag("etag/a"), first)
        tags = {first, self.etag("etag/a?reveal=true"), self.etag("etag/a?format=yaml"), self.etag("etag/a?format=env")}
        self.assertEqual(len(tags), 4)
        self.secret("etag/s", {"k": "v2", "other": "w"})
        self.assertNotIn(self.etag("etag/a"), tags)
        rotated = self.etag("etag/a")
        self.store("profiles/etag/base", "$abstract: true\na: 2\n")
        self.assertNotEqual(self.etag("etag/a"), rotated)

    def test_an_explained_part_lists_its_own_secrets_and_no_neighbours(self):
        self.secret("part/s", {"k": "v"})
        self.store("profiles/part/a", "".join(f'"{key}": {{x: "${{secret:part/s#k}}"}}\n' for key in ("a", "ab", "a/b", "b")) +
                   '"s": "${secret:part/s#k}"\n"st": "${secret:part/s#k}"\n"": "${secret:part/s#k}"\n')
        for key, wanted in (("/a", ["/a/x"]), ("/a/x", ["/a/x"]), ("/a~1b", ["/a~1b/x"]), ("/ab", ["/ab/x"]), ("/s", ["/s"]), ("/", ["/"]),
                            ("", ["/", "/a/x", "/ab/x", "/a~1b/x", "/b/x", "/s", "/st"])):
            said = self.expect(self.server.get(query("/v1/config/part/a", explain="true", key=key)), 200).json
            self.assertEqual((sorted(said["secrets"]), sorted(said["origins"])), (wanted, wanted), key)

    def test_not_modified(self):
        self.store("profiles/nm/a", "a: 1\n")
        etag = self.etag("nm/a")
        for header in (etag, f'"x", {etag}', "*", "W/" + etag):
            answer = self.server.get("/v1/config/nm/a", headers={"If-None-Match": header})
            self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (304, b"", etag), header)
        self.expect(self.server.get("/v1/config/nm/a", headers={"If-None-Match": '"x"'}), 200)

    def test_a_poll_wakes_at_once_for_a_parent_and_for_a_secret(self):
        self.secret("wake/s", {"k": "v"})
        self.store("profiles/wake/base", "$abstract: true\na: 1\n")
        self.store("profiles/wake/a", "$extends: base\ns: ${secret:wake/s#k}\n")
        poll = Poll(self, "wake/a", self.etag("wake/a"))
        self.store("profiles/wake/unrelated", "a: 1\n")
        self.store("profiles/wake/base", "$abstract: true\n# a remark\na: 1\n")
        self.assertTrue(poll.is_alive(), "an unrelated commit wakes no one")
        self.store("profiles/wake/base", "$abstract: true\na: 2\n")
        stored = time.monotonic()
        answer = poll.ended()
        self.expect(answer, 200)
        self.assertEqual(answer.json["a"], 2)
        self.assertLess(poll.at - stored, 20, "woken, not timed out")
        poll = Poll(self, "wake/a?reveal=true", self.etag("wake/a?reveal=true"))
        self.secret("wake/s", {"k": "rotated"})
        self.assertEqual(poll.ended().json["s"], "rotated")
        poll = Poll(self, "wake/a", self.etag("wake/a"))
        self.secret("wake/s", {"k": "rotated again"})
        self.expect(poll.ended(), 200)

    def test_a_poll_ends_unmodified_when_its_time_is_over(self):
        self.store("profiles/over/a", "a: 1\n")
        begin = time.monotonic()
        answer = self.server.get("/v1/config/over/a?wait=700ms", headers={"If-None-Match": self.etag("over/a")})
        self.assertEqual(answer.status, 304)
        self.assertGreater(time.monotonic() - begin, 0.6)
        begin = time.monotonic()
        self.expect(self.server.get("/v1/config/over/a?wait=50s", headers={"If-None-Match": '"x"'}), 200)
        self.expect(self.server.get("/v1/config/over/a?wait=50s"), 200)
        self.assertLess(time.monotonic() - begin, 25)
        for bad in ("wait=61s", "wait=x", "wait=-1s", "wait="):
            self.expect_problem(self.server.get("/v1/config/over/a?" + bad), 400)

    def test_a_poll_ends_when_the_profile_goes(self):
        self.store("profiles/go/a", "a: 1\n")
        poll = Poll(self, "go/a", self.etag("go/a"))
        self.expect(self.server.delete("/v1/profiles/go/a"), 204)
        self.expect_problem(poll.ended(), 404)

    def test_a_poll_ends_when_the_right_goes(self):
        self.store("profiles/right/a", "a: 1\n")
        reader = self.reader("right", "allow read config/right/*")
        poll = Poll(self, "right/a", self.etag("right/a"), token=reader)
        self.store("policies/right", "rules:\n  - {allow: [read], on: config/other/*}\n")
        self.expect_problem(poll.ended(), 403)

    def test_a_poll_ends_when_the_token_goes(self):
        self.store("profiles/tok/a", "a: 1\n")
        made = self.server.post("/v1/tokens", {"name": "x", "policies": ["administrator"], "ttl": "1h"}).json
        poll = Poll(self, "tok/a", self.etag("tok/a"), token=made["token"])
        self.expect(self.server.delete("/v1/tokens/" + made["accessor"]), 204)
        self.assertIn(poll.ended().status, (401, 403))

    def test_revealing_is_all_or_nothing(self):
        self.secret("all/open", {"k": "geheim-1"})
        self.secret("all/shut", {"k": "geheim-2"})
        self.store("profiles/all/a", "x: {y: '${secret:all/open#k}', z: 'a ${secret:all/shut#k}'}\nplain: 1\n")
        reader = self.reader("all", "allow read config/all/*", "allow read secrets/all/open")
        answer = self.server.get("/v1/config/all/a?reveal=true", token=reader)
        problem = self.expect_problem(answer, 403)
        self.assertIn("/x/z", str(problem))
        self.assertNotIn("/x/y", str(problem["errors"]))
        self.assertNotIn(b"geheim", answer.body)
        self.assertEqual(self.config("all/a", token=reader)["x"]["y"], "${secret:all/open#k}")
        self.expect_problem(self.server.get("/v1/config/all/a?reveal=true&key=/x/y", token=reader), 403)
        self.assertEqual(self.config("all/a", reveal="true")["x"], {"y": "geheim-1", "z": "a geheim-2"})

    def test_a_configurations_history(self):
        self.secret("hist/s", {"k": "v"})
        self.store("profiles/hist/base", "$abstract: true\nn: 1\n")
        one = self.store("profiles/hist/a", "$extends: base\ns: ${secret:hist/s#k}\n", message="made").json["revision"]
        self.store("profiles/hist/unrelated", "a: 1\n")
        two = self.store("profiles/hist/base", "$abstract: true\nn: 2\n", message="parent").json["revision"]
        three = self.secret("hist/s", {"k": "w"}, message="rotated").json["revision"]
        items = self.document("config/hist/a:versions")["items"]
        self.assertEqual(sorted(i["revision"] for i in items), [one, two, three])
        self.assertEqual({i["revision"]: i["message"] for i in items}, {one: "made", two: "parent", three: "rotated"})
        diff = self.document("config/hist/a:diff", **{"from": one, "to": two})
        changes = next(diff[k] for k in ("diff", "changes", "items") if k in diff)
        self.assertEqual([(c["pointer"], c["from"], c["to"], c["origin"]["path"]) for c in changes],
                         [("/n", 1, 2, "profiles/hist/base")])
        rotated = self.server.get(f"/v1/config/hist/a:diff?from={two}&to={three}")
        self.expect(rotated, 200)
        changes = next(rotated.json[k] for k in ("diff", "changes", "items") if k in rotated.json)
        self.assertEqual([(c["pointer"], c["secret"], c.get("from"), c.get("to")) for c in changes], [("/s", True, None, None)])
        self.assertEqual(self.config("hist/a", revision=one)["n"], 1)
        self.assertEqual(self.config("hist/a", revision=two, reveal="true")["s"], "v")
        self.assertEqual(self.config("hist/a", at="2099-01-01T00:00:00Z")["n"], 2)
        self.expect_problem(self.server.get("/v1/config/hist/a?at=2001-01-01T00:00:00Z"), 404)

    def test_a_revealed_read_is_recorded_with_what_it_touched(self):
        self.secret("rec/s", {"k": "v"})
        self.store("profiles/rec/a", "s: ${secret:rec/s#k}\n")
        self.assertIsNone(self.server.get("/v1/config/rec/a").headers["Reeve-Audit-Index"])
        for path in ("/v1/config/rec/a?reveal=true", "/v1/secrets/rec/s"):
            index = int(self.server.get(path).headers["Reeve-Audit-Index"])
            entry = self.expect(self.server.get(f"/v1/audit/entries/{index}"), 200).json
            self.assertIn(("secrets/rec/s", 1), [(t["path"], t["version"]) for t in entry["touched"]])

    def test_two_hundred_polls_wake_together(self):
        self.store("profiles/crowd/a", "a: 1\n")
        request = (f"GET /v1/config/crowd/a?wait=30s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                   f"If-None-Match: {self.etag('crowd/a')}\r\n\r\n").encode()
        sockets = [socket.create_connection(("127.0.0.1", self.server.port), timeout=20) for _ in range(200)]
        try:
            for s in sockets:
                s.sendall(request)
            self.server.wait_for_polls(200)
            begin = time.monotonic()
            self.store("profiles/crowd/a", "a: 2\n")
            for s in sockets:
                self.assertIn(b'{"a":2}', s.recv(65536))
            self.assertLess(time.monotonic() - begin, 20, "woken, not timed out")
        finally:
            for s in sockets:
                s.close()

    def test_polls_whose_clients_are_gone_are_let_go(self):
        self.store("profiles/left/a", "a: 1\n")
        request = (f"GET /v1/config/left/a?wait=60s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                   f"If-None-Match: {self.etag('left/a')}\r\n\r\n").encode()
        before = self.descriptors()
        sockets = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(100)]
        for s in sockets:
            s.sendall(request)
        self.server.wait_for_polls(100)
        self.assertGreater(self.descriptors(), before + 90)
        for s in sockets:
            s.close()
        until(lambda: self.descriptors() <= before + 5, "descriptors that are given back")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def test_a_thousand_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 1200:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        connections = [http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20) for _ in range(1000)]
        try:
            for c in connections:
                c.request("GET", "/healthz")
            self.assertEqual({c.getresponse().status for c in connections}, {200})
        finally:
            for c in connections:
                c.close()

    def test_readers_and_writers_at_once_see_whole_revisions(self):
        """`a` and `b` are always written together: no reader may see them differ."""
        self.store("profiles/whole/base", "$abstract: true\na: 0\n")
        self.store("profiles/whole/side", "$abstract: true\nb: 0\n")
        self.store("profiles/whole/a", "$extends: [base, side]\n")
        is_over = threading.Event()

        def write():
            try:
                for n in range(1, 15):
                    self.batch([{"op": "put", "path": "profiles/whole/base", "content": {"$abstract": True, "a": n}},
                                {"op": "put", "path": "profiles/whole/side", "content": {"$abstract": True, "b": n}}])
            finally:
                is_over.set()

        def read():
            connection = self.server.connect()
            last = 0
            while not is_over.is_set():
                got = self.server.get("/v1/config/whole/a", connection=connection).json
                self.assertEqual(got["a"], got["b"])
                self.assertGreaterEqual(got["a"], last)
                last = got["a"]
            connection.close()

        together(write, read, read)
        self.assertEqual(self.config("whole/a"), {"a": 14, "b": 14})


if __name__ == "__main__":
    unittest.main()
