"""Restore and init: all or nothing, however they end. Backups: the signature finds every change.

A kill comes before the n-th system call that changes the file system. By default a sample of all these points is tried;
REEVE_ALL_POINTS=1 tries each.
"""
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import unittest

import harness
from support import COMMAND, Case

CALLS = ("write pwrite64 rename renameat2 link linkat fsync fdatasync unlink unlinkat mkdir rmdir openat ftruncate chmod fchmod "
         "fallocate copy_file_range").split()
READING = re.compile(r"O_RDONLY|O_PATH|= -1 ENOENT")
SAMPLE, LAST = 5, 10  # the last steps matter most: the token, the name, the clearing


def strace_works():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "inject=chdir:error=EIO:when=1", "true"],
                          capture_output=True).returncode == 0


def names(folder):
    """What lies in a data folder, without the space that a start sets aside."""
    return sorted(p.name for p in folder.iterdir() if p.name != "reeve.reserve")


class Points:
    """The places at which a command can be killed, found by running it once."""

    def __init__(self, server):
        self.server = server

    def run(self, arguments, *options):
        env = self.server.environment()
        # The leak check needs ptrace, which strace has.
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        trace = self.server.folder / "trace"
        done = subprocess.run(["strace", "-qq", "-o", str(trace), "-e", "trace=" + ",".join("?" + c for c in CALLS), *options,
                               os.path.abspath(harness.PROGRAM), *map(str, arguments)],
                              capture_output=True, text=True, env=env, timeout=60)
        return done.returncode, done.stdout + done.stderr, trace.read_text(errors="replace")

    def find(self, arguments):
        """[(call, n)] in the order in which they come, without those that only read."""
        code, out, trace = self.run(arguments)
        assert code == 0, out
        counts, points = collections.Counter(), []
        for line in trace.splitlines():
            call = line.split("(", 1)[0]
            if call not in CALLS:
                continue
            counts[call] += 1
            if not READING.search(line):
                points.append((call, counts[call]))
        assert len(points) > 30, trace
        if os.environ.get("REEVE_ALL_POINTS"):
            return points
        step = len(points) / SAMPLE
        return sorted({points[int(i * step)] for i in range(SAMPLE)} | set(points[-LAST:]), key=points.index)

    def kill(self, point, arguments):
        call, n = point
        code, out, _ = self.run(arguments, "-e", f"inject={call}:signal=KILL:when={n}")
        assert code in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{point}: {code} {out}"


