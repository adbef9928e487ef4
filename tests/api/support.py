"""What the tests here say over and over: store this, expect that, run `reeve` so. Each test uses an app of its own."""
import os
import subprocess
import threading
import urllib.parse

import harness

COMMAND = os.environ.get("REEVE", "build/src/cli/reeve")


def query(path, /, **parameters):
    return path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")


class Case(harness.ServerCase):
    longMessage = True

    # -- storing

    def store(self, path, source, /, status=(200, 201), token="", headers=None, type="application/yaml", **parameters):
        """PUT a document as YAML text or, from a dict, as JSON."""
        answer = self.server.put(query("/v1/" + path, **parameters), source, type=type, token=token, headers=headers)
        self.assertIn(answer.status, (status,) if isinstance(status, int) else status, repr(answer))
        return answer

    def secret(self, path, data, status=(200, 201), token="", **parameters):
        return self.store("secrets/" + path, {"data": data}, status, token, **parameters)

    def schema(self, path, properties, **more):
        return self.store("schemas/" + path, {"type": "object", "properties": properties, **more})

    def refused(self, path, source, status=422, token="", **parameters):
        """The list of errors of a refused PUT."""
        answer = self.store(path, source, status, token, **parameters)
        return self.expect_problem(answer, status)

    def batch(self, changes, status=200, token="", **parameters):
        answer = self.server.post(query("/v1/batch", **parameters), {"changes": changes}, token=token)
        return self.expect(answer, status)

    # -- reading

    def config(self, name, /, token="", **parameters):
        return self.expect(self.server.get(query("/v1/config/" + name, **parameters), token=token), 200).json

    def document(self, path, /, token="", **parameters):
        return self.expect(self.server.get(query("/v1/" + path, **parameters), token=token), 200).json

    def revision(self):
        return int(self.server.get("/v1/status").headers["Reeve-Revision"])

    def audit(self, **parameters):
        return self.expect(self.server.get(query("/v1/audit", limit=1000, **parameters)), 200).json["items"]

    # -- rights

    def reader(self, name, *rules):
        """A token whose one policy has these rules, each "allow read,list profiles/a/**"."""
        text = "rules:\n"
        for rule in rules:
            effect, permissions, path = rule.split(" ")
            text += f"  - {{{effect}: [{permissions}], on: \"{path}\"}}\n"
        self.store("policies/" + name, text)
        return self.server.token([name])

    # -- the command

    def reeve(self, *arguments, code=0, stdin=None, token_file=None, env=None, cwd=None):
        """stdout of a command that ended with `code`; stderr is kept in self.stderr."""
        done = subprocess.run([os.path.abspath(COMMAND), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              timeout=60, cwd=cwd, env=self.command_environment(token_file, env),
                              stdin=subprocess.DEVNULL if stdin is None else None)
        self.stderr = done.stderr
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def command_environment(self, token_file=None, env=None):
        all = self.server.environment()
        all.update({"REEVE_ADDR": f"http://127.0.0.1:{self.server.port}",
                    "REEVE_TOKEN_FILE": str(token_file or self.server.token_file), **(env or {})})
        return all

    def keywords(self, problem):
        return {(e["profile"], e["pointer"], e["keyword"]) for e in problem["errors"]}


def together(*functions):
    """Runs them at the same time; the first failure is raised."""
    failures = []

    def guard(function):
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
