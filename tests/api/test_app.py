"""reeved as a program: its commands, files, settings, signals."""
import functools
import pathlib
import re
import resource
import signal
import stat
import subprocess
import threading
import time
import unittest
from unittest import mock

from harness import PROGRAM, Reeved, ServerCase, until


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class Commands(unittest.TestCase):
    def setUp(self):
        self.server = Reeved()
        self.addCleanup(self.server.remove)

    def test_help_is_everywhere_and_has_an_example(self):
        for words in (["--help"], ["init", "--help"], ["serve", "--help"], ["restore", "--help"]):
            code, out, _ = self.server.run(*words)
            self.assertEqual(code, 0, words)
            self.assertIn("reeved ", out)
            self.assertTrue("xample" in out, words)
        code, out, _ = self.server.run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^reeved \d+\.\d+\.\d+\n$")

    def test_wrong_usage_ends_with_2_and_says_what_is_wrong(self):
        cases = (
            ([], "Usage"), (["frobnicate"], "unknown command"), (["init"], "--data"),
            (["init", "--dta", "x"], "did you mean --data"), (["serve"], "--data"),
            (["serve", "--data", "x", "--workers", "many"], "workers"),
            (["serve", "--data", "x", "--listen", "example.com:1"], "listen"),
            (["restore", "--data", "x"], "--from"),
        )
        for words, part in cases:
            with self.subTest(words):
                code, _, err = self.server.run(*words)
                self.assertEqual(code, 2, err)
                self.assertIn(part, err)

    def test_init_makes_files_that_only_their_owner_reads(self):
        self.server.init()
        self.assertEqual(mode(self.server.token_file), 0o600)
        self.assertRegex(self.server.token_file.read_text(), r"^rv_\S+\n$")
        self.assertEqual(mode(self.server.data), 0o700)
        self.assertEqual(mode(self.server.data / "root.key"), 0o400)
        self.assertEqual(mode(self.server.data / "audit.pub"), 0o644)
        self.assertEqual(mode(self.server.data / "reeve.db"), 0o600)

    def test_init_refuses_a_folder_that_holds_anything_and_leaves_it_alone(self):
        self.server.data.mkdir()
        (self.server.data / "mine").write_text("x")
        code, _, err = self.server.run("init", "--data", self.server.data, "--admin-token-file",
                                       self.server.token_file)
        self.assertEqual(code, 1)
        self.assertIn("not empty", err)
        self.assertEqual([p.name for p in self.server.data.iterdir()], ["mine"])
        self.assertFalse(self.server.token_file.exists())

    def test_init_refuses_a_token_file_that_is_there(self):
        self.server.token_file.write_text("x")
        code, _, err = self.server.run("init", "--data", self.server.data, "--admin-token-file",
                                       self.server.token_file)
        self.assertEqual(code, 1)
        self.assertEqual(self.server.token_file.read_text(), "x")
        self.assertFalse(self.server.data.exists())

    def test_the_root_key_may_be_elsewhere_and_is_needed(self):
        key = self.server.folder / "keys" / "root"
        key.parent.mkdir()
        code, out, err = self.server.run("init", "--data", self.server.data, "--admin-token-file",
                                         self.server.token_file, "--root-key", key)
        self.assertEqual(code, 0, err)
        self.assertIn("backup does not hold it", out)
        self.assertEqual(mode(key), 0o400)
        with self.assertRaises(AssertionError):
            self.server.start()
        self.server.start("--root-key", key)
        self.assertEqual(self.server.stop(), 0)

    def test_a_wrong_root_key_is_refused(self):
        self.server.init()
        other = Reeved()
        self.addCleanup(other.remove)
        other.init()
        with self.assertRaisesRegex(AssertionError, "ended with 1"):
            self.server.start("--root-key", other.data / "root.key")

    def test_a_root_key_that_others_may_read_is_refused(self):
        self.server.init()
        (self.server.data / "root.key").chmod(0o644)
        with self.assertRaisesRegex(AssertionError, "ended with 1"):
            self.server.start()

    def test_a_second_server_on_the_same_data_is_refused(self):
        self.server.init().start()
        code, _, err = self.server.run("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
        self.assertEqual(code, 1)
        self.assertRegex(err, "serve|lock|use")
        self.assertEqual(self.server.stop(), 0)

    def test_addresses_that_others_reach_need_to_be_allowed(self):
        self.server.init()
        code, _, err = self.server.run("serve", "--data", self.server.data, "--listen", "0.0.0.0:0")
        self.assertEqual(code, 2)
        self.assertIn("--insecure-listen", err)
        self.server.start("--insecure-listen")
        self.assertEqual(self.server.stop(), 0)

    def test_settings_come_from_the_file_the_environment_and_flags(self):
        self.server.init()
        (self.server.data / "reeved.yaml").write_text("limit_max: 5\nwait_max: 2s\n")
        self.server.extra_env = {"REEVED_WAIT_MAX": "3s"}
        self.server.start()
        self.assertEqual(self.server.get("/v1/profiles?limit=6").status, 400)
        self.assertEqual(self.server.get("/v1/profiles?limit=5").status, 200)
        self.assertEqual(self.server.get("/v1/config/a/b?wait=4s").status, 400)
        self.assertEqual(self.server.get("/v1/config/a/b?wait=3s").status, 404)
        self.assertEqual(self.server.stop(), 0)
        (self.server.data / "reeved.yaml").write_text("limit_maxx: 5\n")
        with self.assertRaisesRegex(AssertionError, "ended with 2"):
            self.server.start()

    def test_what_was_written_is_there_after_a_restart(self):
        self.server.init().start()
        self.assertEqual(self.server.put("/v1/profiles/a/b", "x: 1\n").status, 201)
        self.assertEqual(self.server.stop(signal.SIGINT), 0)
        self.server.start()
        self.assertEqual(self.server.get("/v1/config/a/b").json, {"x": 1})
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.server.reports(), [])

    def test_a_stop_answers_polls_and_requests_in_flight(self):
        self.server.init().start()
        self.server.put("/v1/profiles/a/b", "x: 1\n")
        tag = self.server.get("/v1/config/a/b").headers["ETag"]
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.server.get(
            "/v1/config/a/b?wait=30s", headers={"If-None-Match": tag}))) for _ in range(5)]
        for t in threads:
            t.start()
        self.server.wait_for_polls(5)
        begin = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 25, "no poll sits out its 30 s")
        for t in threads:
            t.join()
        self.assertEqual(sorted(a.status for a in answers), [304] * 5)

    def test_polls_whose_clients_went_leave_no_descriptors(self):
        self.server.init().start()
        self.server.put("/v1/profiles/a/b", "x: 1\n")
        tag = self.server.get("/v1/config/a/b").headers["ETag"]
        folder = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        self.server.wait_for_no_connections()
        before = len(list(folder.iterdir()))
        connections = [self.server.connect() for _ in range(50)]
        for c in connections:
            c.request("GET", "/v1/config/a/b?wait=50s",
                      headers={"If-None-Match": tag, "Authorization": "Bearer " + self.server.admin})
        self.server.wait_for_polls(50)
        self.assertGreaterEqual(len(list(folder.iterdir())), before + 50)
        for c in connections:
            c.close()
        self.server.wait_for_no_connections()
        until(lambda: len(list(folder.iterdir())) <= before + 2, "descriptors that are given back")
        self.assertEqual(self.server.stop(), 0)

    def limited(self, soft, hard):
        """Sets the bounds on open files of this process, whose children have them too; the soft one comes back."""
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        return mock.patch.object(subprocess, "Popen", functools.partial(
            subprocess.Popen, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, min(hard, before[1])))))

    def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one(self):
        self.server.init()
        self.server.options = ["--connections-max", "1000"]
        with self.limited(64, 4096):
            self.server.start()
        self.assertEqual(resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE), (4096, 4096))
        self.assertNotIn("fewer_connections", self.server.log)
        self.assertEqual(self.server.stop(), 0)

    def test_too_few_open_files_are_logged_with_the_number_needed(self):
        self.server.init()
        self.server.options = ["--connections-max", "5000"]
        with self.limited(1024, 1024):
            self.server.start()
        line = next(line for line in self.server.log.splitlines() if "fewer_connections" in line)
        needed = int(re.search(r" open_files_needed=(\d+) ", line).group(1))
        self.assertTrue(5000 < needed < 7000, line)
        self.assertLess(int(re.search(r" connections_max=(\d+) ", line).group(1)), 512)
        clients = [self.server.connect() for _ in range(900)]
        for client in clients:
            client.connect()
        self.assertEqual(self.server.get("/v1/config/a/b").status, 404)
        self.assertEqual(self.server.put("/v1/profiles/a/b", "x: 1\n").status, 201)
        for client in clients:
            client.close()
        self.assertEqual(self.server.stop(), 0)

    def test_a_server_that_may_open_hardly_any_files_does_not_start(self):
        self.server.init()
        for files in (32, 100, 200):
            with self.subTest(files), self.limited(files, files), self.assertRaises(AssertionError) as failed:
                self.server.start()
            self.assertRegex(str(failed.exception), r"may open \d+ files only: raise the hard limit .* to 1\d{4}, which connections_max 16384 needs")

    def test_a_server_without_randomness_ends_with_a_message(self):
        self.server.init()
        env = self.server.environment()
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # which needs ptrace itself
        done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=getrandom:error=EPERM", PROGRAM, "serve", "--data",
                               self.server.data, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no_randomness reason="getrandom: Operation not permitted"', done.stderr)


