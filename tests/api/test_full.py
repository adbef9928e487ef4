"""A full disk: refused with 507, served on, and written to again without a restart; a failed one stays read-only.

The data lie on a small memory file system in name spaces of a process of their own, which a test enters through
/proc/PID/root; where name spaces are not allowed, the tests are skipped.
"""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
import unittest

import harness

COMMAND = os.environ.get("REEVE", "build/src/cli/reeve")
CANARY = "canary-of-a-full-disk"


class Disk:
    """A memory file system of `size` bytes at `place`."""

    def __init__(self, place, size):
        script = f'mount -t tmpfs -o mode=0700,size={size} tmpfs "$1" && echo mounted && exec sleep 3600'
        self.holder = subprocess.Popen(["unshare", "-rm", "sh", "-c", script, "sh", str(place)],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        harness.CHILDREN.add(self.holder)
        self.is_mounted = self.holder.stdout.readline() == b"mounted\n"
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-U", "-m", "--preserve-credentials"]
        self.root = pathlib.Path(f"/proc/{self.holder.pid}/root{place}")
        if self.is_mounted:
            probe = subprocess.run([*self.enter, "true"], capture_output=True)
            self.is_mounted = probe.returncode == 0 and self.root.exists()

    def fill(self):
        with open(self.root / "fill", "ab", buffering=0) as f:
            for size in (1 << 20, 4096):
                try:
                    while f.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def make_space(self):
        (self.root / "fill").unlink()

    def close(self):
        harness.end_child(self.holder)


class OnDisk(harness.Reeved):
    """Its data lie on a disk of their own."""

    def __init__(self, size):
        super().__init__()
        self.place = self.folder / "disk"
        self.place.mkdir()
        self.data = self.place / "data"
        self.disk = Disk(self.place, size)

    def init(self):
        arguments = ["init", "--data", str(self.data), "--admin-token-file", str(self.token_file)]
        done = subprocess.run([*self.disk.enter, os.path.abspath(harness.PROGRAM), *arguments], capture_output=True, text=True,
                              env=self.environment(), timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def start(self, *more, data=None):
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*self.disk.enter, os.path.abspath(harness.PROGRAM), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0",
                 "--port-file", str(port_file), *map(str, more)], stderr=log, stdout=log, env=self.environment())
        self.wait_for_port(port_file)
        self.port = int(port_file.read_text())
        return self

    def verify(self):
        """The audit log, read beside the server."""
        return subprocess.run([*self.disk.enter, os.path.abspath(COMMAND), "audit", "verify", "--data", str(self.data)],
                              capture_output=True, text=True, env=self.environment(), timeout=60)

    def metric(self, name):
        return int(re.search(rf"^{name} (\d+)$", self.get("/metrics").body.decode(), re.M).group(1))

    def remove(self):
        self.kill_if_running()
        self.disk.close()
        super().remove()


