"""Changes of what is not a row: definitions, bytes of the file, its -wal and journal, and the other files of the data folder."""
import os
import random
import shutil
import sqlite3
import struct

from case import Case, NotApplicable, opened, quoted
from rows import Table, tables_of

HEADER_BYTES = 100
PAGE_FLIPS = 120
HUGE_BYTES, LARGE_BYTES = 72 << 20, 60 << 20  # more than a value may have, and less
MEMORY_MAX_BYTES = 320 << 20  # a start reads no such value whole more than a few times


# -- definitions

def define(folder, *statements):
    with opened(folder) as db:
        for statement in statements:
            db.execute(statement)


def define_with(folder, statement, values):
    with opened(folder) as db:
        db.execute(statement, values)


def redefine(folder, name, change):
    """Changes the text of a definition where it stands, so that no row moves."""
    with opened(folder) as db:
        db.execute("pragma writable_schema = on")
        sql = db.execute("select sql from sqlite_schema where name = ?", (name,)).fetchone()[0]
        if change(sql) == sql:
            raise NotApplicable(f"{name} is not defined so")
        db.execute("update sqlite_schema set sql = ? where name = ?", (change(sql), name))
        db.execute(f"pragma schema_version = {db.execute('pragma schema_version').fetchone()[0] + 1}")


def rebuilt(folder, name, change, then=()):
    """Makes the table again by a changed definition, with the same rows and indexes; then runs statements."""
    with opened(folder) as db:
        sql = db.execute("select sql from sqlite_schema where name = ?", (name,)).fetchone()[0]
        indexes = [s for s, in db.execute("select sql from sqlite_schema where tbl_name = ? and type = 'index' and sql is not null", (name,))]
        if change(sql) == sql:
            raise NotApplicable(f"{name} is not defined so")
        db.execute("pragma legacy_alter_table = on")
        db.execute(f"alter table {quoted(name)} rename to reeve_old")
        db.execute(change(sql))
        db.execute(f"insert into {quoted(name)} select * from reeve_old")
        db.execute("drop table reeve_old")
        for index in indexes:
            db.execute(index)
        for statement in then:
            db.execute(statement)


def without_key(sql):
    """The definition without its primary key: then two rows may have one key."""
    return sql.replace(" PRIMARY KEY (path, version)", " CHECK (1)").replace(" NOT NULL PRIMARY KEY", " NOT NULL")


def indexes_of(file):
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return db.execute("select name, tbl_name, sql from sqlite_schema where type = 'index' and sql is not null order by name").fetchall()
    finally:
        db.close()


def index_cases(file):
    for number, (name, table, sql) in enumerate(indexes_of(file)):
        short = {"is_short": number % 4 == 0}
        partial = f"{sql} WHERE {quoted(Table(file, table).columns[0])} IS NULL"
        yield Case("index", "drop", name, lambda f, s, n=name: define(f, f"drop index {n}"), **short)
        yield Case("index", "make partial", name, lambda f, s, n=name, p=partial: define(f, f"drop index {n}", p), **short)
        yield Case("index", "empty", name, lambda f, s, n=name, p=partial, q=sql: (
            define(f, f"drop index {n}", p), redefine(f, n, lambda _: q)), **short)


