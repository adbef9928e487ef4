"""DESIGN 5: who may do what."""
import unittest

from harness import until
from support import Case, together


class Access(Case):
    def create(self, token="", status=(200, 201), **body):
        body = {"name": "t", "policies": ["administrator"], "ttl": "1h", **body}
        answer = self.server.post("/v1/tokens", {k: v for k, v in body.items() if v is not None}, token=token)
        self.assertIn(answer.status, (status,) if isinstance(status, int) else status, repr(answer))
        return answer.json

    def is_known(self, token):
        return self.server.get("/v1/tokens/self", token=token).status == 200

    def test_a_token_is_shown_once(self):
        made = self.create(name="once")
        self.assertEqual((made["name"], made["policies"]), ("once", ["administrator"]))
        self.assertTrue(made["token"].startswith("rv_"))
        self.assertTrue(made["accessor"] and made["expires_at"])
        listed = self.expect(self.server.get("/v1/tokens?limit=1000"), 200)
        self.assertNotIn(made["token"].encode(), listed.body)
        self.assertIn(made["accessor"], [t["accessor"] for t in listed.json["items"]])
        own = self.expect(self.server.get("/v1/tokens/self", token=made["token"]), 200)
        self.assertEqual((own.json["accessor"], own.json["name"]), (made["accessor"], "once"))
        self.assertNotIn(made["token"].encode(), own.body)

    def test_unknown_callers_get_one_and_the_same_answer(self):
        revoked, expired = self.create(), self.create(ttl="1s")
        self.expect(self.server.delete("/v1/tokens/" + revoked["accessor"]), 204)
        until(lambda: not self.is_known(expired["token"]), "the end of a token")
        wrong = revoked["token"][:-1] + ("a" if revoked["token"][-1] != "a" else "b")
        bodies = set()
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic dTpw"}, {"Authorization": "Bearer " + wrong},
                        {"Authorization": "Bearer " + revoked["token"]}, {"Authorization": "Bearer " + expired["token"]},
                        {"Authorization": "Bearer rv_" + "x" * 4000}):
            answer = self.server.get("/v1/profiles/any/thing", token=None, headers=headers)
            problem = self.expect_problem(answer, 401)
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
            bodies.add(tuple(sorted((k, v) for k, v in problem.items() if k != "request_id")))
        self.assertEqual(len(bodies), 1, bodies)

    def test_a_revoked_token_ends_its_children(self):
        parent = self.create()
        child = self.create(parent["token"])
        grandchild = self.create(child["token"])
        self.assertTrue(self.is_known(grandchild["token"]))
        self.expect(self.server.delete("/v1/tokens/" + parent["accessor"]), 204)
        self.assertEqual([self.is_known(t["token"]) for t in (parent, child, grandchild)], [False] * 3)
        self.expect_problem(self.server.delete("/v1/tokens/" + parent["accessor"]), 404)
        self.expect_problem(self.server.delete("/v1/tokens/unknown"), 404)

    def test_a_child_never_outlives_or_outranks_its_parent(self):
        parent = self.create(ttl="10m")
        child = self.create(parent["token"], ttl="1h")
        self.assertLessEqual(child["expires_at"], parent["expires_at"])
        narrow = self.reader("narrow", "allow write sys/tokens", "allow read profiles/narrow/*")
        self.store("policies/wide", "rules:\n  - {allow: [read, write], on: profiles/**}\n")
        answer = self.server.post("/v1/tokens", {"name": "x", "policies": ["wide"], "ttl": "1h"}, token=narrow)
        self.expect_problem(answer, 403)
        self.expect_problem(self.server.post("/v1/tokens", {"name": "x", "policies": ["administrator"], "ttl": "1h"}, token=narrow), 403)
        same = self.create(narrow, policies=["narrow"], name="test")
        self.store("profiles/narrow/a", {"a": 1})
        self.expect(self.server.get("/v1/profiles/narrow/a", token=same["token"]), 200)
        # What the parent's policy loses, the child loses.
        self.store("policies/narrow", "rules:\n  - {allow: [write], on: sys/tokens}\n")
        self.expect_problem(self.server.get("/v1/profiles/narrow/a", token=same["token"]), 403)

    def test_grant_lets_give_what_one_has_not(self):
        granter = self.reader("granter", "allow write sys/tokens", "allow grant policies/granted")
        self.store("policies/granted", "rules:\n  - {allow: [read], on: profiles/granted/*}\n")
        answer = self.server.post("/v1/tokens", {"name": "x", "policies": ["granted"], "ttl": "1h"}, token=granter)
        self.assertIn(answer.status, (200, 201), repr(answer))

    def test_a_token_is_good_for_so_many_uses(self):
        made = self.create(uses=2)
        self.assertEqual([self.is_known(made["token"]) for _ in range(4)], [True, True, False, False])

    def test_no_token_is_named_as_one_outside_its_own_tree(self):
        maker = self.create(name="maker-1", policies=["administrator"])
        other = self.create(name="nightly")
        for name in ("nightly", "NIGHTly", "administrator", "Administrator", "adminIstrator", "reeved", "REEVED"):
            problem = self.expect_problem(self.server.post("/v1/tokens", {"name": name, "policies": ["administrator"]}, token=maker["token"]), 409)
            self.assertNotIn(other["accessor"], str(problem))
        # Not even the first of all is the server itself; but it may be called as it is called.
        self.create(name="reeved", status=409)
        again = self.create(name="administrator")
        # Of its own tree are the maker and what it made, also through others.
        child = self.create(maker["token"], name="maker-1")
        self.create(maker["token"], name="loader")
        self.create(child["token"], name="maker-1")
        self.create(maker["token"], name="loader")
        self.create(child["token"], name="loader", status=409)
        self.create(name="nightly")
        self.expect(self.server.delete("/v1/tokens/" + other["accessor"]), 204)
        self.create(maker["token"], name="nightly", status=409)  # the second one lives
        # What has ended is nobody's any more.
        gone = self.create(name="once-there")
        self.create(maker["token"], name="once-there", status=409)
        self.expect(self.server.delete("/v1/tokens/" + gone["accessor"]), 204)
        self.create(maker["token"], name="once-there")
        self.expect(self.server.delete("/v1/tokens/" + again["accessor"]), 204)

    def test_no_name_looks_like_another(self):
        maker = self.create(name="maker-2", policies=["administrator"])
        alike = ["administrator" + c for c in (" ", "\u00a0", "\u3000", "\u200b", "\u2060", "\u0085", "\ufeff", "\t", "\n")]
        alike += [c + "administrator" for c in (" ", "\u00a0", "\u202e", "\u200e")]
        alike += ["admin\u00adistrator", "\u0430dministrator", "\u0430dministrat\u043er", "admini\u0301strator", "\uff41dministrator", "a  b", "caf\u00e9", "\x7f", " ", ""]
        for name in alike:
            problem = self.expect_problem(self.server.post("/v1/tokens", {"name": name, "policies": ["administrator"]}, token=maker["token"]), 400)
            self.assertIn("`name`", problem["detail"], repr(name))
        for name in ("a", "Orders ci (blue) #1!", "~" * 128):
            self.create(maker["token"], name=name)

    def test_accessor_and_parent_stand_beside_the_name(self):
        own = self.expect(self.server.get("/v1/tokens/self"), 200).json
        self.assertIsNone(own["parent"])
        made = self.create(name="beside")
        self.assertEqual(made["parent"], own["accessor"])
        listed = self.expect(self.server.get("/v1/tokens?limit=1000"), 200).json["items"]
        self.assertEqual([t["parent"] for t in listed if t["accessor"] == made["accessor"]], [own["accessor"]])
        self.store("profiles/beside/a", "a: 1\n", token=made["token"])
        revision = self.revision()
        for path in ("/v1/revisions?path=profiles/beside/a", "/v1/config/beside/a:versions"):
            item = self.expect(self.server.get(path), 200).json["items"][0]
            self.assertEqual((item["author"], item["author_accessor"], item["author_parent"]), ("beside", made["accessor"], own["accessor"]), path)
        item = self.expect(self.server.get(f"/v1/revisions/{revision}"), 200).json
        self.assertEqual((item["author_accessor"], item["author_parent"]), (made["accessor"], own["accessor"]))
        first = self.expect(self.server.get("/v1/revisions/1"), 200).json
        self.assertEqual((first["author"], first["author_accessor"], first["author_parent"]), ("reeved", None, None))

    def test_uses_bind_what_is_made_with_the_token(self):
        parent = self.create(uses=4)
        child = self.create(parent["token"])  # the first use
        grandchild = self.create(child["token"], uses=2)  # the second
        self.assertEqual([self.is_known(grandchild["token"]), self.is_known(child["token"])], [True, True])
        for token in (grandchild, child, parent):
            answer = self.server.get("/v1/tokens/self", token=token["token"])
            self.assertEqual(self.expect_problem(answer, 401)["detail"], "a valid token is needed")
        # A child's own end is not the parent's.
        parent = self.create(uses=5)
        child = self.create(parent["token"], uses=1)
        self.assertEqual([self.is_known(child["token"]) for _ in range(2)], [True, False])
        self.assertEqual(self.expect(self.server.get("/v1/tokens/self", token=parent["token"]), 200).json["uses_left"], 3)

    def test_uses_of_a_parent_are_counted_across_its_children_at_once(self):
        parent = self.create(uses=8)
        children = [self.create(parent["token"]) for _ in range(3)]
        seen = []
        together(*[lambda c=c: seen.append(self.is_known(c["token"])) for c in children * 5])
        self.assertEqual(sum(seen), 5)

    def test_a_limited_parent_has_its_children_not_wait_for_free(self):
        self.store("profiles/waits/a", "a: 1\n")
        parent = self.create(uses=3)
        child = self.create(parent["token"])
        first = self.expect(self.server.get("/v1/config/waits/a", token=child["token"]), 200)
        same = self.server.get("/v1/config/waits/a?wait=30s", token=child["token"], headers={"If-None-Match": first.headers["ETag"]})
        self.expect(same, 304)
        self.assertFalse(self.is_known(child["token"]))

    def test_uses_are_counted_across_connections_at_once(self):
        made = self.create(uses=5)
        seen = []
        together(*[lambda: seen.append(self.is_known(made["token"])) for _ in range(20)])
        self.assertEqual(sum(seen), 5)

    def test_a_token_is_good_from_some_addresses(self):
        self.assertTrue(self.is_known(self.create(addresses=["127.0.0.0/8"])["token"]))
        self.assertFalse(self.is_known(self.create(addresses=["10.0.0.0/8", "2001:db8::/32"])["token"]))
        self.create(addresses=["300.0.0.1"], status=(400, 422))

    def test_bad_wishes_for_a_token_are_refused(self):
        for more in ({"name": ""}, {"name": None}, {"policies": []}, {"policies": None}, {"policies": ["unheard-of"]}, {"ttl": "soon"},
                     {"ttl": "-1h"}, {"ttl": "0s"}, {"uses": -1}, {"uses": 0}, {"unknown": 1}):
            with self.subTest(more):
                self.create(status=(400, 404, 422), **more)

    def test_renewing(self):
        made = self.create(ttl="1h")

        def renewed():
            return self.expect(self.server.post("/v1/tokens/self:renew", token=made["token"]), 200).json["expires_at"]

        until(lambda: renewed() > made["expires_at"], "a later end")

    def test_a_deny_wins_everywhere(self):
        for name in ("open", "break-glass/x"):
            self.secret("deny/" + name, {"k": "geheim-" + name})
        self.store("profiles/deny/a", "a: ${secret:deny/break-glass/x#k}\nb: ${secret:deny/open#k}\n")
        reader = self.reader("denied", "allow read,list,write,delete,rollback **", "deny read,list secrets/deny/break-glass/**",
                             "deny delete profiles/deny/*")
        self.expect(self.server.get("/v1/secrets/deny/open", token=reader), 200)
        for path in ("secrets/deny/break-glass/x", "secrets/deny/break-glass/x:versions", "secrets/deny/break-glass/x:diff?from=1&to=1",
                     "secrets/deny/break-glass/x:dependents", "secrets/deny/break-glass/none"):
            self.expect_problem(self.server.get("/v1/" + path, token=reader), 403)
        listed = self.expect(self.server.get("/v1/secrets?prefix=deny/", token=reader), 200)
        self.assertEqual([i["path"] for i in listed.json["items"]], ["secrets/deny/open"])
        problem = self.expect_problem(self.server.get("/v1/config/deny/a?reveal=true", token=reader), 403)
        self.assertIn("/a", str(problem))
        self.assertNotIn("geheim", str(problem))
        self.expect_problem(self.server.delete("/v1/profiles/deny/a", token=reader), 403)
        self.expect_problem(self.server.post("/v1/batch", {"changes": [{"op": "delete", "path": "profiles/deny/a"}]}, token=reader), 403)

    def test_nothing_is_allowed_by_itself(self):
        self.store("profiles/nothing/a", {"a": 1})
        nobody = self.reader("nobody", "allow read profiles/elsewhere/*")
        for method, path in (("GET", "/v1/profiles/nothing/a"), ("GET", "/v1/profiles/nothing/absent"), ("GET", "/v1/config/nothing/a"),
                             ("DELETE", "/v1/profiles/nothing/a"), ("GET", "/v1/audit"), ("GET", "/v1/tokens"), ("GET", "/v1/status"),
                             ("GET", "/v1/backup"), ("GET", "/metrics"), ("GET", "/v1/audit/checkpoint")):
            self.expect_problem(self.server.ask(method, path, token=nobody), 403)
        for path in ("/v1/profiles/nothing/a", "/v1/secrets/nothing/a", "/v1/policies/nothing", "/v1/schemas/nothing"):
            self.expect_problem(self.server.put(path, {"a": 1}, token=nobody), 403)
        listed = self.server.get("/v1/profiles", token=nobody)
        self.assertTrue(listed.status == 403 or listed.json["items"] == [], repr(listed))
        self.expect_problem(self.server.post("/v1/tokens", {"name": "x", "policies": ["nobody"]}, token=nobody), 403)

    def test_one_segment_and_any_number(self):
        self.store("profiles/glob/a", {"a": 1})
        self.secret("glob/a", {"k": "v"})
        self.secret("glob/a/b", {"k": "v"})
        reader = self.reader("glob", "allow read,list profiles/*/a", "allow read,list secrets/glob/*", "allow read,list policies/**")
        statuses = [self.server.get("/v1/" + p, token=reader).status
                    for p in ("profiles/glob/a", "secrets/glob/a", "secrets/glob/a/b", "policies/glob")]
        self.assertEqual(statuses, [200, 200, 403, 200])
        for bad in ("profiles/gl*", "secrets/**x", "a//b", "", "/profiles/a"):
            answer = self.server.put("/v1/policies/bad-glob", {"rules": [{"allow": ["read"], "on": bad}]})
            self.assertIn(answer.status, (400, 422), bad)
        for bad in ({"rules": [{"allow": ["fly"], "on": "**"}]}, {"rules": [{"on": "**"}]}, {"rules": {}}, {"rule": []}, {},
                    {"rules": [{"allow": ["read"], "deny": ["read"], "on": "**"}]}):
            answer = self.server.put("/v1/policies/bad-rule", bad)
            self.assertIn(answer.status, (400, 422), bad)

    def test_writing_policies_needs_admin_too(self):
        self.store("policies/target", "rules:\n  - {allow: [read], on: profiles/a/*}\n")
        self.store("policies/target", "rules:\n  - {allow: [read], on: profiles/b/*}\n")
        writer = self.reader("policy-writer", "allow read,list,write,check,delete,rollback,destroy **")
        more = {"rules": [{"allow": ["admin"], "on": "**"}]}
        for answer in (self.server.put("/v1/policies/target", more, token=writer), self.server.put("/v1/policies/new", more, token=writer),
                       self.server.delete("/v1/policies/target", token=writer),
                       self.server.post("/v1/policies/target:rollback", {"version": 1}, token=writer),
                       self.server.ask("PATCH", "/v1/policies/target", body=b"{}", type="application/merge-patch+json", token=writer),
                       self.server.post("/v1/batch", {"changes": [{"op": "put", "path": "policies/new", "content": more}]}, token=writer)):
            self.expect_problem(answer, 403)
        self.expect(self.server.put("/v1/policies/new", more), 201)

    def test_a_revert_of_a_policy_needs_admin_too(self):
        self.store("policies/undone", "rules:\n  - {allow: [read], on: profiles/a/*}\n")
        revision = self.store("policies/undone", "rules:\n  - {allow: [read], on: profiles/b/*}\n").json["revision"]
        writer = self.reader("policy-reverter", "allow read,list,write,check,delete,rollback,destroy **")
        self.expect_problem(self.server.post(f"/v1/revisions/{revision}:revert", token=writer), 403)

    def test_a_revert_needs_what_each_of_its_steps_needs(self):
        base = "profiles/undoing/"
        tokens = {p: self.reader("undo-" + p.replace(",", "-"), f"allow {p} {base}*") for p in ("rollback", "delete", "rollback,delete", "check")}
        done = {}

        def note(name, answer):
            self.assertIn(answer.status, (200, 201, 204), repr(answer))
            done[name] = self.revision()

        note("create", self.server.put(f"/v1/{base}create", "a: 1\n"))
        self.store(base + "put", "a: 1\n")
        note("put", self.server.put(f"/v1/{base}put", "a: 2\n"))
        self.store(base + "delete", "a: 1\n")
        note("delete", self.server.delete(f"/v1/{base}delete"))
        self.store(base + "undelete", "a: 1\n")
        self.expect(self.server.delete(f"/v1/{base}undelete"), 204)
        note("undelete", self.server.post(f"/v1/{base}undelete:undelete", {"versions": [1]}))
        needed = {"create": "delete", "put": "rollback", "delete": "delete", "undelete": "delete"}
        for name, revision in done.items():
            path = f"/v1/revisions/{revision}:revert"
            wrong = "rollback" if needed[name] == "delete" else "delete"
            for answer in (self.server.post(path, token=tokens[wrong]), self.server.post(path + "?dry_run=true", token=tokens[wrong]),
                           self.server.post(path, token=tokens["check"])):
                self.expect_problem(answer, 403)
            self.assertEqual(self.audit(path=base + name, outcome="forbidden")[-1]["action"], "revision.revert")
            self.expect(self.server.post(path + "?dry_run=true", token=tokens["check"]), 200)
            self.expect(self.server.post(path, token=tokens[needed[name]]), 200)
        # One that may not be told what became of it since is refused before.
        self.store(base + "put", "a: 4\n")
        self.expect_problem(self.server.post(f"/v1/revisions/{done['put']}:revert", token=tokens["delete"]), 403)
        self.expect_problem(self.server.post(f"/v1/revisions/{done['put']}:revert", token=tokens["rollback"]), 409)

    def test_a_policys_change_counts_at_once(self):
        self.store("profiles/fresh/a", {"a": 1})
        reader = self.reader("fresh", "allow read profiles/fresh/*")
        self.expect(self.server.get("/v1/profiles/fresh/a", token=reader), 200)
        self.store("policies/fresh", "rules:\n  - {allow: [read], on: profiles/other/*}\n")
        self.expect_problem(self.server.get("/v1/profiles/fresh/a", token=reader), 403)

    def test_it_is_said_which_rule_decided(self):
        reader = self.reader("why", "allow read profiles/why/*", "deny read profiles/why/not")
        ask = lambda path, permission="read": self.expect(
            self.server.post("/v1/access:check", {"permission": permission, "path": path}, token=reader), 200).json
        yes, no, none = ask("profiles/why/a"), ask("profiles/why/not"), ask("profiles/else/a")
        self.assertEqual([a["allowed"] for a in (yes, no, none)], [True, False, False])
        self.assertIn("why", str(yes["rule"]))
        self.assertNotEqual(yes["rule"], no["rule"])
        self.assertFalse(none.get("rule"))
        self.expect_problem(self.server.post("/v1/access:check", {"permission": "fly", "path": "a"}, token=reader), 400)
        self.expect_problem(self.server.post("/v1/access:check", {}, token=reader), 400)

    def test_refusals_of_known_principals_are_recorded(self):
        reader = self.reader("refused", "allow read profiles/refused/*")
        self.secret("refused/a", {"k": "v"})
        answer = self.server.get("/v1/secrets/refused/a", token=reader)
        self.expect_problem(answer, 403)
        entries = [e for e in self.audit(path="secrets/refused/a") if e["outcome"] != "ok"]
        self.assertEqual(len(entries), 1, entries)
        self.assertEqual(entries[0]["request_id"], answer.headers["Reeve-Request-Id"])
        self.assertEqual(entries[0]["index"], int(answer.headers["Reeve-Audit-Index"]))

    def test_the_shipped_policies_do_what_they_say(self):
        self.secret("shipped/a", {"k": "v"})
        self.store("profiles/shipped/a", "a: ${secret:shipped/a#k}\n")
        can = lambda token, method, path, body=None: self.server.ask(method, path, body=body, token=token).status not in (401, 403)
        operator, auditor, runtime = (self.server.token([p]) for p in ("operator", "auditor", "runtime"))
        new = {"data": {"k": "w"}}
        self.assertEqual([can(operator, "PUT", "/v1/secrets/shipped/a", new), can(operator, "PUT", "/v1/policies/x", {"rules": []}),
                          can(operator, "POST", "/v1/tokens", {"name": "x", "policies": ["operator"]})], [True, False, False])
        self.assertEqual([can(auditor, "GET", "/v1/audit"), can(auditor, "GET", "/v1/secrets/shipped/a"),
                          can(auditor, "GET", "/v1/config/shipped/a"), can(auditor, "GET", "/v1/config/shipped/a?reveal=true")],
                         [True, False, True, False])
        self.assertEqual([can(runtime, "GET", "/v1/config/shipped/a?reveal=true"), can(runtime, "GET", "/v1/profiles/shipped/a"),
                          can(runtime, "PUT", "/v1/secrets/shipped/a", new)], [True, False, False])


if __name__ == "__main__":
    unittest.main()