class Writers:
    """Threads that write and read until end(); `acknowledged`: path to content."""

    def __init__(self, server, count=4):
        self.server = server
        self.acknowledged, self.problems = {}, []
        self.is_over = False
        self.refused = [0] * count  # in a row
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(count)]
        self.threads += [threading.Thread(target=self.read) for _ in range(2)]
        for t in self.threads:
            t.start()

    def write(self, n):
        connection = self.server.connect()
        i = 0
        while not self.is_over:
            i += 1
            path, value = f"secrets/w{n}/{i}", f"{n}-{i}-" + "v" * 3000
            answer = self.server.put("/v1/" + path, {"data": {"k": value}}, connection=connection)
            if answer.status in (200, 201):
                self.acknowledged[path] = value
                self.refused[n] = 0
            elif answer.status == 507 and answer.headers["Retry-After"]:
                self.refused[n] += 1
                time.sleep(0.01)
            else:
                self.problems.append(repr(answer))
        connection.close()

    def read(self):
        connection = self.server.connect()
        while not self.is_over:
            config = self.server.get("/v1/config/app/a", connection=connection)
            if config.status != 200 or config.json != {"n": 1}:
                self.problems.append(repr(config))
            secret = self.server.get("/v1/secrets/canary", connection=connection)
            is_shown = CANARY.encode() in secret.body
            if (secret.status, is_shown) not in ((200, True), (507, False)):
                self.problems.append(repr(secret))
            time.sleep(0.005)
        connection.close()

    def end(self):
        self.is_over = True
        for t in self.threads:
            t.join()


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.server = OnDisk("10m")
        self.addCleanup(self.server.remove)
        if not self.server.disk.is_mounted:
            self.skipTest("name spaces are not allowed here: unshare or nsenter failed")
        self.server.init().start()
        self.expect(self.server.put("/v1/profiles/app/a", "n: 1\n"), 201)
        self.expect(self.server.put("/v1/secrets/canary", {"data": {"k": CANARY}}), 201)
        self.expect(self.server.put("/v1/policies/nobody", "rules: [{allow: [read], on: profiles/none/**}]\n"), 201)
        self.nobody = self.server.token(["nobody"])

    def expect(self, answer, status):
        self.assertEqual(answer.status, status, repr(answer))
        return answer

    def write_until_full(self):
        for i in range(2000):
            answer = self.server.put(f"/v1/profiles/fill/p{time.monotonic_ns()}", "v: " + "x" * 5000 + "\n")
            if answer.status != 201:
                return self.expect(answer, 507)
        self.fail("the disk never filled")

    def expect_full(self):
        server = self.server
        ready = self.expect(server.get("/readyz"), 503)
        self.assertIn("disk full", ready.body.decode())
        self.assertEqual((server.metric("reeve_disk_full"), server.metric("reeve_read_only")), (1, 0))
        self.assertEqual(server.get("/v1/status").json["store"], "disk-full")
        self.assertEqual(self.expect(server.get("/v1/config/app/a"), 200).json, {"n": 1})
        for answer in (server.get("/v1/secrets/canary"), server.put("/v1/profiles/app/b", "n: 2\n"),
                       server.get("/v1/secrets/canary", token=self.nobody)):  # a refusal is recorded too
            self.expect(answer, 507)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertIn("disk is full", answer.json["detail"])
            self.assertNotIn(CANARY, repr(answer))
            self.assertNotIn(str(server.place), repr(answer))
        self.expect(server.get("/v1/profiles/app/b"), 404)

    def expect_space(self):
        server = self.server
        harness.until(lambda: server.get("/readyz").status == 200, "a server that is ready again", 10)
        self.assertEqual((server.metric("reeve_disk_full"), server.metric("reeve_read_only")), (0, 0))
        self.expect(server.put("/v1/profiles/app/b", f"n: {time.monotonic_ns()}\n"), 201)
        self.assertIn(CANARY, self.expect(server.get("/v1/secrets/canary"), 200).body.decode())
        self.expect(server.delete("/v1/profiles/app/b"), 204)

    def expect_sound(self, acknowledged):
        for path, value in acknowledged.items():
            answer = self.server.get("/v1/" + path)
            self.assertEqual(answer.status, 200, f"{path}: {answer}")
            self.assertEqual(answer.json["data"]["k"], value)
        done = self.server.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_writers_are_refused_and_go_on_when_there_is_space(self):
        server, writers = self.server, Writers(self.server)
        self.addCleanup(writers.end)
        pid = server.process.pid
        for _ in range(3):
            before = len(writers.acknowledged)
            harness.until(lambda: len(writers.acknowledged) > before + 20, "writes that are acknowledged")
            server.disk.fill()
            harness.until(lambda: min(writers.refused) >= 3, "writers that are all refused")
            self.expect_full()
            self.assertEqual(server.verify().returncode, 0)
            self.expect(server.get("/v1/backup"), 507)
            self.assertEqual([p.name for p in server.disk.root.glob("data/*backup*")], [])
            server.disk.make_space()
            harness.until(lambda: max(writers.refused) == 0, "writers that go on")
            harness.until(lambda: server.get("/readyz").status == 200, "a server that is ready again", 10)
        writers.end()
        self.assertEqual(writers.problems, [])
        self.assertEqual(server.process.pid, pid)
        self.assertIsNone(server.process.poll())
        self.expect_sound(writers.acknowledged)
        self.assertEqual(len(re.findall(" error disk_full ", server.log)), len(re.findall(" warn disk_has_space", server.log)))
        self.assertGreaterEqual(len(re.findall(" error disk_full ", server.log)), 3)
        self.assertNotIn(CANARY, server.log)
        self.assertEqual(server.stop(), 0)

    def test_a_start_on_a_full_disk_serves_and_writes_when_there_is_space(self):
        server = self.server
        acknowledged = {}
        for n, ending in enumerate(("stop", "kill", "stop", "kill", "stop while there is space")):
            for i in range(10):
                path, value = f"secrets/{n}/{i}", f"{n}-{i}-" + "v" * 2000
                self.expect(server.put("/v1/" + path, {"data": {"k": value}}), 201)
                acknowledged[path] = value
            if ending != "stop while there is space":
                server.disk.fill()
                self.write_until_full()
                self.expect_full()
            if ending == "kill":
                server.kill()
            else:
                self.assertEqual(server.stop(), 0)
            server.disk.fill()  # what the end has given back is taken by others
            server.start()
            self.write_until_full()
            self.expect_full()
            server.disk.make_space()
            self.expect_space()
            self.expect_sound(acknowledged)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(sorted(p.name for p in (server.disk.root / "data").iterdir()),
                         ["audit.pub", "reeve.db", "reeve.lock", "root.key"])


