"""Clients that are slow, broken or malign, beside a good one that must not notice."""
import contextlib
import pathlib
import random
import socket
import time
import unittest

from harness import until
from support import Case

HEAD = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Hostile(Case):
    options = ("--header-timeout", "500ms", "--body-timeout", "1s", "--idle-timeout", "2s", "--answer-timeout", "1s")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def is_closed(self, s, within):
        """Whether the server closed `s` in that time; what it sent first is dropped."""
        end = time.monotonic() + within
        s.settimeout(0.1)
        while time.monotonic() < end:
            try:
                if s.recv(65536) == b"":
                    return True
            except TimeoutError:
                continue
            except ConnectionResetError:
                return True
        return False

    def test_three_hundred_slow_clients_do_not_stop_a_good_one(self):
        slow = []
        try:
            for n in range(300):
                s = self.connect()
                s.sendall((b"GET /healthz HTTP/1.1\r\nHo", b"P", b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na",
                           b"")[n % 4])
                slow.append(s)
            begin = time.monotonic()
            for _ in range(20):
                self.expect(self.server.get("/healthz"), 200)
            self.assertLess(time.monotonic() - begin, 20)
            closed = sum(self.is_closed(s, 60) for s in slow)
            self.assertEqual(closed, len(slow))
        finally:
            for s in slow:
                s.close()

    def test_a_body_of_a_byte_a_while_ends(self):
        with self.connect() as s:
            s.sendall((f"PUT /v1/profiles/slow/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                       "Content-Type: application/yaml\r\nContent-Length: 1000\r\n\r\n").encode())
            begin = time.monotonic()
            with self.assertRaises((BrokenPipeError, ConnectionResetError, TimeoutError)):
                while time.monotonic() - begin < 60:
                    s.sendall(b"#")
                    time.sleep(0.1)
            self.assertLess(time.monotonic() - begin, 60, "the server ended it")
        self.expect_problem(self.server.get("/v1/profiles/slow/a"), 404)

    def test_a_half_closed_client_still_gets_an_answer_that_needs_no_wait(self):
        """One that waits for a worker counts as gone: the unit tests of the server have that."""
        with self.connect() as s:
            s.sendall(HEAD.encode())
            s.shutdown(socket.SHUT_WR)
            got = b""
            while part := s.recv(65536):
                got += part
            self.assertTrue(got.startswith(b"HTTP/1.1 200"), got)

    def test_a_client_that_goes_in_its_body_leaves_nothing(self):
        for _ in range(50):
            with self.connect() as s:
                s.sendall((f"PUT /v1/profiles/left/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                           "Content-Type: application/yaml\r\nContent-Length: 6\r\n\r\na: ").encode())
        self.server.wait_for_no_connections()
        self.expect_problem(self.server.get("/v1/profiles/left/a"), 404)

    def test_a_client_that_does_not_read_ends(self):
        self.store("profiles/unread/a", "a: " + "x" * 900000)
        request = (f"GET /v1/config/unread/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n\r\n").encode()
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", self.server.port))
            s.sendall(request * 20)
            self.assertEqual(len(s.recv(1)), 1, "it is being answered")
            self.server.wait_for_no_connections()

    def unsent(self):
        """Bytes that the kernel has taken from the server, of each connection, and that no client has taken."""
        lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [int(f[4].split(":")[0], 16) for f in lines if int(f[1].split(":")[1], 16) == self.server.port and f[3] == "01"]

    def test_an_answer_that_is_not_read_does_not_fill_the_kernel(self):
        """Else one client after the other would take the event loop's time for a copy of its whole answer."""
        self.store("profiles/heavy/a", "a: " + "x" * 900000)
        self.config("heavy/a")
        request = f"GET /v1/config/heavy/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n\r\n"
        with contextlib.ExitStack() as clients:
            for _ in range(20):
                s = clients.enter_context(self.connect())
                s.sendall(request.encode())
                self.assertEqual(s.recv(1, socket.MSG_PEEK), b"H", "it is being answered")
            waiting = [bytes for bytes in self.unsent() if bytes > 0]
            self.assertEqual(len(waiting), 20)
            self.assertLess(max(waiting), 300_000)
            got = b""
            while len(got) < 900_000:  # the last one reads after all
                piece = s.recv(1 << 20)
                self.assertNotEqual(piece, b"", len(got))
                got += piece

    def test_pipelined_requests_are_answered_in_order(self):
        self.store("profiles/pipe/a", "a: 1\n")
        auth = f"Authorization: Bearer {self.server.admin}\r\n"
        body = "a: 2\n"
        requests = (f"GET /v1/config/pipe/a HTTP/1.1\r\nHost: x\r\n{auth}\r\n"
                    f"PUT /v1/profiles/pipe/a HTTP/1.1\r\nHost: x\r\n{auth}Content-Type: application/yaml\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}"
                    f"GET /v1/config/pipe/a HTTP/1.1\r\nHost: x\r\n{auth}Connection: close\r\n\r\n")
        got, is_closed = self.server.raw(requests.encode(), timeout=10)
        first, second = got.find(b'{"a":1}'), got.find(b'{"a":2}')
        self.assertTrue(0 < first < second, got)
        self.assertEqual((got.count(b"HTTP/1.1 200"), is_closed), (3, True), got)

    def test_a_body_sent_in_pieces_and_in_chunks(self):
        auth = f"Authorization: Bearer {self.server.admin}\r\nContent-Type: application/yaml\r\n"
        with self.connect() as s:
            for part in ("PUT /v1/profiles/parts/a HT", f"TP/1.1\r\nHost: x\r\n{auth}Transfer-Enc", "oding: chunked\r\n\r\n3\r\na: \r\n",
                         "2;x=y\r\n12\r\n", "0\r\n\r\n"):
                s.sendall(part.encode())
                time.sleep(0.05)  # else the pieces might arrive as one
            self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 201"))
        self.assertEqual(self.config("parts/a"), {"a": 12})

    def test_expect_100_continue(self):
        with self.connect() as s:
            s.sendall((f"PUT /v1/profiles/expect/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                       "Content-Type: application/yaml\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").encode())
            self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 100"))
            s.sendall(b"a: 1\n")
            self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 201"))

    def test_noise_is_refused_and_harms_nothing(self):
        chance = random.Random(11)
        words = [b"GET ", b"PUT ", b"/v1/profiles/a/b", b" HTTP/1.1\r\n", b"Host: x\r\n", b"Content-Length: 5\r\n", b"\r\n", b"\x00", b"%",
                 b"Transfer-Encoding: chunked\r\n", b"Authorization: Bearer " + self.server.admin.encode() + b"\r\n", b"?wait=1s", b":diff",
                 b"If-None-Match: \"x\"\r\n", b"{}", b"\xff\xfe", b" ", b"\t", b"//", b"&a=b", b"5\r\n", b"0\r\n\r\n"]
        for _ in range(150):
            sent = b"".join(chance.choice(words) for _ in range(chance.randrange(1, 14))) + b"\r\n\r\n"
            try:
                got, _ = self.server.raw(sent, timeout=0.05)
            except (BrokenPipeError, ConnectionResetError):
                continue
            self.assertNotIn(b"HTTP/1.1 500", got, sent)
        self.expect(self.server.get("/healthz"), 200)

    def test_many_wrong_tokens_do_not_fill_the_log(self):
        before = int(self.server.put("/v1/profiles/fold/a", "a: 1\n").headers["Reeve-Audit-Index"])
        for n in range(300):
            self.assertEqual(self.server.get("/v1/status", token=f"rv_{n:043d}").status, 401)

        def entries():
            return [e for e in self.audit(action="access.refused") if e["reason"].endswith("refused without a valid token")]

        until(lambda: sum(int(e["reason"].split()[0]) for e in entries()) >= 300, "the refusals in the log")
        after = int(self.server.put("/v1/profiles/fold/a", "a: 2\n").headers["Reeve-Audit-Index"])
        self.assertLess(after - before, 30, "refusals of unknown callers are folded")

    def test_many_unknown_addresses_make_few_entries_that_count_them_all(self):
        begin = int(self.server.put("/v1/profiles/fold/b", "a: 1\n").headers["Reeve-Audit-Index"])
        for n in range(120):
            with socket.create_connection(("127.0.0.1", self.server.port), 10, (f"127.0.7.{n + 1}", 0)) as s:
                s.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 401"))
        end = time.monotonic() + 30
        while True:
            entries = [e for e in self.audit(action="access.refused") if e["index"] > begin]
            counted = sum(int(e["reason"].split(" ")[0]) for e in entries if e["source"] != "127.0.0.1")
            if counted >= 120 or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertGreaterEqual(counted, 120)
        self.assertLessEqual(len(entries), 3 * 17, "at most 16 addresses by themselves each time")


class Crowds(Case):
    """More connections than there is room for. Each test leaves when the server has closed what it should."""

    options = ("--connections-max", "64", "--header-timeout", "30s", "--idle-timeout", "60s", "--threads", "2")

    def setUp(self):
        self.crowd = []
        self.addCleanup(lambda: [s.close() for s in self.crowd])

    def dial(self, count, sent=b""):
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            if sent:
                s.sendall(sent)
            self.crowd.append(s)

    def hear(self, s):
        """The beginning of an answer: `s` is known by then."""
        s.settimeout(2)
        try:
            s.recv(1)
        except (TimeoutError, ConnectionResetError):
            pass  # there was no room for it

    def expect_room(self):
        for n in range(20):
            connection = self.server.connect(timeout=5)
            self.expect(self.server.get("/v1/tokens/self", connection=connection), 200)
            connection.close()

    def test_idle_connections_without_a_token_shut_nobody_out(self):
        """Nor do those that began a request, nor those that asked for what needs no token."""
        known = self.server.connect(timeout=5)
        self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
        mine = known.sock
        for sent in (b"", b"GET /v1/status HTTP/1.1\r\nHo", HEAD.encode(),
                     b"GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rv_wrong\r\n\r\n"):
            with self.subTest(sent):
                self.dial(150, sent)
                self.expect_room()
        self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
        self.assertIs(known.sock, mine, "a connection that was authenticated before is kept")
        known.close()

    def test_idle_connections_with_a_token_shut_nobody_out(self):
        token = self.reader("crowd", "allow read config/none/a")
        self.dial(150, f"GET /v1/tokens/self HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        self.expect_room()

    def test_answers_that_one_token_does_not_read_shut_nobody_out(self):
        """More than the 256 by which connections at work may exceed the table."""
        token = self.reader("unread", "allow read config/unread/a")
        self.store("profiles/unread/a", "a: " + "x" * 900000)
        for _ in range(340):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(10)
            s.connect(("127.0.0.1", self.server.port))
            s.sendall(20 * f"GET /v1/config/unread/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            self.hear(s)
            self.crowd.append(s)
        self.expect_room()

    def test_bodies_that_do_not_come_shut_nobody_out(self):
        token = self.reader("silent", "allow read config/none/a")
        for _ in range(340):
            self.dial(1, (f"GET /v1/tokens/self HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
                          f"PUT /v1/profiles/silent/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                          "Content-Type: application/yaml\r\nContent-Length: 16000\r\n\r\n").encode())
            self.hear(self.crowd[-1])
        self.expect_room()

    def test_a_client_at_work_keeps_its_connection_while_another_dials_and_dials(self):
        token = self.reader("dials", "allow read config/none/a")
        known = self.server.connect(timeout=5)
        self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
        mine = known.sock
        for _ in range(60):
            self.dial(3, f"GET /v1/tokens/self HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
            self.assertIs(known.sock, mine)
        known.close()

    def test_the_polls_of_one_token_shut_nobody_out(self):
        token = self.reader("polls", "allow read config/polls/a")
        self.store("profiles/polls/a", "a: 1\n")
        tag = self.server.get("/v1/config/polls/a", token=token).headers["ETag"]
        self.dial(100, (f"GET /v1/config/polls/a?wait=50s HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n"
                        f"Authorization: Bearer {token}\r\n\r\n").encode())
        self.expect_room()


class Strangers(Case):
    """Who does not authenticate soon is cut off, however long others may rest."""

    options = ("--authentication-timeout", "1s", "--header-timeout", "30s", "--idle-timeout", "60s")

    def ends(self, sent, then=b""):
        """Whether the server closes a connection that keeps sending `then`."""
        end = time.monotonic() + 15
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as s:
            s.sendall(sent)
            s.settimeout(0.2)
            while time.monotonic() < end:
                try:
                    if s.recv(65536) == b"":
                        return True
                    s.sendall(then)
                except TimeoutError:
                    s.sendall(then)
                except (BrokenPipeError, ConnectionResetError):
                    return True
        return False

    def test_a_connection_without_a_valid_token_ends_soon_whatever_it_sends(self):
        refused = b"GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rv_wrong\r\n\r\n"
        for sent, then in ((b"", b""), (b"", b"\r\n"), (b"G", b"E"), (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
                           (HEAD.encode(), HEAD.encode()), (refused, refused)):
            with self.subTest(sent=sent, then=then):
                self.assertTrue(self.ends(sent, then))

    def test_a_connection_with_a_valid_token_is_kept(self):
        known = self.server.connect(timeout=5)
        self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
        mine = known.sock
        self.assertTrue(self.ends(b""), "a stranger that came later is gone")
        self.expect(self.server.get("/v1/tokens/self", connection=known), 200)
        self.assertIs(known.sock, mine)
        known.close()


class Uploads(Case):
    """Bodies that stall, of tokens that may send them and of tokens that may not, beside a good writer."""

    options = ("--bodies-max", "1MiB", "--batch-max", "256KiB", "--document-max", "256KiB", "--secret-max", "256KiB", "--body-timeout", "60s")

    def setUp(self):
        self.held = []
        self.addCleanup(lambda: [s.close() for s in self.held])

    def begin(self, path, token, announced, sent, more=""):
        s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        self.held.append(s)
        s.sendall((f"PUT /v1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}"
                   f"Content-Type: application/yaml\r\nContent-Length: {announced}\r\n\r\n").encode())
        try:
            s.sendall(b"#" * sent)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return s

    def status(self, s, within=10):
        """Of the answer on `s`; None where none comes in time or the connection broke before."""
        s.settimeout(within)
        try:
            got = s.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return None
        return int(got.split(b" ")[1]) if got else None

    def writer(self, name):
        self.store(f"policies/{name}", f"rules: [{{allow: [write], on: profiles/{name}/**}}]\n")
        return self.expect(self.server.post("/v1/tokens", {"name": name, "policies": [name], "ttl": "1h"}), 201).json["token"]

    def wait_until_full(self, path, token, size):
        """For bodies of that token and size; those that were sent before are still on their way."""
        end = time.monotonic() + 20
        while self.server.put("/v1/" + path, "#" * size, token=token).status != 429:
            self.assertLess(time.monotonic(), end)

    def expect_writes(self, name):
        """A small body and a large one."""
        self.store(f"profiles/{name}/small", "a: 1\n")
        self.store(f"profiles/{name}/large", "a: 1\n#" + "x" * 200000)

    def test_uploads_without_the_right_are_refused_unread_and_recorded(self):
        token = self.reader("powerless", "allow read profiles/none/a")
        stalled = [self.begin("profiles/powerless/a", token, 200000, 0) for _ in range(40)]
        for s in stalled:
            self.assertEqual(self.status(s), 403)
        sending = [self.begin("profiles/powerless/a", token, 200000, 150000) for _ in range(20)]
        self.expect_writes("powerful")
        for s in sending:
            self.assertIn(self.status(s), (403, None))
        refused = self.audit(action="document.put", path="profiles/powerless/a", outcome="forbidden")
        self.assertTrue(refused)

    def test_no_continue_for_who_may_not_send(self):
        token = self.reader("eager", "allow read profiles/none/a")
        self.assertEqual(self.status(self.begin("profiles/eager/a", token, 5, 0, "Expect: 100-continue\r\n")), 403)
        self.assertEqual(self.status(self.begin("profiles/eager/a", self.server.admin, 5, 0, "Expect: 100-continue\r\n")), 100)

    def test_a_principal_whose_uploads_stall_leaves_room_for_others(self):
        token = self.writer("greedy")
        for _ in range(30):
            self.begin("profiles/greedy/a", token, 70000, 60000)
        self.wait_until_full("profiles/greedy/b", token, 65000)
        self.expect_writes("modest")

    def test_small_bodies_find_room_when_several_principals_stall(self):
        for n in range(5):
            self.begin(f"profiles/many{n}/a", self.writer(f"many{n}"), 262000, 261000)
        self.wait_until_full("profiles/probe/a", self.writer("probe"), 140000)
        self.store("profiles/few/small", "a: 1\n#" + "x" * 12000)

    def test_a_body_that_stalls_gives_up_its_memory_soon(self):
        s = self.begin("profiles/stall/a", self.server.admin, 200000, 1000)
        s.settimeout(20)
        self.assertEqual(s.recv(100), b"", "closed long before --body-timeout")


if __name__ == "__main__":
    unittest.main()
