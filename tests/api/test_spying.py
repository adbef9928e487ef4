"""Issue: who may not read learns nothing, and who learns something is in the log."""
import json

from support import Case, query


class Referring(Case):
    """Referring to a document is reading it: it needs read or use."""

    def setUp(self):
        self.app = self._testMethodName.replace("test_", "")[:40]

    def make(self, *more):
        self.schema(f"{self.app}-hidden", {"level": {"type": "integer", "maximum": 414243}})
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
                       f"$extends: /{self.app}/not-there\n", f"$schema: {self.app}-hidden\nlevel: 500000\n",
                       f"$schema: {self.app}-not-there\n"):
            for dry in ({}, {"dry_run": "true"}):
                problem = self.refused(own, source, 403, token, **dry)
                self.assertNotIn("414243", str(problem))
                self.assertNotIn("errors", problem)
        ref = {"$ref": f"reeve:///schemas/{self.app}-hidden"}
        for dry in ({}, {"dry_run": "true"}):
            self.refused(f"schemas/{self.app}-own", ref, 403, token, **dry)
            self.refused(f"schemas/{self.app}-own", {"properties": {"a": {"$ref": f"{self.app}-hidden#/properties/level"}}}, 403, token, **dry)
            self.refused(f"schemas/{self.app}-own", {"$ref": "not-qwert"}, 403, token, **dry)
        self.assertEqual(self.server.get("/v1/" + own).status, 404)
        entry = self.audit(path=own, outcome="forbidden")[-1]
        self.assertEqual(entry["touched"][0]["path"], own)

    def test_check_alone_is_not_enough(self):
        self.make()
        token = self.reader(f"{self.app}-check", f"allow check profiles/{self.app}-own/*")
        self.refused(f"profiles/{self.app}-own/a", f"$extends: /{self.app}/hidden\n", 403, token, dry_run="true")

    def test_use_is_enough_and_tells_no_constraint(self):
        token = self.make("allow use profiles/test/**", "allow use schemas/use_is_enough_and_tells_no_constraint-hidden",
                          f"allow use profiles/{self.app}/*")
        own = f"profiles/{self.app}-own/a"
        self.store(own, f"$extends: /{self.app}/hidden\n$schema: {self.app}-hidden\n", token=token)
        for dry in ({}, {"dry_run": "true"}):
            answer = self.server.put(query("/v1/" + own, **dry), f"$schema: {self.app}-hidden\nlevel: 500000\n", token=token)
            text = answer.body.decode()
            self.assertEqual(answer.status, 200 if dry else 422, text)
            self.assertNotIn("414243", text)
            self.assertNotIn("maximum", text)
            errors = answer.json["errors"]
            self.assertEqual([e["pointer"] for e in errors], ["/level"])
            self.assertEqual(errors[0]["keyword"], "")
        # Through a schema of one's own as well: the constraint stands in the other one.
        self.store(f"schemas/{self.app}-own", {"$ref": f"{self.app}-hidden"}, token=token)
        text = str(self.refused(own, f"$schema: {self.app}-own\nlevel: 500000\n", 422, token))
        self.assertNotIn("414243", text)
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

    def test_what_is_there_already_is_no_right_of_who_may_not_read_it(self):
        app = "already"
        self.secret(app + "/s", {"k": "v"})
        self.store(f"profiles/{app}-v/y", "hidden-key: 7\n")
        self.store(f"profiles/{app}-v/x", "$extends: [y]\n")
        token = self.reader(app, f"allow write,check profiles/{app}-v/x", f"allow write,check profiles/{app}-mine/**", f"allow read config/{app}-mine/*")
        changes = [{"op": "put", "path": f"profiles/{app}-v/x", "content": {"$extends": ["y"]}},
                   {"op": "put", "path": f"profiles/{app}-mine/p", "content": {"$extends": [f"/{app}-v/x"]}}]
        for more in ({}, {"dry_run": "true"}):
            self.assertNotIn("hidden-key", str(self.batch(changes, 403, token, **more)))
        # Who may read it may keep what it names, and no more.
        keeper = self.reader(app + "-k", f"allow read,write profiles/{app}-v/x")
        self.batch([{**changes[0], "content": {"$extends": ["y"], "more": 1}}], 200, keeper)
        self.batch([{**changes[0], "content": {"$extends": ["y", "z"]}}], 403, keeper)

    def test_a_guess_at_what_is_named_is_answered_the_same(self):
        app = "named"
        self.schema(app + "-one", {"a": {"type": "integer"}})
        self.schema(app + "-two", {"a": {"type": "integer"}})
        self.store(f"schemas/{app}-own", {"$id": f"reeve:///schemas/{app}-own", "properties": {"a": {"$ref": app + "-one"}}})
        self.store(f"profiles/{app}/one", "a: 1\n")
        self.store(f"profiles/{app}/two", "a: 1\n")
        self.store(f"profiles/{app}/own", f"$extends: [one]\n$schema: {app}-one\n")
        token = self.reader(app, f"allow write,check profiles/{app}/own", f"allow write,check schemas/{app}-own")
        guesses = [("profiles/named/own", {"$extends": "%s"}, ""), ("profiles/named/own", {"$extends": ["%s"]}, ""),
                   ("profiles/named/own", {"$extends": ["%s"], "$schema": None}, ""), ("profiles/named/own", {"$schema": "%s"}, "named-"),
                   ("schemas/named-own", {"properties": {"a": {"$ref": "%s"}}}, "named-"), ("schemas/named-own", {"$ref": "%s"}, "named-"),
                   ("schemas/named-own", {"allOf": [{"$ref": "%s"}]}, "named-"), ("schemas/named-own", {"$id": "%s"}, "reeve:///schemas/named-"),
                   ("schemas/named-own", {"x-a": {"$ref": "%s"}}, "named-"), ("schemas/named-own", {"$schema": "%s"}, "reeve:///schemas/named-")]
        for path, content, prefix in guesses:
            for dry in ({}, {"dry_run": "true"}):
                for method in ("PUT", "PATCH"):
                    seen = []
                    for name in ("one", "two"):
                        body = json.loads(json.dumps(content).replace("%s", prefix + name))
                        answer = self.server.ask(method, query("/v1/" + path, **dry), body, "application/merge-patch+json" if method == "PATCH" else "application/json", token)
                        told = [answer.json.get(word) for word in ("detail", "errors", "warnings", "effective")]
                        seen.append((answer.status, json.dumps(told).replace(name, "")))
                    self.assertEqual(seen[0], seen[1], f"{method} {content}")
                    if method == "PATCH":
                        self.assertEqual(seen[0][0], 403, f"{method} {content}")
        for path, content in (("schemas/named-own", {"$id": None}), ("schemas/named-own", {"$schema": None})):
            self.expect(self.server.ask("PATCH", "/v1/" + path, content, "application/merge-patch+json", token), 403)
        self.expect(self.server.ask("PATCH", "/v1/profiles/named/own", {"b": 1}, "application/merge-patch+json", token), 200)
        self.expect(self.server.ask("PATCH", "/v1/schemas/named-own", {"title": "t"}, "application/merge-patch+json", token), 200)

    def test_a_reference_from_where_no_schema_stands_leads_to_no_other_document(self):
        app = "stray"
        self.schema(app + "-hidden", {"level": {"type": "integer", "maximum": 414243}})
        out = {"$ref": f"reeve:///schemas/{app}-hidden"}
        tricks = [{"$ref": "#/x-foo", "x-foo": out}, {"$ref": "#/const", "const": out}, {"$ref": "#/default", "default": out},
                  {"$ref": "#/examples/0", "examples": [out]}, {"$ref": "#/enum/0", "enum": [out]},
                  {"$ref": "#/x-foo/not", "x-foo": {"not": out}}, {"$ref": "#/x-foo", "x-foo": {"allOf": [out]}},
                  {"$ref": "#/x-foo", "x-foo": {"$id": "inner", "$schema": f"reeve:///schemas/{app}-hidden"}},
                  {"$ref": "#/x-foo", "x-foo": {"$ref": f"{app}-hidden#/properties/level"}},
                  {"properties": {"a": {"$ref": f"reeve:///schemas/{app}-own#/x-foo"}}, "x-foo": out},
                  {"$dynamicRef": "#/x-foo", "x-foo": {"$dynamicRef": f"{app}-hidden"}}]
        token = self.reader(app, f"allow read,write,check schemas/{app}-own", f"allow read,write,check schemas/{app}-more")
        for trick in tricks:
            for who in (token, ""):
                for dry in ({}, {"dry_run": "true"}):
                    answer = self.server.put(query(f"/v1/schemas/{app}-own", **dry), trick, token=who)
                    self.assertTrue(answer.status == 422 or answer.json["errors"], f"{trick} {answer!r}")
        # Nor in two steps, nor back again through another.
        self.store(f"schemas/{app}-own", {"x-foo": out}, token=token)
        self.refused(f"schemas/{app}-more", {"$ref": f"{app}-own#/x-foo"}, 422, token)
        self.store(f"schemas/{app}-own", {}, token=token)
        self.store(f"schemas/{app}-more", {"$ref": f"{app}-own#/$defs/a"}, 422, token)
        # What stays within the document, and the metaschemas, may be named from anywhere.
        self.store(f"schemas/{app}-own", {"$ref": "#/x-foo", "x-foo": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "object"}}}, token=token)
        self.store(f"schemas/{app}-own", {"$ref": "#/x-foo", "x-foo": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}, token=token)
        self.store(f"schemas/{app}-own", {"$ref": "#/$defs/a", "$defs": {"a": out}})
        self.expect_problem(self.server.delete(f"/v1/schemas/{app}-hidden"), 409)

    def test_access_check_and_policies_know_use(self):
        token = self.reader("user", "allow use profiles/used/*")
        for path, wanted in (("profiles/used/a", True), ("profiles/other/a", False)):
            answer = self.expect(self.server.post("/v1/access:check", {"permission": "use", "path": path}, token=token), 200)
            self.assertEqual(answer.json["allowed"], wanted)
        self.expect_problem(self.server.get("/v1/profiles/used/a", token=token), 403)


