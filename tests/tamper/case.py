"""One change of a stopped store, and the cell of the matrix that it belongs to."""
import contextlib
import sqlite3
from dataclasses import dataclass
from typing import Callable


class NotApplicable(Exception):
    """The change would change nothing in this store: no such row, or an equal one."""


@dataclass
class Case:
    place: str                     # "versions.state", "meta epoch", "table tokens", "file root.key" …
    kind: str                      # "edit", "flip", "delete" …
    label: str                     # which row, index or byte
    apply: Callable                # called with (folder, stores)
    base: str = "stopped"          # the store that is changed: "stopped" or "killed"
    names: tuple = ()              # words that a refused start must say: the table, the key
    is_short: bool = True          # part of the short run
    sample: str | None = None      # the short run takes one case for each sample and kind
    is_byte: bool = False          # may hit bytes that mean nothing
    more: Callable | None = None   # a further check, called with (folder, stores, verdict); its text is a failure

    @property
    def cell(self):
        return f"{self.place}/{self.kind}"


@contextlib.contextmanager
def opened(folder, name="reeve.db"):
    """A connection that lets everything pass, and leaves no -wal."""
    db = sqlite3.connect(folder / name, isolation_level=None)
    try:
        db.execute("pragma ignore_check_constraints = on")
        db.execute("begin immediate")
        yield db
        if db.in_transaction:
            db.execute("commit")
    finally:
        db.close()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
