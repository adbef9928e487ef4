"""The stores that are tampered with, and the older and other ones that rows are taken from.

`built` makes them once, with the programs that REEVED and REEVE name:
  stopped   the target: a restored store (epoch 2) with some of everything, stopped cleanly
  older     the same store before its last writes
  sibling   another restore of the same backup, with other writes
  stranger  another store under the same root key
  killed    the target after some more writes and kill -9, with its -wal
Each is a folder with a data folder's files; `older.checkpoint` and `newest.checkpoint` are beside them.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("api", "fixtures")]
import content  # noqa: E402
import harness  # noqa: E402
from support import COMMAND  # noqa: E402

OPTIONS = ("--threads", "1", "--workers", "1")
APP = "orders"


class Stores:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.kept = {}
        self.admin = None
        self.made = 0  # when the last token was made that ends by itself

    def folder(self, name):
        return self.root / name

    @property
    def audit_pub(self):
        """The auditor's copy."""
        return self.root / "audit.pub"

    @property
    def newest(self):
        return self.root / "newest.checkpoint"

    @property
    def older_wal(self):
        return self.root / "older.wal"


def run(*arguments, **more):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done


def command(server, *arguments):
    return run(COMMAND, *arguments, env={**server.environment(), "REEVE_ADDR": f"http://127.0.0.1:{server.port}",
                                         "REEVE_TOKEN_FILE": str(server.token_file)})


def restored(stores, backup, name):
    server = harness.Reeved(*OPTIONS)
    run(harness.PROGRAM, "restore", "--data", server.data, "--from", backup, "--root-key", stores.root / "root.key", "--reason", name,
        "--admin-token-file", server.token_file, env=server.environment())
    shutil.copy(stores.root / "root.key", server.data / "root.key")
    return server


def keep(stores, server, name):
    shutil.copytree(server.data, stores.folder(name))


def write_early(server):
    """What the older copy holds; `write_late` changes some row of each table."""
    filler = content.Filler(server)
    filler.tokens()
    filler.put(f"profiles/{APP}/production", "$extends: [staging]\nexecutors: 12\n", message="early")
    filler.put(f"profiles/{APP}/moved", "$extends: [base]\n")
    filler.secret(f"{APP}/warehouse", {"username": "loader", "password": "early"})
    filler.secret(f"{APP}/doomed", {"key": "one"})
    filler.secret(f"{APP}/doomed", {"key": "two"})
    filler.secret(f"{APP}/removed", {"key": "removed"})
    filler.put("policies/withdrawn", "rules:\n  - {allow: [read], on: secrets/**}\n")
    filler.token("to-be-revoked", 401, policies=["administrator"])
    filler.token("to-be-used", 200, uses=9)
    filler.answers(APP)
    filler.refusals(APP, 3)
    filler.reads(APP, 2)
    return filler.kept


def write_late(server, kept, mark):
    filler = content.Filler(server)
    filler.kept = kept
    filler.put(f"profiles/{APP}/production", f"$extends: [staging]\nexecutors: 9\nmark: {mark}\n", message=mark)
    filler.put(f"profiles/{APP}/moved", f"$extends: [staging]\nmark: {mark}\n", message=mark)
    filler.secret(f"{APP}/warehouse", {"username": "loader", "password": mark})
    filler.post(f"secrets/{APP}/doomed:destroy", {"versions": [1]})
    filler.delete(f"secrets/{APP}/removed")
    filler.put("policies/withdrawn", "rules: []\n", message=mark)
    filler.delete("tokens/" + kept["tokens"]["to-be-revoked"]["accessor"], status=(200, 204))
    filler.token("late", 200)
    filler.call("GET", "/v1/tokens/self", token=kept["tokens"]["to-be-used"]["token"])
    filler.put(f"profiles/{APP}/late", f"$extends: [base]\nmark: {mark}\n")
    filler.keyed(mark, "PUT", f"/v1/profiles/{APP}/keyed", f"$extends: [base]\nmark: {mark}\n", type="application/yaml")
    # The last answer kept is the one of the other token.
    kept["answers"].insert(0, kept["answers"].pop())
    filler.reads(APP, 1)


