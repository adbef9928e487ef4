"""The HTTP interface as such (DESIGN 7): statuses, headers, negotiation, preconditions, long polls."""
import json
import threading
import time
import unittest

from harness import ServerCase

PROFILE = "# a comment that is kept\nname: orders\nlimit: 10\n"


class Http(ServerCase):
    def profile(self, name, source=PROFILE, **more):
        return self.server.put(f"/v1/profiles/http/{name}", source, **more)

    # -- health

    def test_health_needs_no_token_and_metrics_do(self):
        self.assertEqual(self.expect(self.server.get("/healthz", token=None), 200).json["status"], "alive")
        self.assertEqual(self.expect(self.server.get("/readyz", token=None), 200).json["status"], "ready")
        self.expect_problem(self.server.get("/metrics", token=None), 401)
        text = self.expect(self.server.get("/metrics"), 200)
        self.assertTrue(text.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertIn(b"reeve_http_requests_total{", text.body)
        for line in text.body.decode().splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) \w+ .*|\w+(\{.*\})? [0-9.e+-]+)$")

    def test_every_answer_says_revision_epoch_and_request(self):
        seen = set()
        for path, status in (("/healthz", 200), ("/v1/status", 200), ("/nothing", 404), ("/v1/profiles", 200)):
            answer = self.expect(self.server.get(path), status)
            self.assertRegex(answer.headers["Reeve-Revision"], r"^\d+$")
            self.assertRegex(answer.headers["Reeve-Epoch"], r"^\d+$")
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            seen.add(answer.headers["Reeve-Request-Id"])
        self.assertEqual(len(seen), 4)

    # -- who, where, how

    def test_without_a_good_token_the_answer_is_401_and_always_the_same(self):
        details = set()
        for headers in ({}, {"Authorization": "Bearer rv_nobody"}, {"Authorization": "Basic YTpi"},
                        {"Authorization": "Bearer " + self.server.admin + "x"}):
            answer = self.server.get("/v1/profiles", token=None, headers=headers)
            details.add(self.expect_problem(answer, 401)["detail"])
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
        self.assertEqual(len(details), 1)

    def test_unknown_paths_are_404_and_unknown_methods_405_with_those_allowed(self):
        for path in ("/", "/v1", "/v1/nothing", "/v2/profiles", "/v1/profiles/a/b:nothing", "/healthz/x"):
            self.expect_problem(self.server.get(path), 404)
        answer = self.server.post("/v1/config/a/b")
        self.expect_problem(answer, 405)
        self.assertEqual(answer.headers["Allow"], "GET, HEAD")
        answer = self.server.ask("LIST", "/v1/profiles/a/b")
        self.expect_problem(answer, 405)
        self.assertEqual(set(answer.headers["Allow"].split(", ")), {"GET", "HEAD", "PUT", "PATCH", "DELETE"})

    def test_a_parameter_that_is_unknown_or_repeated_is_400_and_nothing_is_written(self):
        for query in ("dryrun=true", "dry_run=yes", "dry_run", "dry_run=true&dry_run=true", "message=%00", "wait=1s"):
            self.expect_problem(self.profile("query?" + query), 400)
        self.expect(self.server.get("/v1/profiles/http/query"), 404)
        detail = self.expect_problem(self.profile("query?dryrun=true"), 400)["detail"]
        self.assertIn("dry_run", detail)

    def test_bodies_of_other_types_are_415(self):
        for type in ("application/x-www-form-urlencoded", "text/plain", "application/merge-patch+json",
                     "application/json; charset=utf-16"):
            self.expect_problem(self.profile("type", type=type), 415)
        self.expect_problem(self.server.ask("PATCH", "/v1/profiles/http/type", body=b"{}",
                                            type="application/json"), 415)
        answer = self.profile("type", headers={"Content-Encoding": "gzip"})
        self.expect_problem(answer, 415)

    def test_a_get_with_a_body_is_refused(self):
        self.expect_problem(self.server.ask("GET", "/v1/profiles", body=b"{}", type="application/json"), 400)

    def test_a_connection_survives_refusals(self):
        connection = self.server.connect()
        for _ in range(3):
            self.expect(self.server.get("/v1/nothing", connection=connection), 404)
            self.expect(self.profile("keep", type="text/plain", connection=connection), 415)
            self.expect(self.server.get("/healthz", connection=connection), 200)
        connection.close()

    def test_head_is_get_without_its_body(self):
        self.expect(self.profile("head"), 201)
        got = self.server.get("/v1/profiles/http/head")
        head = self.expect(self.server.ask("HEAD", "/v1/profiles/http/head"), 200)
        self.assertEqual(head.body, b"")
        for name in ("ETag", "Content-Type", "Content-Length"):
            self.assertEqual(head.headers[name], got.headers[name])

    # -- documents

    def test_a_document_is_201_then_200_and_comes_back_as_written(self):
        answer = self.expect(self.profile("doc"), 201)
        self.assertEqual(answer.headers["ETag"], '"v1"')
        self.assertEqual(answer.json["version"], 1)
        self.expect(self.profile("doc", PROFILE + "more: 1\n"), 200)
        source = self.expect(self.server.get("/v1/profiles/http/doc?version=1",
                                             headers={"Accept": "application/yaml"}), 200)
        self.assertEqual(source.body.decode(), PROFILE)
        self.assertEqual(source.headers["Content-Type"], "application/yaml")
        tree = self.expect(self.server.get("/v1/profiles/http/doc"), 200)
        self.assertEqual(tree.json["content"], {"name": "orders", "limit": 10, "more": 1})
        self.assertEqual(tree.headers["ETag"], '"v2"')

    def test_a_document_written_as_json_is_yaml_when_that_format_is_asked_for(self):
        self.expect(self.server.put("/v1/profiles/http/json", '{"a": {"b": "no"}}', type="application/json"), 201)
        path = "/v1/profiles/http/json"
        source = self.expect(self.server.get(path, headers={"Accept": "application/yaml"}), 200)
        self.assertEqual((source.headers["Content-Type"], source.body), ("application/json", b'{"a": {"b": "no"}}'))
        yaml = self.expect(self.server.get(path + "?format=yaml"), 200)
        self.assertEqual((yaml.headers["Content-Type"], yaml.body), ("application/yaml", b'a:\n  b: "no"\n'))
        self.assertEqual(yaml.headers["Vary"], "Accept")

    def test_preconditions_hold_or_give_412(self):
        self.expect(self.profile("pre", headers={"If-Match": '"v1"'}), 412)
        self.expect(self.profile("pre", headers={"If-None-Match": "*"}), 201)
        self.expect_problem(self.profile("pre", headers={"If-None-Match": "*"}), 412)
        self.expect_problem(self.profile("pre", "a: 2\n", headers={"If-Match": '"v7"'}), 412)
        self.expect(self.profile("pre", "a: 2\n", headers={"If-Match": '"v1"'}), 200)
        self.expect_problem(self.profile("pre", headers={"If-Match": "v2"}), 400)

    def test_an_etag_that_still_holds_is_304_without_a_body(self):
        self.expect(self.profile("etag"), 201)
        for path in ("/v1/profiles/http/etag", "/v1/config/http/etag"):
            tag = self.expect(self.server.get(path), 200).headers["ETag"]
            for sent in (tag, f'"other", {tag}', "*"):
                answer = self.expect(self.server.get(path, headers={"If-None-Match": sent}), 304)
                self.assertEqual(answer.body, b"")
                self.assertEqual(answer.headers["ETag"], tag)
            self.expect(self.server.get(path, headers={"If-None-Match": '"other"'}), 200)

    def test_a_read_with_if_match_answers_only_what_it_names(self):
        self.expect(self.profile("match"), 201)
        self.expect(self.profile("match", "a: 2\n"), 200)
        self.expect(self.server.put("/v1/secrets/http/match", {"data": {"k": "v"}}), 201)
        revision = self.server.get("/v1/config/http/match").headers["Reeve-Revision"]
        for path in ("/v1/profiles/http/match", "/v1/profiles/http/match?version=1", "/v1/secrets/http/match", "/v1/config/http/match",
                     "/v1/config/http/match?format=yaml", "/v1/config/http/match?reveal=true", f"/v1/config/http/match?revision={revision}"):
            tag = self.expect(self.server.get(path), 200).headers["ETag"]
            for sent in (tag, f'"other", {tag}', "*"):
                answer = self.expect(self.server.get(path, headers={"If-Match": sent}), 200)
                self.assertEqual(answer.headers["ETag"], tag)
                self.expect(self.server.get(path, headers={"If-Match": sent, "If-None-Match": tag}), 304)
            # A weak tag never matches: the comparison is the strong one.
            for sent in ('"other"', '"v7", "v8"', "W/" + tag, tag.strip('"')):
                for more in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
                    answer = self.server.get(path, headers={"If-Match": sent, **more})
                    self.assertIn("If-Match", self.expect_problem(answer, 412)["detail"], (path, sent))
                    self.assertIsNone(answer.headers["ETag"])
        path = "/v1/config/http/match?wait=60s"
        self.expect_problem(self.server.get(path, headers={"If-Match": '"other"', "If-None-Match": "*"}), 412)
        for path in ("/v1/profiles/http/absent", "/v1/config/http/absent", "/v1/profiles/http/match?version=9"):
            for sent in ("*", '"v1"'):
                self.expect_problem(self.server.get(path, headers={"If-Match": sent}), 404)
        # Explained, it has no tag: only that there is something can hold.
        path = "/v1/config/http/match?explain=true"
        self.expect(self.server.get(path, headers={"If-Match": "*"}), 200)
        self.expect_problem(self.server.get(path, headers={"If-Match": tag}), 412)

    def test_a_configuration_comes_in_the_format_that_is_asked_for(self):
        self.expect(self.profile("format", "spark:\n  partitions: 400\n  flag: 'no'\n"), 201)
        path = "/v1/config/http/format"
        cases = (
            ("", {}, "application/json", b'"partitions":400'),
            ("?format=yaml", {}, "application/yaml", b"partitions: 400"),
            ("", {"Accept": "application/yaml"}, "application/yaml", b"partitions: 400"),
            ("?format=json", {"Accept": "application/yaml"}, "application/json", b'"partitions":400'),
            ("?format=properties", {}, "text/x-java-properties", b"spark.partitions=400"),
            ("?format=env", {}, "text/plain", b"SPARK_PARTITIONS=400"),
            ("?format=raw&key=/spark/partitions", {}, "text/plain", b"400"),
        )
        for query, headers, type, part in cases:
            with self.subTest(query=query, headers=headers):
                answer = self.expect(self.server.get(path + query, headers=headers), 200)
                self.assertTrue(answer.headers["Content-Type"].startswith(type), answer)
                self.assertIn(part, answer.body)
        self.expect_problem(self.server.get(path + "?format=xml"), 400)
        self.expect_problem(self.server.get("/v1/profiles/http/format?format=env"), 400)

    def test_lists_are_paged_by_a_link(self):
        for i in range(5):
            self.expect(self.server.put(f"/v1/profiles/paged/p{i}", f"a: {i}\n"), 201)
        path, names = "/v1/profiles?prefix=paged/&limit=2", []
        for _ in range(10):
            answer = self.expect(self.server.get(path), 200)
            names += [item["path"] for item in answer.json["items"]]
            if "Link" not in answer.headers:
                break
            self.assertRegex(answer.headers["Link"], r'^</v1/profiles\?.*limit=2.*>; rel="next"$')
            path = answer.headers["Link"][1:].split(">")[0]
        self.assertEqual(names, [f"profiles/paged/p{i}" for i in range(5)])

    def test_json_answers_are_to_be_had_as_yaml(self):
        answer = self.expect(self.server.get("/v1/status?format=yaml"), 200)
        self.assertEqual(answer.headers["Content-Type"], "application/yaml")
        self.assertFalse(answer.body.startswith(b"{"), answer)

    def test_the_audit_log_comes_as_lines(self):
        self.expect(self.profile("audited"), 201)
        answer = self.expect(self.server.get("/v1/audit", headers={"Accept": "application/x-ndjson"}), 200)
        self.assertEqual(answer.headers["Content-Type"], "application/x-ndjson")
        for line in answer.body.splitlines():
            json.loads(line)

    def test_secrets_are_never_to_be_kept_by_a_cache(self):
        self.expect(self.server.ask("PUT", "/v1/secrets/http/db", body={"data": {"password": "x"}}), 201)
        answer = self.expect(self.server.get("/v1/secrets/http/db"), 200)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertRegex(answer.headers["Reeve-Audit-Index"], r"^\d+$")
        self.expect(self.profile("cached"), 201)
        answer = self.expect(self.server.get("/v1/config/http/cached"), 200)
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")

    def test_the_same_idempotency_key_gives_the_same_answer(self):
        headers = {"Idempotency-Key": "once-1"}
        first = self.expect(self.server.ask("PUT", "/v1/secrets/http/once", body={"data": {"a": "1"}},
                                            headers=headers), 201)
        again = self.server.ask("PUT", "/v1/secrets/http/once", body={"data": {"a": "1"}}, headers=headers)
        self.assertEqual(again.json["version"], first.json["version"])
        self.expect_problem(self.server.ask("PUT", "/v1/secrets/http/once", body={"data": {"a": "2"}},
                                            headers=headers), 409)
        self.expect_problem(self.profile("once", headers={"Idempotency-Key": "a b"}), 400)

    def test_a_malformed_body_is_400_with_its_place(self):
        problem = self.expect_problem(self.profile("bad", "a: 1\nb: [\n"), 400)
        self.assertGreaterEqual(problem["line"], 2)
        self.expect_problem(self.profile("bad", "{", type="application/json"), 400)

    # -- long polls

    def test_a_long_poll_wakes_on_a_change_and_only_on_one_that_matters(self):
        self.expect(self.profile("poll", "a: 1\n"), 201)
        tag = self.server.get("/v1/config/http/poll").headers["ETag"]
        answers = []

        def poll():
            answers.append((self.server.get("/v1/config/http/poll?wait=50s", headers={"If-None-Match": tag}),
                            time.monotonic()))

        poller = threading.Thread(target=poll)
        poller.start()
        self.expect(self.profile("unrelated", "a: 1\n"), 201)
        other = self.server.get("/v1/config/http/unrelated").headers["ETag"]
        witness = threading.Thread(target=lambda: self.server.get("/v1/config/http/unrelated?wait=50s", headers={"If-None-Match": other}))
        witness.start()
        self.server.wait_for_polls(2)
        self.expect(self.profile("unrelated", "a: 2\n"), 200)
        witness.join()
        self.assertEqual(answers, [])
        begin = time.monotonic()
        self.expect(self.profile("poll", "a: 2\n"), 200)
        poller.join()
        answer, end = answers[0]
        self.expect(answer, 200)
        self.assertEqual(answer.json, {"a": 2})
        self.assertLess(end - begin, 20, "woken, not timed out")

    def test_a_long_poll_ends_with_304_when_its_time_is_over(self):
        self.expect(self.profile("patience", "a: 1\n"), 201)
        tag = self.server.get("/v1/config/http/patience").headers["ETag"]
        begin = time.monotonic()
        self.expect(self.server.get("/v1/config/http/patience?wait=1s", headers={"If-None-Match": tag}), 304)
        self.assertGreater(time.monotonic() - begin, 0.8)
        self.assertLess(time.monotonic() - begin, 20)

    def test_a_wait_beyond_the_bound_is_refused(self):
        self.expect_problem(self.server.get("/v1/config/http/none?wait=61s"), 400)

    def test_a_poll_whose_profile_goes_ends_with_404(self):
        self.expect(self.profile("going", "a: 1\n"), 201)
        tag = self.server.get("/v1/config/http/going").headers["ETag"]
        answers = []
        poller = threading.Thread(target=lambda: answers.append(
            self.server.get("/v1/config/http/going?wait=50s", headers={"If-None-Match": tag})))
        poller.start()
        self.server.wait_for_polls(1)
        self.expect(self.server.delete("/v1/profiles/http/going"), 204)
        poller.join()
        self.expect_problem(answers[0], 404)


if __name__ == "__main__":
    unittest.main()
