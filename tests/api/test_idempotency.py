"""Idempotency-Key and preconditions from outside (docs/api.md): a repetition answers as the first did, and does nothing twice."""
import unittest

from support import Case


class Idempotency(Case):
    def keyed(self, method, path, body=None, key="k", token="", status=200, type=None, **headers):
        answer = self.server.ask(method, path, body=body, type=type, token=token, headers={"Idempotency-Key": key, **headers})
        return self.expect(answer, status)

    def test_a_keyed_revert_is_replayed_whatever_changed_since(self):
        self.store("profiles/irev/a", "n: 1\n")
        revision = self.store("profiles/irev/a", "n: 2\n").json["revision"]
        first = self.keyed("POST", f"/v1/revisions/{revision}:revert", {}, key="rev")
        again = self.keyed("POST", f"/v1/revisions/{revision}:revert", {}, key="rev")
        self.assertEqual(again.body, first.body)
        self.store("profiles/irev/a", "n: 3\n")
        again = self.keyed("POST", f"/v1/revisions/{revision}:revert", {}, key="rev")
        self.assertEqual(again.body, first.body)
        self.assertEqual(self.document("profiles/irev/a")["content"], {"n": 3})

    def test_the_key_of_a_write_that_changed_nothing_is_kept(self):
        self.store("profiles/iun/a", "n: 1\n")
        first = self.keyed("PUT", "/v1/profiles/iun/a", "n: 1\n", key="un", type="application/yaml")
        self.assertFalse(first.json["changed"])
        self.store("profiles/iun/a", "n: 2\n")
        again = self.keyed("PUT", "/v1/profiles/iun/a", "n: 1\n", key="un", type="application/yaml")
        self.assertEqual(again.body, first.body)
        self.assertEqual(self.document("profiles/iun/a")["content"], {"n": 2})

    def test_every_write_of_documents_is_replayed_before_its_state_is_looked_at(self):
        self.secret("iall/s", {"k": "1"})
        self.secret("iall/s", {"k": "2"})
        self.secret("iall/s", {"k": "3"})
        base = "/v1/secrets/iall/s"
        steps = (
            ("PATCH", base, {"data": {"k": "4"}}, "application/merge-patch+json", 200),
            ("POST", base + ":rollback", {"version": 1}, None, 200),
            ("POST", base + ":destroy", {"versions": [2]}, None, 200),
            ("DELETE", base, None, None, 204),
            ("POST", base + ":undelete", {"versions": [5]}, None, 201),
            ("POST", "/v1/batch", {"changes": [{"op": "delete", "path": "secrets/iall/s"}]}, None, 200),
            ("PUT", base, {"data": {"k": "7"}}, None, 201),
        )
        for number, (method, path, body, type, status) in enumerate(steps):
            text = body if type is None else __import__("json").dumps(body)
            before = self.revision()
            first = self.keyed(method, path, text, key=f"all{number}", type=type, status=status)
            self.assertEqual(self.revision(), before + 1, path)
            again = self.keyed(method, path, text, key=f"all{number}", type=type, status=status)
            self.assertEqual((again.body, again.headers["ETag"]), (first.body, first.headers["ETag"]), path)
            self.assertEqual(self.revision(), before + 1, path)

    def test_all_that_matters_is_part_of_the_request_that_a_key_stands_for(self):
        self.keyed("PUT", "/v1/profiles/ifin/a?source=a@1", "n: 1\n", key="f1", type="application/yaml", status=201)
        for path, body in (("/v1/profiles/ifin/a?source=a@2", "n: 1\n"), ("/v1/profiles/ifin/a?source=a@1", "n: 1"),
                           ("/v1/profiles/ifin/a?source=a@1&message=m", "n: 1\n"), ("/v1/profiles/ifin/b?source=a@1", "n: 1\n")):
            self.keyed("PUT", path, body, key="f1", type="application/yaml", status=409)
        self.secret("ifin/s", {"k": "1"})
        self.keyed("DELETE", "/v1/secrets/ifin/s?force=true", key="f2", status=204)
        self.keyed("DELETE", "/v1/secrets/ifin/s", key="f2", status=409)
        change = {"op": "put", "path": "profiles/ifin/c", "content": {"n": 1}}
        self.keyed("POST", "/v1/batch?source=a", {"changes": [change]}, key="f3")
        for path, body in (("/v1/batch?source=b", {"changes": [change]}), ("/v1/batch?source=a&force=true", {"changes": [change]}),
                           ("/v1/batch?source=a", {"changes": [change], "message": "x"})):
            self.keyed("POST", path, body, key="f3", status=409)
        revision = self.store("profiles/ifin/c", "n: 2\n").json["revision"]
        self.keyed("POST", f"/v1/revisions/{revision}:revert", {}, key="f4")
        self.keyed("POST", f"/v1/revisions/{revision}:revert?force=true", {}, key="f4", status=409)
        self.keyed("POST", f"/v1/revisions/{revision}:revert?source=x", {}, key="f4", status=409)

    def test_what_does_not_honour_a_key_refuses_it(self):
        for path, body in (("/v1/tokens", {"name": "n", "policies": ["auditor"]}), ("/v1/tokens/self:renew", {}),
                           ("/v1/access:check", {"permission": "read", "path": "profiles/a/b"})):
            answer = self.server.post(path, body, headers={"Idempotency-Key": "no"})
            self.assertIn("Idempotency-Key", self.expect_problem(answer, 400)["detail"], path)
        self.assertIn("token", self.expect_problem(self.server.post("/v1/tokens", {}, headers={"Idempotency-Key": "no"}),
                                                   400)["detail"])
        answer = self.server.delete("/v1/tokens/nobody", headers={"Idempotency-Key": "no"})
        self.assertIn("Idempotency-Key", self.expect_problem(answer, 400)["detail"])

    def test_a_dry_run_neither_uses_nor_keeps_a_key(self):
        self.keyed("PUT", "/v1/profiles/idry/a?dry_run=true", "n: 1\n", key="dry", type="application/yaml")
        self.keyed("PUT", "/v1/profiles/idry/a", "n: 2\n", key="dry", type="application/yaml", status=201)
        answer = self.keyed("PUT", "/v1/profiles/idry/a?dry_run=true", "n: 3\n", key="dry", type="application/yaml")
        self.assertTrue(answer.json["dry_run"])

    def test_a_right_that_was_withdrawn_since_is_missed_in_a_replay(self):
        token = self.reader("irights", "allow read,write,delete,rollback profiles/irt/**")
        put = lambda status: self.keyed("PUT", "/v1/profiles/irt/a", "n: 1\n", token=token, key="r1",
                                        type="application/yaml", status=status)
        change = {"changes": [{"op": "put", "path": "profiles/irt/b", "content": {"n": 1}}]}
        batch = lambda status: self.keyed("POST", "/v1/batch", change, token=token, key="r2", status=status)
        full = put(201)
        batch(200)
        revision = self.store("profiles/irt/b", "n: 2\n", token=token).json["revision"]
        revert = lambda status: self.keyed("POST", f"/v1/revisions/{revision}:revert", {}, token=token, key="r3", status=status)
        revert(200)
        self.assertIn("digest", full.json)
        self.store("policies/irights", "rules:\n  - {allow: [write, rollback], on: profiles/irt/**}\n")
        bare = put(201)
        self.assertNotIn("digest", bare.json)
        self.assertEqual((bare.json["version"], bare.json["revision"]), (full.json["version"], full.json["revision"]))
        self.assertNotIn("digest", batch(200).json["items"][0])
        self.store("policies/irights", "rules:\n  - {allow: [read], on: profiles/irt/**}\n")
        for again in (put, batch, revert):
            self.expect_problem(again(403), 403)

    def test_only_its_own_form_is_a_precondition(self):
        self.store("profiles/ietag/a", "n: 1\n")
        for tag in ('"v01"', "v1", '"1"', 'W/"v1"', '"v1", "v2"', '"v1" ,', '"v1', '"V1"', '"v+1"', '"v 1"', '"v0"', '"v"', '""', "",
                    '"v1"x', '"v99999999999999999999"'):
            answer = self.server.put("/v1/profiles/ietag/a", "n: 2\n", headers={"If-Match": tag})
            self.assertEqual(answer.status, 400, tag)
        for tag in ('"v1"', "", '"*"', "*, *"):
            answer = self.server.put("/v1/profiles/ietag/a", "n: 2\n", headers={"If-None-Match": tag})
            self.assertEqual(answer.status, 400, tag)
        self.assertEqual(self.document("profiles/ietag/a")["version"], 1)

    def test_a_write_of_many_takes_no_precondition_of_one(self):
        revision = self.store("profiles/imany/a", "n: 1\n").json["revision"]
        change = {"changes": [{"op": "put", "path": "profiles/imany/b", "content": {"n": 1}}]}
        for header in ({"If-Match": '"v1"'}, {"If-None-Match": "*"}, {"If-Match": "*"}):
            for path, body in (("/v1/batch", change), (f"/v1/revisions/{revision}:revert", {}), ("/v1/tokens", {}),
                               ("/v1/tokens/self:renew", {}), ("/v1/access:check", {})):
                answer = self.server.post(path, body, headers=header)
                self.assertIn(next(iter(header)), self.expect_problem(answer, 400)["detail"], path)
            self.expect_problem(self.server.delete("/v1/tokens/nobody", headers=header), 400)
        self.expect_problem(self.server.get("/v1/profiles/imany/b"), 404)


if __name__ == "__main__":
    unittest.main()
