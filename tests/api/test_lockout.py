"""Nobody is locked out: each test has a server of its own, which it tries to make useless."""
import unittest

from harness import Reeved
from support import Case, together

READ_ONLY = "rules: [{allow: [read, list], on: \"**\"}]\n"


class Lockout(Case):
    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.server = Reeved()
        self.server.__enter__()

    def tearDown(self):
        self.server.__exit__(None, None, None)

    def still_administers(self):
        self.store("policies/proof", READ_ONLY)

    def test_what_would_lock_everybody_out_is_refused_and_a_dry_run_says_so(self):
        admin = "/v1/policies/administrator"
        self.store("policies/other", READ_ONLY)
        deny = "rules:\n  - {allow: [read, list, write, admin], on: \"**\"}\n  - {deny: [admin], on: \"policies/**\"}\n"
        attempts = [
            lambda q: self.server.delete(admin + q),
            lambda q: self.server.put(admin + q, READ_ONLY),
            lambda q: self.server.put(admin + q, deny),
            lambda q: self.server.put(admin + q, "rules: [{allow: [write, admin], on: policies/other}]\n"),
            lambda q: self.server.put(admin + q, "rules: [{allow: [read, write, admin], on: policies/_}]\n"),
            lambda q: self.server.put(admin + q, "rules:\n  - {allow: [write, admin], on: \"policies/**\"}\n"
                                      "  - {deny: [write, admin, rollback], on: policies/administrator}\n"),
            lambda q: self.server.ask("PATCH", admin + q, {"rules": []}, "application/merge-patch+json"),
            lambda q: self.server.post("/v1/revisions/1:revert" + q),
            lambda q: self.server.post("/v1/batch" + q, {"changes": [
                {"op": "delete", "path": "policies/administrator"}, {"op": "put", "path": "policies/x", "content": {"rules": []}}]}),
        ]
        for number, attempt in enumerate(attempts):
            with self.subTest(number):
                before = self.revision()
                dry = self.expect(attempt("?dry_run=true"), 200)
                self.assertIn("administer", str(dry.json["errors"]))
                problem = self.expect_problem(attempt(""), 409)
                self.assertIn("force", problem["detail"])
                self.assertIn("administer", problem["errors"][0]["message"])
                self.assertEqual(self.revision(), before)
                self.still_administers()

    def test_force_does_it_and_says_so_in_the_log(self):
        self.expect(self.server.put("/v1/policies/administrator?force=true&dry_run=true", READ_ONLY), 200)
        answer = self.expect(self.server.put("/v1/policies/administrator?force=true", READ_ONLY), 200)
        self.assertIn("administer", str(answer.json["warnings"]))
        self.expect_problem(self.server.put("/v1/policies/administrator", READ_ONLY), 403)

    def test_once_nobody_can_the_rest_is_not_hindered(self):
        self.store("policies/administrator", "rules: [{allow: [write, admin, read], on: policies/team}, {allow: [write, delete], on: sys/tokens}]\n", force="true")
        self.store("policies/team", READ_ONLY)
        self.store("policies/team", "rules: [{allow: [read], on: \"profiles/**\"}]\n")

    def test_revoking_the_last_one(self):
        own = self.server.get("/v1/tokens/self").json["accessor"]
        problem = self.expect_problem(self.server.delete("/v1/tokens/" + own), 409)
        self.assertIn("force", problem["detail"])
        self.still_administers()
        child = self.server.post("/v1/tokens", {"name": "child", "policies": ["administrator"]}).json
        self.expect_problem(self.server.delete("/v1/tokens/" + own, token=child["token"]), 409)
        self.expect(self.server.delete("/v1/tokens/" + child["accessor"]), 204)
        self.expect(self.server.delete("/v1/tokens/" + own + "?force=true"), 204)
        self.expect_problem(self.server.get("/v1/tokens/self"), 401)

    def test_one_whose_uses_end_with_the_write_does_not_count(self):
        # The child's rights hang on a policy of its own; its one use is what the write costs.
        child = self.server.post("/v1/tokens", {"name": "child", "policies": ["administrator"], "uses": 2}).json
        self.expect_problem(self.server.put("/v1/policies/administrator", READ_ONLY, token=child["token"]), 409)
        self.still_administers()

    def test_those_who_go_at_once_do_not_take_each_other_for_the_one_who_stays(self):
        tokens = [self.server.admin]
        for n in range(3):
            backup, data = self.server.folder / f"backup{n}", self.server.folder / f"data{n}"
            backup.write_bytes(self.expect(self.server.get("/v1/backup"), 200).body)
            root_key = self.server.folder / "data" / "root.key"
            self.server.stop()
            code, out, err = self.server.run("restore", "--data", data, "--from", backup, "--root-key", root_key, "--reason", "one more",
                                             "--keep-tokens", "--admin-token-file", self.server.folder / f"admin{n}")
            self.assertEqual(code, 0, out + err)
            tokens.append((self.server.folder / f"admin{n}").read_text().strip())
            self.server.data, self.server.options = data, ["--root-key", str(root_key)]
            self.server.start()
        accessors = [self.expect(self.server.get("/v1/tokens/self", token=t), 200).json["accessor"] for t in tokens]
        seen = {}

        def leave(token, accessor):
            seen[token] = self.server.delete("/v1/tokens/" + accessor, token=token).status

        together(*[lambda t=t, a=a: leave(t, a) for t, a in zip(tokens, accessors)])
        self.assertEqual(sorted(seen.values()), [204, 204, 204, 409])
        left = [t for t in tokens if seen[t] == 409]
        self.expect(self.server.put("/v1/policies/proof", READ_ONLY, token=left[0]), 201)

    def test_a_restore_gives_no_fresh_token_that_could_do_nothing(self):
        self.store("policies/administrator", "rules: [{allow: [read], on: \"**\"}]\n", force="true")
        self.expect(self.server.get("/v1/profiles?limit=1"), 403)
        backup = self.server.folder / "backup"
        backup.write_bytes(self.expect(self.server.get("/v1/backup"), 200).body)
        restore = ["restore", "--from", backup, "--root-key", self.server.data / "root.key", "--reason", "test",
                   "--admin-token-file", self.server.folder / "fresh.token"]
        code, out, err = self.server.run(*restore, "--data", self.server.folder / "again")
        self.assertNotEqual(code, 0)
        self.assertIn("administer", err)
        self.assertIn("--keep-tokens, then run reeved recover with --reset-policy", err)
        kept, fresh = self.server.folder / "kept", self.server.folder / "recovered.token"
        root_key = self.server.data / "root.key"
        code, out, err = self.server.run(*restore, "--data", kept, "--keep-tokens")
        self.assertEqual(code, 0, out + err)
        code, out, err = self.server.run("recover", "--data", kept, "--root-key", root_key, "--reason", "test", "--reset-policy",
                                         "--admin-token-file", fresh)
        self.assertEqual(code, 0, out + err)
        self.server.stop()
        self.server.data, self.server.options = kept, ["--root-key", str(root_key)]
        self.server.start()
        self.expect(self.server.put("/v1/policies/proof", READ_ONLY, token=fresh.read_text().strip()), 201)

    def test_the_command_says_so_and_forces(self):
        own = self.server.get("/v1/tokens/self").json["accessor"]
        self.reeve("revert", "1", code=1)
        self.assertIn("administer", self.stderr)
        self.reeve("token", "revoke", own, code=1)
        self.assertIn("administer", self.stderr)
        self.still_administers()
        self.reeve("token", "revoke", own, "--force")
        self.expect_problem(self.server.get("/v1/tokens/self"), 401)

    def test_a_put_and_an_apply_are_forced_by_the_command(self):
        folder = self.server.folder / "tree"
        (folder / "policies").mkdir(parents=True)
        file = folder / "policies/administrator.yaml"
        file.write_text(READ_ONLY)
        put, apply = ("put", "policies/administrator", file), ("apply", "-f", folder)
        for words in (put, apply):
            for more in ((), ("--dry-run", )):
                said = self.reeve(*words, *more, code=1)
                self.assertIn("administer", said + self.stderr)
            self.reeve(*words, "--dry-run", "--force")
            self.still_administers()
        self.reeve(*apply, "--force")
        self.assertIn("administer", self.stderr)
        self.expect_problem(self.server.put("/v1/policies/administrator", READ_ONLY), 403)
        self.tearDown()
        self.setUp()
        (self.server.folder / "policy.yaml").write_text(READ_ONLY)
        self.reeve("put", "policies/administrator", self.server.folder / "policy.yaml", "--force")
        self.assertIn("administer", self.stderr)
        self.expect_problem(self.server.put("/v1/policies/administrator", READ_ONLY), 403)

    def test_the_command_passes_force_on_wherever_the_server_takes_it(self):
        for path in ("policies/a", "profiles/force/a"):
            self.store(path, READ_ONLY if path == "policies/a" else "a: 1\n")
            self.store(path, "rules: []\n" if path == "policies/a" else "a: 2\n")
            self.expect(self.server.delete("/v1/" + path), 204)
            for words in (("undelete", path, "--versions", "2"), ("rollback", path, "--to", "1")):
                if path == "profiles/force/a":
                    self.reeve(*words, "--force", code=1)
                    self.assertIn("`force`", self.stderr)
                else:
                    self.reeve(*words, "--force")
        self.store("secrets/force/s", {"data": {"k": "v"}})
        self.store("profiles/force/pins", "s: ${secret:force/s?version=1#k}\n")
        self.reeve("secret", "destroy", "force/s", "--versions", "1", code=1)
        self.reeve("secret", "destroy", "force/s", "--versions", "1", "--force")
        self.expect_problem(self.server.get("/v1/secrets/force/s"), 404)

    def test_force_is_only_where_something_can_be_forced(self):
        self.expect_problem(self.server.put("/v1/profiles/a/b?force=true", "a: 1\n"), 400)
        self.store("profiles/a/b", "a: 1\n")
        self.expect_problem(self.server.ask("PATCH", "/v1/profiles/a/b?force=true", {"a": 2}, "application/merge-patch+json"), 400)
        self.expect(self.server.delete("/v1/profiles/a/b?force=true"), 204)
        self.expect_problem(self.server.post("/v1/profiles/a/b:undelete?force=true", {"versions": [1]}), 400)
        puts = [{"op": "put", "path": f"profiles/forced/{name}", "content": {"a": 1}} for name in "ab"]
        for more in ("", "&dry_run=true"):
            problem = self.expect_problem(self.server.post("/v1/batch?force=true" + more, {"changes": puts}), 400)
            self.assertIn("`force`", problem["detail"])
        self.expect(self.server.post("/v1/batch", {"changes": puts}), 200)
        self.expect(self.server.post("/v1/batch?force=true", {"changes": [puts[0], {"op": "delete", "path": "profiles/forced/b"}]}), 200)
        self.expect(self.server.post(f"/v1/revisions/{self.revision()}:revert?force=true"), 400)  # it brings one back
        self.store("profiles/forced/c", "a: 1\n")
        self.expect(self.server.post(f"/v1/revisions/{self.revision()}:revert?force=true"), 200)  # it takes one away


if __name__ == "__main__":
    unittest.main()
