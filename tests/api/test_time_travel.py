"""Configurations of old revisions from outside (docs/api.md): exactly what was served then, or an error that says why not."""
import unittest

from support import Case, query


class TimeTravel(Case):
    def served(self, name, token="", **parameters):
        """Status, body and ETag of a configuration."""
        answer = self.server.get(query("/v1/config/" + name, **parameters), token=token)
        return answer.status, answer.body if answer.status == 200 else b"", answer.headers["ETag"]

    def change(self, method, path, body=None):
        """The revision that a write made."""
        answer = self.server.ask(method, "/v1/" + path, body=body)
        self.assertIn(answer.status, (200, 201, 204), repr(answer))
        return int(answer.headers["Reeve-Revision"])

    def test_a_destroyed_secret_never_becomes_its_default(self):
        self.secret("td/s", {"k": "one"})
        self.store("profiles/td/p", "k: ${secret:td/s#k:-fallback}\n")
        revision = self.revision()
        then = self.served("td/p")
        revealed = self.served("td/p", reveal="true")
        self.change("PUT", "secrets/td/s", {"data": {"k": "two"}})
        destroyed = self.change("POST", "secrets/td/s:destroy", {"versions": [1]})
        self.assertEqual(self.served("td/p", revision=revision), then)
        answer = self.server.get(query("/v1/config/td/p", revision=revision, reveal="true"))
        problem = self.expect_problem(answer, 409)
        self.assertIn("destroyed", problem["detail"])
        self.assertNotEqual(answer.headers["ETag"], revealed[2])
        self.expect_problem(self.server.get(query("/v1/config/td/p", revision=revision, reveal="true", key="/k", format="raw")), 409)
        # the versions of later revisions are there
        self.assertEqual(self.config("td/p", revision=destroyed, reveal="true"), {"k": "two"})
        # destroyed as the newest: from then on it is the default that is served
        gone = self.change("POST", "secrets/td/s:destroy", {"versions": [2]})
        self.assertEqual(self.config("td/p", reveal="true"), {"k": "fallback"})
        self.assertEqual(self.config("td/p", revision=gone, reveal="true"), {"k": "fallback"})
        self.expect_problem(self.server.get(query("/v1/config/td/p", revision=destroyed, reveal="true")), 409)
        self.assertEqual(self.server.get(query("/v1/config/td/p", revision=destroyed)).status, 200)

    def test_a_revision_at_which_a_secret_was_missing_by_force_is_not_served(self):
        self.secret("tf/s", {"k": "one"})
        self.store("profiles/tf/p", "k: ${secret:tf/s#k}\n")
        before = self.revision()
        then = self.served("tf/p")
        broken = self.change("DELETE", "secrets/tf/s?force=true")
        self.expect_problem(self.server.get("/v1/config/tf/p"), 422)
        self.expect_problem(self.server.get(query("/v1/config/tf/p", revision=broken)), 422)
        self.change("PUT", "profiles/tf/other", {"a": 1})
        healed = self.change("POST", "secrets/tf/s:undelete", {"versions": [1]})
        self.assertEqual(self.served("tf/p"), then)
        for revision, status in ((before, 200), (broken, 422), (broken + 1, 422), (healed, 200)):
            answer = self.server.get(query("/v1/config/tf/p", revision=revision))
            self.assertEqual(answer.status, status, revision)
            self.assertEqual(self.server.get(query("/v1/config/tf/p", revision=revision, reveal="true")).status, status)
            self.assertEqual(self.server.get(query("/v1/config/tf/p", revision=revision, explain="true")).status, status)
        states = [(i["revision"], i["state"]) for i in self.document("config/tf/p:versions")["items"]]
        self.assertEqual(states, [(healed, "live"), (broken, "gone"), (before, "live")])

    def test_a_diff_with_an_end_that_was_not_served_says_gone_and_names_nothing(self):
        self.secret("tg/hidden-name", {"k": "one"})
        self.store("profiles/tg/p", "k: ${secret:tg/hidden-name#k}\nn: 1\n")
        before = self.revision()
        broken = self.change("DELETE", "secrets/tg/hidden-name?force=true")
        healed = self.change("POST", "secrets/tg/hidden-name:undelete", {"versions": [1]})
        reader = self.reader("tg-reader", "allow read config/tg/*")
        for ends, states in (((before, broken), ("live", "gone")), ((broken, healed), ("gone", "live")),
                             ((before, healed), ("live", "live"))):
            answer = self.expect(self.server.get(query("/v1/config/tg/p:diff", **dict(zip(("from", "to"), ends))), token=reader), 200)
            self.assertEqual((answer.json["from_state"], answer.json["to_state"]), states)
            self.assertEqual(bool(answer.json["diff"]), "gone" in states)
        problem = self.expect_problem(self.server.get(query("/v1/config/tg/p:diff", **{"from": broken, "to": broken}), token=reader), 404)
        self.assertNotIn("hidden-name", problem["detail"])
        answer = self.server.get(query("/v1/config/tg/p", revision=broken), token=reader)
        self.assertEqual(answer.status, 422)
        self.assertNotIn(b"hidden-name", answer.body)

    def test_a_pinned_version_counts_from_the_revision_that_made_it(self):
        self.secret("tp/s", {"k": "one"})
        self.store("profiles/tp/p", "k: ${secret:tp/s?version=2#k:-early}\n")
        early = self.revision()
        then = self.served("tp/p", reveal="true")
        self.assertEqual(then[1].strip(), b'{"k":"early"}')
        late = self.change("PUT", "secrets/tp/s", {"data": {"k": "two"}})
        self.assertEqual(self.config("tp/p", reveal="true"), {"k": "two"})
        self.assertEqual(self.served("tp/p", reveal="true", revision=early), then)
        deleted = self.change("DELETE", "secrets/tp/s")
        self.assertEqual(self.config("tp/p", reveal="true"), {"k": "early"})
        self.assertEqual(self.config("tp/p", reveal="true", revision=late), {"k": "two"})
        self.assertEqual(self.config("tp/p", reveal="true", revision=deleted), {"k": "early"})

    def test_states_count_as_they_were(self):
        self.secret("ts/s", {"k": "one"})
        self.secret("ts/s", {"k": "two"})
        self.store("profiles/ts/p", "a: ${secret:ts/s?version=1#k:-none}\nb: ${secret:ts/s#k:-none}\n")
        moments = {self.revision(): {"a": "one", "b": "two"}}
        base = "secrets/ts/s"
        for path, body, expected in ((base + ":undelete", {"versions": [2]}, None),
                                     (base, None, {"a": "one", "b": "none"}),
                                     (base + ":undelete", {"versions": [2]}, {"a": "one", "b": "two"})):
            revision = self.change("DELETE" if body is None else "POST", path, body)
            if expected is not None:
                moments[revision] = expected
        last = self.change("PUT", base, {"data": {"k": "three"}})
        moments[last] = {"a": "one", "b": "three"}
        for revision, expected in moments.items():
            self.assertEqual(self.config("ts/p", reveal="true", revision=revision), expected, revision)
        self.change("POST", base + ":destroy", {"versions": [2]})
        answers = {r: self.server.get(query("/v1/config/ts/p", reveal="true", revision=r)) for r in moments}
        for revision, expected in moments.items():
            if expected["b"] == "two":
                self.expect_problem(answers[revision], 409)
            else:
                self.assertEqual(self.expect(answers[revision], 200).json, expected)

    def test_each_revision_has_the_error_of_its_time(self):
        revision = {}
        revision["none"] = self.change("PUT", "profiles/te/other", {"a": 1})
        revision["abstract"] = self.change("PUT", "profiles/te/p", {"$abstract": True, "n": 1})
        revision["live"] = self.change("PUT", "profiles/te/p", {"n": 2})
        revision["deleted"] = self.change("DELETE", "profiles/te/p")
        revision["back"] = self.change("PUT", "profiles/te/p", {"n": 3})
        for name, status, word in (("none", 404, "exist"), ("abstract", 404, "abstract"), ("live", 200, ""), ("deleted", 404, "exist"),
                                   ("back", 200, "")):
            answer = self.server.get(query("/v1/config/te/p", revision=revision[name]))
            self.assertEqual(answer.status, status, name)
            self.assertIn(word, answer.body.decode(), name)
        self.expect_problem(self.server.get(query("/v1/config/te/p", revision=self.revision() + 1)), 404)

    def test_a_document_of_an_old_revision_says_that_its_content_is_gone(self):
        self.secret("tdoc/s", {"k": "one"})
        first = self.revision()
        self.secret("tdoc/s", {"k": "two"})
        self.change("POST", "secrets/tdoc/s:destroy", {"versions": [1]})
        problem = self.expect_problem(self.server.get(query("/v1/secrets/tdoc/s", revision=first)), 404)
        self.assertIn("destroyed", problem["detail"])

    def test_undoing_a_write_over_what_was_destroyed_since_takes_nothing_away(self):
        self.secret("trev/s", {"k": "one"})
        revision = self.secret("trev/s", {"k": "two"}).json["revision"]
        self.change("POST", "secrets/trev/s:destroy", {"versions": [1]})
        answer = self.server.post(f"/v1/revisions/{revision}:revert", {})
        self.expect_problem(answer, 409)
        self.assertEqual(self.document("secrets/trev/s")["data"], {"k": "two"})


if __name__ == "__main__":
    unittest.main()
