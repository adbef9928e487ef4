"""System calls that a signal interrupts (EINTR), injected by strace: nothing may fail, and nothing may be lost."""
import collections
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import unittest

import harness
from harness import Reeved, until
from support import COMMAND, Case, query, together

# Of those that POSIX or Linux interrupt. Not close(): it has closed the descriptor even then, but strace would leave it open.
CALLS = ("read", "write", "pread64", "pwrite64", "readv", "writev", "openat", "fsync", "fdatasync", "ftruncate", "fallocate", "fchmod", "fcntl", "flock",
         "poll", "epoll_wait", "accept4", "connect", "recvfrom", "sendto", "sendmsg", "sendfile", "clock_nanosleep", "wait4", "getdents64", "statfs")
# libmicrohttpd does not repeat the write(2) of an eventfd by which it wakes its loops. That never waits, so no signal interrupts it.
SERVING = tuple(call for call in CALLS if call != "write")


def injections(first, calls=CALLS):
    """Of every second call from the one after `first` on. Of every third poll(): libcurl polls in pairs, of which only one waits."""
    return [word for call in calls for word in ("-e", f"inject={call}:error=EINTR:when={first.get(call, 0) + 1}+{3 if call == 'poll' else 2}")]


def calls_of_the_loader(program):
    """How many of each a program makes before main(): the loader and the sanitizers do not repeat theirs."""
    done = subprocess.run(["strace", "-f", "-o", "/dev/stdout", program, "--version"], capture_output=True, text=True, check=True,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    return collections.Counter(re.findall(r"^\d+\s+(\w+)\(", done.stdout, re.M))


class Interrupted:
    def interrupted(self, program, *arguments, expected=0, env=None, stdin=subprocess.DEVNULL):
        """stdout of a command all of whose calls are interrupted."""
        trace = self.server.folder / "trace"
        env = dict(env or self.server.environment())
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # which needs ptrace itself
        done = subprocess.run(["strace", "-f", "-qq", "-o", trace, *injections(calls_of_the_loader(program)), program, *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, stdin=stdin, env=env)
        self.assertEqual(done.returncode, expected, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertGreater(trace.read_text().count("EINTR (Interrupted system call) (INJECTED)"), 5)
        return done.stdout


class Programs(Interrupted, unittest.TestCase):
    def test_init_start_and_restore(self):
        self.server = server = Reeved()
        self.addCleanup(server.remove)
        out = self.interrupted(harness.PROGRAM, "init", "--data", server.data, "--admin-token-file", server.token_file)
        self.assertIn(str(server.data), out)
        server.start()
        self.assertEqual(server.put("/v1/profiles/a/b", "x: 1\n").status, 201)
        backup = server.folder / "backup.db"
        backup.write_bytes(server.get("/v1/backup").body)
        self.assertEqual(server.stop(), 0)
        restored = server.folder / "restored"
        restored.mkdir(mode=0o700)
        out = self.interrupted(harness.PROGRAM, "restore", "--data", restored, "--from", backup, "--root-key", server.data / "root.key",
                               "--reason", "a test", "--admin-token-file", server.folder / "restored.token")
        self.assertIn(str(restored), out)
        server.token_file = server.folder / "restored.token"
        server.start("--root-key", server.data / "root.key", data=restored)
        self.assertEqual(server.get("/v1/config/a/b").json, {"x": 1})
        self.assertEqual(server.stop(), 0)


class Serving(Interrupted, Case):
    @contextlib.contextmanager
    def interruptions(self):
        """In the running server."""
        trace = self.server.folder / "trace"
        tracer = subprocess.Popen(["strace", "-f", "-q", "-o", trace, *injections({}, SERVING), "-p", str(self.server.process.pid)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        harness.CHILDREN.add(tracer)
        try:
            # All threads are attached when each is known to have a tracer.
            status = pathlib.Path(f"/proc/{self.server.process.pid}/task")
            until(lambda: all(f"TracerPid:\t{tracer.pid}\n" in (t / "status").read_text() for t in status.iterdir()), "the tracer")
            yield
            counts = collections.Counter(re.findall(r"^\d+\s+(\w+)\(.*INJECTED", trace.read_text(), re.M))
        finally:
            tracer.send_signal(signal.SIGINT)  # it lets the server go on
            tracer.communicate(timeout=harness.PATIENCE_S)
            harness.CHILDREN.discard(tracer)
        for call in ("fdatasync", "pwrite64", "fcntl", "epoll_wait", "recvfrom", "sendmsg", "accept4"):
            self.assertGreater(counts[call], 0, counts)

    def test_a_server_answers_and_records(self):
        with self.interruptions():
            self.store("profiles/signal/a", "a: 1\n")
            tag = self.server.get("/v1/config/signal/a").headers["ETag"]

            def poll():
                answer = self.server.get(query("/v1/config/signal/a", wait="50s"), headers={"If-None-Match": tag})
                self.assertEqual(self.expect(answer, 200).json, {"a": 2})

            def change():
                self.server.wait_for_polls(1)
                self.store("profiles/signal/a", "a: 2\n")

            together(poll, change)
            for n in range(20):
                self.secret("signal/s", {"n": str(n)})
                self.assertEqual(self.document("secrets/signal/s")["data"], {"n": str(n)})
            self.assertEqual(len(self.document("profiles/signal/a:versions")["items"]), 2)
            self.assertTrue(self.expect(self.server.get("/v1/backup"), 200).body.startswith(b"SQLite format 3"))
        self.expect(self.server.get("/readyz"), 200)
        self.assertNotRegex(self.server.log, " (warn|error) ")
        self.assertEqual(len(self.audit(action="secret.read", path="secrets/signal/s")), 20)
        self.reeve("audit", "verify", "--data", self.server.data)

    def test_commands(self):
        folder = self.server.folder / "conf" / "profiles" / "command"
        folder.mkdir(parents=True)
        for n in range(3):
            (folder / f"p{n}.yaml").write_text(f"key: {n}\n")
        program, env = os.path.abspath(COMMAND), self.command_environment()
        out = self.interrupted(program, "apply", "-f", folder.parent.parent, env=env)
        self.assertEqual(out.count("profiles/command/p"), 3, out)
        self.assertEqual(self.interrupted(program, "config", "command/p2", env=env), "key: 2\n")
        file = self.server.folder / "copy"
        self.assertIn(f"wrote {file}", self.interrupted(program, "backup", "-o", file, env=env))
        self.assertTrue(file.read_bytes().startswith(b"SQLite format 3"))
        self.assertEqual(self.interrupted(program, "run", "--config", "command/p1", "--", "sh", "-c", "exit 3", env=env, expected=3), "")


if __name__ == "__main__":
    unittest.main()