class Recording(Case):
    """Every secret that is opened for somebody is in the log, whatever opened it."""

    def setUp(self):
        self.app = self._testMethodName.replace("test_", "")[:40]

    def entry(self, answer):
        """The one entry of this answer's request."""
        found = [e for e in self.audit() if e["request_id"] == answer.headers["Reeve-Request-Id"]]
        self.assertEqual(len(found), 1, repr(answer))
        self.assertEqual(str(found[0]["index"]), answer.headers["Reeve-Audit-Index"])
        return found[0]

    def touched(self, answer):
        entry = self.entry(answer)
        self.assertEqual(entry["touched_more"], 0)
        return [(t["path"], t["version"]) for t in entry["touched"]]

    def guess(self, word, **parameters):
        schema = {"type": "object", "properties": {"p": {"const": word}}}
        return self.server.post(query("/v1/batch", **parameters), {"changes": [
            {"op": "put", "path": f"schemas/{self.app}", "content": schema},
            {"op": "put", "path": f"profiles/{self.app}/a",
             "content": {"$schema": self.app, "p": "${secret:" + self.app + "/s#p}"}}]})

    def test_validation_against_a_value_is_a_read(self):
        self.secret(self.app + "/s", {"p": "geheim-1"})
        path = f"secrets/{self.app}/s"
        for word in ("no", "geheim-1"):
            answer = self.expect(self.guess(word, dry_run="true"), 200)
            self.assertEqual(bool(answer.json["errors"]), word == "no")
            entry = self.entry(answer)
            self.assertEqual((entry["action"], entry["reason"], entry["outcome"]), ("secret.read", "dry run", "ok"))
            self.assertIn((path, 1), self.touched(answer))
            self.assertTrue(all("value_mac" in t for t in entry["touched"] if t["path"] == path))
        refused = self.expect(self.guess("no"), 422)
        self.assertIn((path, 1), self.touched(refused))
        self.assertEqual(self.entry(refused)["outcome"], "invalid")
        written = self.expect(self.guess("geheim-1"), 200)
        self.assertIn((path, 1), self.touched(written))
        self.assertIn((f"profiles/{self.app}/a", 1), self.touched(written))
        # A single refused write names what it was about as well.
        refused = self.server.put(f"/v1/profiles/{self.app}/a", {"$schema": self.app, "p": "x-${secret:" + self.app + "/s#p}"})
        self.expect(refused, 422)
        self.assertEqual(sorted(set(self.touched(refused))), [(f"profiles/{self.app}/a", 0), (path, 1)])

    def test_what_is_opaque_is_not_read(self):
        self.secret(self.app + "/s", {"p": "geheim-2"})
        token = self.reader(self.app, f"allow check,read profiles/{self.app}/*", f"allow check,read schemas/{self.app}")
        schema = {"type": "object", "properties": {"p": {"const": "no"}}}
        answer = self.server.post("/v1/batch?dry_run=true", {"changes": [
            {"op": "put", "path": f"schemas/{self.app}", "content": schema},
            {"op": "put", "path": f"profiles/{self.app}/a",
             "content": {"$schema": self.app, "p": "${secret:" + self.app + "/s#p}"}}]}, token=token)
        self.expect(answer, 200)
        self.assertEqual(answer.json["errors"], [])
        self.assertEqual([u["keyword"] for u in answer.json["unchecked"]], ["const"])
        self.assertIsNone(answer.headers["Reeve-Audit-Index"])

    def test_a_new_value_of_a_secret_opens_only_what_was_there(self):
        path = f"secrets/{self.app}/s"
        self.secret(self.app + "/s", {"p": "geheim-3", "q": "more-3"})
        self.schema(self.app, {"p": {"minLength": 3}, "q": {"minLength": 3}})
        self.store(f"profiles/{self.app}/a", f"$schema: {self.app}\np: ${{secret:{self.app}/s#p}}\nq: ${{secret:{self.app}/s#q}}\n")
        put = self.secret(self.app + "/s", {"p": "geheim-4", "q": "more-4"})
        self.assertEqual(self.touched(put), [(path, 2)])
        patch = self.server.ask("PATCH", "/v1/" + path, {"data": {"p": "geheim-5"}}, "application/merge-patch+json")
        self.assertEqual(self.touched(self.expect(patch, 200)), [(path, 2), (path, 3)])
        back = self.expect(self.server.post(f"/v1/{path}:rollback", {"version": 1}), 200)
        self.assertEqual(self.touched(back), [(path, 1), (path, 4)])

    def test_dry_runs_of_patch_and_rollback_are_reads(self):
        path = f"secrets/{self.app}/s"
        for n in range(3):
            self.secret(self.app + "/s", {"p": f"geheim-{n}"})
        patch = self.server.ask("PATCH", f"/v1/{path}?dry_run=true", {"data": {"p": "guess"}}, "application/merge-patch+json")
        self.assertEqual(self.touched(self.expect(patch, 200)), [(path, 3)])
        put = self.server.put(f"/v1/{path}?dry_run=true", {"data": {"p": "guess"}})
        self.assertEqual(self.touched(self.expect(put, 200)), [(path, 3)])
        back = self.expect(self.server.post(f"/v1/{path}:rollback?dry_run=true", {"version": 1}), 200)
        self.assertEqual(sorted(self.touched(back)), [(path, 1), (path, 3)])
        self.expect(self.server.delete("/v1/" + path), 204)
        back = self.expect(self.server.post(f"/v1/{path}:rollback?dry_run=true", {"version": 1}), 200)
        self.assertEqual(self.touched(back), [(path, 1)])

    def test_a_reveal_names_its_path_and_every_secret_whatever_it_answers(self):
        for name in "abc":
            self.secret(f"{self.app}/{name}", {"k": "geheim-" + name})
        self.store(f"profiles/{self.app}/x", "".join(f"{n}: ${{secret:{self.app}/{n}#k}}\n" for n in "abc"))
        wanted = [(f"config/{self.app}/x", 0)] + [(f"secrets/{self.app}/{n}", 1) for n in "abc"]
        config = f"/v1/config/{self.app}/x?reveal=true"
        for more, status in (("", 200), ("&key=/a", 200), ("&key=/none", 404), ("&format=env", 200), ("&format=raw", 200),
                             ("&explain=true", 200), ("&key=/a/b", 404)):
            answer = self.server.get(config + more)
            self.assertEqual(answer.status, status, more)
            self.assertEqual(self.touched(answer), wanted, more)
        token = self.reader(self.app, f"allow read config/{self.app}/*", f"allow read secrets/{self.app}/a")
        refused = self.expect(self.server.get(config, token=token), 403)
        self.assertEqual(sorted(self.touched(refused)), [(f"config/{self.app}/x", 0)] + [(f"secrets/{self.app}/{n}", 0) for n in "bc"])

    def test_so_many_that_one_entry_has_no_room(self):
        count = 700
        self.batch([{"op": "put", "path": f"secrets/{self.app}/s{n}", "content": {"data": {"k": "v"}}} for n in range(count)])
        self.store(f"profiles/{self.app}/x", {f"k{n}": "${secret:" + f"{self.app}/s{n}#k" + "}" for n in range(count)})
        answer = self.expect(self.server.get(f"/v1/config/{self.app}/x?reveal=true"), 200)
        entries = [e for e in self.audit() if e["request_id"] == answer.headers["Reeve-Request-Id"]]
        self.assertGreater(len(entries), 1)
        self.assertEqual({e["touched_more"] for e in entries}, {0})
        paths = [t["path"] for e in entries for t in e["touched"]]
        self.assertEqual(len(paths), count + 1)
        self.assertEqual(len(set(paths)), count + 1)
        self.assertIn(f"secrets/{self.app}/s{count - 1}", [t["path"] for e in self.audit(path=f"secrets/{self.app}/s{count - 1}", action="config.read")
                                                          for t in e["touched"]])

    def test_a_diff_is_a_read_of_both(self):
        path = f"secrets/{self.app}/s"
        for n in range(2):
            self.secret(self.app + "/s", {"p": f"geheim-{n}"})
        self.assertEqual(sorted(self.touched(self.expect(self.server.get(f"/v1/{path}:diff"), 200))), [(path, 1), (path, 2)])
        answer = self.server.get(f"/v1/revisions/{self.revision()}")
        self.assertEqual(sorted(self.touched(self.expect(answer, 200))), [(path, 1), (path, 2)])
        # The newer one was opened before it turned out that there is no older one to compare it with.
        answer = self.server.get(f"/v1/{path}:diff?from=9&to=2")
        self.assertEqual(self.touched(self.expect(answer, 404)), [(path, 2)])


