"""DESIGN 7: many documents as one revision, the store's history, and undoing."""
import unittest

from support import Case, query


def put(path, content, **more):
    return {"op": "put", "path": path, "content": content, **more}


class Batch(Case):
    def test_a_batch_is_one_revision(self):
        before = self.revision()
        got = self.batch([{"op": "put", "path": "schemas/all/s", "content": {"required": ["a"]}},
                          put("profiles/all/base", {"$abstract": True, "$schema": "all/s"}),
                          {"op": "put", "path": "profiles/all/heir", "source": "# mine\n$extends: base\na: ${secret:all/x#k}\n",
                           "content_type": "application/yaml"},
                          put("secrets/all/x", {"data": {"k": "v"}})]).json
        self.assertEqual(got["revision"], before + 1)
        self.assertEqual({i["revision"] for i in got["items"]}, {before + 1})
        self.assertEqual(self.config("all/heir", reveal="true"), {"a": "v"})
        source = self.server.get("/v1/profiles/all/heir", headers={"Accept": "application/yaml"}).body
        self.assertTrue(source.startswith(b"# mine\n"))
        shown = self.document(f"revisions/{before + 1}")
        self.assertEqual({c["path"] for c in shown["changes"]},
                         {"schemas/all/s", "profiles/all/base", "profiles/all/heir", "secrets/all/x"})

    def test_every_operation(self):
        for name in "pdur":
            self.store("profiles/ops/" + name, {"$abstract": True, "n": 1})
        self.store("profiles/ops/r", {"$abstract": True, "n": 2})
        self.expect(self.server.delete("/v1/profiles/ops/u"), 204)
        self.batch([{"op": "patch", "path": "profiles/ops/p", "content": {"m": 3}, "if_version": 1},
                    {"op": "delete", "path": "profiles/ops/d"},
                    {"op": "undelete", "path": "profiles/ops/u", "versions": [1]},
                    {"op": "rollback", "path": "profiles/ops/r", "version": 1}])
        self.assertEqual(self.document("profiles/ops/p")["content"], {"$abstract": True, "n": 1, "m": 3})
        self.expect_problem(self.server.get("/v1/profiles/ops/d"), 404)
        self.assertEqual(self.document("profiles/ops/u")["version"], 1)
        self.assertEqual((self.document("profiles/ops/r")["version"], self.document("profiles/ops/r")["content"]["n"]), (3, 1))

    def test_one_bad_change_stops_all(self):
        self.store("profiles/stop/there", {"a": 1})
        before = self.revision()
        good = put("profiles/stop/new", {"a": 1})
        for bad, statuses in ((put("profiles/stop/bad", {"a": "${b}"}), (422,)),
                              (put("profiles/stop/there", {"a": 2}, if_version=7), (412,)),
                              (put("profiles/stop/there", {"a": 2}, if_version=0), (412,)),
                              ({"op": "delete", "path": "profiles/stop/none"}, (404,)),
                              ({"op": "explode", "path": "profiles/stop/there"}, (400, 422)),
                              (put("nothing/stop/there", {}), (400, 404, 422)),
                              (put("profiles/stop/new", {"a": 2}), (400, 409, 422)),
                              ({"op": "put", "path": "profiles/stop/x"}, (400, 422)),
                              ({"op": "put", "path": "profiles/stop/x", "content": {}, "extra": 1}, (400, 422))):
            with self.subTest(bad):
                answer = self.server.post("/v1/batch", {"changes": [good, bad]})
                self.assertIn(answer.status, statuses, repr(answer))
                self.expect_problem(answer, answer.status)
        self.expect_problem(self.server.get("/v1/profiles/stop/new"), 404)
        self.assertEqual(self.revision(), before)

    def test_a_batch_needs_every_right(self):
        writer = self.reader("batcher", "allow write profiles/may/*")
        answer = self.server.post("/v1/batch", {"changes": [put("profiles/may/a", {"a": 1}), put("profiles/may-not/a", {"a": 1})]},
                                  token=writer)
        self.expect_problem(answer, 403)
        self.expect_problem(self.server.get("/v1/profiles/may/a"), 404)
        self.batch([put("profiles/may/a", {"a": 1})], token=writer)

    def test_a_batch_has_a_form_and_bounds(self):
        for body in ({}, {"changes": []}, {"changes": {}}, {"changes": [1]}, [], {"changes": [], "x": 1}):
            answer = self.server.post("/v1/batch", body)
            self.assertIn(answer.status, (400, 422), f"{body} {answer}")
        many = [put(f"profiles/many/p{i}", {"$abstract": True}) for i in range(1001)]
        self.assertIn(self.server.post("/v1/batch", {"changes": many}).status, (413, 422))
        self.assertEqual(self.batch(many[:300]).json["revision"], self.revision())

    def test_changes_that_need_each_other_go_together(self):
        self.schema("pair/s", {"n": {"type": "integer"}})
        self.store("profiles/pair/a", "$schema: pair/s\nn: 1\n")
        self.batch([{"op": "put", "path": "schemas/pair/s", "content": {"properties": {"n": {"type": "string"}}}},
                    put("profiles/pair/a", {"$schema": "pair/s", "n": "one"})])
        self.batch([{"op": "delete", "path": "schemas/pair/s"}, {"op": "delete", "path": "profiles/pair/a"}])

    def test_a_batchs_dry_run_changes_nothing(self):
        before = self.revision()
        got = self.batch([put("profiles/bdry/base", {"$abstract": True, "a": 1}), put("profiles/bdry/heir", {"$extends": "base"})],
                         dry_run="true").json
        self.assertEqual([c["path"] for c in got["changes"]], ["profiles/bdry/base", "profiles/bdry/heir"])
        self.assertEqual([e["config"] for e in got["effective"]], ["bdry/heir"])
        self.assertEqual(self.revision(), before)

    def test_nothing_changed_is_no_revision(self):
        self.batch([put("profiles/noop/a", {"a": 1})])
        before = self.revision()
        self.assertFalse(self.batch([put("profiles/noop/a", {"a": 1})]).json["changed"])
        self.assertEqual(self.revision(), before)

    def test_the_history_of_the_store(self):
        for n in (1, 2, 3):
            self.store("profiles/hist/a", {"n": n}, message=f"n is {n}")
        items = self.document("revisions", path="profiles/hist/a")["items"]
        self.assertEqual([i["message"] for i in items], ["n is 3", "n is 2", "n is 1"])
        times = [i.get("created_at", i.get("time")) for i in items]
        self.assertEqual(times, sorted(times, reverse=True))
        first = self.expect(self.server.get("/v1/revisions?path=profiles/hist/&limit=2"), 200)
        link = first.headers["Link"]
        second = self.expect(self.server.get(link[1:link.index(">")]), 200)
        self.assertEqual([len(first.json["items"]), len(second.json["items"])], [2, 1])
        self.expect_problem(self.server.get("/v1/revisions/999999"), 404)
        for bad in ("0", "-1", "x"):
            self.assertIn(self.server.get("/v1/revisions/" + bad).status, (400, 404))

    def test_history_hides_what_may_not_be_read(self):
        revision = self.batch([put("profiles/veil/seen", {"a": 1}), put("profiles/veil/hidden", {"a": 1})]).json["revision"]
        reader = self.reader("veil-reader", "allow read,list profiles/veil/seen")
        answer = self.server.get(f"/v1/revisions/{revision}", token=reader)
        self.assertNotIn(b"hidden", answer.body)
        self.assertIn(b"seen", answer.body)
        self.assertNotIn(b"hidden", self.server.get("/v1/revisions", token=reader).body)

    def test_a_revision_is_undone_as_a_new_one(self):
        self.store("profiles/undo/a", {"n": 1})
        self.store("profiles/undo/gone", {"n": 1})
        revision = self.batch([put("profiles/undo/a", {"n": 2}), put("profiles/undo/new", {"n": 1}),
                               {"op": "delete", "path": "profiles/undo/gone"}]).json["revision"]
        answer = self.expect(self.server.post(query(f"/v1/revisions/{revision}:revert", message="no good")), 200)
        self.assertEqual(self.revision(), revision + 1)
        self.assertEqual(self.document("profiles/undo/a")["content"], {"n": 1})
        self.assertEqual(self.document("profiles/undo/gone")["content"], {"n": 1})
        self.expect_problem(self.server.get("/v1/profiles/undo/new"), 404)
        self.assertEqual(answer.json["revision"], revision + 1)

    def test_what_changed_since_stops_an_undoing(self):
        revision = self.batch([put("profiles/since/a", {"n": 1}), put("profiles/since/b", {"n": 1})]).json["revision"]
        self.store("profiles/since/b", {"n": 2})
        problem = self.expect_problem(self.server.post(f"/v1/revisions/{revision}:revert"), 409)
        self.assertIn("profiles/since/b", str(problem))
        self.assertNotIn("profiles/since/a", str(problem))
        self.assertEqual(self.document("profiles/since/a")["version"], 1)

    def test_an_undoing_is_validated(self):
        self.schema("uv/s", {"n": {"type": "integer"}})
        self.store("profiles/uv/a", "$schema: uv/s\nn: 1\n")
        revision = self.store("schemas/uv/s", {"properties": {"n": {}}}).json["revision"]
        self.store("profiles/uv/a", "$schema: uv/s\nn: text\n")
        answer = self.server.post(f"/v1/revisions/{revision}:revert")
        self.expect_problem(answer, 422)
        dry = self.server.post(f"/v1/revisions/{revision}:revert?dry_run=true")
        self.assertIn(dry.status, (200, 422))
        self.assertTrue(dry.json["errors"])


if __name__ == "__main__":
    unittest.main()