def save_checkpoint(server, file):
    command(server, "audit", "verify", "--key", server.data / "audit.pub", "--save-checkpoint", file)


def stopped(server):
    code = server.stop()
    assert code == 0 and not server.reports(), (code, server.log, server.reports())


def make_first(stores):
    """A store with history, its root key, and a backup of it."""
    first = harness.Reeved(*OPTIONS)
    first.init().start()
    content.fill_first(first, versions=3, apps=(APP,))
    backup = stores.root / "backup"
    command(first, "backup", "-o", backup)
    shutil.copy(first.data / "root.key", stores.root / "root.key")
    stopped(first)
    first.remove()
    return backup


def make_stranger(stores):
    """The same paths and calls in another store, under the same root key."""
    server = harness.Reeved(*OPTIONS)
    key = server.folder / "root.key"
    shutil.copy(stores.root / "root.key", key)
    run(harness.PROGRAM, "init", "--data", server.data, "--admin-token-file", server.token_file, "--root-key", key,
        env=server.environment())
    server.start("--root-key", key)
    filler = content.Filler(server)
    filler.schemas()
    filler.policies()
    filler.app(APP, 3)
    filler.history(APP)
    write_late(server, write_early(server), "stranger")
    stopped(server)
    keep(stores, server, "stranger")
    server.remove()


def make_older_wal(stores, server):
    """The -wal of a kill after other writes than those that follow; the store is as before."""
    server.start()
    content.Filler(server).put("policies/withdrawn", "rules:\n  - {allow: [read], on: '**'}\n")
    server.kill()
    shutil.copy(server.data / "reeve.db-wal", stores.older_wal)
    shutil.rmtree(server.data)
    copy(stores.folder("older"), server.data)


def make_target(stores, backup):
    server = restored(stores, backup, "target")
    server.start()
    kept = write_early(server)
    stores.made = time.monotonic()
    save_checkpoint(server, stores.root / "older.checkpoint")
    stopped(server)
    keep(stores, server, "older")
    make_older_wal(stores, server)
    server.start()
    write_late(server, kept, "late")
    save_checkpoint(server, stores.newest)
    stopped(server)
    keep(stores, server, "stopped")
    stores.kept, stores.admin = kept, server.admin
    shutil.copy(server.data / "audit.pub", stores.audit_pub)
    server.start()
    content.Filler(server).put(f"profiles/{APP}/late", "$extends: [base]\nmark: killed\n")
    save_checkpoint(server, stores.root / "killed.checkpoint")
    server.kill()
    keep(stores, server, "killed")
    server.remove()


def make_sibling(stores, backup):
    server = restored(stores, backup, "sibling")
    server.start()
    write_late(server, write_early(server), "sibling")
    stopped(server)
    keep(stores, server, "sibling")
    server.remove()


def built(root):
    stores = Stores(root)
    backup = make_first(stores)
    make_target(stores, backup)
    make_sibling(stores, backup)
    make_stranger(stores)
    time.sleep(max(0, stores.made + 1.1 - time.monotonic()))
    return stores


def copy(source, target):
    """A fresh copy of a data folder, of links and pipes too; the modes count."""
    target.mkdir()
    target.chmod(source.stat().st_mode)
    for file in source.iterdir():
        if file.is_symlink():
            os.symlink(os.readlink(file), target / file.name)
        elif file.is_fifo():
            os.mkfifo(target / file.name)
        elif file.is_dir():
            (target / file.name).mkdir()
        else:
            shutil.copy2(file, target / file.name)
    return target


def default_root():
    """Memory, where there is some: each of hundreds of starts syncs."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