class Blind(Case):
    """Who may write without reading is told nothing of the content: no sizes, equality, places, encodings."""

    def setUp(self):
        self.app = self._testMethodName.replace("test_", "")[:40]
        self.token = self.reader(self.app, f"allow write,rollback,check secrets/{self.app}/*", f"allow write,rollback,check profiles/{self.app}/*",
                                 f"allow use,read schemas/{self.app}")

    def patch(self, path, patch, status=200, **parameters):
        answer = self.server.ask("PATCH", query("/v1/" + path, **parameters), patch, "application/merge-patch+json", self.token)
        return self.expect(answer, status)

    def test_sizes_are_judged_by_the_patch_alone(self):
        for size in (10, 300 << 10, 500 << 10):
            name = f"{self.app}/s{size}"
            self.secret(name, {"big": "x" * size})
            for dry in ({"dry_run": "true"}, {}):
                self.patch("secrets/" + name, {"data": {"more": "y" * (400 << 10)}}, **dry)
        # It stays readable, and who may read is bound as ever.
        self.assertEqual(len(self.document(f"secrets/{self.app}/s{500 << 10}")["data"]["big"]), 500 << 10)
        answer = self.server.ask("PATCH", f"/v1/secrets/{self.app}/s{500 << 10}", {"data": {"third": "z" * (100 << 10)}}, "application/merge-patch+json")
        self.expect(answer, 413)

    def test_nodes_are_counted_in_the_patch_alone(self):
        self.store(f"profiles/{self.app}/wide", {"$abstract": True, "a": [0] * 90000})
        self.store(f"profiles/{self.app}/slim", {"$abstract": True, "a": [0] * 5})
        for name in ("wide", "slim"):
            self.patch(f"profiles/{self.app}/{name}", {"b": [0] * 90000}, dry_run="true")
            self.patch(f"profiles/{self.app}/{name}", {"b": [0] * 90000})
        self.assertEqual(len(self.document(f"profiles/{self.app}/wide")["content"]["a"]), 90000)

    def test_encoding_only_of_what_the_patch_sets(self):
        path = f"secrets/{self.app}/s"
        self.store(path, {"data": {"plain": "not base64!", "coded": "aGFsbG8=", "other": "aGFsbG8="}, "encoding": {"coded": "base64"}})
        for key in ("plain", "coded", "other", "not-qwert"):
            for patch in ({"encoding": {key: "base64"}}, {"metadata": {"encoding": {key: "base64"}}},
                          {"data": {"x": "y"}, "encoding": {key: "base64"}}):
                seen = self.patch(path, patch, 422, dry_run="false").json
                self.assertNotIn("not base64", str(seen))
        # What is set has the encoding that is given with it, whatever it had before.
        for key in ("plain", "coded"):
            self.patch(path, {"data": {key: "no base64 either"}}, dry_run="true")
            self.patch(path, {"data": {key: "no base64 either"}})
        self.assertEqual(self.document(path).get("encoding"), {})
        self.patch(path, {"data": {"coded": "d2VsdA=="}, "encoding": {"coded": "base64"}})
        self.patch(path, {"data": {"coded": "%%"}, "encoding": {"coded": "base64"}}, 422)
        self.assertEqual(self.document(path)["encoding"], {"coded": "base64"})
        self.patch(path, {"data": {"coded": None}})
        self.assertEqual(self.document(path)["encoding"], {})

    def test_no_line_of_merged_text(self):
        path = f"profiles/{self.app}/a"
        self.schema(self.app, {"known": {"type": "integer", "maximum": 414243}, "hidden-name": {"type": "integer"}})
        self.store(path, {"$schema": self.app, "hidden-name": 1, **{f"h{n}": n for n in range(20)}, "known": 1})
        for more in ({}, {"dry_run": "true"}):
            answer = self.patch(path, {"known": 500000}, 200 if more else 422, **more)
            errors = answer.json["errors"]
            self.assertEqual([(e["pointer"], e["keyword"], "origin" in e) for e in errors], [("/known", "maximum", False)])
            self.assertNotIn("line", answer.json)
        problem = self.patch(path, {"$unknown": 1}, 422).json
        self.assertNotIn("line", problem)
        self.assertTrue(all("origin" not in e for e in problem["errors"]), problem)
        # A rollback neither.
        self.store(path, {"a": 1})
        self.store(f"schemas/{self.app}", {"type": "object", "properties": {"hidden-name": {"type": "string"}}})
        answer = self.expect(self.server.post(f"/v1/{path}:rollback", {"version": 1}, token=self.token), 422)
        self.assertNotIn("hidden-name", answer.body.decode())
        self.assertTrue(all("origin" not in e and e["pointer"] == "" for e in answer.json["errors"]), answer)

    def test_what_is_there_is_not_validated_by_a_schema_of_ones_own(self):
        path = f"profiles/{self.app}/a"
        self.store(path, {"level": 7})
        for value in (7, 8):
            self.schema(self.app, {"level": {"const": value}})
            self.patch(path, {"$schema": self.app}, 403, dry_run="true")
        self.patch(path, {"more": 1})

    def test_equality_is_not_told(self):
        path = f"profiles/{self.app}/a"
        self.store(path, {"a": 1})
        for answer in (self.server.put("/v1/" + path, {"a": 1}, token=self.token), self.patch(path, {"a": 1}),
                       self.expect(self.server.post(f"/v1/{path}:rollback", {"version": 1}, token=self.token), 200)):
            self.assertNotIn("sha256", answer.body.decode())
            self.assertTrue(answer.json["changed"])
        self.assertEqual(self.document(path)["version"], 4)

    def test_a_patch_that_changes_nothing_answers_like_any_other(self):
        path = f"profiles/{self.app}/a"
        self.store(path, "# said once\nanswer: yes\nmode: 0755\n")
        self.store(path, "answer: no\nmode: 0755\n")
        for more in ({"dry_run": "true"}, {}):
            seen = [self.patch(path, {"answer": word}, **more).json["warnings"] for word in ("off", "no")]
            self.assertEqual(seen[0], seen[1])
            self.assertNotIn("1.1", str(seen))
        # Nor is anything said of the old text that a rollback brings back.
        for more in ({"dry_run": "true"}, {}):
            answer = self.expect(self.server.post(query(f"/v1/{path}:rollback", **more), {"version": 1}, token=self.token), 200)
            self.assertNotIn("1.1", str(answer.json["warnings"]))
        self.assertIn("1.1", str(self.store(path, "answer: yes\n", token=self.token).json["warnings"]))

    def told(self, path, patch, token=""):
        """What a dry run and the patch itself say is wrong."""
        seen = []
        for more in ({"dry_run": "true"}, {}):
            answer = self.expect(self.server.ask("PATCH", query("/v1/" + path, **more), patch, "application/merge-patch+json", token or self.token), 200 if more else 422)
            seen.append([(e["pointer"], e["message"]) for e in answer.json["errors"]])
            seen.append(answer.body.decode())
        self.assertEqual(seen[0], seen[2])
        return seen[0], seen[1] + seen[3]

    def test_no_message_tells_what_a_reference_comes_to(self):
        path = f"profiles/{self.app}/a"
        self.store(path, "$vars: {hid: varvalue99, secretvar: 1}\nconn: {hiddenkey: 1, list: [1]}\n")
        token = self.reader(self.app + "-t", f"allow check,write profiles/{self.app}/a", "allow read,list secrets/mine/**")
        for patch, wanted in (({"probe": "${secret:mine/${var:hid}#k}"}, "refers to a secret that is not there and has no default"),
                              ({"probe": "${secret:theirs/${var:hid}#k}"}, "refers to a secret that is not there and has no default"),
                              ({"probe": "${secret:mine/gone#k}"}, "secret secrets/mine/gone#k is not there and has no default"),
                              ({"probe": "${conn.hiddenke}"}, "refers to what is not there and has no default"),
                              ({"probe": "${conn.none-such}"}, "refers to what is not there and has no default"),
                              ({"probe": "${var:secretva}"}, "refers to what is not there and has no default"),
                              ({"probe": "x-${conn}"}, "has a reference that cannot be resolved"),
                              ({"probe": "${conn.list}-x"}, "has a reference that cannot be resolved")):
            errors, text = self.told(path, patch, token)
            self.assertEqual(errors, [("/probe", wanted)], patch)
            for word in ("varvalue99", "hiddenkey", "secretvar"):
                self.assertNotIn(word, text)
        # Not even that a guess is near, or right.
        errors, _ = self.told(path, {"probe": "${secret:mine/${var:hid}#k}", "other": "secret:mine/varvalue99#k"}, token)
        self.assertEqual(errors, [("/probe", "refers to a secret that is not there and has no default")])
        # A reference that is there already and breaks is named to nobody who did not write it.
        self.store(path, "a: ${b.hiddenkey}\nb: {hiddenkey: 1}\n")
        errors, text = self.told(path, {"b": None}, token)
        self.assertEqual(errors, [("", "lies in what you may not read")])
        self.assertNotIn("hiddenkey", text)
        # Who may read it is told as ever.
        _, text = self.told(path, {"b": {"hiddenkey": None, "hiddenkez": 1}}, self.server.token(["administrator"]))
        self.assertIn("did you mean `hiddenkez`?", text)

    def test_no_message_tells_what_lies_beside_what_a_patch_sets(self):
        path = f"profiles/{self.app}/a"
        self.store(f"schemas/{self.app}", {"properties": {"conn": {"type": "object"}, "n": {"type": "integer"}, "l": {"type": "array", "maxItems": 2}}})
        self.store(path, {"$schema": self.app, "conn": {"hiddenkey": 1}, "n": 1, "map": {"hiddenkey": 1}})
        strict = {"properties": {"conn": {"maxProperties": 1, "dependentRequired": {"k": ["z"]}, "patternProperties": {"^k": True}},
                                 "n": {"type": "integer"}, "m": {"additionalProperties": False}, "l": {"type": "array", "maxItems": 2}}}
        self.store(f"schemas/{self.app}", strict)
        for patch in ({"conn": {"k": 1}}, {"m": "${map}"}, {"m": {"a": 1}}):
            errors, text = self.told(path, patch)
            self.assertTrue(errors, patch)
            self.assertNotIn("hiddenkey", text)
            for pointer, message in errors:
                self.assertEqual(message, "does not fit, together with what you may not read", pointer)
        errors, _ = self.told(path, {"n": "word"})
        self.assertEqual([p for p, _ in errors], ["/n"])
        self.assertIn("integer", errors[0][1])
        errors, _ = self.told(path, {"l": [1, 2, 3]})
        self.assertIn("2", errors[0][1])

    def test_no_message_tells_what_a_layer_holds_that_one_may_only_use(self):
        app = self.app[:30]
        self.store(f"profiles/{app}-their/base", "$abstract: true\n$vars: {hid: varvalue99}\nconn: {hiddenkey: 1}\nhiddenlist: 5\n")
        self.store(f"schemas/{app}", {"propertyNames": {"maxLength": 4}, "properties": {"conn": {"additionalProperties": False}, "n": {"type": "integer"}}})
        token = self.reader(app, f"allow use profiles/{app}-their/*", f"allow read,write,check profiles/{app}-own/*", "allow read secrets/mine/**", f"allow read schemas/{app}")
        own = f"profiles/{app}-own/a"
        head = f"$extends: /{app}-their/base\n"
        for source, wanted in (("probe: ${secret:mine/${var:hid}#k}\n", [("/probe", "refers to a secret that is not there and has no default")]),
                               ("probe: ${conn.hiddenke}\n", [("/probe", "refers to what is not there and has no default")]),
                               (f"$schema: {app}\nn: word\n", None),
                               ("hiddenlist: {$append: [1]}\n", None)):
            for more in ({"dry_run": "true"}, {}):
                answer = self.server.put(query("/v1/" + own, **more), head + source, type="application/yaml", token=token)
                self.assertEqual(answer.status, 200 if more else 422, answer)
                text = answer.body.decode()
                for word in ("varvalue99", "hiddenkey", "line 4"):
                    self.assertNotIn(word, text)
                errors = [(e["pointer"], e["message"]) for e in answer.json["errors"]]
                if wanted:
                    self.assertEqual(errors, wanted)
                elif "word" in source:
                    self.assertTrue([m for p, m in errors if p == "/n" and "integer" in m], errors)
                    self.assertFalse([p for p, _ in errors if "hidden" in p], errors)

    def test_what_is_unchecked_in_an_heir_of_a_layer_one_may_only_use(self):
        app = self.app[:30]
        self.secret(f"{app}/s", {"k": "geheim-1"})
        self.store(f"profiles/{app}-their/base", f"$abstract: true\nhiddenkey: ${{secret:{app}/s#k}}\n")
        self.store(f"schemas/{app}", {"additionalProperties": {"minLength": 2}})
        token = self.reader(app, f"allow use profiles/{app}-their/*", f"allow read,write,check profiles/{app}-own/*", f"allow read schemas/{app}")
        source = f"$extends: /{app}-their/base\n$schema: {app}\nown: ${{secret:{app}/s#k}}\n"
        for more in ({"dry_run": "true"}, {}):
            answer = self.server.put(query(f"/v1/profiles/{app}-own/a", **more), source, type="application/yaml", token=token)
            self.assertIn(answer.status, (200, 201), answer)
            self.assertNotIn("hiddenkey", answer.body.decode())
            self.assertEqual(sorted((u["pointer"], u["keyword"]) for u in answer.json["unchecked"]), [("", ""), ("/own", "minLength")])
            self.assertIn("is not checked", str(answer.json["unchecked"]))

    def test_a_readable_heir_tells_nothing_of_a_base_patched_blindly(self):
        app = self.app[:30]
        self.store(f"profiles/{app}/base", "$abstract: true\n$vars: {hid: varvalue99}\nsub: {hiddenkey: 1}\n")
        self.store(f"profiles/{app}/heir", "$extends: base\nown: 1\nuses: ${sub.hiddenkey}\n")
        token = self.reader(app, f"allow write,check profiles/{app}/base", f"allow read profiles/{app}/heir", "allow read secrets/mine/**")
        errors, text = self.told(f"profiles/{app}/base", {"probe": "${secret:mine/${var:hid}#k}"}, token)
        self.assertEqual(errors, [("/probe", "refers to a secret that is not there and has no default")])
        self.assertNotIn("varvalue99", text)


