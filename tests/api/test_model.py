"""Random operations beside a model of the store, and then every old revision again (docs/api.md).

What the model says must be served is served; a refused write has a reason in the model; and at the end every configuration of every revision
is just what was served then, or an error that says why it cannot be shown. Seeded: a failure names its seed and step.
"""
import copy
import json
import os
import random
import unittest

from harness import Reeved
from support import query

STEPS = int(os.environ.get("REEVE_MODEL_STEPS", "140"))
SEEDS = [int(s) for s in os.environ.get("REEVE_MODEL_SEEDS", "1 2 3").split()]
SECRETS = ["secrets/m/s1", "secrets/m/s2"]
PROFILES = ["profiles/m/p1", "profiles/m/p2", "profiles/m/p3"]
BASE = "profiles/m/base"


class Model:
    """Documents by path: a list of [content, state]. The last version's state is the document's."""

    def __init__(self):
        self.docs = {}

    def live(self, path):
        return path in self.docs and self.docs[path][-1][1] == "live"

    def content(self, path):
        return self.docs[path][-1][0]

    def put(self, path, content):
        """Whether it makes a version."""
        if path.startswith("profiles/") and self.live(path) and self.content(path) == content:
            return False
        self.docs.setdefault(path, []).append([content, "live"])
        return True

    def secret(self, ref):
        """The value of [secret, version or None, default or None]; None where it is missing."""
        path, version, default = ref
        versions = self.docs.get(path, [])
        number = version or len(versions)
        if 0 < number <= len(versions) and versions[number - 1][1] == "live":
            return versions[number - 1][0]["k"]
        return default

    def effective(self, path):
        """404, 422 or the revealed configuration."""
        if not self.live(path) or self.content(path).get("abstract"):
            return 404
        own = self.content(path)
        keys = {}
        if own.get("extends"):
            if not self.live(BASE):
                return 422
            keys.update(self.content(BASE)["keys"])
        keys.update(own["keys"])
        values = {k: v if isinstance(v, int) else self.secret(v) for k, v in keys.items()}
        return 422 if None in values.values() else values

    def all(self):
        return {p: self.effective(p) for p in PROFILES + [BASE]}


def reference(ref):
    path, version, default = ref
    return ("${secret:" + path.removeprefix("secrets/") + (f"?version={version}" if version else "") + "#k"
            + (f":-{default}" if default else "") + "}")


def source(path, content):
    """What is sent for a document of the model."""
    if path.startswith("secrets/"):
        return {"data": content}
    sent = {k: v if isinstance(v, int) else reference(v) for k, v in content["keys"].items()}
    if content.get("extends"):
        sent["$extends"] = "base"
    if content.get("abstract"):
        sent["$abstract"] = True
    return sent


