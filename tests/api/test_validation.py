"""DESIGN 3: what is refused, what is said about it, and what must not be learnt from it."""
import json
import unittest

from support import Case


class Validation(Case):
    def test_a_parents_change_that_breaks_an_heir_is_refused_whole(self):
        self.schema("cas/s", {"n": {"type": "integer", "maximum": 10}})
        self.store("profiles/cas/base", "$abstract: true\n$schema: cas/s\nn: 1\n")
        self.store("profiles/cas/one", "$extends: base\nm: 1\n")
        self.store("profiles/cas/two", "$extends: base\nn: 2\n")
        before = self.revision()
        problem = self.refused("profiles/cas/base", "$abstract: true\n# here\n$schema: cas/s\nn:   99\n")
        self.assertEqual(self.keywords(problem), {("cas/one", "/n", "maximum")})
        error = problem["errors"][0]
        self.assertEqual(error["origin"]["path"], "profiles/cas/base")
        self.assertEqual((error["origin"]["line"], error["origin"]["column"]), (4, 6))
        self.assertTrue(error["message"])
        self.assertNotIn("99", error["message"])
        self.assertEqual((self.revision(), self.config("cas/one")["n"]), (before, 1))

    def test_all_failures_are_listed_at_once(self):
        self.schema("many/s", {"a": {"type": "integer"}, "b": {"enum": ["x"]}}, required=["c"], additionalProperties=False)
        problem = self.refused("profiles/many/a", "$schema: many/s\na: text\nb: y\nd: 1\n")
        self.assertEqual({k for _, _, k in self.keywords(problem)},
                         {"type", "enum", "required", "additionalProperties"})

    def test_a_schemas_change_is_checked_against_all_profiles(self):
        self.schema("change/s", {"n": {"type": "integer"}})
        self.store("profiles/change/a", "$schema: change/s\nn: 5\n")
        problem = self.refused("schemas/change/s", {"type": "object", "properties": {"n": {"maximum": 4}}})
        self.assertEqual(self.keywords(problem), {("change/a", "/n", "maximum")})
        self.assertEqual(problem["errors"][0]["origin"]["path"], "profiles/change/a")
        self.schema("change/s", {"n": {"maximum": 5}})

    def test_a_schema_that_a_schema_refers_to(self):
        self.schema("deep/inner", {"n": {"type": "integer"}})
        self.store("schemas/deep/outer", {"$ref": "reeve:///schemas/deep/inner"})
        self.store("profiles/deep/a", "$schema: deep/outer\nn: 5\n")
        problem = self.refused("schemas/deep/inner", {"properties": {"n": {"type": "string"}}})
        self.assertEqual(self.keywords(problem), {("deep/a", "/n", "type")})
        self.expect_problem(self.server.delete("/v1/schemas/deep/inner"), 409)
        self.refused("schemas/deep/other", {"$ref": "reeve:///schemas/deep/absent"})
        self.refused("schemas/deep/other", {"$ref": "https://example.com/x.json"})

    def test_schemas_are_checked_themselves(self):
        for bad, word in (({"propertees": {}}, "properties"), ({"type": "strng"}, ""), ({"pattern": "("}, ""),
                          ({"$schema": "http://json-schema.org/draft-04/schema#"}, ""), ({"minimum": "1"}, "")):
            said = json.dumps(self.refused("schemas/self/s", bad))
            self.assertIn(word, said)
        self.store("schemas/self/s", {"x-anything": 1, "$schema": "http://json-schema.org/draft-07/schema#"})

    def test_a_secrets_new_value_is_checked(self):
        self.schema("sec/s", {"p": {"type": "string", "minLength": 8, "x-secret": True}})
        self.secret("sec/a", {"p": "long enough"})
        self.store("profiles/sec/a", "$schema: sec/s\np: ${secret:sec/a#p}\n")
        problem = self.refused("secrets/sec/a", {"data": {"p": "tiny-xq"}})
        self.assertEqual(self.keywords(problem), {("sec/a", "/p", "minLength")})
        self.assertNotIn("tiny-xq", json.dumps(problem))
        self.assertEqual(problem["errors"][0]["origin"]["path"], "profiles/sec/a")
        self.refused("secrets/sec/a", {"data": {"other": "long enough"}})
        self.refused("secrets/sec/a", {"data": {"p": 123456789}})
        self.assertEqual(self.document("secrets/sec/a")["version"], 1)

    def test_a_literal_where_a_secret_must_be_is_refused(self):
        self.schema("lit/s", {"p": {"type": "string", "x-secret": True}})
        problem = self.refused("profiles/lit/a", "$schema: lit/s\np: in the clear\n")
        self.assertEqual(self.keywords(problem), {("lit/a", "/p", "x-secret")})
        self.assertNotIn("in the clear", json.dumps(problem))

    def test_who_may_not_read_a_secret_learns_nothing_of_it_from_schemas(self):
        """Every probe that a right value would answer otherwise must answer alike for a right and a wrong guess."""
        self.schema("oracle/s", {"p": {"type": "string"}})
        self.secret("oracle/a", {"p": "hunter2"})
        self.store("profiles/oracle/a", "$schema: oracle/s\np: ${secret:oracle/a#p}\n")
        spy = self.reader("oracle-spy", "allow read,list,write,check schemas/oracle/**",
                          "allow read,list,write,check profiles/oracle/**", "allow read config/oracle/*")
        right = ({"const": "hunter2"}, {"enum": ["hunter2"]}, {"pattern": "^hunter2$"}, {"minLength": 7, "maxLength": 7},
                 {"not": {"const": "wrong"}}, {"if": {"const": "hunter2"}, "then": {}, "else": False},
                 {"anyOf": [{"const": "hunter2"}, {"const": "b"}]})
        wrong = ({"const": "hunter3"}, {"enum": ["hunter3"]}, {"pattern": "^hunter3$"}, {"minLength": 8, "maxLength": 8},
                 {"not": {"const": "hunter2"}}, {"if": {"const": "hunter3"}, "then": {}, "else": False},
                 {"anyOf": [{"const": "hunter3"}, {"const": "b"}]})
        for one, other in zip(right, wrong):
            with self.subTest(one):
                answers = [self.server.put("/v1/schemas/oracle/s?dry_run=true", {"type": "object", "properties": {"p": guess}},
                                           token=spy) for guess in (one, other)]
                self.assertEqual(answers[0].status, answers[1].status, answers)
                parts = [{k: a.json.get(k) for k in ("errors", "warnings", "unchecked")} for a in answers]
                self.assertEqual(parts[0], parts[1])
                self.assertTrue(parts[0]["unchecked"], "what was not looked at is listed")
        # Its type is no secret: it is checked.
        answer = self.server.put("/v1/schemas/oracle/s?dry_run=true", {"properties": {"p": {"type": "integer"}}}, token=spy)
        self.assertTrue(answer.status == 422 or answer.json["errors"], answer)
        # For who may read it, all is looked at.
        answer = self.server.put("/v1/schemas/oracle/s?dry_run=true", {"properties": {"p": wrong[0]}})
        self.assertTrue(answer.status == 422 or answer.json["errors"], answer)

    def test_who_may_not_read_a_secret_learns_nothing_of_it_from_profiles(self):
        self.secret("oracle/b", {"p": "hunter2"})
        spy = self.reader("oracle-spy-b", "allow read,list,write,check schemas/oracle-b/**",
                          "allow read,list,write,check profiles/oracle-b/**", "allow read config/oracle-b/*")
        self.store("schemas/oracle-b/right", {"properties": {"p": {"const": "hunter2"}}})
        self.store("schemas/oracle-b/wrong", {"properties": {"p": {"const": "hunter3"}}})
        parts = []
        for name in ("right", "wrong"):
            answer = self.server.put("/v1/profiles/oracle-b/a?dry_run=true",
                                     f"$schema: oracle-b/{name}\np: ${{secret:oracle/b#p}}\n", token=spy)
            parts.append((answer.status, {k: answer.json.get(k) for k in ("errors", "warnings", "unchecked")}))
        self.assertEqual(parts[0], parts[1])
        # Nor through one secret's value in another's path, nor through a key of the profile that is compared.
        answer = self.server.put("/v1/profiles/oracle-b/a", "p: ${secret:oracle/b#p}\nq: 'x${p}'\n", token=spy)
        self.assertNotIn(b"hunter2", answer.body)
        self.expect_problem(self.server.get("/v1/config/oracle-b/a?reveal=true", token=spy), 403) \
            if answer.status in (200, 201) else None

    def test_who_may_not_read_a_secret_learns_nothing_of_it_from_what_is_served(self):
        """Not looked at when it is written, nor when it is read: a right and a wrong guess are served alike."""
        self.secret("oracle/c", {"p": "hunter2", "n": 5})
        spy = self.reader("oracle-spy-c", "allow read,list,write,check,delete schemas/oracle-c/**",
                          "allow read,list,write,check,delete profiles/oracle-c/**", "allow read config/oracle-c/*")
        lists = "l: ['${secret:oracle/c#p}', '%s']\n"
        plain = "p: ${secret:oracle/c#p}\nn: ${secret:oracle/c#n}\n"
        for name, schema, right, wrong, source in (
                ("const", lambda g: {"properties": {"p": {"const": g}}}, "hunter2", "hunter3", plain),
                ("not", lambda g: {"not": {"properties": {"p": {"const": g}}}}, "hunter2", "hunter3", plain),
                ("whole", lambda g: {"enum": [{"p": g, "n": 5}]}, "hunter2", "hunter3", plain),
                ("maximum", lambda g: {"properties": {"n": {"maximum": g}}}, 5, 4, plain),
                ("contains", lambda g: {"properties": {"l": {"contains": {"const": g}}}}, "hunter2", "hunter3", lists % "x"),
                ("unique", lambda g: {"properties": {"l": {"uniqueItems": True}}}, "hunter2", "hunter3", lists),
                ("if", lambda g: {"if": {"properties": {"p": {"const": g}}}, "then": {"required": ["z"]}}, "hunter2", "x", plain),
                ("format", lambda g: {"additionalProperties": {"format": g}}, "hostname", "ipv4", "p: ${secret:oracle/c#p}\n")):
            seen = []
            for guess in (right, wrong):
                self.expect(self.server.put(f"/v1/schemas/oracle-c/{name}", schema(guess), token=spy), 201)
                text = f"$schema: oracle-c/{name}\n" + (source % guess if "%s" in source else source)
                self.expect(self.server.put("/v1/profiles/oracle-c/a", text, token=spy), 201)
                read = [self.server.get("/v1/config/oracle-c/a" + q, token=spy).status
                        for q in ("", "?explain=true", "?reveal=true", ":versions", "?format=env")]
                dry = self.server.put("/v1/profiles/oracle-c/a?dry_run=true", "a: 1\n", token=spy).json
                seen.append((read, len(dry["effective"][0]["diff"])))
                self.expect(self.server.delete("/v1/profiles/oracle-c/a", token=spy), 204)
                self.expect(self.server.delete(f"/v1/schemas/oracle-c/{name}", token=spy), 204)
            with self.subTest(name):
                self.assertEqual(seen[0], seen[1])
                self.assertEqual(seen[0][0][:3], [200, 200, 403])

    def test_no_answer_names_what_its_reader_may_not_read(self):
        self.schema("hide/s", {"n": {"type": "integer", "maximum": 5}})
        self.store("profiles/hide/base", "$abstract: true\n$schema: hide/s\nn: 1\n")
        self.store("profiles/hide-heir/veiled", "$extends: /hide/base\n")
        writer = self.reader("hide-writer", "allow read,write profiles/hide/*", "allow read schemas/**")
        answer = self.server.put("/v1/profiles/hide/base", "$abstract: true\n$schema: hide/s\nn: 9\n", token=writer)
        self.expect_problem(answer, 422)
        self.assertNotIn(b"veiled", answer.body)
        self.assertNotIn(b"hide-heir", answer.body)
        answer = self.server.delete("/v1/profiles/hide/base", token=self.reader("hide-deleter", "allow delete profiles/hide/*"))
        self.expect_problem(answer, 409)
        self.assertNotIn(b"veiled", answer.body)
        items = self.server.get("/v1/profiles/hide/base:dependents", token=writer)
        self.assertNotIn(b"veiled", items.body)

    def test_what_others_need_cannot_go(self):
        self.schema("need/s", {"p": {}})
        self.secret("need/x", {"k": "v"})
        self.store("profiles/need/base", "$abstract: true\n$schema: need/s\n")
        self.store("profiles/need/heir", "$extends: base\np: ${secret:need/x#k}\n")
        for path in ("schemas/need/s", "secrets/need/x", "profiles/need/base"):
            problem = self.expect_problem(self.server.delete("/v1/" + path), 409)
            self.assertIn("need/heir" if path != "schemas/need/s" else "need/", json.dumps(problem))
            self.expect_problem(self.server.post("/v1/secrets/need/x:destroy", {"versions": [1]}), 409)
        plain = self.reader("need-deleter", "allow read,delete,write **")
        self.expect_problem(self.server.delete("/v1/secrets/need/x?force=true", token=plain), 403)
        self.expect(self.server.delete("/v1/secrets/need/x?force=true"), 204)
        self.assertIn(self.server.get("/v1/config/need/heir?reveal=true").status, (404, 409, 422))
        self.secret("need/x", {"k": "again"})
        self.assertEqual(self.config("need/heir", reveal="true"), {"p": "again"})

    def test_a_dry_run_says_all_that_would_change(self):
        self.schema("dry/s", {"n": {"type": "integer", "x-reload": "live"}, "m": {"x-reload": "restart"}})
        self.store("profiles/dry/base", "$abstract: true\n$schema: dry/s\nn: 1\nm: 1\n")
        self.store("profiles/dry/heir", "$extends: base\n")
        got = self.store("profiles/dry/base", "$abstract: true\n$schema: dry/s\nn: 2\nm: 3\n", 200, dry_run="true").json
        change = got["changes"][0]
        self.assertEqual((change["path"], change["from_version"]), ("profiles/dry/base", 1))
        self.assertEqual({d["pointer"] for d in change["diff"]}, {"/n", "/m"})
        effective = {e["config"]: {d["pointer"]: d for d in e["diff"]} for e in got["effective"]}
        self.assertEqual(list(effective), ["dry/heir"])
        diff = effective["dry/heir"]
        self.assertEqual((diff["/n"]["from"], diff["/n"]["to"], diff["/n"]["reload"], diff["/n"]["secret"]),
                         (1, 2, "live", False))
        self.assertEqual(diff["/m"]["reload"], "restart")
        self.assertEqual((diff["/n"]["origin"]["path"], diff["/n"]["origin"]["line"]), ("profiles/dry/base", 3))
        self.assertEqual((got["errors"], self.config("dry/heir")["n"]), ([], 1))

    def test_a_dry_run_needs_only_the_right_to_check(self):
        self.store("profiles/chk/a", "a: 1\n")
        checker = self.reader("checker", "allow check profiles/chk/*")
        answer = self.server.put("/v1/profiles/chk/a?dry_run=true", "a: other\n", token=checker)
        self.expect(answer, 200)
        self.assertNotIn(b"diff\":[{", answer.body)
        self.expect_problem(self.server.put("/v1/profiles/chk/a", "a: other\n", token=checker), 403)
        self.expect(self.server.delete("/v1/profiles/chk/a?dry_run=true", token=checker), 200)
        self.assertEqual(self.config("chk/a"), {"a": 1})

    def test_a_dry_run_lists_errors(self):
        self.schema("dre/s", {"n": {"type": "integer"}})
        answer = self.server.put("/v1/profiles/dre/a?dry_run=true", "$schema: dre/s\nn: x\n")
        self.assertIn(answer.status, (200, 422))
        self.assertEqual({(e["pointer"], e["keyword"]) for e in answer.json["errors"]}, {("/n", "type")})

    def test_formats_are_asserted(self):
        self.schema("fmt/s", {"d": {"format": "date"}})
        self.refused("profiles/fmt/a", "$schema: fmt/s\nd: 2026-02-30\n")
        self.store("profiles/fmt/a", "$schema: fmt/s\nd: 2026-02-28\n")

    def test_patterns_that_never_end_are_refused(self):
        self.schema("redos/s", {"p": {"pattern": "^(a+)+$"}})
        answer = self.server.put("/v1/profiles/redos/a", "$schema: redos/s\np: " + "a" * 40 + "b\n")
        self.expect_problem(answer, 422)

    def test_a_profile_that_refers_to_a_missing_key_of_a_parent(self):
        self.store("profiles/lost/base", "$abstract: true\nhost: h\n")
        self.store("profiles/lost/heir", "$extends: base\nurl: http://${host}/\n")
        problem = self.refused("profiles/lost/base", "$abstract: true\n")
        self.assertEqual(problem["errors"][0]["profile"], "lost/heir")
        self.assertEqual(problem["errors"][0]["origin"]["path"], "profiles/lost/heir")
        self.expect_problem(self.server.delete("/v1/profiles/lost/base"), 409)


if __name__ == "__main__":
    unittest.main()
