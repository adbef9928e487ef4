"""History, access and the audit log from outside (DESIGN 4 to 7): pages, diffs, tokens, backup and restore."""
import base64
import hashlib
import re
import unittest

from harness import Reeved, ServerCase

CANARY = "canary-9f2c"


def root_of(leaves):
    """RFC 6962 section 2.1, by its own definition rather than by our algorithm."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


class History(ServerCase):
    def pages(self, path):
        """Every item of a list, by following its links."""
        items, count = [], 0
        while path is not None:
            answer = self.expect(self.server.get(path), 200)
            items += answer.json["items"]
            link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("Link", ""))
            path, count = link.group(1) if link else None, count + 1
            self.assertLess(count, 1000, "the pages do not end")
        return items

    def put(self, path, content):
        answer = self.server.ask("PUT", "/v1/" + path, body=content)
        self.assertIn(answer.status, (200, 201), repr(answer))
        return answer

    def test_pages_of_every_list_lead_to_its_end_and_name_each_once(self):
        for i in range(7):
            self.put(f"profiles/pages/p{i}", {"n": i})
            self.put("profiles/pages/p0", {"n": 100 + i})
        names = [i["path"] for i in self.pages("/v1/profiles?prefix=pages/&limit=2")]
        self.assertEqual(names, [f"profiles/pages/p{i}" for i in range(7)])
        versions = [i["version"] for i in self.pages("/v1/profiles/pages/p0:versions?limit=3")]
        self.assertEqual(versions, [8, 7, 6, 5, 4, 3, 2, 1])
        revisions = [i["revision"] for i in self.pages("/v1/revisions?path=profiles/pages/&limit=4")]
        self.assertEqual(len(revisions), 14)
        self.assertEqual(revisions, sorted(set(revisions), reverse=True))
        changed = [i["revision"] for i in self.pages("/v1/config/pages/p0:versions?limit=3")]
        self.assertEqual(len(changed), 8)
        self.assertEqual(changed, sorted(set(changed), reverse=True))

    def test_the_log_hashes_to_its_signed_root(self):
        self.put("secrets/log/one", {"data": {"k": CANARY}})
        self.expect(self.server.get("/v1/secrets/log/one"), 200)
        # Folded refusals can add an entry at any time: the log is read up to the size that was signed.
        note = self.expect(self.server.get("/v1/audit/checkpoint"), 200).body.decode().split("\n")
        size, leaves, after = int(note[1]), [], 0
        while after < size:
            answer = self.expect(self.server.get(f"/v1/audit?after={after}&limit=3",
                                                 headers={"Accept": "application/x-ndjson"}), 200)
            self.assertEqual(answer.headers["Content-Type"], "application/x-ndjson")
            lines = answer.body.split(b"\n")[:-1]
            self.assertTrue(lines, "the log is shorter than its checkpoint says")
            self.assertNotIn(CANARY.encode(), answer.body)
            leaves += [hashlib.sha256(b"\x00" + line).digest() for line in lines]
            after += len(lines)
        self.assertGreater(size, 2)
        self.assertEqual(base64.b64decode(note[2]), root_of(leaves[:size]))

    def test_a_read_of_a_secret_says_as_which_entry_it_was_recorded(self):
        self.put("secrets/log/two", {"data": {"k": CANARY}})
        index = int(self.server.get("/v1/secrets/log/two").headers["Reeve-Audit-Index"])
        entry = self.expect(self.server.get(f"/v1/audit/entries/{index}"), 200).json
        self.assertEqual((entry["index"], entry["action"], entry["outcome"]), (index, "secret.read", "ok"))
        self.assertEqual(entry["touched"][0]["path"], "secrets/log/two")
        self.assertRegex(entry["touched"][0]["value_mac"], r"^[0-9a-f]{64}$")

    def test_no_diff_shows_a_secret(self):
        self.put("secrets/diff/s", {"data": {"k": CANARY + "1"}})
        self.put("profiles/diff/p", {"k": "${secret:diff/s#k}"})
        revision = self.put("secrets/diff/s", {"data": {"k": CANARY + "2"}}).json["revision"]
        for path in ("/v1/secrets/diff/s:diff", f"/v1/revisions/{revision}", "/v1/config/diff/p:diff"):
            answer = self.expect(self.server.get(path), 200)
            self.assertIn(b'"secret":true', answer.body, path)
            self.assertNotIn(CANARY.encode(), answer.body, path)

    def test_a_token_and_all_made_with_it_end_together(self):
        self.put("policies/nested", {"rules": [{"allow": ["write"], "on": "sys/tokens"},
                                               {"allow": ["read"], "on": "profiles/**"}]})
        made = self.expect(self.server.post("/v1/tokens", {"name": "p", "policies": ["nested"]}), 201).json
        child = self.expect(self.server.post("/v1/tokens", {"name": "c", "policies": ["nested"]},
                                             token=made["token"]), 201).json
        self.expect(self.server.get("/v1/tokens/self", token=child["token"]), 200)
        self.expect(self.server.delete("/v1/tokens/" + made["accessor"]), 204)
        for token in (made["token"], child["token"]):
            self.expect_problem(self.server.get("/v1/tokens/self", token=token), 401)
        self.assertNotIn(child["accessor"], [t["accessor"] for t in self.pages("/v1/tokens")])

    def test_a_check_agrees_with_what_happens(self):
        self.put("policies/checked", {"rules": [{"allow": ["read", "list"], "on": "profiles/yes/*"},
                                                {"deny": ["read"], "on": "profiles/yes/no"}]})
        for name in ("yes/a", "yes/no", "other/a"):
            self.put("profiles/" + name, {"k": 1})
        token = self.server.token(["checked"])
        for name, rule in (("yes/a", 1), ("yes/no", 2), ("other/a", None)):
            said = self.expect(self.server.post("/v1/access:check", {"permission": "read", "path": "profiles/" + name},
                                                token=token), 200).json
            status = self.server.get("/v1/profiles/" + name, token=token).status
            self.assertEqual(said["allowed"], status == 200, name)
            self.assertEqual(said["rule"] and said["rule"]["rule"], rule)
        names = [i["path"] for i in self.server.get("/v1/profiles", token=token).json["items"]]
        self.assertEqual(names, ["profiles/yes/a", "profiles/yes/no"])


class Recovery(unittest.TestCase):
    def test_a_backup_restores_to_the_same_documents_under_a_new_epoch(self):
        with Reeved() as server:
            server.put("/v1/secrets/a/b", {"data": {"k": CANARY}})
            old = server.token(["runtime"])
            answer = server.get("/v1/backup")
            self.assertEqual(answer.status, 200)
            self.assertNotIn(CANARY.encode(), answer.body)
            self.assertEqual([p.name for p in server.data.glob("*backup*")], [])
            file = server.folder / "backup"
            file.write_bytes(answer.body)
            server.put("/v1/secrets/a/b", {"data": {"k": "later"}})
            server.stop()
            restored = server.folder / "restored"
            token_file = server.folder / "fresh.token"
            code, out, err = server.run("restore", "--data", restored, "--from", file, "--root-key",
                                        server.data / "root.key", "--reason", "a test", "--admin-token-file",
                                        token_file)
            self.assertEqual(code, 0, out + err)
            server.start("--root-key", server.data / "root.key", data=restored)
            self.assertEqual(server.get("/v1/status").status, 401)
            self.assertEqual(server.get("/v1/status", token=old).status, 401)
            fresh = token_file.read_text().strip()
            answer = server.get("/v1/secrets/a/b", token=fresh)
            self.assertEqual(answer.json["data"], {"k": CANARY})
            self.assertEqual(answer.headers["Reeve-Epoch"], "2")
            entries = server.get("/v1/audit?action=store.restore", token=fresh).json["items"]
            self.assertEqual([e["reason"] for e in entries], ["a test"])

    def test_what_was_handed_out_is_there_after_a_kill(self):
        with Reeved() as server:
            token = server.token(["runtime"], uses=2)
            self.assertEqual(server.get("/v1/tokens/self", token=token).json["uses_left"], 2)
            server.kill()
            server.start()
            self.assertEqual(server.get("/v1/tokens/self", token=token).json["uses_left"], 1)
            self.assertEqual(server.get("/v1/tokens/self", token=token).status, 401)


if __name__ == "__main__":
    unittest.main()