class Run:
    """One seed against one server."""

    def __init__(self, case, server, seed):
        self.case, self.server, self.random = case, server, random.Random(seed)
        self.model = Model()
        self.seed, self.step, self.value = seed, 0, 0
        self.then = {}  # revision: (served by profile, what the model held)

    def say(self, what):
        return f"seed {self.seed} step {self.step}: {what}"

    # -- what is done

    def fresh(self, path):
        self.value += 1
        if path.startswith("secrets/"):
            return {"k": f"v{self.value}"}
        keys = {"n": self.random.randrange(3)}
        for name in self.random.sample(["a", "b"], self.random.randrange(3)):
            version = self.random.choice([None, None, self.random.randrange(1, 5)])
            keys[name] = [self.random.choice(SECRETS), version, self.random.choice([None, "fallback"])]
        return {"keys": keys, "extends": path != BASE and self.random.random() < 0.4,
                "abstract": self.random.random() < (0.5 if path == BASE else 0.1)}

    def choose(self):
        """An operation: method, path, body, force, and what it does to a model (None: it must be refused)."""
        path = self.random.choice(SECRETS * 3 + PROFILES + [BASE])
        versions = self.model.docs.get(path, [])
        number = self.random.randrange(1, len(versions) + 2)
        kind = self.random.choice(["put"] * 5 + ["delete"] * 3 + ["undelete"] * 3 + ["rollback", "destroy", "batch", "revert"])
        force = self.random.random() < 0.6
        if kind == "destroy" and not path.startswith("secrets/"):
            kind = "put"
        return getattr(self, "do_" + kind)(path, versions, number, force)

    def do_put(self, path, versions, number, force):
        content = self.fresh(path)
        return "PUT", "/v1/" + path, source(path, content), False, lambda m: m.put(path, content)

    def do_batch(self, path, versions, number, force):
        paths = self.random.sample(SECRETS + PROFILES + [BASE], 2)
        contents = {p: self.fresh(p) for p in paths}
        body = {"changes": [{"op": "put", "path": p, "content": source(p, c)} for p, c in contents.items()]}
        return "POST", "/v1/batch", body, False, lambda m: any([m.put(p, c) for p, c in contents.items()])

    def do_delete(self, path, versions, number, force):
        def apply(m):
            m.docs[path][-1][1] = "deleted"
            return True
        return "DELETE", "/v1/" + path, None, force, apply if self.model.live(path) else None

    def set_state(self, path, number, state):
        def apply(m):
            changed = m.docs[path][number - 1][1] != state
            m.docs[path][number - 1][1] = state
            return changed
        return apply

    def do_undelete(self, path, versions, number, force):
        fine = number <= len(versions) and versions[number - 1][1] != "destroyed"
        return ("POST", f"/v1/{path}:undelete", {"versions": [number]}, False,
                self.set_state(path, number, "live") if fine else None)

    def do_destroy(self, path, versions, number, force):
        fine = number <= len(versions)
        return ("POST", f"/v1/{path}:destroy", {"versions": [number]}, force,
                self.set_state(path, number, "destroyed") if fine else None)

    def do_rollback(self, path, versions, number, force):
        fine = number <= len(versions) and versions[number - 1][1] == "live"
        return ("POST", f"/v1/{path}:rollback", {"version": number}, False,
                (lambda m: m.put(path, versions[number - 1][0])) if fine else None)

    def do_revert(self, path, versions, number, force):
        """Of what the last revision did: a put becomes what was there before, a state what it was."""
        revision = max(self.then, default=0)
        before, after = self.then.get(revision - 1, (None, None))[1], self.then.get(revision, (None, None))[1]
        body = ("POST", f"/v1/revisions/{revision}:revert", {}, False)
        if before is None:
            return self.do_put(path, versions, number, force)

        def apply(m):
            changed = False
            for p, now in after.docs.items():
                old = before.docs.get(p, [])
                if len(now) > len(old) and old and old[-1][1] == "live":
                    changed |= m.put(p, old[-1][0])
                elif len(now) > len(old):
                    m.docs[p][-1][1] = "deleted"
                    changed = True
                else:
                    for i, (a, b) in enumerate(zip(old, now)):
                        if a[1] != b[1]:
                            m.docs[p][i][1] = a[1] if a[1] == "live" else "deleted"
                            changed = True
            return changed
        gone = any(b[1] == "destroyed" != a[1] for p, old in before.docs.items() for a, b in zip(old, after.docs[p]))
        return *body, None if gone else apply

    # -- what it comes to

    def act(self):
        self.step += 1
        method, path, body, force, apply = self.choose()
        answer = self.server.ask(method, path + ("?force=true" if force else ""), body=body)
        what = self.say(f"{method} {path} force={force} {json.dumps(body)}: {answer!r}")
        after, changes = copy.deepcopy(self.model), None
        if apply is not None:
            changes = apply(after)
        if answer.status >= 400:
            return self.expect_reason(answer, after if apply is not None else None, what)
        self.case.assertIsNotNone(apply, what)
        self.expect_nothing_lost(after, force, what)
        revision = int(answer.headers["Reeve-Revision"])
        last = max(self.then, default=revision - 1)
        self.case.assertEqual(revision, last + 1 if changes else last, what)
        self.model = after
        if changes:
            self.then[revision] = (self.look(), copy.deepcopy(after))
            self.expect_served(what)

    def expect_reason(self, answer, after, what):
        """A refusal is one that the model knows, and it changed nothing."""
        self.case.assertIn(answer.status, (404, 409, 422), what)
        if after is None:
            return
        self.case.assertIn(answer.status, (409, 422), what)
        brings_secrets = all(len(v) >= len(self.model.docs.get(p, [])) and (v == self.model.docs.get(p) or p in SECRETS and v[-1][1] == "live")
                             for p, v in after.docs.items())
        broken = [p for p, e in after.all().items() if e == 422]
        if brings_secrets:
            # only what was served may stand against it: a version that came back or was destroyed may have been pinned
            broken = [p for p in broken if isinstance(self.model.effective(p), dict)]
        needed = not after.live(BASE) and any(after.live(p) and after.content(p).get("extends") for p in PROFILES)
        self.case.assertTrue(broken or needed, what)

    def expect_nothing_lost(self, after, force, what):
        """Without force nothing that was served is taken from who reads it, but by taking itself away."""
        for path, before in self.model.all().items():
            if isinstance(before, dict) and not force:
                self.case.assertNotEqual(after.effective(path), 422, what)

    def look(self, **more):
        """(status, body, ETag) of each configuration, plain and revealed."""
        seen = {}
        for path in PROFILES + [BASE]:
            for reveal in ("false", "true"):
                answer = self.server.get(query("/v1/config/" + path.removeprefix("profiles/"), reveal=reveal, **more))
                seen[path, reveal] = (answer.status, answer.body if answer.status == 200 else b"", answer.headers["ETag"])
        return seen

    def expect_served(self, what):
        served = self.then[max(self.then)][0]
        for path, expected in self.model.all().items():
            status, body, _ = served[path, "true"]
            self.case.assertEqual(json.loads(body) if status == 200 else status, expected, f"{what} {path}")
            self.case.assertEqual(served[path, "false"][0], status, what)

    def expect_history(self):
        for revision, (then, model) in self.then.items():
            now = self.look(revision=revision)
            for key, seen in then.items():
                if key[1] == "true" and now[key][0] == 409 and self.uses_destroyed(model, key[0]):
                    continue
                self.case.assertEqual(now[key], seen, self.say(f"revision {revision} {key}"))
        for path in PROFILES + [BASE]:
            self.expect_moments(path)

    def uses_destroyed(self, model, path):
        keys = dict(model.content(BASE)["keys"]) if model.content(path).get("extends") else {}
        keys.update(model.content(path)["keys"])
        for ref in (v for v in keys.values() if not isinstance(v, int)):
            versions = model.docs.get(ref[0], [])
            number = ref[1] or len(versions)
            if 0 < number <= len(versions) and versions[number - 1][1] == "live" and self.model.docs[ref[0]][number - 1][1] == "destroyed":
                return True
        return False

    def expect_moments(self, path):
        """:versions says the same of every revision."""
        answer = self.server.get("/v1/config/" + path.removeprefix("profiles/") + ":versions?limit=1000")
        moments = {i["revision"]: i["state"] for i in answer.json.get("items", [])}
        for revision, (then, _) in self.then.items():
            state = moments.get(max((r for r in moments if r <= revision), default=0), "gone")
            self.case.assertEqual(state == "live", then[path, "false"][0] == 200, self.say(f"moments {revision} {path}"))


class ModelTest(unittest.TestCase):
    def test_every_old_revision_is_what_was_served_then(self):
        met = set()
        for seed in SEEDS:
            with self.subTest(seed=seed), Reeved() as server:
                run = Run(self, server, seed)
                for _ in range(STEPS):
                    run.act()
                met |= {s[0] for then, _ in run.then.values() for s in then.values()}
                run.expect_history()
                server.stop()
                server.start()
                run.expect_history()
        self.assertEqual(met, {200, 404, 422}, "the runs met too little")


if __name__ == "__main__":
    unittest.main()
