"""What must never be executed: requests that two parties could frame differently (RFC 9112 section 11.2)."""
import unittest

from harness import ServerCase

SMUGGLED = b"PUT /v1/profiles/smuggled/one HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" \
           b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

ATTACKS = {
    "two lengths": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 34\r\n\r\n",
    "two equal lengths": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "length and chunks": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown encoding": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "stacked encodings": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
    "blank before the colon": b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "an empty host": b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    "a bare return in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n",
    "a control character in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\x01c\r\n\r\n",
    "a blank in a header's name": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
    "absolute form": b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "an encoded NUL": b"GET /healthz%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "encoded dots": b"GET /v1/profiles/%2e%2e/policies/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "an encoded slash": b"GET /v1/profiles/a%2fb HTTP/1.1\r\nHost: x\r\n\r\n",
    "a back slash": b"GET /v1/profiles/a\\b HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty segment": b"GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "version 1.9": b"GET /healthz HTTP/1.9\r\nHost: x\r\n\r\n",
    "two authorizations": b"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
}


class Guard(ServerCase):
    def test_an_attack_gets_one_400_and_the_connection_closed(self):
        smuggled = SMUGGLED % self.server.admin.encode()
        for name, attack in ATTACKS.items():
            with self.subTest(name):
                got, is_closed = self.server.raw(attack + smuggled)
                self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got)
                self.assertEqual(got.count(b"HTTP/1.1 "), 1, got)
                self.assertIn(b"Connection: close", got)
                self.assertTrue(is_closed)
        self.expect(self.server.get("/v1/profiles/smuggled/one"), 404)

    def test_the_same_request_alone_is_executed(self):
        """Else the test above could not fail."""
        request = SMUGGLED.replace(b"smuggled/one", b"smuggled/two") % self.server.admin.encode()
        got, _ = self.server.raw(request, until_close=False)
        self.assertTrue(got.startswith(b"HTTP/1.1 201 "), got)

    def test_pipelined_sound_requests_are_all_answered(self):
        got, _ = self.server.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3, timeout=1)
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 3, got)

    def test_a_body_announced_too_large_is_refused_before_it_is_sent(self):
        head = b"PUT /v1/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + self.server.admin.encode() + \
               b"\r\nContent-Length: %d\r\n\r\n"
        for path, size in ((b"profiles/a/b", 1048577), (b"secrets/a", 524289), (b"profiles/a/b", 10 ** 18)):
            with self.subTest(path=path, size=size):
                got, is_closed = self.server.raw(head % (path, size))
                self.assertTrue(got.startswith(b"HTTP/1.1 413 "), got)
                self.assertTrue(is_closed)

    def test_a_body_that_grows_too_large_in_chunks_is_refused(self):
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        got, _ = self.server.raw(b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                                 self.server.admin.encode() +
                                 b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 17 + b"0\r\n\r\n", until_close=False)
        self.assertTrue(got.startswith(b"HTTP/1.1 413 "), got)

    def test_headers_and_targets_beyond_the_bounds_are_refused(self):
        for sent in (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 8000 + b"\r\n"):
            with self.subTest(sent[:20]):
                got, _ = self.server.raw(sent)
                self.assertIn(got[:13], (b"HTTP/1.1 414 ", b"HTTP/1.1 431 ", b"HTTP/1.1 413 ", b"HTTP/1.1 400 ", b""))
        self.expect(self.server.get("/healthz"), 200)


class SlowClients(ServerCase):
    options = ("--header-timeout", "400ms", "--body-timeout", "600ms", "--idle-timeout", "2s")

    def drip(self, first, byte):
        import socket
        import time
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as s:
            s.sendall(first)
            begin = time.monotonic()
            try:
                while time.monotonic() - begin < 30:
                    s.sendall(byte)
                    time.sleep(0.1)
                    s.setblocking(False)
                    try:
                        if s.recv(1000) == b"":
                            break
                    except BlockingIOError:
                        pass
                    s.setblocking(True)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return time.monotonic() - begin

    def test_headers_that_drip_are_cut_off(self):
        self.assertLess(self.drip(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", b"a"), 20)

    def test_a_body_that_drips_is_cut_off(self):
        head = b"PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + self.server.admin.encode() + \
               b"\r\nContent-Length: 10000\r\n\r\n"
        self.assertLess(self.drip(head, b"a"), 20)


if __name__ == "__main__":
    unittest.main()
