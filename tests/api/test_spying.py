"""Issue: who may not read learns nothing, and who learns something is in the log."""
from support import Case, query


class Referring(Case):
    """Referring to a document is reading it: it needs read or use."""

    def setUp(self):
        self.app = self._testMethodName.replace("test_", "")[:40]

    def make(self, *more):
        self.schema(f"{self.app}-hidden", {"level": {"type": "integer", "maximum": 41}})
        self.store(f"profiles/{self.app}/hidden", "level: 7\n")
        self.store(f"profiles/{self.app}/hidden-abstract", "$abstract: true\nlevel: 7\n")
        own = self.app
        return self.reader(f"{own}-writer", f"allow read,write,check,delete,rollback,list profiles/{own}-own/*",
                           f"allow read,write,check,delete,rollback,list schemas/{own}-own",
                           f"allow read config/{own}-own/*", *more)

    def test_extends_schema_and_ref_need_read(self):
        token = self.make()
        own = f"profiles/{self.app}-own/a"
        for source in (f"$extends: /{self.app}/hidden\n", f"$extends: [/{self.app}/hidden-abstract]\n",
                       f"$extends: /{self.app}/not-there\n", f"$schema: {self.app}-hidden\nlevel: 42\n",
                       f"$schema: {self.app}-not-there\n"):
            for dry in ({}, {"dry_run": "true"}):
                problem = self.refused(own, source, 403, token, **dry)
                self.assertNotIn("41", str(problem))
                self.assertNotIn("errors", problem)
        ref = {"$ref": f"reeve:///schemas/{self.app}-hidden"}
        for dry in ({}, {"dry_run": "true"}):
            self.refused(f"schemas/{self.app}-own", ref, 403, token, **dry)
            self.refused(f"schemas/{self.app}-own", {"properties": {"a": {"$ref": f"{self.app}-hidden#/properties/level"}}}, 403, token, **dry)
            self.refused(f"schemas/{self.app}-own", {"$ref": "not-there"}, 403, token, **dry)
        self.assertEqual(self.server.get("/v1/" + own).status, 404)
        entry = self.audit(path=own, outcome="forbidden")[-1]
        self.assertEqual(entry["touched"][0]["path"], own)

    def test_check_alone_is_not_enough(self):
        self.make()
        token = self.reader(f"{self.app}-check", f"allow check profiles/{self.app}-own/*")
        self.refused(f"profiles/{self.app}-own/a", f"$extends: /{self.app}/hidden\n", 403, token, dry_run="true")

    def test_use_is_enough_and_tells_no_constraint(self):
        token = self.make(f"allow use profiles/test/**", f"allow use schemas/use_is_enough_and_tells_no_constraint-hidden",
                          f"allow use profiles/{self.app}/*")
        own = f"profiles/{self.app}-own/a"
        self.store(own, f"$extends: /{self.app}/hidden\n$schema: {self.app}-hidden\n", token=token)
        for dry in ({}, {"dry_run": "true"}):
            answer = self.server.put(query("/v1/" + own, **dry), f"$schema: {self.app}-hidden\nlevel: 42\n", token=token)
            text = answer.body.decode()
            self.assertEqual(answer.status, 200 if dry else 422, text)
            self.assertNotIn("41", text)
            self.assertNotIn("maximum", text)
            errors = answer.json["errors"]
            self.assertEqual([e["pointer"] for e in errors], ["/level"])
            self.assertEqual(errors[0]["keyword"], "")
        # Through a schema of one's own as well: the constraint stands in the other one.
        self.store(f"schemas/{self.app}-own", {"$ref": f"{self.app}-hidden"}, token=token)
        text = str(self.refused(own, f"$schema: {self.app}-own\nlevel: 42\n", 422, token))
        self.assertNotIn("41", text)
        self.assertNotIn("maximum", text)
        self.expect_problem(self.server.get(f"/v1/profiles/{self.app}/hidden", token=token), 403)

    def test_patch_rollback_batch_revert_and_undelete_refer_too(self):
        token = self.make()
        own = f"profiles/{self.app}-own/a"
        self.store(own, f"$extends: /{self.app}/hidden\nb: 1\n")
        self.store(own, "b: 2\n")
        before = self.revision()
        answers = [
            self.server.ask("PATCH", "/v1/" + own, {"$extends": f"/{self.app}/hidden"}, "application/merge-patch+json", token),
            self.server.post(f"/v1/{own}:rollback", {"version": 1}, token=token),
            self.server.post(f"/v1/{own}:rollback?dry_run=true", {"version": 1}, token=token),
            self.server.post("/v1/batch", {"changes": [{"op": "rollback", "path": own, "version": 1}]}, token=token),
            self.server.post("/v1/batch", {"changes": [{"op": "put", "path": own, "content": {"$extends": f"/{self.app}/hidden"}}]}, token=token),
            self.server.post(f"/v1/revisions/{before}:revert", token=token),
        ]
        for answer in answers:
            problem = self.expect_problem(answer, 403)
            if "put" not in str(answer):
                self.assertNotIn("errors", problem)
        self.store(own, f"$extends: /{self.app}/hidden\nb: 3\n")
        self.expect(self.server.delete("/v1/" + own, token=token), 204)
        self.expect_problem(self.server.post(f"/v1/{own}:undelete", {"versions": [3]}, token=token), 403)
        self.assertEqual(self.server.get("/v1/" + own).status, 404)

    def test_what_is_referred_to_already_and_what_comes_along_is_not_asked_about(self):
        token = self.make()
        own = f"profiles/{self.app[:20]}-own"
        token = self.reader(f"{self.app[:20]}-w2", f"allow read,write {own}/*")
        self.store(own + "/a", f"$extends: /{self.app}/hidden\nb: 1\n")
        self.store(own + "/a", f"$extends: /{self.app}/hidden\nb: 2\n", token=token)
        only = self.reader(f"{self.app[:20]}-w3", f"allow write {own}/*")
        self.batch([{"op": "put", "path": own + "/base", "content": {"x": 1}},
                    {"op": "put", "path": own + "/heir", "content": {"$extends": "base"}}], token=only)
        # Alone, the second is a reference to what may not be read.
        self.refused(own + "/heir2", {"$extends": "base"}, 403, only)
        # Somebody else's document is not read by moving it in the same call.
        self.store(own + "/moved", {"x": 1})
        self.store(own + "/moved", {"x": 2})
        mover = self.reader(f"{self.app[:20]}-w4", f"allow write,rollback {own}/*")
        answer = self.server.post("/v1/batch", {"changes": [{"op": "rollback", "path": own + "/moved", "version": 1},
                                                            {"op": "put", "path": own + "/heir3", "content": {"$extends": "moved"}}]}, token=mover)
        self.expect_problem(answer, 403)

    def test_access_check_and_policies_know_use(self):
        token = self.reader("user", "allow use profiles/used/*")
        for path, wanted in (("profiles/used/a", True), ("profiles/other/a", False)):
            answer = self.expect(self.server.post("/v1/access:check", {"permission": "use", "path": path}, token=token), 200)
            self.assertEqual(answer.json["allowed"], wanted)
        self.expect_problem(self.server.get("/v1/profiles/used/a", token=token), 403)