def definition_cases(file):
    yield from index_cases(file)
    for name in tables_of(file):
        yield Case("definition", "not strict", name, lambda f, s, n=name: redefine(f, n, lambda q: q.replace(" STRICT,", "").replace(" STRICT", "")),
                   is_short=name == "tokens")
        yield Case("definition", "add a column", name, lambda f, s, n=name: define(
            f, f"alter table {n} add column more integer not null default 0"), is_short=name == "tokens")
        yield Case("definition", "other collation", name, lambda f, s, n=name: rebuilt(
            f, n, lambda q: q.replace("COLLATE BINARY", "COLLATE NOCASE", 1)), is_short=name == "versions")
    for name in ("versions", "changes", "edges", "audit_log"):
        yield Case("definition", "no check", name, lambda f, s, n=name: redefine(f, n, lambda q: q.replace("CHECK (", "CHECK (1 OR ")))
    yield Case("definition", "two rows of one key", "versions", lambda f, s: rebuilt(f, "versions", without_key, (
        "insert into versions select * from versions where path = 'profiles/orders/production' and version = 1",)))
    yield Case("definition", "two rows of one key", "tokens", lambda f, s: rebuilt(f, "tokens", without_key, (
        "insert into tokens select hash, accessor || 'x', replace(record, 'narrow', 'wide'), expires_ms, uses_left, is_revoked,"
        " changed_revision from tokens where record like '%narrow%'",)))
    yield Case("definition", "a text for a number", "tokens", lambda f, s: rebuilt(
        f, "tokens", lambda q: q.replace(" STRICT", ""), ("update tokens set is_revoked = cast(x'30' as blob) where is_revoked = 1",)))
    yield Case("definition", "a real for a number", "heads", lambda f, s: rebuilt(
        f, "heads", lambda q: q.replace(" STRICT,", ""), ("update heads set version = version + 0.5 where path = 'policies/withdrawn'",)))
    yield Case("definition", "a null", "versions", lambda f, s: rebuilt(
        f, "versions", lambda q: q.replace("created_by TEXT COLLATE BINARY NOT NULL", "created_by TEXT COLLATE BINARY"),
        ("update versions set created_by = null where path = 'policies/withdrawn'",)))
    yield Case("definition", "a text with a NUL", "heads", lambda f, s: define(
        f, "update heads set path = path || char(0) || 'x' where path = 'policies/withdrawn'"))
    yield Case("definition", "a trigger", "tokens", lambda f, s: define(
        f, "create trigger quiet after insert on tokens begin delete from audit where 0; end"))
    yield Case("definition", "a view", "heads", lambda f, s: define(f, "create view extra as select * from heads"))
    yield Case("definition", "a view in place of a table", "heads", lambda f, s: define(
        f, "alter table heads rename to heads_2", "create view heads as select path, version from heads_2"))
    yield Case("definition", "a table", "extra", lambda f, s: define(f, "create table extra (a)"))
    yield Case("definition", "an index", "extra", lambda f, s: define(f, "create index extra on revisions (author)"))
    yield Case("definition", "statistics", "sqlite_stat1", lambda f, s: define(f, "analyze"))


def format_cases(file):
    """Downgrades: a store that claims to be of a format that had no authentication."""
    def back(folder, stores, number, without=True):
        with opened(folder) as db:
            db.execute("update meta set value = ? where name = 'format'", (str(number).encode(),))
            for name in tables_of(stores.folder("stopped") / "reeve.db") if without else ():
                for column in ("mac", "state_mac", "tables"):
                    if any(c[1] == column for c in db.execute(f"pragma table_info({name})").fetchall()):
                        db.execute(f"alter table {name} drop column {column}")
            db.execute("update tokens set is_revoked = 0")

    yield Case("format", "set back", "2", lambda f, s: back(f, s, 2, without=False))
    yield Case("format", "set back without columns", "2, every token alive again", lambda f, s: back(f, s, 2))

    def no_state(folder, stores):
        with opened(folder) as db:
            note = db.execute("select checkpoint from audit_log").fetchone()[0]
            text, signatures = note.split(b"\n\n", 1)
            lines = text.split(b"\n")
            if not any(line.startswith(b"state ") for line in lines):
                raise NotApplicable("the checkpoint has no such line")
            kept = b"\n".join(line for line in lines if not line.startswith(b"state "))
            db.execute("update audit_log set checkpoint = ?", (kept + b"\n\n" + signatures,))

    yield Case("format", "no state in the checkpoint", "line left out", no_state)
    yield Case("format", "no state in the checkpoint", "and set back", lambda f, s: (no_state(f, s), back(f, s, 2)))

    def old_note(folder, stores):
        """The checkpoint, the log and the tables of before the last writes, but one policy of now."""
        from rows import whole_tables
        whole_tables(folder, stores.folder("older") / "reeve.db", tuple(tables_of(folder / "reeve.db")))
        define(folder, "update heads set version = 1 where path = 'policies/withdrawn'")

    yield Case("format", "older copy, then changed", "a head", old_note)


# -- the log

def truncated(folder, count, head):
    with opened(folder) as db:
        size = db.execute("select max(idx) from audit").fetchone()[0] + 1
        db.execute("delete from audit where idx >= ?", (size - count,))
        db.execute("delete from audit_paths where idx >= ?", (size - count,))
        if head is not None:
            head(db, size - count)


