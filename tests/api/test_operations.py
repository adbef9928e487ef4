"""DESIGN 6, 9: stopping, saving, restoring, and what happens when the machine under it fails."""
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import unittest

import harness
from harness import until
from support import COMMAND, Case

OLD = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "format-2"


def make_format_1(file):
    """A store of the first format, whose root key is OLD's. A store of today cannot become one: its signed head says that its rows have MACs."""
    shutil.copy(OLD / "reeve.db", file)
    file.chmod(0o600)
    db = sqlite3.connect(file)
    db.executescript("drop index tokens_changed; alter table tokens drop column changed_revision;"
                     " update meta set value = x'31' where name = 'format'")
    db.close()


class Backups(Case):
    def restore(self, backup, *options, code=0, root_key=None):
        folder = self.server.folder / f"restored-{backup.name}-{len(options)}"
        token = self.server.folder / (folder.name + ".token")
        got, out, err = self.server.run("restore", "--data", folder, "--from", backup, "--root-key", root_key or self.server.data / "root.key",
                                        "--reason", "disk lost", "--admin-token-file", token, *options)
        self.assertEqual(got, code, out + err)
        return folder, token

    def serving(self, folder, token, root_key=None):
        other = harness.Reeved("--root-key", str(root_key or self.server.data / "root.key"))
        other.data, other.token_file = folder, token
        self.addCleanup(other.remove)
        other.start()
        self.addCleanup(other.stop)
        return other

    def test_a_backup_taken_while_writing_is_whole(self):
        """`a` and `b` of the pair are always written together."""
        is_over = threading.Event()
        acknowledged = []

        def write():
            n = 0
            while not is_over.is_set():
                n += 1
                self.batch([{"op": "put", "path": f"secrets/pair/{name}", "content": {"data": {"n": n}}} for name in "ab"])
                acknowledged.append(n)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            until(lambda: len(acknowledged) >= 3, "three writes")
            least = acknowledged[-1]
            backup = self.server.folder / "busy"
            self.reeve("backup", "-o", backup)
            most = acknowledged[-1] + 1
        finally:
            is_over.set()
            writer.join()
        folder, token = self.restore(backup)
        other = self.serving(folder, token)
        got = [other.get(f"/v1/secrets/pair/{name}").json["data"]["n"] for name in "ab"]
        self.assertEqual(got[0], got[1])
        self.assertTrue(least <= got[0] <= most, (least, got, most))
        self.assertEqual(int(other.get("/v1/status").headers["Reeve-Epoch"]), 2)
        entries = other.get("/v1/audit?limit=1000").json["items"]
        self.assertIn("disk lost", json.dumps(entries))
        self.assertEqual(other.get("/v1/status", token=self.server.admin).status, 401)
        done = subprocess.run([COMMAND, "audit", "verify", "--data", str(folder), "--key", str(self.server.data / "audit.pub")],
                              capture_output=True, text=True, env=self.server.environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(other.put("/v1/profiles/after/a", "a: 1\n").status, 201)

    def test_tokens_may_be_kept(self):
        backup = self.server.folder / "kept"
        self.reeve("backup", "-o", backup)
        folder, token = self.restore(backup, "--keep-tokens")
        other = self.serving(folder, token if token.exists() else self.server.token_file)
        self.assertEqual(other.get("/v1/status", token=self.server.admin).status, 200)

    def test_a_backup_of_the_first_format_leaves_no_second_copy(self):
        backup, root_key = self.server.folder / "old", self.server.folder / "old.key"
        shutil.copy(OLD / "root.key", root_key)
        root_key.chmod(0o400)
        make_format_1(backup)
        folder, token = self.restore(backup, "--unsigned", root_key=root_key)
        self.assertEqual(list(folder.glob("*.format-*")), [])
        other = self.serving(folder, token, root_key)
        self.assertEqual(other.get("/v1/status", token=token.read_text().strip()).status, 200)
        self.assertNotIn("data_migrated", other.log)

    def test_a_damaged_backup_is_refused(self):
        backup = self.server.folder / "damaged"
        self.reeve("backup", "-o", backup)
        for damage in (lambda b: b[:len(b) // 2], lambda b: b"", lambda b: b"x" * len(b),
                       lambda b: b[:3000] + bytes(5000) + b[8000:]):
            (self.server.folder / "broken").write_bytes(damage(backup.read_bytes()))
            folder = self.server.folder / "from-broken"
            code, out, err = self.server.run("restore", "--data", folder, "--from", self.server.folder / "broken", "--root-key",
                                             self.server.data / "root.key", "--reason", "x", "--admin-token-file",
                                             self.server.folder / "broken.token")
            self.assertEqual(code, 1, out + err)
            shutil.rmtree(folder, ignore_errors=True)


class Failures(unittest.TestCase):
    def setUp(self):
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)

    def serve_fails(self, *options):
        code, out, err = self.server.run("serve", "--data", self.server.data, "--listen", "127.0.0.1:0", *options)
        self.assertEqual(code, 1, out + err)
        self.assertTrue(err.strip())
        return err

    def database(self, statement):
        db = sqlite3.connect(self.server.data / "reeve.db")
        db.execute(statement)
        db.commit()
        db.close()

    def test_data_of_a_newer_format_are_refused(self):
        self.server.init()
        db = sqlite3.connect(self.server.data / "reeve.db")
        names = [n for (n,) in db.execute("select name from meta where name like '%format%'")]
        self.assertTrue(names)
        db.execute("update meta set value = cast('999' as blob) where name = ?", (names[0],))
        db.commit()
        db.close()
        self.assertIn("format 999", self.serve_fails())

    def test_the_log_names_the_copy_that_a_migration_leaves_even_if_the_start_fails(self):
        self.server.init()
        make_format_1(self.server.data / "reeve.db")
        (self.server.data / "root.key").unlink()
        shutil.copy(OLD / "root.key", self.server.data / "root.key")
        (self.server.data / "root.key").chmod(0o400)
        copy = self.server.data.resolve() / "reeve.db.format-1"
        (self.server.data / "root.key").rename(self.server.data / "away")
        self.assertIn(f'warn data_migrated copy="{copy}" hint=', self.serve_fails())
        self.assertTrue(copy.exists())
        (self.server.data / "away").rename(self.server.data / "root.key")
        self.server.start()
        self.server.stop()
        self.assertNotIn("data_migrated", self.server.log)

    def test_a_damaged_file_is_said_to_be_and_never_crashes(self):
        self.server.init().start()
        for n in range(30):
            self.server.put("/v1/secrets/d/a", {"data": {"k": "x" * 2000}})
        self.server.stop()
        content = (self.server.data / "reeve.db").read_bytes()
        for at in range(4096, len(content), max(4096, len(content) // 16)):
            (self.server.data / "reeve.db").write_bytes(content[:at] + b"\xa5" * 512 + content[at + 512:])
            try:
                self.server.start()
            except AssertionError:
                self.assertNotIn("ended with -", str(self.server.log)[-300:])
            else:
                for path in ("/v1/secrets/d/a", "/v1/secrets/d/a?version=7", "/v1/audit", "/v1/revisions"):
                    self.assertIn(self.server.get(path).status, (200, 401, 403, 404, 500, 503), path)
                self.assertIn(self.server.stop(), (0, 1))
            self.assertEqual(self.server.reports(), [])

    def test_a_data_folder_that_cannot_be_written_is_said_to_be(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        self.server.init()
        self.server.data.chmod(0o500)
        try:
            self.serve_fails()
        finally:
            self.server.data.chmod(0o700)

    def test_a_folder_that_is_none(self):
        self.serve_fails()
        self.server.data.mkdir()
        self.serve_fails()

    def test_a_stop_finishes_the_write_in_flight(self):
        self.server.init().start()
        body = b'{"data": {"k": "' + b"x" * 1000 + b'"}}'
        head = (f"PUT /v1/secrets/stop/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.admin}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        sockets = [socket.create_connection(("127.0.0.1", self.server.port), timeout=20) for _ in range(30)]
        for n, s in enumerate(sockets):
            s.sendall(head % n + body)
        sockets[0].recv(1, socket.MSG_PEEK)  # one is answered, so that the stop falls among the others
        self.server.process.send_signal(signal.SIGTERM)
        answers = []
        for s in sockets:
            try:
                answers.append(s.recv(4096))
            except ConnectionResetError:
                answers.append(b"")
            s.close()
        self.assertEqual(self.server.process.wait(20), 0)
        self.server.process = None
        self.server.start()
        stored = [self.server.get(f"/v1/secrets/stop/{n}").status == 200 for n in range(30)]
        for n, answer in enumerate(answers):
            if answer.startswith(b"HTTP/1.1 201"):
                self.assertTrue(stored[n], "acknowledged and not there")
            elif answer.startswith(b"HTTP/1.1 5"):
                self.assertFalse(stored[n], "refused and there")
        self.assertTrue(any(a.startswith(b"HTTP/1.1 201") for a in answers))
        self.assertEqual(self.server.stop(), 0)

    def test_a_port_that_is_taken_is_said_to_be(self):
        self.server.init()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, out, err = self.server.run("serve", "--data", self.server.data, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
            self.assertEqual(code, 1)
            self.assertIn("in use", err)


class FullDisk(unittest.TestCase):
    """A server whose data lie on a memory file system of four megabytes, in a mount name space of its own."""

    SCRIPT = 'mount -t tmpfs -o size=4m tmpfs "$1" && shift && exec "$@"'

    def setUp(self):
        probe = subprocess.run(["unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", "/mnt", "true"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("unshare may not mount here")

    def test_a_full_disk_refuses_cleanly_and_loses_nothing(self):
        server = harness.Reeved()
        self.addCleanup(server.remove)
        place = server.folder / "small"
        place.mkdir()
        keep = server.folder / "out"
        keep.mkdir()
        steps = (f'"{harness.PROGRAM}" init --data small/data --admin-token-file {server.token_file} && '
                 f'"{harness.PROGRAM}" serve --data small/data --listen 127.0.0.1:0 --port-file {server.folder}/port; code=$?; '
                 f'cp -r small/data {keep}; exit $code')
        program = os.path.abspath(harness.PROGRAM)
        steps = steps.replace(harness.PROGRAM, program)
        with open(server.log_file, "ab") as log:
            server.process = subprocess.Popen(["unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", str(place), "sh", "-c", steps],
                                              cwd=server.folder, stdout=log, stderr=log, env=server.environment())
        server.wait_for_port(server.folder / "port")
        server.port = int((server.folder / "port").read_text())
        acknowledged, refused = {}, 0
        for n in range(200):
            answer = server.put(f"/v1/secrets/full/s{n}", {"data": {"k": f"{n}-" + "x" * 60000}})
            if answer.status in (200, 201):
                acknowledged[n] = True
            else:
                self.assertEqual(answer.status, 507, repr(answer))
                refused += 1
                if refused == 5:
                    break
        self.assertGreater(len(acknowledged), 5)
        self.assertEqual(refused, 5, "the disk never filled")
        for n in acknowledged:
            answer = server.get(f"/v1/secrets/full/s{n}")
            self.assertIn(answer.status, (200, 507), "a secret is not shown unrecorded: " + repr(answer))
        small = server.put("/v1/profiles/full/a", "a: 1\n")
        self.assertIn(small.status, (201, 507), repr(small))
        ready = server.get("/readyz")
        self.assertEqual(ready.status == 503, small.status == 507, f"what /readyz says is so: {ready} {small}")
        self.assertEqual(server.get("/healthz").status, 200)
        pid = int(subprocess.run(["pgrep", "-P", str(server.process.pid), "-x", "reeved"], capture_output=True, text=True).stdout or 0) \
            or self.child(server.process.pid)
        os.kill(pid, signal.SIGTERM)
        server.process.wait(30)
        server.process = None
        server.data = keep / "data"
        server.start()
        for n in range(200):
            answer = server.get(f"/v1/secrets/full/s{n}")
            if n in acknowledged:
                self.assertEqual(answer.json["data"]["k"][:len(f"{n}-x")], f"{n}-x")
            else:
                self.assertEqual(answer.status, 404)
        self.assertEqual(server.stop(), 0)
        done = subprocess.run([COMMAND, "audit", "verify", "--data", str(server.data)], capture_output=True, text=True,
                              env=server.environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def child(self, pid):
        """The reeved somewhere under `pid`."""
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)
                name, parent = fields[0].split("(", 1)[1], int(fields[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == pid:
                found = int(path.parent.name) if name == "reeved" else self.child(int(path.parent.name))
                if found:
                    return found
        return 0


if __name__ == "__main__":
    unittest.main()