class LimitOnFiles(unittest.TestCase):
    """`ulimit -f`: the kernel sends SIGXFSZ to a process whose file would become too large."""

    def set_limit(self, server, size):
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def test_a_limit_on_the_size_of_files_counts_as_a_full_disk(self):
        server = harness.Reeved()
        self.addCleanup(server.remove)
        server.init().start()
        self.set_limit(server, 400 << 10)
        acknowledged = []
        for n in range(200):
            answer = server.put(f"/v1/profiles/app/p{n}", "v: " + "x" * 5000 + "\n")
            if answer.status != 201:
                break
            acknowledged.append(n)
        self.assertEqual(answer.status, 507, repr(answer))
        self.assertGreater(len(acknowledged), 3)
        self.assertIn("disk full", server.get("/readyz").body.decode())
        self.set_limit(server, resource.RLIM_INFINITY)
        harness.until(lambda: server.get("/readyz").status == 200, "a server that is ready again", 10)
        self.assertEqual(server.put("/v1/profiles/app/after", "n: 1\n").status, 201)
        self.assertEqual(server.stop(), 0)
        server.start()
        for n in acknowledged:
            self.assertEqual(server.get(f"/v1/config/app/p{n}").status, 200)
        self.assertEqual(server.stop(), 0)


class FailedDisk(unittest.TestCase):
    """Not a full one: a sync that fails leaves unknown what is on the disk."""

    def setUp(self):
        probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "true"], capture_output=True) \
            if shutil.which("strace") else None
        if probe is None or probe.returncode != 0:
            self.skipTest("strace is not allowed here, or not installed")

    def test_a_failed_sync_stays_read_only_until_the_next_start(self):
        server = harness.Reeved(env={"ASAN_OPTIONS": "detect_leaks=0"})
        self.addCleanup(server.remove)
        server.init()
        program = os.path.abspath(harness.PROGRAM)
        port_file = server.folder / "port"
        with open(server.log_file, "ab") as log:
            server.process = subprocess.Popen(
                ["strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=25+",
                 program, "serve", "--data", str(server.data), "--listen", "127.0.0.1:0", "--port-file", str(port_file)],
                stderr=log, stdout=log, env=server.environment())
        server.wait_for_port(port_file)
        server.port = int(port_file.read_text())
        acknowledged = []
        for n in range(100):
            answer = server.put(f"/v1/profiles/app/p{n}", f"n: {n}\n")
            if answer.status != 201:
                break
            acknowledged.append(n)
        self.assertEqual(answer.status, 503, repr(answer))
        self.assertGreater(len(acknowledged), 3)
        ready = server.get("/readyz")
        self.assertEqual(ready.status, 503)
        self.assertIn("read-only", ready.body.decode())
        self.assertNotIn("disk full", ready.body.decode())
        metrics = server.get("/metrics").body.decode()
        self.assertIn("\nreeve_read_only 1\n", metrics)
        self.assertIn("\nreeve_disk_full 0\n", metrics)
        self.assertEqual(server.get("/v1/config/app/p0").status, 200)
        time.sleep(1.5)  # it does not come back by itself
        self.assertEqual(server.put("/v1/profiles/app/later", "n: 1\n").status, 503)
        pid = int(subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout)
        os.kill(pid, 9)
        server.process.wait(30)
        server.process = None
        server.start()
        for n in acknowledged:
            self.assertEqual(server.get(f"/v1/config/app/p{n}").json, {"n": n})
        self.assertEqual(server.put("/v1/profiles/app/later", "n: 1\n").status, 201)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    sys.exit(unittest.main())