class Recovery(ServerCase):
    def test_a_backup_is_restored_with_a_higher_epoch_and_a_new_token(self):
        server = self.server
        self.expect(server.put("/v1/profiles/a/b", "x: 1\n"), 201)
        epoch = int(server.get("/healthz").headers["Reeve-Epoch"])
        backup = self.expect(server.get("/v1/backup"), 200)
        self.assertTrue(backup.body.startswith(b"SQLite format 3\0"))
        file = server.folder / "backup.db"
        file.write_bytes(backup.body)
        other = Reeved()
        self.addCleanup(other.remove)
        other.data.mkdir(mode=0o700)
        code, out, err = other.run("restore", "--data", other.data, "--from", file, "--root-key",
                                   server.data / "root.key", "--reason", "a test",
                                   "--admin-token-file", other.token_file)
        self.assertEqual(code, 0, err)
        self.assertEqual((other.data / "audit.pub").read_text(), (server.data / "audit.pub").read_text())
        other.start("--root-key", server.data / "root.key")
        self.expect(other.get("/v1/profiles", token=server.admin), 401)
        answer = self.expect(other.get("/v1/config/a/b"), 200)
        self.assertEqual(answer.json, {"x": 1})
        self.assertGreater(int(answer.headers["Reeve-Epoch"]), epoch)
        self.assertEqual(other.stop(), 0)

    def test_a_restore_into_a_folder_that_holds_anything_is_refused(self):
        code, _, err = self.server.run("restore", "--data", self.server.data, "--from", "/nonexistent",
                                       "--root-key", self.server.data / "root.key", "--reason", "x")
        self.assertEqual(code, 1)
        self.assertTrue((self.server.data / "reeve.db").exists())


if __name__ == "__main__":
    unittest.main()