class Names(Case):
    """No answer names a document that its reader may not know."""

    def setUp(self):
        self.app = self._testMethodName.replace("test_", "")[:40]

    def test_explain_names_no_secret_and_no_origin_that_one_may_not_read(self):
        self.secret(self.app + "/open", {"k": "geheim-1"})
        self.secret(self.app + "/shut", {"hidden-key": "geheim-2"})
        self.store(f"profiles/{self.app}/base", f"a: ${{secret:{self.app}/open#k}}\nb: ${{secret:{self.app}/shut#hidden-key}}\n")
        self.store(f"profiles/{self.app}/heir", "$extends: base\nc: 1\n")
        token = self.reader(self.app, f"allow read config/{self.app}/*", f"allow read secrets/{self.app}/open", f"allow read profiles/{self.app}/heir")
        told = self.config(self.app + "/heir", token, explain="true")
        self.assertEqual(told["secrets"]["/a"], {"path": f"secrets/{self.app}/open", "key": "k", "version": 1})
        self.assertEqual(told["secrets"]["/b"], {})
        self.assertEqual(told["origins"]["/a"], {})
        self.assertEqual(told["origins"]["/c"]["path"], f"profiles/{self.app}/heir")
        before = self.revision()
        self.secret(self.app + "/shut", {"hidden-key": "geheim-3"})
        self.secret(self.app + "/open", {"k": "geheim-3"})
        answer = self.expect(self.server.get(f"/v1/config/{self.app}/heir:diff?from={before}&to={self.revision()}", token=token), 200)
        self.assertEqual([d.get("origin", {}).get("path") for d in answer.json["diff"]], [f"secrets/{self.app}/open", None])

    def test_a_reason_names_no_document_to_a_partial_reader(self):
        self.secret(self.app + "/shut", {"k": "v"})
        self.store(f"profiles/{self.app}/a", "a: 1\n")
        self.refused(f"profiles/{self.app}/a", f"$extends: /{self.app}/shut-layer\n")
        writer = self.reader(self.app + "-w", f"allow write profiles/{self.app}/a")
        self.refused(f"profiles/{self.app}/a", f"$extends: /{self.app}/shut-layer\n", 403, writer)
        token = self.reader(self.app, f"allow audit profiles/{self.app}/a")
        answer = self.expect(self.server.get(f"/v1/audit?path=profiles/{self.app}/a", token=token), 200)
        self.assertNotIn("shut-layer", answer.body.decode())
        self.assertEqual([e["outcome"] for e in answer.json["items"]], ["ok", "invalid", "forbidden"])
        self.assertIn("shut-layer", str(self.audit(path=f"profiles/{self.app}/a")))

    def test_a_bound_that_runs_out_names_no_hidden_heir(self):
        app = "bound"
        self.store(f"profiles/{app}/top", "a: 1\n")
        self.store(f"profiles/{app}/base", "a: 1\n")
        chain = [{"op": "put", "path": f"profiles/hidden-{app}/h0", "content": {"$extends": f"/{app}/base"}}]
        chain += [{"op": "put", "path": f"profiles/hidden-{app}/h{n}", "content": {"$extends": f"h{n - 1}"}} for n in range(1, 32)]
        self.batch(chain)
        token = self.reader(app, f"allow read,write profiles/{app}/*")
        answer = self.server.put(f"/v1/profiles/{app}/base", "$extends: top\n", type="application/yaml", token=token)
        self.assertIn(answer.status, (413, 422), answer)
        self.assertNotIn(f"hidden-{app}", answer.body.decode())
        told = self.server.put(f"/v1/profiles/{app}/base", "$extends: top\n", type="application/yaml")
        self.assertIn(f"profiles/hidden-{app}/h31: inheritance is deeper", told.json["detail"])
        auditor = self.reader(app + "-audit", f"allow audit profiles/{app}/base")
        answer = self.expect(self.server.get(f"/v1/audit?path=profiles/{app}/base", token=auditor), 200)
        self.assertNotIn(f"hidden-{app}", answer.body.decode())
        self.assertIn(f"hidden-{app}", str(self.audit(path=f"profiles/{app}/base")))

    def test_what_may_not_be_known_answers_as_what_is_not_there(self):
        """Somebody with next to no rights asks the same of what is there and of what is not."""
        app = "alike"
        self.secret(app + "/qwert", {"k": "geheim-9"})
        self.secret(app + "/qwert", {"k": "geheim-9"})
        self.schema(app + "-qwert", {"a": {"type": "integer"}})
        self.store(f"profiles/{app}/qwert", f"$schema: {app}-qwert\na: 1\n")
        self.store(f"policies/{app}-qwert", "rules: [{allow: [read], on: profiles/none/none}]\n")
        made = self.server.post("/v1/tokens", {"name": "alike-qwert", "policies": ["runtime"]}).json
        token = self.reader(app + "-nobody", f"allow write,check,read,list,delete,rollback profiles/{app}-own/*")

        def told(answer, *words):
            text = answer.body.decode()
            for word in words:
                text = text.replace(word, "WORD")
            body = [part for part in text.split(",") if "request_id" not in part]
            return answer.status, answer.headers["ETag"], body

        asks = [("GET", "", None), ("GET", ":versions", None), ("GET", ":diff", None), ("GET", ":dependents", None), ("GET", "?version=1", None),
                ("GET", "?revision=1", None), ("DELETE", "", None), ("DELETE", "?dry_run=true", None), ("POST", ":undelete", {"versions": [1]}),
                ("POST", ":rollback", {"version": 1}), ("POST", ":rollback?dry_run=true", {"version": 1})]
        for kind, there, absent in (("secrets", app + "/qwert", app + "/asdfg"), ("profiles", app + "/qwert", app + "/asdfg"),
                                    ("schemas", app + "-qwert", app + "-asdfg"), ("policies", app + "-qwert", app + "-asdfg"),
                                    ("config", app + "/qwert", app + "/asdfg")):
            for method, more, body in asks:
                if kind == "config" and (method != "GET" or more in (":dependents", "?version=1")):
                    continue
                seen = [told(self.server.ask(method, f"/v1/{kind}/{name}{more}", body=body, token=token), name) for name in (there, absent)]
                self.assertEqual(seen[0], seen[1], f"{method} {kind}{more}")
                self.assertEqual(seen[0][0], 403, f"{method} {kind}{more}")
        for method, path in (("DELETE", "/v1/tokens/{}"), ("GET", "/v1/audit?path=secrets/alike/{}"), ("GET", "/v1/revisions?path=secrets/alike/{}"),
                             ("GET", "/v1/secrets?prefix=alike/{}"), ("GET", "/v1/policies?prefix=alike-{}")):
            words = (made["accessor"], "x" * len(made["accessor"])) if "tokens" in path else ("qwert", "asdfg")
            seen = [told(self.server.ask(method, path.format(w), token=token), w) for w in words]
            self.assertEqual(seen[0], seen[1], path)
        own = f"profiles/{app}-own/a"
        for source in ("$extends: /alike/{}\n", "$schema: alike-{}\n", "a: ${{secret:alike/{}#k}}\n"):
            for more in ("", "?dry_run=true"):
                seen = [told(self.server.put(f"/v1/{own}{more}", source.format(w), token=token), w) for w in ("qwert", "asdfg")]
                if "secret" in source:  # that a secret is there is what referring to it needs to know
                    self.assertNotIn("geheim", str(seen))
                else:
                    self.assertEqual(seen[0], seen[1], source)
        self.expect(self.server.delete("/v1/" + own), 204)