@unittest.skipUnless(strace_works(), "strace cannot inject here")
class Kills(unittest.TestCase):
    def setUp(self):
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)
        self.points = Points(self.server)

    def backup(self):
        """A store with one configuration and one token that was revoked after the backup."""
        self.server.init().start()
        self.assertEqual(self.server.put("/v1/profiles/a/b", "x: 1\n").status, 201)
        answer = self.server.post("/v1/tokens", {"name": "gone", "policies": ["administrator"], "ttl": "1h"}).json
        file = self.server.folder / "backup"
        file.write_bytes(self.server.get("/v1/backup").body)
        self.server.delete("/v1/tokens/" + answer["accessor"])
        self.assertEqual(self.server.stop(), 0)
        return file, answer["token"]

    def serves(self, folder, token_file, *options):
        """The server, or None where it refuses."""
        other = harness.Reeved(*options)
        self.addCleanup(other.remove)
        other.data, other.token_file = folder, token_file
        try:
            return other.start()
        except AssertionError:
            self.assertRegex(other.log, "not finished|holds no store|No such file")
            self.assertEqual(other.reports(), [])
            return None

    def expect_restored(self, other, revoked):
        """The whole store at the raised epoch, with no token but the new one."""
        answer = other.get("/v1/config/a/b")
        self.assertEqual((answer.status, answer.json), (200, {"x": 1}))
        self.assertEqual(answer.headers["Reeve-Epoch"], "2")
        for old in (self.server.admin, revoked):
            self.assertEqual(other.get("/v1/status", token=old).status, 401)
        self.assertEqual(other.stop(), 0)
        self.assertFalse((other.data / "unfinished").exists())

    def test_a_restore_that_is_killed_serves_nothing_or_everything(self):
        file, revoked = self.backup()
        key = self.server.data / "root.key"

        def arguments(n):
            folder = self.server.folder / f"r{n}"
            return ["restore", "--data", folder, "--from", file, "--root-key", key, "--reason", "x", "--admin-token-file",
                    f"{folder}.token"]

        points = self.points.find(arguments("first"))
        finished = 0
        for n, point in enumerate(points):
            with self.subTest(point=point):
                folder = self.server.folder / f"r{n}"
                token = pathlib.Path(f"{folder}.token")
                self.points.kill(point, arguments(n))
                other = self.serves(folder, token, "--root-key", str(key))
                if other is not None:
                    finished += 1
                    self.expect_restored(other, revoked)
                else:
                    code, out, err = self.server.run(*arguments(n))
                    self.assertEqual(code, 0, out + err)
                    self.expect_restored(self.serves(folder, token, "--root-key", str(key)), revoked)
                self.assertEqual(names(folder), ["audit.pub", "reeve.db", "reeve.lock"])
        self.assertGreater(finished, 0, "a point behind the end is among them")
        self.assertGreater(len(points) - finished, 5)

    def test_an_init_that_is_killed_is_finished_by_resume(self):
        def arguments(n, *more):
            folder = self.server.folder / f"i{n}"
            return ["init", "--data", folder, "--admin-token-file", f"{folder}.token", *more]

        for n, point in enumerate(self.points.find(arguments("first"))):
            with self.subTest(point=point):
                folder = self.server.folder / f"i{n}"
                token = pathlib.Path(f"{folder}.token")
                self.points.kill(point, arguments(n))
                key = folder / "root.key"
                made = key.read_text() if key.exists() else None
                other = self.serves(folder, token)
                if other is None:
                    if (folder / "unfinished").exists():
                        code, _, err = self.server.run(*arguments(n))
                        self.assertEqual(code, 1)
                        self.assertIn("--resume", err)
                    code, out, err = self.server.run(*arguments(n, "--resume"))
                    self.assertEqual(code, 0, out + err)
                    if made and len(made) == 45:
                        self.assertEqual(key.read_text(), made)
                    other = self.serves(folder, token)
                self.assertEqual(other.put("/v1/profiles/a/b", "x: 1\n").status, 201)
                self.assertEqual(other.stop(), 0)
                self.assertEqual(names(folder), ["audit.pub", "reeve.db", "reeve.lock", "root.key"])

    def test_a_resume_that_is_killed_is_finished_by_another(self):
        def arguments(n, *more):
            folder = self.server.folder / f"u{n}"
            return ["init", "--data", folder, "--admin-token-file", f"{folder}.token", *more]

        self.points.kill(("renameat2", 1), arguments("first"))
        first = (self.server.folder / "ufirst" / "root.key").read_text()
        points = self.points.find(arguments("first", "--resume"))
        self.assertEqual((self.server.folder / "ufirst" / "root.key").read_text(), first)
        for n, point in enumerate(points):
            with self.subTest(point=point):
                folder = self.server.folder / f"u{n}"
                self.points.kill(("renameat2", 1), arguments(n))
                made = (folder / "root.key").read_text()
                self.points.kill(point, arguments(n, "--resume"))
                other = self.serves(folder, pathlib.Path(f"{folder}.token"))
                if other is None:
                    code, out, err = self.server.run(*arguments(n, "--resume"))
                    self.assertEqual(code, 0, out + err)
                    other = self.serves(folder, pathlib.Path(f"{folder}.token"))
                self.assertEqual(other.get("/v1/status").status, 200)
                self.assertEqual(other.stop(), 0)
                self.assertEqual((folder / "root.key").read_text(), made)


