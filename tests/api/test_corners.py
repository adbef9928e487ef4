"""Rules that hold in corners too: force, policies, entries seen in part, what an answer must not name."""
import unittest

from support import Case


class Force(Case):
    """Force takes something away in spite of what needs it, and is for administrators. It lets nothing wrong in."""

    def needed(self, app):
        """A secret with one version that a profile pins, and one that it needs now."""
        self.secret(f"{app}/s", {"k": "one"})
        self.store(f"profiles/{app}/pins", f"k: ${{secret:{app}/s?version=1#k}}\n")
        self.secret(f"{app}/s", {"k": "two"})
        return f"/v1/secrets/{app}/s"

    def test_force_in_a_batch_lets_no_invalid_put_through(self):
        self.schema("force-put", {"n": {"maximum": 5}})
        self.store("profiles/forceput/a", "$schema: force-put\nn: 1\n")
        put = {"op": "put", "path": "profiles/forceput/a", "content": {"$schema": "force-put", "n": 9}}
        dangling = {"op": "put", "path": "profiles/forceput/b", "content": {"s": "${secret:forceput/none#k}"}}
        self.store("profiles/forceput/gone", "a: 1\n")
        delete = {"op": "delete", "path": "profiles/forceput/gone"}
        for changes in ([put, delete], [delete, put], [dangling, delete]):
            with self.subTest(changes):
                self.expect_problem(self.server.post("/v1/batch?force=true", {"changes": changes}), 422)
        self.expect_problem(self.server.post("/v1/batch?force=true", {"changes": [put]}), 400)
        self.assertEqual(self.config("forceput/a"), {"n": 1})
        self.assertEqual(self.config("forceput/gone"), {"a": 1})

    def test_a_put_does_not_break_an_heir_because_its_batch_is_forced(self):
        self.schema("force-heir", {"n": {"maximum": 5}})
        self.store("profiles/forceheir/base", "$abstract: true\nn: 1\n")
        self.store("profiles/forceheir/heir", "$extends: base\n$schema: force-heir\n")
        self.store("profiles/forceheir/gone", "a: 1\n")
        changes = [{"op": "delete", "path": "profiles/forceheir/gone"},
                   {"op": "put", "path": "profiles/forceheir/base", "content": {"$abstract": True, "n": 9}}]
        problem = self.expect_problem(self.server.post("/v1/batch?force=true", {"changes": changes}), 422)
        self.assertIn(("forceheir/heir", "/n", "maximum"), self.keywords(problem))

    def test_destroying_by_force_needs_admin_on_the_path(self):
        path = self.needed("forcedestroy")
        rights = "allow read,list,write,check,delete,rollback,destroy **"
        destroyer = self.reader("destroyer", rights)
        half = self.reader("destroyer-elsewhere", rights, "allow admin secrets/elsewhere/**")
        body = {"versions": [1]}
        self.expect_problem(self.server.post(path + ":destroy", body, token=destroyer), 409)
        for token in (destroyer, half):
            self.expect_problem(self.server.post(path + ":destroy?force=true", body, token=token), 403)
            self.expect_problem(self.server.post(path + ":destroy?force=true&dry_run=true", body, token=token), 403)
            self.expect_problem(self.server.delete(path + "?force=true&dry_run=true", token=token), 403)
            self.expect_problem(self.server.delete(path + "?force=true", token=token), 403)
        self.assertEqual(self.config("forcedestroy/pins", reveal="true"), {"k": "one"})
        admin = self.reader("destroyer-admin", rights, "allow admin secrets/forcedestroy/**")
        self.assertIn(self.server.post(path + ":destroy?force=true", body, token=admin).status, (200, 204))
        self.assertEqual(self.server.get(path + "?version=1").status, 404)

    def test_force_does_not_stand_for_the_right_to_destroy(self):
        path = self.needed("forceright")
        admin = self.reader("admin-only", "allow read,admin secrets/forceright/**")
        self.expect_problem(self.server.post(path + ":destroy?force=true", {"versions": [1]}, token=admin), 403)
        self.expect_problem(self.server.delete(path + "?force=true", token=admin), 403)


class Policies(Case):
    """Writing under policies/ in any way needs admin too."""

    def test_no_way_of_writing_a_policy_goes_without_admin(self):
        token = self.reader("all-but-admin", "allow read,list,write,check,delete,rollback,destroy **")
        self.store("policies/corner", "rules: []\n")
        self.store("policies/corner", "rules: [{allow: [read], on: a/b}]\n")
        policy = "/v1/policies/corner"
        self.store("policies/corner-gone", "rules: []\n")
        self.expect(self.server.delete("/v1/policies/corner-gone"), 204)
        merge = "application/merge-patch+json"
        ask = self.server.ask
        ways = {
            "put": lambda: ask("PUT", policy, "rules: []\n", type="application/yaml", token=token),
            "patch": lambda: ask("PATCH", policy, {"rules": []}, type=merge, token=token),
            "delete": lambda: ask("DELETE", policy, token=token),
            "rollback": lambda: ask("POST", policy + ":rollback", {"version": 1}, token=token),
            "undelete": lambda: ask("POST", policy + "-gone:undelete", {"versions": [1]}, token=token),
        }
        for change in ({"op": "put", "path": "policies/corner", "content": {"rules": []}},
                       {"op": "patch", "path": "policies/corner", "content": {"rules": []}},
                       {"op": "delete", "path": "policies/corner"},
                       {"op": "rollback", "path": "policies/corner", "version": 1},
                       {"op": "undelete", "path": "policies/corner-gone", "versions": [1]}):
            ways["batch " + change["op"]] = lambda c=change: ask("POST", "/v1/batch", {"changes": [c]}, token=token)
        for name, way in ways.items():
            with self.subTest(name):
                self.expect_problem(way(), 403)
        self.assertEqual(self.document("policies/corner")["version"], 2)
        self.assertEqual(self.server.get(policy + "-gone").status, 404)