def size_only(db, size):
    db.execute("update audit_log set size = ?", (size,))


def truncated_as_before(folder, stores):
    """The log ends where the older copy's ended, with that copy's signed head."""
    with opened(folder) as db:
        db.execute("commit")
        db.execute("attach ? as other", (str(stores.folder("older") / "reeve.db"),))
        db.execute("begin immediate")
        size = db.execute("select size from other.audit_log").fetchone()[0]
        db.execute("delete from audit where idx >= ?", (size,))
        db.execute("delete from audit_paths where idx >= ?", (size,))
        db.execute("delete from audit_log")
        db.execute("insert into audit_log select * from other.audit_log")


def wrong_path(folder, stores):
    """An entry of another path shows up under a path that somebody may audit."""
    with opened(folder) as db:
        db.execute("insert into audit_paths select bucket, 'policies/withdrawn', idx from audit_paths where path = 'secrets/orders/warehouse'")


def log_cases():
    yield Case("table audit_paths", "a wrong path", "policies/withdrawn", wrong_path)
    for count in (1, 5):
        yield Case("the log", "cut at the end", f"{count} entries", lambda f, s, c=count: truncated(f, c, None))
        yield Case("the log", "cut at the end, with its size", f"{count} entries", lambda f, s, c=count: truncated(f, c, size_only))
    yield Case("the log", "cut at the end, with an older head", "of the older copy", truncated_as_before)


# -- bytes

def change_bytes(path, at, change):
    with open(path, "r+b") as file:
        file.seek(at)
        old = file.read(1)
        if len(old) != 1:
            raise NotApplicable("the file ends before")
        file.seek(at)
        file.write(change(old))


def flip_byte(path, at, bit):
    change_bytes(path, at, lambda old: bytes([old[0] ^ 1 << bit]))


def header_cases():
    for at in range(HEADER_BYTES):
        yield Case("bytes of reeve.db", "header", f"byte {at}", lambda f, s, at=at: flip_byte(f / "reeve.db", at, at % 3),
                   is_byte=True, is_short=at in (0, 18, 44))


def page_cases(file):
    chance = random.Random(8)
    bytes_total = file.stat().st_size
    for turn in range(PAGE_FLIPS):
        at, bit = chance.randrange(HEADER_BYTES, bytes_total), chance.randrange(8)
        yield Case("bytes of reeve.db", "page", f"turn {turn}", lambda f, s, at=at, bit=bit: flip_byte(f / "reeve.db", at, bit),
                   is_byte=True, is_short=turn < 4)


def resized(path, change):
    with open(path, "r+b") as file:
        file.truncate(change(path.stat().st_size))


def other_page(folder, stores):
    """A page of tokens as it was in the older copy."""
    file = folder / "reeve.db"
    db = sqlite3.connect(file)
    root, = db.execute("select rootpage from sqlite_schema where name = 'tokens'").fetchone()
    size, = db.execute("pragma page_size").fetchone()
    db.close()
    old = (stores.folder("older") / "reeve.db").read_bytes()[(root - 1) * size:root * size]
    with open(file, "r+b") as f:
        f.seek((root - 1) * size)
        if f.read(size) == old:
            raise NotApplicable("the page is the same")
        f.seek((root - 1) * size)
        f.write(old)


