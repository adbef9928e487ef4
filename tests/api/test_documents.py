"""DESIGN 7: one document at a time, of each kind."""
import unittest

from support import Case, query

SOURCE = "# kept\n$abstract: true\nname:   orders  # and this\nlist: [1, 2]\n"


class Documents(Case):
    def test_the_first_put_creates_and_the_next_changes(self):
        first = self.store("profiles/put/a", SOURCE, 201, message="why not")
        self.assertEqual(first.headers["ETag"], '"v1"')
        said = first.json
        self.assertEqual((said["path"], said["version"], said["message"]), ("profiles/put/a", 1, "why not"))
        self.assertEqual(said["revision"], int(first.headers["Reeve-Revision"]))
        for member in ("created_at", "created_by", "digest"):
            self.assertTrue(said[member], member)
        self.assertNotIn("content", said)
        self.assertIn("warnings", said)
        self.assertTrue(said["changed"])
        second = self.store("profiles/put/a", "$abstract: true\nname: other\n", 200)
        self.assertEqual((second.headers["ETag"], second.json["version"]), ('"v2"', 2))
        self.assertEqual(second.json["revision"], said["revision"] + 1)
        for header in ("Reeve-Epoch", "Reeve-Request-Id", "Reeve-Audit-Index"):
            self.assertTrue(second.headers[header], header)

    def test_a_message_cannot_steer_who_reads_the_history(self):
        for steering in ("\x00", "\x07", "\x1b[2J", "\x7f", "\x85", "\x9b2J", "\u202e", "\u200f", "\u2066", "\u2028"):
            for member in ("message", "source"):
                text = "all is well" + steering
                self.expect_problem(self.server.put(query("/v1/profiles/said/a", **{member: text}), SOURCE), 400)
                change = {"op": "put", "path": "profiles/said/a", "source": SOURCE}
                problem = self.expect_problem(self.server.post("/v1/batch", {member: text, "changes": [change]}), 400)
                self.assertIn(member, problem["detail"])
                self.expect_problem(self.server.put(query("/v1/profiles/said/a", dry_run="true", **{member: text}), SOURCE), 400)
        for harmless in ("two\nlines\tand a tab\r\n", "caf\u00e9 \u4e2d\u6587 \U0001f469\u200d\U0001f4bb", "\u05e9\u05dc\u05d5\u05dd"):
            change = {"op": "put", "path": f"profiles/said/{len(harmless)}", "source": SOURCE}
            said = self.expect(self.server.post("/v1/batch", {"message": harmless, "source": harmless, "changes": [change]}), 200).json
            self.assertEqual(said["items"][0]["message"], harmless)
        self.store("profiles/said/a", SOURCE, 201, message="caf\u00e9")

    def test_an_answer_tells_of_others_writes_only_to_who_may_see_them(self):
        for kind, content in (("secrets", lambda n: {"data": {"k": str(n)}}), ("profiles", lambda n: {"a": n})):
            path = f"{kind}/told/a"
            for n in range(2):
                self.expect(self.server.put(query("/v1/" + path, message=f"said to readers {n}"), content(n)), 200 if n else 201)
            blind = self.reader(f"blind-{kind}", f"allow delete,destroy,write,rollback {path}")
            lists = self.reader(f"lists-{kind}", f"allow delete,destroy,list {path}")
            batch = {"changes": [{"op": "delete", "path": path}]}

            def calls(token):
                said = self.expect(self.server.post("/v1/batch", batch, token=token, headers={"Idempotency-Key": "told-" + token[-8:]}), 200).json["items"]
                self.expect_problem(self.server.get("/v1/" + path), 404)
                again = self.expect(self.server.post("/v1/batch", batch, token=token, headers={"Idempotency-Key": "told-" + token[-8:]}), 200).json["items"]
                said += again + [self.expect(self.server.post(f"/v1/{path}:undelete", {"versions": [2]}, token=token), 201).json]
                if kind == "secrets":
                    said.append(self.expect(self.server.post(f"/v1/{path}:destroy", {"versions": [1]}, token=token), 200).json)
                return said

            for item in calls(blind):
                self.assertEqual((item["path"], item["version"]), (path, 2))
                self.assertNotIn("created_by", item)
                self.assertNotIn("message", item)
            self.assertEqual([(i["created_by"], i["message"]) for i in calls(lists)][0], ("administrator", "said to readers 1"))
            # what the caller made is its own to see
            own = self.expect(self.server.put(query("/v1/" + path, message="mine"), content(3), token=blind), 200).json
            self.assertEqual((own["created_by"], own["message"]), ("test", "mine"))

    def test_the_same_content_makes_no_version(self):
        self.store("profiles/same/a", SOURCE, 201)
        before = self.revision()
        again = self.store("profiles/same/a", SOURCE, 200)
        self.assertFalse(again.json["changed"])
        self.assertEqual(again.json["version"], 1)
        self.assertEqual(self.revision(), before)

    def test_a_secret_makes_a_version_even_of_the_same(self):
        self.secret("same/a", {"k": "x"}, 201)
        again = self.secret("same/a", {"k": "x"}, 200).json
        self.assertEqual((again["version"], again["changed"]), (2, True))
        versions = self.document("secrets/same/a:versions")["items"]
        self.assertNotEqual(versions[0]["digest"], versions[1]["digest"])

    def test_preconditions(self):
        self.store("profiles/cond/a", SOURCE, 201, headers={"If-None-Match": "*"})
        self.refused_by_precondition({"If-None-Match": "*"})
        self.refused_by_precondition({"If-Match": '"v2"'})
        self.store("profiles/cond/a", "$abstract: true\n", 200, headers={"If-Match": '"v1"'})
        self.refused_by_precondition({"If-Match": '"v1"'})
        for method in ("DELETE", "PATCH"):
            answer = self.server.ask(method, "/v1/profiles/cond/a", body=b"{}" if method == "PATCH" else None,
                                     type="application/merge-patch+json" if method == "PATCH" else None,
                                     headers={"If-Match": '"v1"'})
            self.expect_problem(answer, 412)
        for condition in ('"v1"', "*"):
            missing = self.server.put("/v1/profiles/cond/b", SOURCE, headers={"If-Match": condition})
            self.expect_problem(missing, 412)
        self.store("profiles/cond/a", "$abstract: true\ny: 1\n", 200, headers={"If-Match": "*"})
        for bad in ("v1", "W/\"v1\"", '"v0"', '"x"'):
            answer = self.server.put("/v1/profiles/cond/a", SOURCE, headers={"If-Match": bad})
            self.assertIn(answer.status, (400, 412), bad)

    def refused_by_precondition(self, headers):
        self.expect_problem(self.server.put("/v1/profiles/cond/a", "$abstract: true\nx: 1\n", headers=headers), 412)

    def test_the_source_comes_back_as_it_was_written(self):
        self.store("profiles/source/a", SOURCE)
        answer = self.server.get("/v1/profiles/source/a", headers={"Accept": "application/yaml"})
        self.assertEqual(answer.body.decode(), SOURCE)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/yaml"))
        self.assertEqual(answer.headers["ETag"], '"v1"')
        self.assertEqual(self.server.get("/v1/profiles/source/a?format=yaml").body.decode(), SOURCE)

    def test_the_json_form_has_head_and_content(self):
        self.store("profiles/form/a", SOURCE)
        got = self.document("profiles/form/a")
        self.assertEqual(got["content"], {"$abstract": True, "name": "orders", "list": [1, 2]})
        self.assertEqual((got["path"], got["version"]), ("profiles/form/a", 1))
        self.secret("form/a", {"user": "u", "n": 7})
        got = self.document("secrets/form/a")
        self.assertEqual(got["data"], {"user": "u", "n": 7})
        self.assertNotIn("content", got)

    def test_json_goes_in_too(self):
        self.store("profiles/json/a", {"$abstract": True, "a": {"b": 1.50}})
        self.assertEqual(self.document("profiles/json/a")["content"]["a"], {"b": 1.5})

    def test_a_merge_patch_needs_no_right_to_read(self):
        self.store("profiles/patch/a", {"$abstract": True, "a": 1, "b": {"c": 2, "d": 3}})
        writer = self.reader("patcher", "allow write profiles/patch/*")
        answer = self.server.ask("PATCH", "/v1/profiles/patch/a", body={"a": None, "b": {"c": 9}},
                                 type="application/merge-patch+json", token=writer,
                                 headers={"Content-Type": "application/merge-patch+json"})
        self.expect(answer, 200)
        self.assertNotIn(b'"d"', answer.body)
        self.expect_problem(self.server.get("/v1/profiles/patch/a", token=writer), 403)
        self.assertEqual(self.document("profiles/patch/a")["content"], {"$abstract": True, "b": {"c": 9, "d": 3}})

    def test_a_secret_is_patched_key_by_key(self):
        self.secret("patch/a", {"user": "u", "password": "old"})
        answer = self.server.ask("PATCH", "/v1/secrets/patch/a", body=b'{"data": {"password": "new"}}',
                                 type="application/merge-patch+json")
        self.expect(answer, 200)
        self.assertEqual(self.document("secrets/patch/a")["data"], {"user": "u", "password": "new"})

    def test_deleting_and_undeleting(self):
        self.store("profiles/gone/a", SOURCE)
        answer = self.expect(self.server.delete("/v1/profiles/gone/a"), 204)
        self.assertEqual(answer.body, b"")
        self.expect_problem(self.server.get("/v1/profiles/gone/a"), 404)
        self.expect_problem(self.server.delete("/v1/profiles/gone/a"), 404)
        self.assertNotIn("profiles/gone/a", self.paths("profiles", prefix="gone/"))
        self.assertEqual(self.document("profiles/gone/a:versions")["items"][0]["state"], "deleted")
        self.expect(self.server.post("/v1/profiles/gone/a:undelete", {"versions": [1]}), 201)
        self.assertEqual(self.document("profiles/gone/a")["version"], 1)
        for body in ({}, {"versions": []}, {"versions": [0]}, {"versions": ["1"]}, {"versions": [1], "more": 1}):
            self.expect_problem(self.server.post("/v1/profiles/gone/a:undelete", body), 400)
        self.expect_problem(self.server.post("/v1/profiles/gone/a:undelete", {"versions": [9]}), 404)

    def paths(self, kind, **parameters):
        return [item["path"] for item in self.document(kind, **parameters)["items"]]

    def test_a_put_after_a_delete_is_the_next_version(self):
        self.store("profiles/again/a", SOURCE)
        self.expect(self.server.delete("/v1/profiles/again/a"), 204)
        answer = self.store("profiles/again/a", SOURCE, 201)
        self.assertEqual(answer.json["version"], 2)

    def test_what_is_destroyed_does_not_come_back(self):
        self.secret("shred/a", {"k": "one"})
        self.secret("shred/a", {"k": "two"})
        self.expect(self.server.post("/v1/secrets/shred/a:destroy", {"versions": [1]}), 200)
        self.expect_problem(self.server.get("/v1/secrets/shred/a?version=1"), 404)
        self.assertEqual(self.document("secrets/shred/a")["data"], {"k": "two"})
        states = {v["version"]: v["state"] for v in self.document("secrets/shred/a:versions")["items"]}
        self.assertEqual(states, {1: "destroyed", 2: "live"})
        answer = self.server.post("/v1/secrets/shred/a:undelete", {"versions": [1]})
        self.assertIn(answer.status, (404, 409), repr(answer))
        answer = self.server.post("/v1/secrets/shred/a:rollback", {"version": 1})
        self.assertIn(answer.status, (404, 409), repr(answer))
        self.store("profiles/shred/a", SOURCE)
        answer = self.server.post("/v1/profiles/shred/a:destroy", {"versions": [1]})
        self.assertIn(answer.status, (400, 404, 405, 422), "only secrets are destroyed: " + repr(answer))

    def test_a_digest_tells_no_writer_that_a_guess_is_right(self):
        """Who may write but not read sees digests in answers: of the guess, and of what a rollback brought back."""
        self.secret("guess/a", {"k": "hunter2"})
        self.secret("guess/b", {"k": "hunter2"})
        writer = self.reader("guesser", "allow write,rollback secrets/guess/*")
        guess = self.secret("guess/a", {"k": "hunter2"}, token=writer).json["digest"]
        back = self.server.post("/v1/secrets/guess/a:rollback", {"version": 1}, token=writer).json["digest"]
        same = self.server.ask("PATCH", "/v1/secrets/guess/b", body=b"{}", type="application/merge-patch+json", token=writer)
        self.assertEqual(len({guess, back, self.expect(same, 200).json["digest"]}), 3)

    def test_rollback_is_a_new_version_and_needs_no_right_to_read(self):
        self.secret("back/a", {"k": "one"})
        self.secret("back/a", {"k": "two"})
        writer = self.reader("rollbacker", "allow rollback secrets/back/*")
        answer = self.expect(self.server.post("/v1/secrets/back/a:rollback", {"version": 1}, token=writer), 200)
        self.assertEqual(answer.json["version"], 3)
        self.assertNotIn(b"one", answer.body)
        self.assertEqual(self.document("secrets/back/a")["data"], {"k": "one"})
        self.expect_problem(self.server.post("/v1/secrets/back/a:rollback", {"version": 9}), 404)
        self.expect_problem(self.server.post("/v1/secrets/back/a:rollback", {"version": 1},
                                             token=self.reader("nobody-back", "allow write secrets/back/*")), 403)

    def test_versions_say_who_when_and_why(self):
        self.store("profiles/hist/a", SOURCE, message="first")
        self.store("profiles/hist/a", "$abstract: true\n", message="second")
        items = self.document("profiles/hist/a:versions")["items"]
        self.assertEqual([i["message"] for i in sorted(items, key=lambda i: i["version"])], ["first", "second"])
        for item in items:
            for member in ("version", "revision", "created_at", "created_by", "digest", "state"):
                self.assertIn(member, item)

    def test_differences_of_versions(self):
        self.store("profiles/diff/a", {"$abstract": True, "a": 1, "b": 2})
        self.store("profiles/diff/a", {"$abstract": True, "a": 3, "c/d": 4})
        got = self.document("profiles/diff/a:diff", **{"from": 1, "to": 2})
        changes = {(c["op"], c["pointer"]): (c.get("from"), c.get("to")) for c in self.changes(got)}
        self.assertEqual(changes, {("replace", "/a"): (1, 3), ("remove", "/b"): (2, None), ("add", "/c~1d"): (None, 4)})
        self.secret("diff/a", {"k": "hunter-1", "same": "x"})
        self.secret("diff/a", {"k": "hunter-2", "same": "x"})
        answer = self.server.get("/v1/secrets/diff/a:diff?from=1&to=2")
        self.assertNotIn(b"hunter", answer.body)
        self.assertEqual([c["pointer"] for c in self.changes(answer.json)], ["/data/k"])
        self.expect_problem(self.server.get("/v1/profiles/diff/a:diff?from=1&to=7"), 404)

    def changes(self, got):
        return next(got[name] for name in ("diff", "changes", "items") if name in got)

    def test_time_travel(self):
        one = self.store("profiles/time/a", {"$abstract": True, "n": 1}).json
        two = self.store("profiles/time/a", {"$abstract": True, "n": 2}).json
        read = lambda **p: self.document("profiles/time/a", **p)["content"]["n"]
        self.assertEqual((read(version=1), read(version=2), read()), (1, 2, 2))
        self.assertEqual((read(revision=one["revision"]), read(revision=two["revision"])), (1, 2))
        self.assertEqual(read(at="2099-01-01T00:00:00Z"), 2)
        self.assertEqual(read(at=two["created_at"]), 2)
        self.expect_problem(self.server.get("/v1/profiles/time/a?at=2001-01-01T00:00:00Z"), 404)
        self.expect_problem(self.server.get("/v1/profiles/time/a?version=9"), 404)
        self.expect_problem(self.server.get(f"/v1/profiles/time/a?revision={one['revision'] - 1}"), 404)
        for bad in ("version=0", "version=-1", "version=x", "at=yesterday", "version=1&revision=1",
                    "version=99999999999999999999"):
            self.expect_problem(self.server.get("/v1/profiles/time/a?" + bad), 400)

    def test_lists_are_paged(self):
        for name in "abcde":
            self.store("profiles/list/" + name, SOURCE)
        self.store("profiles/listed-not/a", SOURCE)
        self.assertEqual(self.paths("profiles", prefix="list/"), [f"profiles/list/{n}" for n in "abcde"])
        seen, at = [], "/v1/profiles?prefix=list/&limit=2"
        for _ in range(5):
            answer = self.expect(self.server.get(at), 200)
            seen += [item["path"] for item in answer.json["items"]]
            link = answer.headers["Link"]
            if link is None:
                break
            self.assertTrue(link.endswith('; rel="next"'), link)
            at = link[1:link.index(">")]
        self.assertEqual(seen, [f"profiles/list/{n}" for n in "abcde"])
        for bad in ("limit=0", "limit=1001", "limit=x"):
            self.expect_problem(self.server.get("/v1/profiles?" + bad), 400)

    def test_dependents_say_who_needs_a_document(self):
        self.schema("dep/s", {"a": {"type": "integer"}})
        self.secret("dep/x", {"k": "v"})
        self.store("profiles/dep/base", {"$abstract": True, "$schema": "dep/s", "a": 1})
        self.store("profiles/dep/heir", "$extends: base\nb: ${secret:dep/x#k}\n")
        for path in ("profiles/dep/base", "schemas/dep/s", "secrets/dep/x"):
            self.assertIn("profiles/dep/heir", [i["path"] for i in self.document(path + ":dependents")["items"]], path)

    def test_an_unknown_or_repeated_parameter_is_refused_and_nothing_is_written(self):
        for bad in ("dryrun=true", "dry_run=yes", "dry_run=true&dry_run=true", "dry_run", "dry-run=true", "reveal=true",
                    "message=a&message=b"):
            self.expect_problem(self.server.put("/v1/profiles/typo/a?" + bad, SOURCE), 400)
        self.expect_problem(self.server.get("/v1/profiles/typo/a"), 404)

    def test_a_dry_run_writes_nothing(self):
        before = self.revision()
        got = self.store("profiles/dry/a", SOURCE, 200, dry_run="true").json
        self.assertTrue(got["dry_run"])
        self.assertEqual(got["changes"][0]["path"], "profiles/dry/a")
        self.expect_problem(self.server.get("/v1/profiles/dry/a"), 404)
        self.assertEqual(self.revision(), before)

    def test_unknown_paths_and_methods(self):
        for path in ("/", "/v1", "/v2/profiles", "/v1/nothing", "/v1/profiles/a/b:explode", "/v1/config/a",
                     "/v1/config/a/b/c", "/vault/v1/x"):
            self.expect_problem(self.server.get(path), 404)
        for method, path, allowed in (("POST", "/v1/profiles/a/b", {"GET", "PUT", "PATCH", "DELETE"}),
                                      ("PUT", "/v1/config/a/b", {"GET"}), ("DELETE", "/v1/status", {"GET"}),
                                      ("BREW", "/healthz", {"GET"}), ("GET", "/v1/batch", {"POST"})):
            answer = self.server.ask(method, path)
            self.expect_problem(answer, 405)
            named = {m.strip() for m in answer.headers["Allow"].split(",")}
            self.assertEqual(named - {"HEAD"}, allowed)

    def test_paths_that_are_none(self):
        for path in ("a", "a/b/c", "a/" + "b" * 129, "a/.b", "a/..", "-a/b", "a/b%20c", "a/b%2Fc"):
            answer = self.server.put("/v1/profiles/" + path, SOURCE)
            self.assertIn(answer.status, (400, 404, 422), f"{path}: {answer}")
        for path in ("names/b..", "names/" + "b" * 128, "names/_b.@=~-9"):
            self.store("profiles/" + path, SOURCE, 201)
        self.secret("/".join("abcdefghijklmno"), {"k": "v"})  # with its kind 16 segments
        answer = self.server.put("/v1/secrets/" + "/".join("abcdefghijklmnop"), {"data": {"k": "v"}})
        self.assertIn(answer.status, (400, 404, 422))

    def test_head_is_get_without_a_body(self):
        self.store("profiles/head/a", SOURCE)
        answer = self.server.ask("HEAD", "/v1/profiles/head/a")
        self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (200, b"", '"v1"'))

    def test_types_that_are_not_understood(self):
        for type in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            self.expect_problem(self.server.put("/v1/profiles/type/a", b"a: 1", type=type), 415)
        self.expect_problem(self.server.ask("PATCH", "/v1/profiles/type/a", body=b"{}", type="application/yaml"), 415)
        self.expect_problem(self.server.put("/v1/profiles/type/a", b"a: 1", headers={"Content-Encoding": "gzip"}), 415)

    def test_bodies_that_are_malformed(self):
        for type, body in (("application/json", b"{"), ("application/json", b'{"a": 1, "a": 2}'), ("application/json", b""),
                           ("application/json", b"{'a': 1}"), ("application/json", b"\xff"), ("application/json", b"[]"),
                           ("application/json", b"[" * 100000), ("application/yaml", b"a: 1\na: 2\n"),
                           ("application/yaml", b"a: [1"), ("application/yaml", b"a: !!python/object:os.system x"),
                           ("application/yaml", b"a: 1\n---\nb: 2\n"), ("application/yaml", b"- 1\n"),
                           ("application/yaml", b"\x00")):
            answer = self.server.put("/v1/profiles/bad/a", body, type=type)
            self.assertIn(answer.status, (400, 422), f"{body[:30]!r}: {answer}")
            self.expect_problem(answer, answer.status)
        self.expect_problem(self.server.get("/v1/profiles/bad/a"), 404)

    def test_what_just_fits(self):
        """test_guard.py has what does not."""
        self.secret("large/a", {"k": "x" * (500 << 10)})
        source = "$abstract: true\na: " + "x" * ((1 << 20) - 100) + "\n"
        self.store("profiles/large/a", source)
        self.assertEqual(self.server.get("/v1/profiles/large/a?format=yaml").body.decode(), source)

    def test_secrets_have_a_form(self):
        for body in ({}, {"data": []}, {"data": {"a": "b"}, "extra": 1}, {"a": "b"}, {"data": "x"}, []):
            answer = self.server.put("/v1/secrets/formed/a", body)
            self.assertIn(answer.status, (400, 422), f"{body}: {answer}")
        metadata = {"expires_at": "2027-01-31T00:00:00Z", "rotate_every": "30d", "labels": {"owner": "data"}}
        self.expect(self.server.put("/v1/secrets/formed/a", {"data": {"a": "b"}, "metadata": metadata}), 201)
        self.expect_problem(self.server.put("/v1/secrets/formed/b", {"data": {"a": "b"}, "metadata": {"expires_at": "soon"}}), 422)
        self.expect(self.server.put("/v1/secrets/formed/c", {"data": {"keytab": "AAEC"}, "encoding": {"keytab": "base64"}}), 201)

    def test_an_idempotency_key_makes_a_retry_harmless(self):
        send = lambda body, key="one": self.server.put("/v1/secrets/idem/a", body, headers={"Idempotency-Key": key})
        first = self.expect(send({"data": {"k": "v"}}), 201)
        again = self.expect(send({"data": {"k": "v"}}), 201)
        self.assertEqual(first.json["version"], again.json["version"])
        self.assertEqual(self.document("secrets/idem/a")["version"], 1)
        self.assertIn(send({"data": {"k": "other"}}).status, (409, 422))
        self.assertEqual(self.expect(send({"data": {"k": "v"}}, "two"), 200).json["version"], 2)
        self.expect_problem(send({"data": {"k": "v"}}, ""), 400)

    def test_problems_have_the_form_of_rfc_9457(self):
        self.expect_problem(self.server.get("/v1/profiles/none/none"), 404)
        self.expect_problem(self.server.get("/v1/profiles/none/none", token=None), 401)
        self.expect_problem(self.server.get("/v1/profiles/none/none?x=y"), 400)

    def test_yaml_answers(self):
        self.store("profiles/yaml/a", SOURCE)
        answer = self.server.get(query("/v1/profiles", prefix="yaml/", format="yaml"))
        self.expect(answer, 200)
        self.assertIn(b"path: profiles/yaml/a", answer.body)
        self.expect_problem(self.server.get("/v1/profiles?format=env"), 400)


if __name__ == "__main__":
    unittest.main()
