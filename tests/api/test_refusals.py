"""What a known principal was refused, and which of its writes failed, is in the log and names what it was about (docs/security.md)."""
import unittest

from support import Case

PATCH = "application/merge-patch+json"


class Refusals(Case):
    def entry(self, answer, status):
        """The entry that the answer names: action, outcome and the paths that it touched."""
        self.expect_problem(answer, status)
        index = answer.headers["Reeve-Audit-Index"]
        self.assertIsNotNone(index, repr(answer))
        entry = self.expect(self.server.get(f"/v1/audit/entries/{index}"), 200).json
        self.assertEqual(entry["request_id"], answer.headers["Reeve-Request-Id"])
        return entry["action"], entry["outcome"], sorted(t["path"] for t in entry["touched"])

    def test_every_failed_write_is_an_entry(self):
        self.store("profiles/rw/a", "n: 1\n")
        path, post, put = "/v1/profiles/rw/a", self.server.post, self.server.put
        for answer, status, action, outcome in (
                (self.server.delete("/v1/profiles/rw/none"), 404, "document.delete", "not_found"),
                (post("/v1/profiles/rw/a:rollback", {"version": 9}), 404, "document.rollback", "not_found"),
                (post("/v1/profiles/rw/a:undelete", {"versions": []}), 400, "document.undelete", "malformed"),
                (put(path, "n: [1\n"), 400, "document.put", "malformed"),
                (put(path, "n: ${nothing}\n"), 422, "document.put", "invalid"),
                (put(path, "n: 2\n", headers={"If-Match": '"v7"'}), 412, "document.put", "precondition"),
                (put(path + "?dry_run=true", "n: 2\n", headers={"If-Match": '"v7"'}), 412, "document.put", "precondition"),
                (self.server.delete("/v1/profiles/rw/none?dry_run=true"), 404, "document.delete", "not_found")):
            got = self.entry(answer, status)
            self.assertEqual(got[:2], (action, outcome), answer)
            self.assertTrue(got[2][0].startswith("profiles/rw/"), got)
        # a refused dry run says that it was one
        index = put(path + "?dry_run=true", "n: 2\n", headers={"If-Match": '"v7"'}).headers["Reeve-Audit-Index"]
        self.assertEqual(self.server.get(f"/v1/audit/entries/{index}").json["reason"], "dry run")

    def test_what_is_no_failure_of_the_caller_is_none(self):
        for answer in (self.server.get("/v1/profiles/rn/none"), self.server.get("/v1/profiles?limit=0")):
            self.assertNotIn("Reeve-Audit-Index", answer.headers)

    def test_a_refused_batch_and_revert_name_their_paths(self):
        self.store("profiles/rb/a", "n: 1\n")
        token = self.reader("rb-writer", "allow write,read,rollback profiles/rb/a")
        paths = ["profiles/rb/a", "profiles/rb/b"]
        changes = [{"op": "put", "path": p, "content": {"n": "${nothing}"}} for p in paths]
        batch = lambda body, **more: self.server.post("/v1/batch", body, **more)
        self.assertEqual(self.entry(batch({"changes": changes}), 422), ("batch.write", "invalid", paths))
        self.assertEqual(sorted(self.entry(batch({"changes": changes}, token=token), 403)[2]), paths)
        for change in changes:
            change["if_version"] = 9
        self.assertEqual(self.entry(batch({"changes": changes}), 412), ("batch.write", "precondition", paths))
        self.assertEqual(self.entry(batch({"changes": []}), 400), ("batch.write", "malformed", ["batch"]))
        revision = self.batch([{"op": "put", "path": p, "content": {"n": 2}} for p in paths]).json["revision"]
        revert = f"/v1/revisions/{revision}:revert"
        self.assertEqual(self.entry(self.server.post(revert, {}, token=token), 403), ("revision.revert", "forbidden", paths))
        self.store("profiles/rb/a", "n: 3\n")
        self.assertEqual(self.entry(self.server.post(revert, {}), 409), ("revision.revert", "conflict", paths))
        self.assertEqual(self.entry(self.server.post("/v1/revisions/99999:revert", {}), 404),
                         ("revision.revert", "not_found", ["revisions/99999"]))

    def test_the_path_that_refuses_a_large_revert_is_named_whatever_has_no_room(self):
        paths = [f"secrets/rv/{i:02}-" + "x" * 100 for i in range(60)]
        token = self.reader("rv-writer", "allow write,read,rollback,delete secrets/rv/**", f"deny delete {paths[50]}")
        revision = self.batch([{"op": "put", "path": p, "content": {"data": {"k": "v"}}} for p in paths]).json["revision"]
        answer = self.server.post(f"/v1/revisions/{revision}:revert", {}, token=token)
        self.expect_problem(answer, 403)
        entry = self.expect(self.server.get("/v1/audit/entries/" + answer.headers["Reeve-Audit-Index"]), 200).json
        self.assertGreater(entry["touched_more"], 0)
        self.assertIn(paths[50], [t["path"] for t in entry["touched"]])

    def test_a_refused_list_names_what_was_asked_for(self):
        token = self.reader("rl-reader", "allow read config/rl/a")
        get = lambda path: self.server.get(path, token=token)
        revision = self.store("profiles/rl/a", "n: 1\n").json["revision"]
        for path, action, touched in (
                ("/v1/secrets?prefix=rl/", "document.list", ["secrets/rl/"]),
                ("/v1/profiles", "document.list", ["profiles/"]),
                ("/v1/revisions", "revision.list", ["revisions/"]),
                ("/v1/revisions?path=profiles/rl/", "revision.list", ["profiles/rl/"]),
                (f"/v1/revisions/{revision}", "revision.read", [f"revisions/{revision}"]),
                ("/v1/audit", "audit.list", ["sys/audit"]),
                ("/v1/audit?path=secrets/rl/a", "audit.list", ["secrets/rl/a", "sys/audit"]),
                ("/v1/tokens", "token.list", ["sys/tokens"])):
            got = self.entry(get(path), 403)
            self.assertEqual((got[0].replace("secret.", "document."), got[2]), (action, touched), path)

    def test_failed_changes_of_tokens_are_entries(self):
        self.assertEqual(self.entry(self.server.post("/v1/tokens", {"name": "x"}), 400), ("token.create", "malformed", ["sys/tokens"]))
        self.assertEqual(self.entry(self.server.delete("/v1/tokens/nobody"), 404), ("token.revoke", "not_found", ["sys/tokens/nobody"]))

    def test_no_entry_has_an_empty_path(self):
        for entry in self.audit():
            self.assertTrue(all(t["path"] for t in entry["touched"]), entry)
            self.assertTrue(entry["touched"] or entry["outcome"] == "ok", entry)


if __name__ == "__main__":
    unittest.main()