class Unfinished(unittest.TestCase):
    """Folders as a run that was interrupted leaves them."""

    def setUp(self):
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)
        self.inside = self.server.data / "unfinished"

    def leave(self, made=None):
        self.server.data.mkdir(mode=0o700)
        self.inside.mkdir(mode=0o700)
        (self.inside / "reeve.db").write_bytes(b"half")
        if made is not None:
            (self.inside / "made").write_text(made)

    def init(self, *more):
        return self.server.run("init", "--data", self.server.data, "--admin-token-file", self.server.token_file, *more)

    def test_serve_names_the_command_to_run(self):
        for made, part in (("reeved init\n", "--resume"), ("reeved restore\n", "`reeved restore` was interrupted"),
                           (None, "`reeved init` or `reeved restore`")):
            with self.subTest(made):
                self.leave(made)
                code, _, err = self.server.run("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
                self.assertEqual(code, 1)
                self.assertIn("not finished", err)
                self.assertIn(part, err)
                shutil.rmtree(self.server.data)

    def test_each_command_clears_only_its_own(self):
        self.leave(f"reeved restore\ntoken {self.server.token_file}\n")
        code, _, err = self.init("--resume")
        self.assertEqual(code, 1)
        self.assertIn("reeved restore", err)
        self.assertTrue((self.inside / "reeve.db").exists())
        shutil.rmtree(self.server.data)
        self.leave(f"reeved init\ntoken {self.server.token_file}\n")
        code, _, err = self.server.run("restore", "--data", self.server.data, "--from", "/nonexistent", "--root-key",
                                       self.server.data / "root.key", "--reason", "x")
        self.assertEqual(code, 1)
        self.assertIn("--resume", err)
        self.assertTrue((self.inside / "reeve.db").exists())

    def test_resume_also_begins_in_a_folder_that_is_empty_or_does_not_exist(self):
        code, _, err = self.init("--resume")
        self.assertEqual(code, 0, err)
        code, _, err = self.init("--resume")
        self.assertEqual(code, 1, "a store that is complete is no unfinished one")
        self.assertIn("exists already", err)
        self.server.token_file.unlink()
        code, _, err = self.init("--resume")
        self.assertEqual(code, 1)
        self.assertIn("not empty", err)

    def test_a_root_key_that_existed_before_is_never_removed(self):
        key = self.server.folder / "key"
        self.server.run("init", "--data", self.server.folder / "other", "--admin-token-file", self.server.folder / "t",
                        "--root-key", key)
        before = key.read_text()
        self.leave(f"reeved init\ntoken {self.server.token_file}\n")
        code, _, err = self.init("--resume", "--root-key", key)
        self.assertEqual(code, 0, err)
        self.assertEqual(key.read_text(), before)

    def test_a_root_key_that_the_run_had_made_must_be_named_again(self):
        key = self.server.folder / "key"
        key.write_text("A" * 43 + "=\n")
        key.chmod(0o400)
        self.leave(f"reeved init\ntoken {self.server.token_file}\nroot-key {key}\n")
        code, _, err = self.init("--resume")
        self.assertEqual(code, 1)
        self.assertIn(str(key), err)
        code, out, err = self.init("--resume", "--root-key", key)
        self.assertEqual(code, 0, err)
        self.assertEqual(key.read_text(), "A" * 43 + "=\n")

    def test_a_root_key_that_was_cut_off_is_made_again(self):
        key = self.server.folder / "key"
        key.write_text("AAAA")
        key.chmod(0o400)
        self.leave(f"reeved init\ntoken {self.server.token_file}\nroot-key {key}\n")
        code, out, err = self.init("--resume", "--root-key", key)
        self.assertEqual(code, 0, err)
        self.assertEqual(len(key.read_text()), 45)

    def test_a_file_that_is_no_token_is_not_removed(self):
        self.server.token_file.write_text("the operator's own\n")
        self.leave(f"reeved init\ntoken {self.server.token_file}\n")
        code, _, err = self.init("--resume")
        self.assertEqual(code, 1)
        self.assertIn("exists already", err)
        self.assertEqual(self.server.token_file.read_text(), "the operator's own\n")

    def restore(self):
        return self.server.run("restore", "--data", self.server.data, "--from", "/nonexistent", "--root-key",
                               self.server.folder / "key", "--reason", "x")

    def test_a_folder_of_that_name_that_reeved_did_not_make_keeps_its_files(self):
        mine = self.inside / "mine"
        for command in ("restore", "init"):
            with self.subTest(command):
                self.server.data.mkdir(mode=0o700)
                self.inside.mkdir()
                (self.inside / "reeve.db").write_text("mine")
                mine.write_text("mine")
                code, _, err = self.restore() if command == "restore" else self.init("--resume")
                self.assertEqual(code, 1)
                self.assertIn("move it away", err)
                self.assertEqual(names(self.inside), ["mine", "reeve.db"])
                shutil.rmtree(self.server.data)

    def test_a_link_of_that_name_is_never_followed(self):
        elsewhere = self.server.folder / "elsewhere"
        for made in (None, f"reeved restore\ntoken {self.server.token_file}\n"):
            with self.subTest(made):
                elsewhere.mkdir()
                (elsewhere / "mine").write_text("mine")
                if made is not None:
                    (elsewhere / "made").write_text(made)
                before = names(elsewhere)
                self.server.data.mkdir(mode=0o700)
                self.inside.symlink_to(elsewhere)
                code, _, err = self.restore()
                self.assertEqual(code, 1)
                self.assertIn("move it away", err)
                self.assertEqual(names(elsewhere), before)
                shutil.rmtree(self.server.data)
                shutil.rmtree(elsewhere)

    def test_a_start_keeps_the_files_of_others_in_a_finished_folder(self):
        elsewhere = self.server.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "mine").write_text("mine")
        (elsewhere / "made").write_text("reeved init\n")
        self.server.init()
        self.inside.symlink_to(elsewhere)
        serve = ("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
        code, _, err = self.server.run(*serve)
        self.assertEqual(code, 1)
        self.assertIn("move it away", err)
        self.assertEqual(names(elsewhere), ["made", "mine"])
        self.inside.unlink()
        self.inside.mkdir()
        (self.inside / "mine").write_text("mine")
        code, _, err = self.server.run(*serve)
        self.assertEqual(code, 1)
        self.assertIn("move it away", err)
        self.assertEqual(names(self.inside), ["mine"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to give a file away")
    def test_what_another_user_wrote_names_no_file_to_remove(self):
        self.server.token_file.write_text("")
        self.leave(f"reeved restore\ntoken {self.server.token_file}\n")
        os.chown(self.inside / "made", 1, 1)
        code, _, err = self.restore()
        self.assertEqual(code, 1)
        self.assertIn("not a file of yours", err)
        self.assertTrue(self.server.token_file.exists())

    def test_a_list_of_files_that_was_cut_off_by_a_crash_is_cleared(self):
        self.server.data.mkdir(mode=0o700)
        self.inside.mkdir(mode=0o700)
        (self.inside / "made.aB3dE6").write_text("reeved in")
        code, _, err = self.init("--resume")
        self.assertEqual(code, 0, err)
        self.assertFalse(self.inside.exists())

    def test_a_second_run_waits_for_no_one_and_is_refused(self):
        self.leave("reeved init\n")
        lock = open(self.server.data / "reeve.lock", "w")
        lock.write("x")
        import fcntl
        import struct
        fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))  # F_OFD_SETLK
        code, _, err = self.init("--resume")
        lock.close()
        self.assertEqual(code, 1)
        self.assertIn("another reeved", err)
        self.assertTrue((self.inside / "reeve.db").exists())

    def test_what_a_finished_run_left_is_removed_by_the_start(self):
        self.server.init()
        self.inside.mkdir(mode=0o700)
        (self.inside / "made").write_text("reeved init\n")
        (self.inside / "reeve.lock").write_text("")
        self.server.start()
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(self.inside.exists())

    def test_copies_of_killed_backups_are_removed_by_the_start_and_nothing_else_is(self):
        self.server.init()
        stale = ["reeve.db.backup-0123456789abcdef", "reeve.db.backup-0123456789abcdef.aB3dE6",
                 "reeve.db.backup-0123456789abcdef.partial-aB3dE6", "reeve.db.backup-0123456789abcdef.partial-aB3dE6-journal",
                 "reeve.db.format-1.partial-aB3dE6", "reeve.db.format-1.2.partial-aB3dE6-wal"]
        kept = ["reeve.db.backup-mine", "reeve.db.format-1", "reeve.db.format-1.2", "reeve.db.format-1.backup", "reeve.db.backup",
                "reeve.db.backup-0123456789abcdef.mine", "reeve.db.partial-x", "reeved.yaml.backup-0123456789abcdef"]
        for name in stale + kept:
            (self.server.data / name).write_text("x")
        self.server.start()
        self.assertEqual(self.server.stop(), 0)
        left = {p.name for p in self.server.data.iterdir()}
        self.assertEqual(left & set(stale), set())
        self.assertEqual(left & set(kept), set(kept))


class Signatures(Case):
    """`reeve backup` signs what it writes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.server
        for n in range(40):
            server.put("/v1/profiles/a/b", f"x: {n}\ny: {'z' * 200}\n")
            server.put("/v1/secrets/a/b", {"data": {"k": "x" * 2000}})
        server.post("/v1/secrets/a/b:destroy", {"versions": list(range(1, 30))})
        cls.file = server.folder / "whole"
        cls.file.write_bytes(server.get("/v1/backup").body)
        cls.content = cls.file.read_bytes()
        cls.at = cls.content.rindex(b"reeve-backup 1\n")  # the database's end

    def restore(self, file, *options, folder=None):
        folder = folder or self.server.folder / "restored"
        token = self.server.folder / "restored.token"
        result = self.server.run("restore", "--data", folder, "--from", file, "--root-key", self.server.data / "root.key",
                                 "--reason", "x", "--admin-token-file", token, *options)
        made = folder.exists() and [p.name for p in folder.iterdir() if p.name != "reeve.lock"]
        if result[0] != 0:
            self.assertFalse(made, "nothing is left")
            self.assertFalse(token.exists())
        shutil.rmtree(folder, ignore_errors=True)
        token.unlink(missing_ok=True)
        return result

    def expect_refused(self, content, what):
        """By restore, and by `reeve backup verify` even without a key."""
        broken = self.server.folder / "broken"
        broken.write_bytes(content)
        code, out, err = self.restore(broken)
        self.assertEqual(code, 1, f"{what}: {out}{err}")
        self.assertIn("broken", err)
        self.reeve("backup", "verify", broken, code=1)
        self.assertIn("reeve backup verify: ", self.stderr)

    def test_a_whole_one_is_accepted_without_a_warning(self):
        code, _, err = self.restore(self.file)
        self.assertEqual((code, err), (0, ""))

    def test_verify_says_what_a_whole_one_holds_and_what_was_not_checked(self):
        out = self.reeve("backup", "verify", self.file)
        self.assertIn("epoch 1, revision 8", out)
        self.assertIn("not checked without the log's public key", out)
        out = self.reeve("backup", "verify", self.file, "--key", self.server.data / "audit.pub")
        self.assertIn("sound: ", out)
        self.assertNotIn("--key", out)
        self.assertEqual(self.file.read_bytes(), self.content)
        self.assertEqual(list(self.server.folder.glob("whole-*")), [])

    def test_verify_refuses_the_key_of_another_log_and_needs_one_for_an_older_checkpoint(self):
        other = harness.Reeved()
        self.addCleanup(other.remove)
        other.init()
        self.reeve("backup", "verify", self.file, "--key", other.data / "audit.pub", code=1)
        self.assertIn("another store", self.stderr)
        self.reeve("backup", "verify", self.file, "--key", "/nonexistent", code=2)
        self.reeve("backup", "verify", self.file, "--older", self.file, code=2)
        self.reeve("backup", "verify", code=2)
        self.reeve("backup", "verify", "/nonexistent", code=1)

    def test_verify_opens_every_content_with_the_root_key(self):
        out = self.reeve("backup", "verify", self.file, "--root-key", self.server.data / "root.key")
        self.assertIn("open, and are those that were written", out)
        other = harness.Reeved()
        self.addCleanup(other.remove)
        other.init()
        self.reeve("backup", "verify", self.file, "--root-key", other.data / "root.key", code=1)
        self.reeve("backup", "verify", self.file, "--root-key", "/nonexistent", code=2)

    def test_verify_compares_with_an_older_checkpoint(self):
        note = self.server.folder / "older"
        note.write_bytes(self.server.get("/v1/audit/checkpoint").body)
        later = self.server.folder / "later"
        later.write_bytes(self.server.get("/v1/backup").body)
        key = self.server.data / "audit.pub"
        self.reeve("backup", "verify", later, "--key", key, "--older", note)
        self.reeve("backup", "verify", self.file, "--key", key, "--older", note, code=1)
        self.assertIn("older checkpoint", self.stderr)

    def test_bytes_that_were_changed_are_found_wherever_they_are(self):
        random_places = random.Random(8)
        places = [random_places.randrange(0, self.at) for _ in range(10)]
        places += [random_places.randrange(self.at, len(self.content) - 16) for _ in range(6)]
        places += [len(self.content) - n for n in (1, 8, 12, 13, 28, 29, 31, 32, 33)]
        for at in places:
            count = min(16, len(self.content) - at)
            changed = bytes(b ^ random_places.randrange(1, 256) for b in self.content[at:at + count])
            self.expect_refused(self.content[:at] + changed + self.content[at + count:], f"{count} bytes at {at}")

    def test_one_bit_in_the_free_space_is_found(self):
        zeros = self.content.index(bytes(64))
        self.assertLess(zeros, self.at)
        self.expect_refused(self.content[:zeros + 32] + b"\x01" + self.content[zeros + 33:], "free space")

    def test_one_that_was_cut_off_or_extended_is_refused(self):
        tail = len(self.content) - self.at
        for n in (0, 1, 50, 4096, self.at // 2, self.at - 4096, self.at - 1, self.at, self.at + 1, self.at + tail // 2, len(self.content) - 1):
            self.expect_refused(self.content[:n], f"the first {n} bytes")
        for more in (b"x", b"\0" * 4096, self.content[self.at:]):
            self.expect_refused(self.content + more, f"{len(more)} more bytes")
        self.expect_refused(self.content[:self.at] + bytes(4096) + self.content[self.at:], "a page between")

    def test_the_note_of_another_backup_is_refused(self):
        self.server.put("/v1/profiles/a/b", "x: later\n")
        later = self.server.get("/v1/backup").body
        self.expect_refused(self.content[:self.at] + later[later.rindex(b"reeve-backup 1\n"):], "another note")

    def test_a_backup_of_another_store_is_refused_with_its_root_key(self):
        other = harness.Reeved()
        self.addCleanup(other.remove)
        other.init().start()
        foreign = self.server.folder / "broken"
        foreign.write_bytes(other.get("/v1/backup").body)
        other.stop()
        code, _, err = self.restore(foreign)
        self.assertEqual(code, 1, err)

    def test_an_older_checkpoint_says_what_the_backup_lacks(self):
        note = self.server.folder / "newer"
        note.write_bytes(self.server.get("/v1/audit/checkpoint").body)
        missing = int(note.read_text().split("\n")[1]) - int(re.search(rb"\nsize (\d+)\n", self.content[self.at:]).group(1))
        self.assertGreater(missing, 0)
        code, _, err = self.restore(self.file, "--older", note)
        self.assertEqual(code, 0, err)
        self.assertIn(f"the last {missing} entries", err)
        later = self.server.folder / "later"
        later.write_bytes(self.server.get("/v1/backup").body)
        code, _, err = self.restore(later, "--older", note)
        self.assertEqual((code, err), (0, ""))

    def test_a_pipe_or_a_folder_is_no_backup_and_nothing_waits_for_it(self):
        pipe = self.server.folder / "broken"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        for file in (pipe, self.server.folder):
            code, _, err = self.restore(file)
            self.assertEqual(code, 1, err)
            self.assertIn("not a plain file", err)
            self.reeve("backup", "verify", file, code=1)
        pipe.unlink()

    def test_a_checkpoint_of_another_log_is_refused(self):
        other = harness.Reeved()
        self.addCleanup(other.remove)
        other.init().start()
        note = self.server.folder / "foreign"
        note.write_bytes(other.get("/v1/audit/checkpoint").body)
        other.stop()
        code, _, err = self.restore(self.file, "--older", note)
        self.assertEqual(code, 1)
        self.assertIn("foreign", err)

    def test_a_file_without_a_signature_is_checked_by_its_content(self):
        """A copy of reeve.db in which one row says something else than the log."""
        copy = self.server.folder / "copy"
        copy.write_bytes(self.content[:self.at])
        code, _, err = self.restore(copy)
        self.assertEqual(code, 1, err)
        self.assertIn("--unsigned", err)
        code, _, err = self.restore(copy, "--unsigned")
        self.assertEqual(code, 0, err)
        self.assertIn("no signature", err)
        db = sqlite3.connect(copy)
        db.execute("update tokens set is_revoked = 1")
        db.commit()
        db.close()
        code, _, err = self.restore(copy, "--unsigned")
        self.assertEqual(code, 1, err)
        self.assertIn("tokens", err)

    def test_a_file_whose_newest_commits_are_in_the_log_beside_it_is_refused(self):
        """That of a server that runs or was killed: its file alone is sound, and lacks what was acknowledged."""
        killed = self.server.folder / "killed"
        killed.mkdir()
        self.assertEqual(self.server.put("/v1/profiles/later/x", "x: 1\n").status, 201)
        for name in ("reeve.db", "reeve.db-wal"):
            shutil.copy(self.server.data / name, killed / name)
        self.assertNotEqual((killed / "reeve.db-wal").stat().st_size, 0)
        code, _, err = self.restore(killed / "reeve.db", "--unsigned")
        self.assertEqual(code, 1, err)
        self.assertIn("reeve.db-wal", err)

    def test_the_copy_on_the_disk_goes_with_the_call(self):
        self.server.get("/v1/backup")
        harness.until(lambda: not list(self.server.data.glob("reeve.db.backup-*")), "the copy's end")


class OlderFormat(unittest.TestCase):
    """A backup of a release that did not sign them: the data of tests/fixtures/format-2."""

    def setUp(self):
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)
        self.fixture = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "format-2"
        self.key = self.server.folder / "root.key"
        self.key.write_bytes((self.fixture / "root.key").read_bytes())
        self.key.chmod(0o400)
        self.backup = self.server.folder / "backup"
        self.backup.write_bytes((self.fixture / "reeve.db").read_bytes())

    def restore(self):
        return self.server.run("restore", "--data", self.server.data, "--from", self.backup, "--root-key", self.key, "--reason", "x",
                               "--admin-token-file", self.server.token_file)

    def test_it_is_restored_with_a_warning(self):
        code, _, err = self.restore()
        self.assertEqual(code, 0, err)
        self.assertIn("no signature", err)
        self.server.start("--root-key", self.key)
        self.assertEqual(self.server.get("/v1/status").headers["Reeve-Epoch"], "3", "it had been restored once before")
        self.assertEqual(self.server.get("/v1/status", token=(self.fixture / "admin.token").read_text().strip()).status, 401)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(names(self.server.data), ["audit.pub", "reeve.db", "reeve.lock"])

    def test_one_that_was_cut_off_or_whose_log_was_changed_is_refused(self):
        content = self.backup.read_bytes()
        for broken in (content[:-4096], content[:-1], content + b"x", content.replace(b'"actor":"reeved"', b'"actor":"reevee"', 1)):
            self.assertNotEqual(broken, content)
            self.backup.write_bytes(broken)
            code, _, err = self.restore()
            self.assertEqual(code, 1, err)


class Full(unittest.TestCase):
    SCRIPT = 'mount -t tmpfs -o size=256k tmpfs "$1" && shift && exec "$@"'

    def test_a_restore_onto_a_full_disk_is_refused_and_leaves_nothing(self):
        probe = subprocess.run(["unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", "/mnt", "true"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("unshare may not mount here")
        server = harness.Reeved()
        self.addCleanup(server.remove)
        server.init().start()
        for n in range(10):
            server.put("/v1/secrets/a/b", {"data": {"k": "x" * 20000}})
        (server.folder / "backup").write_bytes(server.get("/v1/backup").body)
        self.assertEqual(server.stop(), 0)
        small = server.folder / "small"
        small.mkdir()
        steps = (f'"{os.path.abspath(harness.PROGRAM)}" restore --data {small}/data --from {server.folder}/backup --root-key '
                 f'{server.data}/root.key --reason x; code=$?; find {small} -type f ! -name reeve.lock; exit $code')
        done = subprocess.run(["unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", str(small), "sh", "-c", steps],
                              capture_output=True, text=True, env=server.environment(), timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