def byte_cases(file):
    yield from header_cases()
    yield from page_cases(file)
    yield Case("bytes of reeve.db", "page of an older copy", "tokens", other_page)
    yield Case("file reeve.db", "cut", "a page", lambda f, s: resized(f / "reeve.db", lambda n: n - 4096))
    yield Case("file reeve.db", "cut", "half", lambda f, s: resized(f / "reeve.db", lambda n: n // 2))
    yield Case("file reeve.db", "empty", "0 bytes", lambda f, s: resized(f / "reeve.db", lambda n: 0))
    yield Case("file reeve.db", "longer", "a page of zeros", lambda f, s: resized(f / "reeve.db", lambda n: n + 4096))
    yield Case("file reeve.db", "remove", "", lambda f, s: (f / "reeve.db").unlink())
    for store in ("older", "sibling", "stranger"):
        yield Case("file reeve.db", f"of {store}", store, lambda f, s, n=store: shutil.copy(s.folder(n) / "reeve.db", f / "reeve.db"))


# -- files of SQLite beside a clean database, and what a kill leaves

def journal(folder, stores):
    """A journal as a crash leaves it: SQLite would put its pages back. They are those of the older copy."""
    old = (stores.folder("older") / "reeve.db").read_bytes()
    new = (folder / "reeve.db").read_bytes()
    size, sector, nonce = 4096, 512, 7
    pages = [n for n in range(1, len(old) // size + 1) if old[(n - 1) * size:n * size] != new[(n - 1) * size:n * size]]
    text = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", len(pages), nonce, len(old) // size, sector, size)
    text = text.ljust(sector, b"\0")
    for n in pages:
        page = old[(n - 1) * size:n * size]
        checksum = nonce
        for at in range(size - 200, 0, -200):
            checksum += page[at]
        text += struct.pack(">I", n) + page + struct.pack(">I", checksum & 0xFFFFFFFF)
    (folder / "reeve.db-journal").write_bytes(text)


def removed(folder, *names):
    for name in names:
        (folder / name).unlink()


def wal_cases():
    def wal(folder):
        return folder / "reeve.db-wal"

    def flip_middle(folder, stores):
        flip_byte(wal(folder), wal(folder).stat().st_size // 2, 1)

    def flip_first(folder, stores):
        flip_byte(wal(folder), 32 + 24 + 100, 1)

    killed = {"base": "killed"}
    yield Case("file reeve.db-wal", "as a kill leaves it", "", lambda f, s: None, **killed)
    yield Case("file reeve.db-wal", "remove", "", lambda f, s: removed(f, "reeve.db-wal", "reeve.db-shm"), **killed)
    yield Case("file reeve.db-wal", "cut", "half", lambda f, s: resized(wal(f), lambda n: n // 2), **killed)
    yield Case("file reeve.db-wal", "flip", "in the middle", flip_middle, **killed)
    yield Case("file reeve.db-wal", "flip", "in the first page", flip_first, **killed)
    yield Case("file reeve.db-wal", "of a later kill", "", lambda f, s: shutil.copy(s.folder("killed") / "reeve.db-wal", wal(f)))
    yield Case("file reeve.db-wal", "of an earlier kill", "", lambda f, s: shutil.copy(s.older_wal, wal(f)))
    yield Case("file reeve.db-wal", "of a later kill, beside an older database", "", lambda f, s: (
        shutil.copy(s.folder("older") / "reeve.db", f / "reeve.db"), shutil.copy(s.folder("killed") / "reeve.db-wal", wal(f))))
    yield Case("file reeve.db-wal", "noise", "", lambda f, s: wal(f).write_bytes(bytes(range(256)) * 64))
    yield Case("file reeve.db-shm", "noise", "", lambda f, s: (f / "reeve.db-shm").write_bytes(bytes(range(256)) * 128), **killed)
    yield Case("file reeve.db-shm", "remove", "", lambda f, s: removed(f, "reeve.db-shm"), **killed)
    yield Case("file reeve.db-journal", "pages of an older copy", "", journal)
    yield Case("file reeve.db-journal", "noise", "", lambda f, s: (f / "reeve.db-journal").write_bytes(bytes(range(256)) * 32))


# -- the other files

def linked(folder, name, target):
    """The file becomes a link to where it is now."""
    shutil.move(folder / name, target)
    os.symlink(target, folder / name)


def link_to_other(folder, name):
    """The file becomes a link to a file that is none of ours."""
    (folder / name).unlink(missing_ok=True)
    beside(folder, "target").write_bytes(b"not ours")
    os.symlink(beside(folder, "target"), folder / name)


def beside(folder, name):
    return folder.with_name(folder.name + "-" + name)


def fifo(folder, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)


def in_place_of(folder, name):
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()


def rewritten(folder, stores):
    db = sqlite3.connect(folder / "reeve.db", isolation_level=None)
    db.execute("vacuum")
    db.close()


def kept_target(folder, stores, verdict):
    """A file that a link in the folder names is not written to."""
    text = beside(folder, "target").read_bytes()
    return None if text == b"not ours" else f"the target of a link was changed: {text[:40]!r}"


def huge(table, column, size):
    value = "zeroblob(?)" if table.types[column] == "BLOB" else "replace(hex(zeroblob(? / 2)), '0', 'a')"
    row = table.chosen()[0]
    where = " and ".join(f"{quoted(k)} is ?" for k in table.key)
    return lambda folder, stores: define_with(
        folder, f"update {quoted(table.name)} set {quoted(column)} = {value} where {where}", (size, *table.key_of(row)))


def huge_cases(file):
    for table in tables_of(file).values():
        for column in table.columns:
            if table.types[column] in ("BLOB", "TEXT") and column not in table.key:
                for size in (LARGE_BYTES, HUGE_BYTES):
                    yield Case(f"table {table.name}", "a huge value", f"{column}, {size >> 20} MiB", huge(table, column, size),
                               more=memory_is_bounded, is_short=False)


def memory_is_bounded(folder, stores, verdict):
    return None if verdict.memory_bytes <= MEMORY_MAX_BYTES else f"the start used {verdict.memory_bytes >> 20} MiB"


def with_settings(folder, stores):
    (folder / "reeved.yaml").write_text("insecure_listen: true\nlog_level: error\n")


def with_old_format(folder, stores):
    shutil.copy(folder / "reeve.db", folder / "reeve.db.format-2")
    flip_byte(folder / "reeve.db.format-2", 5000, 1)


def other_cases():
    def other_key(folder, stores):
        (folder / "root.key").chmod(0o600)
        text = (folder / "root.key").read_text()
        (folder / "root.key").write_text(text[:5] + ("A" if text[5] != "A" else "B") + text[6:])

    yield Case("file root.key", "replace", "another key", other_key)
    yield Case("file root.key", "remove", "", lambda f, s: (f / "root.key").unlink())
    yield Case("file root.key", "cut", "", lambda f, s: ((f / "root.key").chmod(0o600), resized(f / "root.key", lambda n: n - 5)))
    yield Case("file root.key", "readable by others", "0644", lambda f, s: (f / "root.key").chmod(0o644))
    yield Case("file root.key", "link", "", lambda f, s: linked(f, "root.key", beside(f, "target")))
    yield Case("file audit.pub", "replace", "of another store", lambda f, s: shutil.copy(s.folder("stranger") / "audit.pub", f / "audit.pub"))
    yield Case("file audit.pub", "remove", "", lambda f, s: (f / "audit.pub").unlink())
    yield Case("file audit.pub", "flip", "", lambda f, s: flip_byte(f / "audit.pub", 60, 1))
    yield Case("file reeve.lock", "replace", "noise", lambda f, s: (f / "reeve.lock").write_bytes(b"99999999\n" * 9))
    yield Case("file reeve.lock", "link", "", lambda f, s: link_to_other(f, "reeve.lock"), more=kept_target)
    yield Case("file reeve.db", "link", "", lambda f, s: linked(f, "reeve.db", beside(f, "target")))
    yield Case("file reeve.db-wal", "link", "", lambda f, s: link_to_other(f, "reeve.db-wal"), more=kept_target)
    yield Case("file reeve.db-shm", "link", "", lambda f, s: link_to_other(f, "reeve.db-shm"), more=kept_target)
    yield Case("file reeve.db.backup-1-1", "link", "", lambda f, s: link_to_other(f, "reeve.db.backup-1-1"), more=kept_target)
    for name in ("reeve.db", "reeve.db-wal", "reeve.db-shm", "reeve.db-journal", "root.key", "reeve.lock"):
        yield Case(f"file {name}", "a pipe in its place", "", lambda f, s, n=name: fifo(f, n))
        yield Case(f"file {name}", "a folder in its place", "", lambda f, s, n=name: in_place_of(f, n), is_short=False)
    yield Case("file reeve.db", "rewritten", "vacuum", rewritten)
    yield Case("file reeve.db", "writable by others", "0666", lambda f, s: (f / "reeve.db").chmod(0o666))
    yield Case("the folder", "writable by others", "0777", lambda f, s: f.chmod(0o777))
    yield Case("file reeve.db.format-2", "flip", "", with_old_format)
    yield Case("file reeved.yaml", "add", "", with_settings)


def cases(stores):
    file = stores.folder("stopped") / "reeve.db"
    yield from definition_cases(file)
    yield from format_cases(file)
    yield from log_cases()
    yield from byte_cases(file)
    yield from wal_cases()
    yield from other_cases()
    yield from huge_cases(file)