class Entries(Case):
    """What an entry of the log holds, and what of it is shown."""

    def test_a_reveal_names_the_configuration_and_every_secret(self):
        paths = [f"corner/s{n}" for n in range(5)]
        for path in paths:
            self.secret(path, {"k": "v"})
        self.store("profiles/corner/all", "".join(f"k{n}: ${{secret:{path}#k}}\n" for n, path in enumerate(paths)))
        index = self.server.get("/v1/config/corner/all?reveal=true").headers["Reeve-Audit-Index"]
        touched = {(t["path"], t["version"]) for t in self.document("audit/entries/" + index)["touched"]}
        self.assertEqual(touched, {("config/corner/all", 0), *(("secrets/" + path, 1) for path in paths)})

    def test_a_reason_is_not_shown_to_who_sees_only_a_part(self):
        """The reason may tell of the other documents."""
        self.secret("partial/hidden", {"k": "v"})
        self.store("profiles/partial/user", "k: ${secret:partial/hidden#k}\n")
        self.store("profiles/partial/seen", "a: 1\n")
        changes = [{"op": "delete", "path": "profiles/partial/seen"}, {"op": "delete", "path": "secrets/partial/hidden"}]
        answer = self.server.post("/v1/batch?force=true", {"changes": changes})
        self.assertEqual(answer.status, 200, repr(answer))
        index = answer.headers["Reeve-Audit-Index"]
        whole = self.document("audit/entries/" + index)
        self.assertEqual((whole["reason"], len(whole["touched"])), ("forced", 2))
        partial = self.reader("partial-auditor", "allow audit profiles/partial/**")
        items = self.expect(self.server.get("/v1/audit?path=profiles/partial/seen&limit=1000", token=partial), 200).json["items"]
        [entry] = [e for e in items if e["request_id"] == whole["request_id"]]
        self.assertFalse(entry.get("reason"), entry)
        self.assertEqual([t["path"] for t in entry["touched"]], ["profiles/partial/seen"])
        self.assertNotIn("hidden", str(items))
        both = self.reader("both-auditor", "allow audit profiles/partial/**", "allow audit secrets/partial/**")
        items = self.expect(self.server.get("/v1/audit?path=profiles/partial/seen&limit=1000", token=both), 200).json["items"]
        [entry] = [e for e in items if e["request_id"] == whole["request_id"]]
        self.assertEqual((entry["reason"], len(entry["touched"])), ("forced", 2))


class Names(Case):
    def test_the_place_of_a_problem_is_not_named_to_who_may_not_read_it(self):
        """What breaks the heir stands in a parent that its writer may use and not read."""
        self.store("profiles/places/secret-parent", "$abstract: true\nn: 9\n")
        self.schema("places", {"n": {"maximum": 5}})
        writer = self.reader("places", "allow read,write profiles/places/own", "allow read schemas/places",
                             "allow use profiles/places/secret-parent")
        source = "$schema: places\n$extends: secret-parent\n"
        [error] = self.refused("profiles/places/own", source, 422, writer)["errors"]
        self.assertEqual((error["profile"], error["pointer"], error["keyword"]), ("places/own", "/n", "maximum"))
        self.assertEqual(error["message"], "does not fit, together with what you may not read")
        self.assertNotIn("secret-parent", str(error.get("origin")))
        [error] = self.refused("profiles/places/own", source, 422)["errors"]
        self.assertEqual(error["origin"]["path"], "profiles/places/secret-parent")

    def test_an_old_revision_shows_a_pin_that_came_later_as_not_there(self):
        """?revision= with a pinned version newer than that revision: it was not served then, and is not shown now."""
        self.secret("pin/s", {"k": "one"})
        self.expect_problem(self.server.put("/v1/profiles/pin/a", "k: ${secret:pin/s?version=2#k}\n"), 422)
        self.store("profiles/pin/a", "k: ${secret:pin/s?version=2#k:-default}\n")
        then = self.revision()
        self.assertEqual(self.config("pin/a", reveal="true"), {"k": "default"})
        self.secret("pin/s", {"k": "two"})
        self.assertEqual(self.config("pin/a", reveal="true"), {"k": "two"})
        answer = self.server.get(f"/v1/config/pin/a?reveal=true&revision={then}")
        self.assertNotIn(b"two", answer.body)
        self.assertEqual((answer.status, answer.json), (200, {"k": "default"}))


if __name__ == "__main__":
    unittest.main()
