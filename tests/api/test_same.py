"""What counts as the same, as a change and as something to list (docs/api.md)."""
import datetime
import pathlib
import tempfile
import unittest

from support import Case, query

JSON = "application/json"
PATCH = "application/merge-patch+json"


class Same(Case):
    def put(self, path, text, type="application/yaml", token=""):
        return self.server.put("/v1/" + path, text, type=type, token=token)

    def changed(self, *arguments, **more):
        return self.put(*arguments, **more).json["changed"]

    def test_json_compares_by_values_and_yaml_by_bytes(self):
        self.put("profiles/sm/j", '{"a": 1, "b": [true, null, "x"], "c": {"d": 2}}', JSON)
        for text in ('{"a":1,"b":[true,null,"x"],"c":{"d":2}}', '{"c": {"d": 2}, "b": [true, null, "\\u0078"], "a": 1}\n\n'):
            self.assertFalse(self.changed("profiles/sm/j", text, JSON), text)
        for text in ('{"a":2,"b":[true,null,"x"],"c":{"d":2}}', '{"b":[true,null,"x"],"c":{"d":2}}', '{"a":1,"b":[null,true,"x"]}'):
            self.assertTrue(self.changed("profiles/sm/j", text, JSON), text)
            self.assertFalse(self.changed("profiles/sm/j", text + "\n", JSON), text)
        self.put("profiles/sm/y", "a: 1\n")
        for text in ("a: 1", "a: 1\n\n", "a: 1 # why\n", '{"a": 1}'):
            self.assertTrue(self.changed("profiles/sm/y", text), text)
            self.assertFalse(self.changed("profiles/sm/y", text), text)

    def test_a_batch_compares_in_the_same_way(self):
        change = {"op": "put", "path": "profiles/smb/a", "content": {"a": 1, "b": 2}}
        self.assertTrue(self.batch([change]).json["changed"])
        self.assertFalse(self.batch([change]).json["changed"])
        source = {"op": "put", "path": "profiles/smb/a", "source": '{"b":2,"a":1}', "content_type": JSON}
        self.assertFalse(self.batch([source]).json["changed"])
        self.assertFalse(self.changed("profiles/smb/a", '{"b":2,"a":1}', JSON))
        answer = self.batch([{**change, "content": {"a": 1}}, source | {"path": "profiles/smb/b"}]).json
        self.assertEqual([i["changed"] for i in answer["items"]], [True, True])

    def test_what_is_got_can_be_put_back_without_a_change(self):
        sources = {"y1": ("n: 1 # a\n", "application/yaml"), "y2": ("n: 1", "application/yaml"), "j1": ('{"n": 1}', JSON),
                   "j2": ('{"n":1}\n', JSON), "b": (None, None)}
        for name, (text, type) in sources.items():
            if text is not None:
                self.put("profiles/smr/" + name, text, type)
        self.batch([{"op": "put", "path": "profiles/smr/b", "content": {"n": {"m": 1}}}])
        before = self.revision()
        with tempfile.TemporaryDirectory() as folder:
            app = pathlib.Path(folder) / "profiles" / "smr"
            app.mkdir(parents=True)
            for name in sources:
                file = pathlib.Path(folder) / "file"
                file.write_text(self.reeve("get", "profiles/smr/" + name))
                self.reeve("put", "profiles/smr/" + name, file)
                (app / (name + (".json" if name[0] == "b" else ".yaml"))).write_text(file.read_text())
                file.unlink()
            self.reeve("apply", "-f", folder)
        self.assertEqual(self.revision(), before)

    def test_who_may_not_read_learns_from_no_write_that_it_changed_nothing(self):
        self.put("profiles/smn/a", "n: 1\n")
        token = self.reader("sm-writer", "allow write,rollback,list,check profiles/smn/**")
        first = self.put("profiles/smn/a", "n: 1\n", token=token)
        self.assertEqual((first.json["changed"], first.json["version"]), (True, 2))
        self.assertNotIn("digest", first.json)
        answer = self.expect(self.server.ask("PATCH", "/v1/profiles/smn/a", body='{"n": 1}', type=PATCH, token=token), 200)
        self.assertEqual((answer.json["changed"], answer.json["version"]), (True, 3))
        answer = self.expect(self.server.post("/v1/profiles/smn/a:rollback", {"version": 1}, token=token), 200)
        self.assertEqual((answer.json["changed"], answer.json["version"]), (True, 4))
        answer = self.batch([{"op": "put", "path": "profiles/smn/a", "content": {"n": 1}}], token=token)
        self.assertNotIn("digest", answer.json["items"][0])
        for text in ('{"n": 1}', '{"n": 2}'):
            answer = self.expect(self.server.ask("PATCH", "/v1/profiles/smn/a?dry_run=true", body=text, type=PATCH, token=token), 200)
            self.assertEqual(answer.json["changes"], [{"path": "profiles/smn/a", "action": "patch", "diff": []}])
        listed = self.expect(self.server.get("/v1/profiles?prefix=smn/", token=token), 200).json["items"]
        self.assertEqual(len(listed), 1)
        self.assertNotIn("digest", listed[0])
        self.assertIn("digest", self.document("profiles", prefix="smn/")["items"][0])

    def test_a_dry_run_keeps_the_conditions_of_the_write(self):
        self.put("profiles/smd/a", "n: 1\n")
        for headers in ({"If-Match": '"v2"'}, {"If-None-Match": "*"}):
            for dry_run in ("true", "false"):
                answer = self.server.put(query("/v1/profiles/smd/a", dry_run=dry_run), "n: 2\n", headers=headers)
                self.expect_problem(answer, 412)
        change = {"op": "put", "path": "profiles/smd/a", "content": {"n": 2}, "if_version": 7}
        self.batch([change], 412, dry_run="true")
        self.batch([change], 412)

    def test_201_whenever_it_was_not_live_before(self):
        post = lambda verb, body: self.server.post("/v1/profiles/smc/a:" + verb, body).status
        self.assertEqual([self.put("profiles/smc/a", f"n: {n}\n").status for n in (1, 2, 2)], [201, 200, 200])
        self.server.delete("/v1/profiles/smc/a")
        self.assertEqual(self.put("profiles/smc/a", "n: 2\n").status, 201)
        self.server.delete("/v1/profiles/smc/a")
        self.assertEqual((post("rollback", {"version": 1}), post("rollback", {"version": 2})), (201, 409))
        self.server.delete("/v1/profiles/smc/a")
        self.assertEqual((post("undelete", {"versions": [2]}), post("undelete", {"versions": [4]}), post("undelete", {"versions": [3]})),
                         (200, 201, 200))

    def test_a_diff_compares_with_the_last_live_version(self):
        for n in (1, 2, 3):
            self.put("profiles/sml/a", f"n: {n}\n")
            if n != 1:
                self.server.delete("/v1/profiles/sml/a")
        self.put("profiles/sml/a", "n: 4\n")
        answer = self.document("profiles/sml/a:diff")
        self.assertEqual((answer["from"], answer["to"], answer["diff"][0]["from"]), (1, 4, 1))
        self.assertEqual(self.document("profiles/sml/a:diff", to=1)["from"], 0)
        self.secret("sml/s", {"k": "1"})
        self.secret("sml/s", {"k": "2"})
        self.server.post("/v1/secrets/sml/s:destroy", {"versions": [1]})
        answer = self.document("secrets/sml/s:diff")
        self.assertEqual((answer["from"], answer["to"], len(answer["diff"])), (0, 2, 1))

    def test_a_destroy_shows_what_it_removed(self):
        for n in (1, 2, 3):
            self.secret("smx/s", {"k": f"value-{n}"})
        put = self.revision()
        self.server.delete("/v1/secrets/smx/s")
        self.secret("smx/s", {"k": "value-4"})
        answer = self.expect(self.server.post("/v1/secrets/smx/s:destroy", {"versions": [2, 3]}), 200)
        shown = self.expect(self.server.get(f"/v1/revisions/{answer.json.get('revision') and self.revision()}"), 200)
        self.assertEqual([(c["version"], c["action"], c["state_before"]) for c in shown.json["changes"]],
                         [(2, "destroy", "live"), (3, "destroy", "deleted")])
        self.assertEqual(shown.json["changes"][0]["diff"], [{"pointer": "", "op": "remove", "secret": True}])
        self.assertNotIn("Reeve-Audit-Index", shown.headers)
        change = self.expect(self.server.get(f"/v1/revisions/{put}"), 200).json["changes"][0]
        self.assertEqual((change["version"], change["destroyed"]), (3, True))
        self.assertNotIn("diff", change)

    def test_a_list_of_which_a_deny_takes_all_is_refused(self):
        token = self.reader("sm-denied", "allow read,list **", "deny list secrets/**")
        self.expect_problem(self.server.get("/v1/secrets", token=token), 403)
        self.expect_problem(self.server.get("/v1/secrets?prefix=any/", token=token), 403)
        self.expect(self.server.get("/v1/profiles", token=token), 200)
        self.expect(self.server.get("/v1/revisions", token=token), 200)
        self.expect_problem(self.server.get("/v1/revisions?path=secrets/", token=token), 403)
        token = self.reader("sm-partly", "allow list **", "deny list secrets/hidden/**")
        self.expect(self.server.get("/v1/secrets", token=token), 200)
        self.expect_problem(self.server.get("/v1/secrets?prefix=hidden/", token=token), 403)

    def test_from_is_inclusive_and_to_is_not(self):
        self.put("profiles/sma/a", "n: 1\n")
        times = [e["time"] for e in self.audit(path="profiles/sma/a")]
        self.assertEqual(len(times), 1)
        after = datetime.datetime.fromisoformat(times[0].replace("Z", "+00:00")) + datetime.timedelta(milliseconds=1)
        after = after.strftime("%Y-%m-%dT%H:%M:%S.") + f"{after.microsecond // 1000:03}Z"
        found = lambda **bounds: len(self.audit(path="profiles/sma/a", **bounds))
        self.assertEqual((found(**{"from": times[0]}), found(to=times[0]), found(**{"from": after}), found(to=after)), (1, 0, 0, 1))
        self.assertEqual((found(**{"from": times[0], "to": times[0]}), found(**{"from": times[0], "to": after})), (0, 1))


if __name__ == "__main__":
    unittest.main()
