"""Requests that cost as much as one may, beside others that must not notice: what bounds one request, one principal and all together."""
import http.client
import json
import pathlib
import re
import socket
import threading
import time
import unittest

from harness import until
from support import Case, query, together

# A schema whose patterns are tried on every key, and a profile with many keys: each heir costs a good part of a request's budget.
PATTERNS = 400
KEYS = 2000
HEIRS = 40


class Costly(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        patterns = {f"(a|b)*c{n}(x+x+)+y": {"type": "string"} for n in range(PATTERNS)}
        cls.prepare("schemas/costly", {"type": "object", "patternProperties": patterns})
        # Abstract, so that storing it costs no validation: a slow machine must get by with the least budget below.
        cls.prepare("profiles/costly/base", {"$schema": "costly", "$abstract": True, **{f"aabbabc{n}": "v" for n in range(KEYS)}})
        cls.prepare("profiles/light/one", {"n": 1})
        cls.prepare("policies/checker", {"rules": [{"allow": ["check"], "on": "profiles/costly/**"},
                                                   {"allow": ["use"], "on": ["profiles/**", "schemas/**"]}]})
        cls.checker = cls.server.token(["checker"])

    @classmethod
    def prepare(cls, path, content):
        answer = cls.server.ask("PUT", "/v1/" + path, content)
        assert answer.status == 201, answer

    def costly(self):
        """A dry run of many heirs by somebody who may only check."""
        changes = [{"op": "put", "path": f"profiles/costly/heir{n}", "content": {"$extends": ["base"], "n": n}}
                   for n in range(HEIRS)]
        connection = self.server.connect(timeout=120)
        try:
            return self.server.ask("POST", "/v1/batch?dry_run=true", {"changes": changes}, token=self.checker,
                                   connection=connection)
        finally:
            connection.close()



class Budgets(Costly):
    options = ("--request-time-max", "300ms")

    def test_a_request_over_its_budget_is_a_limit_and_no_verdict(self):
        problem = self.expect_problem(self.costly(), 422)
        self.assertEqual(problem["type"], "urn:reeve:problem:limit")
        self.assertNotIn("errors", problem)


class Stalls(Costly):
    options = ("--request-time-max", "20s")

    def running(self, kind=None):
        text = self.server.get("/metrics").body.decode()
        counts = dict(re.findall(r'reeve_calls_running\{kind="(\w+)"\} (\d+)', text))
        return int(counts[kind]) if kind else sum(map(int, counts.values()))

    def test_short_calls_of_others_do_not_wait_for_long_ones(self):
        done = []

        def hold():
            self.costly()
            done.append("costly")

        threads = [threading.Thread(target=hold) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: self.running("long") == 2, "no call became a long one")
        for n in range(5):
            self.store("profiles/light/one", {"n": n + 2})
            self.config("light/one", explain="true")
        self.assertEqual(done, [], "the costly ones were over already")
        self.assertLessEqual(self.running("long"), 2, "one principal has more than its share")
        for thread in threads:
            thread.join()

    def test_a_client_that_leaves_is_worked_for_no_more(self):
        body = json.dumps({"changes": [{"op": "put", "path": f"profiles/costly/gone{n}", "content": {"$extends": ["base"]}}
                                       for n in range(HEIRS)]})
        until(lambda: self.running() == 0, "earlier calls go on")
        s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        s.sendall((f"POST /v1/batch?dry_run=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.checker}\r\n"
                   f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        until(lambda: self.running("long") == 1, "it did not become a long one")
        s.close()
        begun = self.commits()
        until(lambda: self.running() == 0, "the server works on")
        self.assertLess(self.commits() - begun, 2)

    def commits(self):
        return int(re.search(r"^reeve_commits_total (\d+)", self.server.get("/metrics").body.decode(), re.M).group(1))

    def test_a_writer_that_renews_its_token_loses_to_nobody(self):
        token = self.server.token(["administrator"], ttl="10s")  # each renewal of a tenth of a second is a change
        stop = threading.Event()

        def renew():
            connection = self.server.connect()
            while not stop.is_set():
                self.expect(self.server.ask("POST", "/v1/tokens/self:renew", {}, token=token, connection=connection), 200)

        def write():
            try:
                for n in range(5):
                    self.store("profiles/light/renewed", {f"k{i}": n for i in range(2000)}, token=token)
            finally:
                stop.set()

        together(renew, write)

    def test_a_write_that_always_comes_too_late_ends_with_429_or_is_done(self):
        token = self.server.token(["administrator"])  # has a token above it
        stop = threading.Event()

        def change_base():
            n = 0
            while not stop.is_set():
                n += 1
                self.store("profiles/late/base", {"n": n}, token=token)

        def write():
            try:
                for n in range(4):
                    answer = self.server.ask("PUT", "/v1/profiles/late/heir", {"$extends": ["base"], "n": n,
                                             **{f"k{i}": i for i in range(20000)}}, token=token)
                    self.assertIn(answer.status, (200, 201, 429), repr(answer))
            finally:
                stop.set()

        self.store("profiles/late/base", {"n": 0})
        together(change_base, write)
        self.expect(self.server.get("/readyz"), 200)

    def test_writers_of_one_document_each_have_their_turn(self):
        def write(name):
            for n in range(10):
                self.store("profiles/light/shared", {"by": name, "n": n})

        self.store("profiles/light/shared", {})
        before = self.document("profiles/light/shared")["version"]
        together(*(lambda name=name: write(name) for name in range(8)))
        self.assertEqual(self.document("profiles/light/shared")["version"], before + 80)


class Ceilings(Case):
    """The largest legal documents by every way out, many at a time. The server's bounds are what the test knows: each answer comes, is
    whole or says which bound it passed, and memory stays within what that many requests may hold."""

    options = ("--request-memory-max", "64MiB")
    AT_A_TIME = 6
    # Sanitizers keep what was freed for a while, and more beside each byte.
    MEMORY_KIB = 3 << 20

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contents = {
            "wide": {f"key{n}": n for n in range(50000)},
            "long": {"text": "\u0001" * 170000},
            "deep": cls.nested(40, {"name " * 100 + str(n): n for n in range(1500)}),
            "lists": {"rows": [[n, str(n), None, True] for n in range(19000)]},
        }
        for name, content in cls.contents.items():
            for version in (1, 2):
                changed = {**content, "version": version}
                answer = cls.server.ask("PUT", f"/v1/profiles/large/{name}", changed)
                assert answer.status in (200, 201), (name, answer)
        secret = {"data": {f"k{n}": "s" * 100 for n in range(4000)}}
        assert cls.server.ask("PUT", "/v1/secrets/large/all", secret).status == 201
        refer = {f"r{n}": "${secret:large/all#k%d}" % n for n in range(4000)}
        assert cls.server.ask("PUT", "/v1/profiles/large/secret", refer).status == 201

    @staticmethod
    def nested(depth, leaf):
        for n in range(depth):
            leaf = {"a" * 100 + str(n): leaf}
        return leaf

    def ways_out(self):
        for name in [*self.contents, "secret"]:
            config = f"/v1/config/large/{name}"
            for form in ("json", "yaml", "properties", "env"):
                yield query(config, format=form)
                if name == "secret":
                    yield query(config, format=form, reveal="true")
            yield query(config, explain="true")
            yield query(config, explain="true", format="yaml")
            yield query(config, revision=self.revision())
            yield config + ":versions"
            yield config + ":diff"
            document = f"/v1/profiles/large/{name}"
            for suffix in ("", "?format=yaml", "?version=1", ":versions", ":diff", ":diff?format=yaml", ":dependents"):
                yield document + suffix
        yield "/v1/secrets/large/all"
        yield "/v1/secrets/large/all?format=yaml"
        yield "/v1/revisions/" + str(self.revision())
        yield "/v1/revisions?format=yaml"
        yield "/v1/audit?limit=1000"
        yield "/v1/audit?limit=1000&format=yaml"
        for kind in ("schemas", "profiles", "policies", "secrets"):
            yield f"/v1/{kind}?limit=1000&format=yaml"
        yield "/v1/status"

    def peak_kib(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))

    def fetch(self, path):
        connection = self.server.connect(timeout=120)
        try:
            for _ in range(200):
                answer = self.server.get(path, connection=connection)
                if answer.status != 429:
                    break
                time.sleep(0.1)  # as a client does that was told to try again
            if answer.status == 422:
                self.assertEqual(answer.json["type"], "urn:reeve:problem:limit", path)
            else:
                self.expect(answer, 200)
            return answer
        except http.client.HTTPException as failure:
            raise AssertionError(path) from failure
        finally:
            connection.close()

    def test_every_way_out_of_the_largest_documents_has_its_bounds(self):
        paths = list(self.ways_out())
        refused = []

        def take():
            while paths:
                try:
                    path = paths.pop()
                except IndexError:
                    return
                if self.fetch(path).status == 422:
                    refused.append(path)

        together(*[take] * self.AT_A_TIME)
        for path in refused:
            self.assertIn("explain", path, "only an explanation is larger than what it explains")
        self.assertLess(self.peak_kib(), self.MEMORY_KIB)

    def test_what_is_stored_reads_back_the_same(self):
        for name, content in self.contents.items():
            self.assertEqual(self.fetch(f"/v1/config/large/{name}").json, {**content, "version": 2})
            yaml = self.fetch(f"/v1/config/large/{name}?format=yaml").body
            answer = self.server.ask("PUT", "/v1/profiles/again/" + name, yaml, type="application/yaml")
            if answer.status != 413:  # written as YAML it may be larger than a document
                self.expect(answer, 201)
                self.assertEqual(self.fetch("/v1/config/again/" + name).json, {**content, "version": 2})


if __name__ == "__main__":
    unittest.main()
