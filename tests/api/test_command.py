"""The reeve command: everything that `reeve --help` names, against a real server."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

import harness
from support import COMMAND, Case

ORDERS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "orders"

WATCHER = """import json, os, signal, sys, time
def show(*_):
    print(json.load(open(os.environ["REEVE_CONFIG_FILE"]))["n"], flush=True)
def end(*_):
    print("ended", flush=True); sys.exit(7)
signal.signal(signal.SIGHUP, show); signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, lambda *_: print("usr1", flush=True))
print(os.environ["REEVE_CONFIG_FILE"], flush=True)
show()
while True: time.sleep(0.05)
"""


class Command(Case):
    def write(self, name, text):
        path = self.server.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    # -- help and usage

    def commands(self):
        return re.findall(r"^  ([a-z]+)  ", self.reeve("--help"), re.M)

    def test_help_is_everywhere_with_an_example(self):
        names = self.commands()
        for name in ("apply", "check", "get", "put", "edit", "delete", "config", "history", "diff", "log", "show", "revert", "rollback",
                     "secret", "audit", "token", "access", "backup", "run", "status", "completion"):
            self.assertIn(name, names)
        subcommands = [(n,) for n in names] + [("secret", s) for s in ("put", "set", "get", "delete", "undelete", "destroy")] + \
            [("audit", s) for s in ("list", "verify")] + [("token", s) for s in ("create", "list", "revoke")] + [("access", "check")]
        for words in subcommands:
            self.assertIn("xample: ", self.reeve(*words, "--help"), words)

    def test_wrong_usage_exits_with_2(self):
        for words in ((), ("nothing",), ("get",), ("put", "profiles/a/b", "--nope"), ("rollback", "profiles/a/b"), ("secret",),
                      ("secret", "explode"), ("run", "--", "true"), ("apply",), ("config", "one"), ("get", "nokind/a"),
                      ("token", "create"), ("show", "x"), ("completion", "fish"), ("get", "a", "b", "c"), ("get", "profiles/../a")):
            self.reeve(*words, code=2)
            self.assertTrue(self.stderr.strip(), words)

    def test_a_refusal_exits_with_1_and_says_why(self):
        self.reeve("get", "profiles/not/there", code=1)
        self.assertIn("not", self.stderr)
        self.reeve("status", code=1, env={"REEVE_ADDR": "http://127.0.0.1:1"})
        self.write("bad.token", "rv_nothing\n")
        self.reeve("status", code=1, token_file=self.server.folder / "bad.token")
        self.reeve("status", code=1, token_file=self.server.folder / "absent.token")

    def test_completion(self):
        for shell in ("bash", "zsh"):
            self.assertIn("rollback", self.reeve("completion", shell))
        script = self.reeve("completion", "bash") + '\nCOMP_WORDS=(reeve roll); COMP_CWORD=1; ' \
            '$(complete -p reeve | sed "s/.*-F \\([^ ]*\\).*/\\1/"); echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.stdout.split(), ["rollback"], done.stderr)

    # -- documents

    def test_a_document_from_put_to_undelete(self):
        path = "profiles/cli/doc"
        file = self.write("doc.yaml", "# kept\na: 1\n")
        self.reeve("put", path, file, "-m", "first")
        self.assertEqual(self.reeve("get", path), "# kept\na: 1\n")
        self.reeve("put", path, stdin="a: 2\n")
        self.reeve("put", path, "-", "--dry-run", stdin="a: 3\n")
        self.assertEqual(json.loads(self.reeve("get", path, "-o", "json"))["content"], {"a": 2})
        self.assertEqual(self.reeve("get", path, "--version", "1"), "# kept\na: 1\n")
        history = self.reeve("history", path)
        self.assertIn("first", history)
        self.assertIn("/a", self.reeve("diff", path, "--from", "1", "--to", "2"))
        self.reeve("rollback", path, "--to", "1")
        self.assertEqual(self.reeve("get", path), "# kept\na: 1\n")
        self.assertIn(path, self.reeve("list", "profiles/cli/"))
        self.reeve("delete", path)
        self.reeve("get", path, code=1)
        self.reeve("undelete", path, "--versions", "3")
        self.assertEqual(self.reeve("get", path), "# kept\na: 1\n")
        self.reeve("put", path, code=1, stdin="a: ${b}\n")
        self.assertIn("/a", self.stderr)
        self.reeve("put", path, code=1, stdin="a: [\n")

    def test_editing(self):
        self.store("profiles/cli/edited", "# kept\na: 1\n")
        self.reeve("edit", "profiles/cli/edited", env={"EDITOR": "sed -i s/1/2/"})
        self.assertEqual(self.reeve("get", "profiles/cli/edited"), "# kept\na: 2\n")
        self.reeve("edit", "profiles/cli/edited", env={"EDITOR": "true"})
        self.assertEqual(self.document("profiles/cli/edited")["version"], 2)
        self.reeve("edit", "profiles/cli/edited", env={"EDITOR": "false"}, code=1)
        self.assertEqual(self.document("profiles/cli/edited")["version"], 2)

    def test_an_editors_copies_do_not_stay(self):
        self.secret("cli/edited", {"k": "geheim"})
        list_folder = self.write("place", "")
        for end in ("", "; exit 1"):
            script = self.write("copying.sh", f"#!/bin/sh\ncp \"$1\" \"$1~\"; dirname \"$1\" > {list_folder}; stat -c %a \"$1\" $(dirname \"$1\")"
                                f" >> {list_folder}{end}\n")
            script.chmod(0o755)
            self.reeve("edit", "secrets/cli/edited", env={"EDITOR": str(script)}, code=1 if end else 0)
            place, *modes = list_folder.read_text().split()
            self.assertEqual(modes, ["600", "700"])
            self.assertFalse(os.path.exists(place), place)

    def test_an_edit_that_someone_overtook_is_refused(self):
        self.store("profiles/cli/raced", "a: 1\n")
        put = f"{os.path.abspath(COMMAND)} put profiles/cli/raced {self.write('other.yaml', 'a: 9' + chr(10))}; sed -i s/1/2/"
        script = self.write("editor.sh", f"#!/bin/sh\n{put} \"$1\"\n")
        script.chmod(0o755)
        self.reeve("edit", "profiles/cli/raced", env={"EDITOR": str(script)}, code=1)
        kept = pathlib.Path(re.search(r"your text is in (\S+)", self.stderr)[1])
        self.addCleanup(kept.unlink)
        self.assertEqual(kept.read_text(), "a: 2\n")
        self.assertEqual(self.document("profiles/cli/raced")["content"], {"a": 9})

    def test_configurations_in_every_output(self):
        self.secret("cli/conf", {"k": "geheim"})
        self.store("profiles/cli/conf", "a: {b: 1}\ns: ${secret:cli/conf#k}\n")
        self.assertEqual(json.loads(self.reeve("config", "cli/conf", "-o", "json")), {"a": {"b": 1}, "s": "${secret:cli/conf#k}"})
        self.assertIn("geheim", self.reeve("config", "cli/conf", "--reveal", "-o", "yaml"))
        self.assertIn("A_B=1\n", self.reeve("config", "cli/conf", "-o", "env"))
        self.assertIn("a.b=1\n", self.reeve("config", "cli/conf", "-o", "properties"))
        self.assertEqual(self.reeve("config", "cli/conf", "-o", "raw", "--key", "/a/b").strip(), "1")
        self.assertIn("profiles/cli/conf", self.reeve("config", "cli/conf", "--explain"))
        self.reeve("config", "cli/absent", code=1)
        self.assertTrue(self.reeve("history", "config/cli/conf"))

    def test_names_that_steer_programs_are_told_of_where_a_shell_may_take_them(self):
        self.store("profiles/cli/steers", "path: /evil\nhttps: {proxy: x}\ndb: \"it's\\nLD_VALUE=1\"\n")
        self.assertIn("PATH=/evil\n", self.reeve("config", "cli/steers", "-o", "env"))
        self.assertIn("PATH controls", self.stderr)
        self.assertIn("HTTPS_PROXY controls", self.stderr)
        self.assertNotIn("DB", self.stderr)
        self.assertNotIn("LD_VALUE", self.stderr)  # a line of a value
        self.assertNotIn("/evil", self.stderr)
        self.reeve("config", "cli/steers")
        self.assertEqual(self.stderr, "")

    def test_the_stores_history_and_undoing(self):
        self.store("profiles/cli/rev", "a: 1\n")
        revision = self.store("profiles/cli/rev", "a: 2\n", message="mistaken").json["revision"]
        self.assertIn("mistaken", self.reeve("log", "--path", "profiles/cli/rev"))
        self.assertIn("profiles/cli/rev", self.reeve("show", revision))
        self.reeve("revert", revision, "-m", "undo")
        self.assertEqual(self.config("cli/rev"), {"a": 1})
        self.reeve("revert", revision, code=1)

    # -- secrets, tokens, access

    def test_secrets_from_files_standard_input_and_the_line(self):
        (self.server.folder / "value").write_bytes(b"verbatim\n\n")
        self.reeve("secret", "put", "cli/s", f"file=@{self.server.folder / 'value'}", "typed=-", stdin="from stdin\n")
        self.assertEqual(self.document("secrets/cli/s")["data"], {"file": "verbatim\n\n", "typed": "from stdin"})
        self.reeve("secret", "set", "cli/s", "clear=on the line")
        self.assertTrue(self.stderr.strip(), "a warning")
        self.assertEqual(set(self.document("secrets/cli/s")["data"]), {"file", "typed", "clear"})
        self.assertEqual(self.reeve("secret", "get", "cli/s", "--key", "clear").rstrip("\n"), "on the line")
        self.assertEqual(json.loads(self.reeve("secret", "get", "cli/s"))["data"]["typed"], "from stdin")
        self.reeve("secret", "put", "cli/s", "only=x")
        self.assertEqual(self.document("secrets/cli/s")["data"], {"only": "x"})
        self.reeve("secret", "delete", "cli/s")
        self.reeve("secret", "get", "cli/s", code=1)
        self.reeve("secret", "undelete", "cli/s", "--versions", "3")
        self.reeve("secret", "destroy", "cli/s", "--versions", "1,2")
        self.assertEqual(self.document("secrets/cli/s")["data"], {"only": "x"})
        self.reeve("secret", "put", "cli/t", "a=@/nonexistent/file", code=1)
        self.reeve("secret", "put", "cli/t", "novalue", code=2)

    def test_tokens_and_access(self):
        token = self.reeve("token", "create", "--name", "cli", "--policy", "auditor", "--ttl", "1h")
        self.assertRegex(token, r"^rv_\S+\n$")
        accessor = re.search(r"accessor (\S+);", self.stderr).group(1)
        self.assertIn(accessor, self.reeve("token", "list"))
        file = self.write("cli.token", token)
        self.assertIn("allowed", self.reeve("access", "check", "read", "profiles/a/b", token_file=file))
        self.reeve("access", "check", "write", "profiles/a/b", token_file=file, code=1)
        self.reeve("secret", "get", "cli/none", token_file=file, code=1)
        self.reeve("token", "revoke", accessor)
        self.reeve("status", token_file=file, code=1)
        self.assertIn("revision", self.reeve("status").lower())
        self.assertTrue(self.reeve("audit", "list", "--actor", "cli"))

    # -- apply and check

    def folder(self, name, files):
        for path, text in files.items():
            self.write(f"{name}/{path}", text)
        return self.server.folder / name

    def test_apply_loads_a_directory_as_one_revision(self):
        self.secret("orders/development/warehouse", {"username": "u", "password": "p"})
        self.secret("orders/staging/warehouse", {"username": "u", "password": "p"})
        self.secret("orders/production/warehouse", {"username": "u", "password": "p"})
        before = self.revision()
        self.assertIn("profiles/orders/base", self.reeve("apply", "-f", ORDERS, "--dry-run"))
        self.assertEqual(self.revision(), before)
        self.assertIn("profiles/orders/production", self.reeve("apply", "-f", ORDERS, "--dry-run", "-o", "markdown"))
        self.reeve("apply", "-f", ORDERS, "--dry-run", "--exit-code", code=3)
        self.reeve("apply", "-f", ORDERS, "-m", "all", "--source", "repo@abc", "--exit-code", code=3)
        self.assertEqual(self.revision(), before + 1)
        self.reeve("apply", "-f", ORDERS, "--exit-code", code=0)
        self.assertEqual(self.revision(), before + 1)
        self.assertEqual(self.reeve("get", "profiles/orders/base"), (ORDERS / "profiles/orders/base.yaml").read_text())
        self.assertEqual(self.document(f"revisions/{before + 1}").get("source"), "repo@abc")
        json.loads(self.reeve("apply", "-f", ORDERS, "-o", "json"))

    def test_the_examples_copy_of_the_shipped_schema_is_one(self):
        shipped = ORDERS.parents[1] / "schemas/pysetl-pipeline.json"
        self.assertEqual((ORDERS / "schemas/pysetl-pipeline.json").read_bytes(), shipped.read_bytes())

    def test_apply_prunes_only_what_it_was_told(self):
        files = {"profiles/prune/a.yaml": "a: 1\n", "profiles/prune/b.json": '{"b": 1}'}
        self.reeve("apply", "-f", self.folder("prune", files))
        self.store("profiles/prune-not/a", "a: 1\n")
        (self.server.folder / "prune/profiles/prune/b.json").unlink()
        self.reeve("apply", "-f", self.server.folder / "prune")
        self.assertEqual(self.config("prune/b"), {"b": 1})
        self.reeve("apply", "-f", self.server.folder / "prune", "--prune", "profiles/prune/")
        self.expect_problem(self.server.get("/v1/profiles/prune/b"), 404)
        self.assertEqual(self.config("prune-not/a"), {"a": 1})

    def test_apply_refuses_what_is_wrong_whole(self):
        two = self.folder("two", {"profiles/two/a.yaml": "a: 1\n", "profiles/two/a.json": "{}"})
        self.reeve("apply", "-f", two, code=2)
        bad = self.folder("bad", {"profiles/bad/a.yaml": "a: 1\n", "profiles/bad/b.yaml": "b: ${c}\n"})
        self.reeve("apply", "-f", bad, code=1)
        self.assertIn("bad/b", self.stderr)
        self.expect_problem(self.server.get("/v1/profiles/bad/a"), 404)
        self.reeve("apply", "-f", self.server.folder / "nowhere", code=2)

    def test_check_says_the_same_without_a_server(self):
        nowhere = {"REEVE_ADDR": "http://127.0.0.1:1"}
        self.reeve("check", "-f", ORDERS, env=nowhere)
        bad = self.folder("check", {"schemas/s.yaml": "properties: {n: {type: integer}}\n", "profiles/check/a.yaml": "$schema: s\nn: x\n"})
        out = self.reeve("check", "-f", bad, env=nowhere, code=1)
        self.assertRegex(out + self.stderr, r"a\.yaml.*2")
        self.assertRegex(out + self.stderr, "/n")

    # -- run

    def start_run(self, *options, program=WATCHER, env=None):
        child = subprocess.Popen([os.path.abspath(COMMAND), "run", *options, "--", sys.executable, "-uc", program], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=self.command_environment(env=env))
        harness.CHILDREN.add(child)
        self.addCleanup(harness.end_child, child)
        return child

    def wait_for_log(self, child, event):
        """Reads the log of a `reeve run` until it tells of `event`."""
        self.assertTrue(any(event in line for line in child.stderr), event)

    def test_run_gives_the_childs_exit_code(self):
        self.store("profiles/run/code", "n: 1\n")
        run = ("run", "--config", "run/code")
        self.reeve(*run, "--", "sh", "-c", "exit 7", code=7)
        self.reeve(*run, "--", "sh", "-c", "kill -9 $$", code=137)
        self.reeve(*run, "--", "/nonexistent/program", code=127)
        self.reeve("run", "--config", "run/absent", "--", "true", code=1)

    def test_run_renders_and_signals_on_a_change(self):
        self.store("profiles/run/sig", "n: 1\n")
        child = self.start_run("--config", "run/sig", "--on-change", "signal:HUP")
        file = pathlib.Path(child.stdout.readline().strip())
        self.assertEqual(child.stdout.readline(), "1\n")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        where = subprocess.run(["stat", "-f", "-c", "%T", file], capture_output=True, text=True).stdout.strip()
        self.assertIn(where, ("tmpfs", "ramfs"))
        self.store("profiles/run/sig", "n: 2\n")
        self.assertEqual(child.stdout.readline(), "2\n")
        child.send_signal(signal.SIGUSR1)
        self.assertEqual(child.stdout.readline(), "usr1\n")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.stdout.readline(), "ended\n")
        self.assertEqual(child.wait(harness.PATIENCE_S), 7)
        self.assertFalse(file.exists())
        self.assertFalse(file.parent.exists())

    def test_run_restarts_on_a_change(self):
        self.store("profiles/run/again", "n: 1\n")
        child = self.start_run("--config", "run/again", "--on-change", "restart")
        child.stdout.readline()
        self.assertEqual(child.stdout.readline(), "1\n")
        self.store("profiles/run/again", "n: 2\n")
        self.assertEqual(child.stdout.readline(), "ended\n")
        child.stdout.readline()
        self.assertEqual(child.stdout.readline(), "2\n")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(harness.PATIENCE_S), 7)

    def test_run_that_is_told_to_end_starts_nothing_again(self):
        slow = "import os, signal, sys, time\n" \
            "def end(*_):\n" \
            "    print('ending', flush=True)\n" \
            "    while not os.path.exists(os.environ['MAY_END']): time.sleep(0.01)\n" \
            "    sys.exit(7)\n" \
            "signal.signal(signal.SIGTERM, end)\n" \
            "print('started', flush=True)\nwhile True: time.sleep(0.05)\n"
        for first in ("change", "signal"):
            self.store("profiles/run/ending", f"n: {first}\n")
            may_end = self.server.folder / ("may-end-" + first)
            child = self.start_run("--config", "run/ending", program=slow, env={"MAY_END": str(may_end)})
            self.assertEqual(child.stdout.readline(), "started\n")
            if first == "signal":
                child.send_signal(signal.SIGTERM)
            self.store("profiles/run/ending", f"n: {first} 2\n")
            self.assertEqual(child.stdout.readline(), "ending\n")
            if first == "change":
                child.send_signal(signal.SIGTERM)
                # The signal has been passed on: it would kill a program whose interpreter ends already.
                self.assertEqual(child.stdout.readline(), "ending\n")
            may_end.touch()
            self.assertEqual(child.wait(harness.PATIENCE_S), 7, first)
            self.assertNotIn("started", child.stdout.read(), first)

    def test_run_refuses_what_cannot_be_given_and_keeps_the_old(self):
        self.store("profiles/run/refused", "n: 1\nname: a\n")
        child = self.start_run("--config", "run/refused", "--env", "NAME=/name")
        child.stdout.readline()
        self.assertEqual(child.stdout.readline(), "1\n")
        self.store("profiles/run/refused", "n: 2\n")  # no name: refused
        self.wait_for_log(child, "change_refused")
        self.assertIsNone(child.poll())
        self.store("profiles/run/refused", "n: 3\nname: b\n")
        self.assertEqual(child.stdout.readline(), "ended\n")
        child.stdout.readline()
        self.assertEqual(child.stdout.readline(), "3\n")

    def test_run_takes_the_next_token_from_its_file(self):
        self.store("profiles/run/renewed", "n: 1\n")
        first = json.loads(self.reeve("token", "create", "--name", "first", "--policy", "administrator", "-o", "json"))
        file = self.write("run.token", first["token"])
        child = subprocess.Popen([os.path.abspath(COMMAND), "run", "--config", "run/renewed", "--", sys.executable, "-uc", WATCHER],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.command_environment(file))
        harness.CHILDREN.add(child)
        self.addCleanup(harness.end_child, child)
        child.stdout.readline(), child.stdout.readline()
        file.write_text(self.reeve("token", "create", "--name", "second", "--policy", "administrator"))
        self.reeve("token", "revoke", first["accessor"])
        self.store("profiles/run/renewed", "n: 2\n")
        self.assertEqual(child.stdout.readline(), "ended\n")
        child.stdout.readline()
        self.assertEqual(child.stdout.readline(), "2\n")

    def test_a_dry_run_without_changes_exits_with_0(self):
        folder = self.write("same/profiles/cli/same.yaml", "a: 1\n").parents[2]
        self.reeve("apply", "-f", folder, "--dry-run", "--exit-code", code=3)
        self.reeve("apply", "-f", folder, "--exit-code", code=3)
        self.reeve("apply", "-f", folder, "--dry-run", "--exit-code")
        self.assertEqual(self.reeve("apply", "-f", folder, "--dry-run"), "no changes\n")

    def test_prune_takes_whole_segments(self):
        for name in ("prune/old", "prune-not/kept"):
            self.store(f"profiles/{name}", "a: 1\n")
        folder = self.write("pruned/profiles/prune/new.yaml", "a: 1\n").parents[2]
        self.reeve("apply", "-f", folder, "--prune", "profiles/prune")
        self.reeve("get", "profiles/prune/old", code=1)
        self.reeve("get", "profiles/prune-not/kept")

    def test_prune_keeps_the_shipped_policies(self):
        shipped = {f"policies/{name}" for name in ("administrator", "operator", "auditor", "runtime")}
        fresh = {item["path"] for item in self.expect(self.server.get("/v1/policies"), 200).json["items"]}
        self.assertLessEqual(shipped, fresh)
        self.store("policies/pruned-by-test", "rules: []\n")
        folder = self.write("policed/policies/stays.yaml", "rules: []\n").parents[1]
        for options in (("--dry-run", ), ("--dry-run", "-o", "json"), ()):
            out = self.reeve("apply", "-f", folder, "--prune", "policies/", *options)
            for path in shipped:
                self.assertIn(f"{path} is kept", self.stderr)
                self.assertNotIn(path, out)
            self.assertIn("policies/pruned-by-test", out)
        self.assertEqual({item["path"] for item in self.expect(self.server.get("/v1/policies"), 200).json["items"]},
                         shipped | {"policies/stays"})
        self.reeve("status")

    def test_no_word_of_a_wrong_call_but_the_option_is_shown(self):
        for words in (("-xm",), ("--nope=geheim",), ("--expires-at",), ("b=geheim", "b=geheim"), ("-o", "loud")):
            self.reeve("secret", "put", "cli/wrong", "a=geheim", *words, code=2)
            self.assertNotIn("geheim", self.stderr, words)
        self.reeve("secret", "put", "cli/wrong", "a=-", "b=-", stdin="x", code=2)

    def test_run_leaves_the_commands_options_to_it(self):
        self.store("profiles/run/options", "n: 1\n")
        self.reeve("run", "--config", "run/options", "sh", "-c", "exit 5", code=5)

    def test_run_keeps_the_old_while_the_profile_is_gone(self):
        self.store("profiles/run/gone", "n: 1\n")
        child = self.start_run("--config", "run/gone", "--on-change", "signal:HUP")
        child.stdout.readline(), child.stdout.readline()
        self.expect(self.server.delete("/v1/profiles/run/gone"), 204)
        self.wait_for_log(child, "poll_failed")
        self.assertIsNone(child.poll())
        self.store("profiles/run/gone", "n: 3\n")
        self.assertEqual(child.stdout.readline(), "3\n")

    def variables(self, *options, code=0):
        out = self.reeve("run", "--config", "run/env", *options, "--", "env", code=code)
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def test_run_sets_what_was_asked_and_no_dangerous_name(self):
        self.store("profiles/run/env", "n: 1\ndb: {pass word: x}\npath: /evil\n")
        got = self.variables("--env", "THE_N=/n", "--env-all", "CFG_")
        self.assertLessEqual({"THE_N": "1", "CFG_N": "1", "CFG_DB_PASS_WORD": "x", "CFG_PATH": "/evil"}.items(), got.items())
        self.assertFalse([name for name in got if name.startswith("REEVE_TOKEN")])
        for name in ("PATH", "LD_PRELOAD", "PYTHONPATH", "BAD NAME", ""):
            self.variables("--env", f"{name}=/n", code=1)
        self.variables("--env-all", "", code=1)  # "path" would become PATH
        self.variables("--env", "X=/none", code=1)

    def test_run_passes_on_what_was_open_and_no_connection_of_its_own(self):
        self.store("profiles/run/files", "n: 1\n")
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        show = "import os; print(*[fd for fd in map(int, os.listdir('/proc/self/fd')) if os.path.exists(f'/proc/self/fd/{fd}')])"
        done = subprocess.run([os.path.abspath(COMMAND), "run", "--config", "run/files", "--", sys.executable, "-c", show], pass_fds=[theirs],
                              env=self.command_environment(), capture_output=True, text=True)
        os.close(theirs)
        self.assertEqual(done.stdout.split(), ["0", "1", "2", str(theirs)], done.stderr)

    def test_run_lets_no_configuration_steer_the_command(self):
        evil = {"http": {"proxy": "evil"}, "https_proxy": "evil", "ssl": {"cert": {"file": "evil"}}, "java": {"tool": {"options": "evil"}},
                "spark": {"submit": {"opts": "evil"}, "cores": 4}, "hadoop": {"opts": "evil"}, "node": {"extra": {"ca": {"certs": "evil"}}},
                "bash": {"env": "evil"}, "git": {"ssh": {"command": "evil"}}, "ld": {"preload": "evil"}, "path": "evil", "wgetrc2": "evil",
                "submit": {"opts": "evil"}, "tool": {"options": "evil"}, "preload": "evil", "db": {"url": "good"}, "perl5opt": "evil", "requests": {"ca": {"bundle": "evil"}}, "openssl": {"conf": "evil"}}
        self.store("profiles/run/env", evil)
        for prefix, name in (("SPARK_", "SPARK_SUBMIT_OPTS"), ("JAVA_", "JAVA_TOOL_OPTIONS"), ("LD_", "LD_PRELOAD")):
            self.assertNotIn(name, self.variables("--env-all", prefix))
            self.assertIn(name, self.stderr)
        harmless = {"WGETRC2", "SUBMIT_OPTS", "TOOL_OPTIONS", "PRELOAD"}
        for options in (("--env-allow", "*"), ("--env-allow", "*", "--env-unsafe"), ("--env-allow", "DB_*")):
            got = self.variables("--env-all", "", *options)
            self.assertEqual({name for name, value in got.items() if value == "evil"}, harmless if "*" in options else set(), options)
            self.assertIn("env_left_out" if "*" in options else "env_not_allowed", self.stderr, options)
        self.assertEqual(got["DB_URL"], "good")
        self.assertNotIn("WGETRC2", got)
        self.variables("--env-all", "", "--env-allow", "*")
        self.assertIn("HTTPS_PROXY", self.stderr)
        self.assertNotIn("evil", self.stderr)
        for name in ("https_proxy", "HTTP_PROXY", "SSL_CERT_FILE", "JAVA_TOOL_OPTIONS", "SPARK_SUBMIT_OPTS", "BASH_ENV", "PYSPARK_PYTHON"):
            self.variables("--env", f"{name}=/path", code=1)
            self.assertIn("--env-unsafe", self.stderr)
            self.assertEqual(self.variables("--env", f"{name}=/path", "--env-unsafe")[name], "evil")
        self.reeve("run", "--config", "run/env", "--env-allow", "DB_*", "--", "true", code=2)
        self.reeve("run", "--config", "run/env", "--env-all", "", "--env-allow", "a?", "--", "true", code=2)

    def test_a_backup(self):
        file = self.server.folder / "cli.backup"
        self.reeve("backup", "-o", file)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.reeve("backup", "-o", file, code=2)


if __name__ == "__main__":
    unittest.main()
