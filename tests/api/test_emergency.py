"""What was broken before (by force) stops nobody from mending the rest (docs/api.md): a write is refused only for problems that it adds."""
import unittest

from support import Case, query


class Emergency(Case):
    def force_delete(self, path):
        self.expect(self.server.delete(query("/v1/" + path, force="true")), 204)

    def warned(self, answer, profile):
        """The messages of the warnings of a write that name a problem of this profile."""
        return [w["message"] for w in answer.json["warnings"] if w["profile"] == profile and "$schema" not in w["message"]]

    def broken(self, app, **more):
        """A profile that needs two secrets, one of which is gone by force, and one beside it that is whole."""
        self.schema(app, {"a": {"type": "string", "minLength": 3}, "b": {"type": "string", "minLength": 3}, "n": {"type": "integer"}})
        self.secret(app + "/a", {"k": "aaa"})
        self.secret(app + "/b", {"k": "bbb"})
        self.store(f"profiles/{app}/base", "$abstract: true\nn: 1\n")
        self.store(f"profiles/{app}/p", f"$schema: {app}\n$extends: base\na: ${{secret:{app}/a#k}}\nb: ${{secret:{app}/b#k}}\n")
        self.store(f"profiles/{app}/whole", f"$schema: {app}\n$extends: base\nb: ${{secret:{app}/b#k}}\n")
        self.force_delete(f"secrets/{app}/a")
        self.assertEqual(self.server.get(f"/v1/config/{app}/p").status, 422)

    def test_a_secret_is_rotated_beside_one_that_is_gone(self):
        self.broken("e1")
        answer = self.secret("e1/b", {"k": "new"})
        self.assertEqual(self.warned(answer, "e1/p"), ["secret secrets/e1/a#k is not there and has no default"])
        self.assertEqual(self.config("e1/whole", reveal="true")["b"], "new")
        self.assertEqual(self.server.get("/v1/config/e1/p").status, 422)
        # what is served must stay right
        self.refused("secrets/e1/b", {"data": {"k": "x"}})
        self.assertEqual(self.config("e1/whole", reveal="true")["b"], "new")
        answer = self.expect(self.server.ask("PATCH", "/v1/secrets/e1/b", body='{"data":{"k":"newer"}}',
                                             type="application/merge-patch+json"), 200)
        self.assertEqual(len(self.warned(answer, "e1/p")), 1)

    def test_the_chain_and_the_schema_can_be_written_beside_it(self):
        self.broken("e2")
        answer = self.store("profiles/e2/base", "$abstract: true\nn: 2\n")
        self.assertEqual(len(self.warned(answer, "e2/p")), 1)
        self.assertEqual(self.config("e2/whole")["n"], 2)
        answer = self.store("schemas/e2", {"type": "object", "properties": {"n": {"type": "integer"}}})
        self.assertEqual(len(self.warned(answer, "e2/p")), 1)
        # its own source, too, as long as nothing becomes worse
        answer = self.store("profiles/e2/p", "$schema: e2\n$extends: base\na: ${secret:e2/a#k}\nb: ${secret:e2/b#k}\nn: 3\n")
        self.assertEqual(len(self.warned(answer, "e2/p")), 1)
        problem = self.refused("profiles/e2/p", "$schema: e2\n$extends: base\na: ${secret:e2/a#k}\nc: ${secret:e2/none#k}\n")
        self.assertEqual([e["message"] for e in problem["errors"]], ["secret secrets/e2/none#k is not there and has no default"])
        self.refused("profiles/e2/p", "$extends: [base, nowhere]\n")
        self.refused("profiles/e2/base", "$abstract: true\nn: ${nothing.there}\n")

    def test_a_pinned_version_is_not_destroyed_beside_a_secret_that_is_gone(self):
        self.secret("e20/a", {"k": "1"})
        self.secret("e20/a", {"k": "2"})
        self.secret("e20/b", {"k": "b"})
        self.store("profiles/e20/p", "a: ${secret:e20/a?version=1#k}\nb: ${secret:e20/b#k}\n")
        self.force_delete("secrets/e20/b")
        for what in ({"versions": [1]}, {"versions": [1, 2]}):
            problem = self.expect_problem(self.server.post("/v1/secrets/e20/a:destroy", what), 409)
            self.assertEqual([e["pointer"] for e in problem["errors"]], ["/a"])
        self.expect(self.server.post("/v1/secrets/e20/a:destroy", {"versions": [2]}), 200)  # nobody's
        self.expect(self.server.post("/v1/secrets/e20/b:undelete", {"versions": [1]}), 201)
        self.assertEqual(self.config("e20/p", reveal="true"), {"a": "1", "b": "b"})

    def test_another_version_of_a_secret_in_the_same_text_is_another_problem(self):
        for k in "123":
            self.secret("e21/a", {"k": k})
        self.store("profiles/e21/p", "a: ${secret:e21/a?version=1#k}-${secret:e21/a?version=2#k}\n")
        self.expect(self.server.post(query("/v1/secrets/e21/a:destroy", force="true"), {"versions": [1]}), 200)
        self.expect_problem(self.server.post("/v1/secrets/e21/a:destroy", {"versions": [2]}), 409)

    def test_what_a_profile_without_its_parent_needs_stays(self):
        self.secret("e22/a", {"k": "1"})
        self.secret("e22/a", {"k": "2"})
        self.store("profiles/e22/base", "$abstract: true\nn: 1\n")
        self.store("profiles/e22/p", "$extends: base\na: ${secret:e22/a#k}\nold: ${secret:e22/a?version=1#k}\n")
        self.store("profiles/e22/other", "$extends: base\n")
        self.secret("e22/free", {"k": "f"})
        self.force_delete("profiles/e22/base")
        for versions in ([1], [2], [1, 2]):
            problem = self.expect_problem(self.server.post("/v1/secrets/e22/a:destroy", {"versions": versions}), 409)
            self.assertEqual([(e["profile"], e["message"]) for e in problem["errors"]], [("e22/p", "needs secrets/e22/a")])
        self.expect_problem(self.server.delete("/v1/secrets/e22/a"), 409)
        self.expect_problem(self.server.post("/v1/batch", {"changes": [{"op": "delete", "path": "secrets/e22/a"}]}), 409)
        self.expect(self.server.post("/v1/secrets/e22/free:destroy", {"versions": [1]}), 200)
        self.secret("e22/a", {"k": "3"})  # rotated it may be
        self.expect(self.server.post("/v1/profiles/e22/base:undelete", {"versions": [1]}), 201)
        self.assertEqual(self.config("e22/p", reveal="true"), {"a": "3", "n": 1, "old": "1"})

    def test_beyond_what_one_answer_tells_nothing_new_passes_for_old(self):
        """100 problems are told. What there is beyond them may be new, so it refuses."""
        def content(n):
            return "$schema: e23\n" + "".join(f"k{i}: ${{secret:e23/gone#k{i}}}\n" for i in range(n))
        self.schema("e23", {})
        self.secret("e23/gone", {f"k{i}": "x" for i in range(150)})
        self.store("profiles/e23/p", content(100))
        self.force_delete("secrets/e23/gone")
        self.assertGreater(len(self.warned(self.store("profiles/e23/p", content(100) + "n: 1\n"), "e23/p")), 90)
        for n in (101, 120):
            problem = self.refused("profiles/e23/p", content(n))
            self.assertTrue(problem["errors"])
            dry = self.expect(self.server.put(query("/v1/profiles/e23/p", dry_run="true"), content(n), "application/yaml"), 200).json
            self.assertTrue(dry["errors"])
        # A problem that was found with others untold is as new as they may be.
        self.expect(self.server.post("/v1/secrets/e23/gone:undelete", {"versions": [1]}), 201)
        self.store("profiles/e23/p", content(150))
        self.force_delete("secrets/e23/gone")
        self.refused("profiles/e23/p", content(149) + "new: ${secret:e23/none#k}\n")
        # what mends it so far that it can be told again is taken, and secrets may always come
        self.store("profiles/e23/p", content(90))
        self.expect(self.server.post("/v1/secrets/e23/gone:undelete", {"versions": [1]}), 201)

    def test_what_comes_back_is_served_again_after_it_was_rewritten_while_broken(self):
        self.broken("e3")
        self.store("profiles/e3/p", "$schema: e3\n$extends: base\na: ${secret:e3/a#k}\nb: ${secret:e3/b#k}\nn: 3\n")
        self.store("profiles/e3/base", "$abstract: true\nn: 2\nextra: 1\n")
        answer = self.expect(self.server.post("/v1/secrets/e3/a:undelete", {"versions": [1]}), 201)
        self.assertEqual(self.warned(answer, "e3/p"), [])
        self.assertEqual(self.config("e3/p", reveal="true"), {"a": "aaa", "b": "bbb", "n": 3, "extra": 1})
        self.refused("secrets/e3/a", {"data": {"k": "x"}})
        self.expect_problem(self.server.delete("/v1/secrets/e3/b"), 409)

    def test_what_is_gone_can_be_put_anew_and_what_is_still_needed_stays(self):
        self.broken("e4")
        self.expect_problem(self.server.delete("/v1/secrets/e4/b"), 409)
        self.expect_problem(self.server.delete("/v1/schemas/e4"), 409)
        self.expect_problem(self.server.delete("/v1/profiles/e4/base"), 409)
        self.secret("e4/a", {"k": "fresh"})
        self.assertEqual(self.config("e4/p", reveal="true")["a"], "fresh")

    def test_a_broken_profile_never_comes_back_wrong(self):
        """A value that breaks the profile may be stored while it is refused anyway; it is then not served, now nor as history."""
        self.broken("e5")
        answer = self.secret("e5/a", {"k": "x"}, status=201)
        self.assertEqual(len(self.warned(answer, "e5/p")), 1)
        for path in ("/v1/config/e5/p", "/v1/config/e5/p?reveal=true", f"/v1/config/e5/p?revision={self.revision()}"):
            self.expect_problem(self.server.get(path), 422)
        self.secret("e5/a", {"k": "long enough"}, status=200)
        self.assertEqual(self.config("e5/p", reveal="true")["a"], "long enough")

    def test_a_parent_or_a_schema_that_is_gone_blocks_nothing_else(self):
        self.secret("e6/s", {"k": "1"})
        self.schema("e6", {})
        self.store("profiles/e6/base", "n: 1\ns: ${secret:e6/s#k}\n")
        self.store("profiles/e6/a", "$extends: base\n")
        self.store("profiles/e6/b", "$schema: e6\ns: ${secret:e6/s#k}\n")
        self.store("profiles/e6/mid", "$abstract: true\n$extends: base\n")
        self.store("profiles/e6/heir", "$extends: mid\n")
        self.force_delete("profiles/e6/base")
        self.force_delete("schemas/e6")
        for name in ("a", "b", "heir"):
            self.assertEqual(self.server.get("/v1/config/e6/" + name).status, 422, name)
        answer = self.secret("e6/s", {"k": "2"})
        self.assertEqual([len(self.warned(answer, "e6/" + n)) for n in "ab"], [1, 1])
        self.store("profiles/e6/mid", "$abstract: true\n$extends: base\nm: 1\n")
        self.expect(self.server.post("/v1/profiles/e6/base:undelete", {"versions": [1]}), 201)
        self.expect(self.server.post("/v1/schemas/e6:undelete", {"versions": [1]}), 201)
        self.assertEqual(self.config("e6/a", reveal="true"), {"n": 1, "s": "2"})
        self.assertEqual(self.config("e6/b", reveal="true"), {"s": "2"})
        self.assertEqual(self.config("e6/heir", reveal="true"), {"n": 1, "m": 1, "s": "2"})

    def test_a_dry_run_says_the_same(self):
        self.broken("e7")
        answer = self.secret("e7/b", {"k": "new"}, dry_run="true")
        self.assertEqual((answer.json["errors"], len(self.warned(answer, "e7/p"))), ([], 1))
        answer = self.secret("e7/b", {"k": "x"}, dry_run="true")
        self.assertEqual({e["profile"] for e in answer.json["errors"]}, {"e7/whole"})

    def test_a_dry_run_with_force_names_what_would_no_longer_be_served(self):
        self.secret("e8/s", {"k": "1"})
        self.store("profiles/e8/p", "n: 1\ns: ${secret:e8/s#k}\n")
        self.store("profiles/e8/q", "s: ${secret:e8/s#k:-none}\n")
        answer = self.expect(self.server.delete("/v1/secrets/e8/s?force=true&dry_run=true"), 200).json
        states = {e["config"]: e["state"] for e in answer["effective"]}
        self.assertEqual(states, {"e8/p": "gone", "e8/q": "live"})
        gone = [e for e in answer["effective"] if e["config"] == "e8/p"][0]
        self.assertEqual([(d["op"], d["pointer"]) for d in gone["diff"]], [("remove", "")])
        self.assertEqual(self.config("e8/p", reveal="true")["s"], "1")
        reader = self.reader("e8-reader", "allow check,delete,admin secrets/e8/**", "allow read config/e8/q")
        answer = self.expect(self.server.delete("/v1/secrets/e8/s?force=true&dry_run=true", token=reader), 200)
        self.assertEqual([e["config"] for e in answer.json["effective"]], ["e8/q"])
        self.assertNotIn(b"e8/p", answer.body)


if __name__ == "__main__":
    unittest.main()
