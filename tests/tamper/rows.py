"""Changes of rows, for every table and column that sqlite_schema names, so that none is forgotten."""
import re
import sqlite3

from case import Case, NotApplicable, opened, quoted

ROWS_LONG = 4
DOCUMENTS = ("versions", "heads", "contents", "revisions", "changes", "effectives", "edges")
LOG = ("audit", "audit_paths", "audit_log")
GROUPS = {
    "the documents": DOCUMENTS,
    "the tokens": ("tokens",),
    "the log": LOG,
    "the log's head": ("audit_log",),
    "all but the log": None,
    "the documents and the log": DOCUMENTS + LOG,
}
# Rows that decide something; the others are taken by their place in the table.
TELLING = ("profiles/orders/production", "policies/withdrawn", "secrets/orders/warehouse", "secrets/orders/doomed", "to-be-revoked",
           "config/orders/production", "narrow", "used-up")


class Table:
    """A table of a stopped store: its columns, its key, and its rows in the order of the key."""

    def __init__(self, file, name):
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            self.name = name
            columns = db.execute(f"pragma table_xinfo({quoted(name)})").fetchall()
            self.columns = [c[1] for c in columns if c[6] == 0]
            self.types = {c[1]: c[2] for c in columns}
            self.key = [c[1] for c in sorted(columns, key=lambda c: c[5]) if c[5] > 0] or self.columns[:1]
            self.unique = self.unique_columns(db) | set(self.key)
            self.rows = db.execute(f"select {self.list()} from {quoted(name)} order by {', '.join(map(quoted, self.key))}").fetchall()
        finally:
            db.close()

    def unique_columns(self, db):
        found = set()
        for index in db.execute(f"pragma index_list({quoted(self.name)})").fetchall():
            if index[2]:
                found.update(c[2] for c in db.execute(f"pragma index_info({quoted(index[1])})").fetchall())
        return found

    def list(self):
        return ", ".join(map(quoted, self.columns))

    def at(self, row, column):
        return row[self.columns.index(column)]

    def key_of(self, row):
        return tuple(self.at(row, k) for k in self.key)

    def said(self, row):
        """The key, for labels."""
        return " ".join(v.hex()[:8] if isinstance(v, bytes) else str(v) for v in self.key_of(row))

    def words(self, row):
        """What a refused start may name: the table, or the key where a person can read it."""
        return (self.name, *(v for v in self.key_of(row)[:1] if isinstance(v, str)))

    def with_value(self, row, column, value):
        changed = list(row)
        changed[self.columns.index(column)] = value
        return tuple(changed)

    def remove(self, db, row):
        where = " and ".join(f"{quoted(k)} is ?" for k in self.key)
        count = db.execute(f"delete from {quoted(self.name)} where {where}", self.key_of(row)).rowcount
        if count != 1:
            raise NotApplicable(f"{count} rows have the key of {self.name} {self.said(row)}")

    def add(self, db, row):
        db.execute(f"insert into {quoted(self.name)} ({self.list()}) values ({', '.join('?' * len(row))})", row)

    def replace(self, folder, *pairs):
        """Each pair is a row and its successor; None for neither."""
        if sorted((repr(o) for o, _ in pairs)) == sorted((repr(n) for _, n in pairs)):
            raise NotApplicable("the same rows")
        with opened(folder) as db:
            for old, _ in pairs:
                if old is not None:
                    self.remove(db, old)
            for _, new in pairs:
                if new is not None:
                    self.add(db, new)

    def chosen(self):
        """Rows to change one by one: those that decide something first, then the last, first and middle ones. All of a table whose keys
        are random: none of them is in the same place twice."""
        def place(row):
            texts = [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row]
            return next((n for n, t in enumerate(TELLING) if any(t in text for text in texts)), len(TELLING))

        telling = sorted((r for r in reversed(self.rows) if place(r) < len(TELLING)), key=place)
        if self.types[self.key[0]] == "BLOB":
            return telling + [r for r in self.rows if r not in telling]
        step = max(1, len(telling) // 2)
        rows = telling[::step][:3] + self.rows[-1:] + self.rows[:1] + self.rows[len(self.rows) // 2:][:1]
        return list(dict.fromkeys(rows))[:ROWS_LONG]

    def sample(self, column):
        """Of the changes of one kind in the columns of this table, the short run takes one; of `meta` it takes each row."""
        return None if self.names_rows() and column == "value" else self.name

    def names_rows(self):
        """A table whose rows each mean something else: (key, value)."""
        return self.name == "meta"


def tables_of(file):
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        names = [n for n, in db.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")]
    finally:
        db.close()
    return {name: Table(file, name) for name in names}


# -- other values

def other_text(text):
    for old, new in (('"policies":["runtime"]', '"policies":["administrator"]'), ('"policies":["orders-runtime"]', '"policies":["administrator"]')):
        if old in text:
            return text.replace(old, new)
    digits = list(re.finditer(r"\d", text))
    at = digits[len(digits) // 2].start() if digits else len(text) - 1
    if at < 0:
        return "x"
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1:]


def is_text(value):
    return all(32 <= b < 127 or b in b"\n\t" or b >= 128 for b in value) and not any(b >= 128 for b in value)


def other_values(table, column, row):
    """Plausible other values of a column: neighbours of a number, what another row has, and small edits."""
    value = table.at(row, column)
    if isinstance(value, int):
        yield value + (3_600_000 if column.endswith("_ms") else 1)
        if value > 0:
            yield value - 1
    elif value is None:
        yield next((table.at(r, column) for r in table.rows if table.at(r, column) is not None), 1)
    elif isinstance(value, str):
        yield next((table.at(r, column) for r in table.rows if table.at(r, column) != value), other_text(value))
        yield other_text(value)
    elif not value:
        yield next((table.at(r, column) for r in table.rows if table.at(r, column)), b"x")
    elif is_text(value):
        yield other_text(value.decode()).encode()
    else:
        same = [table.at(r, column) for r in table.rows if table.at(r, column) and len(table.at(r, column)) == len(value)]
        yield next((v for v in same if v != value), value[::-1])


def flipped(value, bit):
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


def other_key(table, row):
    """The row under a key that is not there, with other values where they must be unique."""
    taken = {c: {table.at(r, c) for r in table.rows} for c in table.unique}
    copy = row
    for column in table.columns:
        if column not in table.unique:
            continue
        value = table.at(row, column)
        if isinstance(value, int):
            new = max(taken[column]) + 1
        elif isinstance(value, bytes):
            new = flipped(value, 3)
        else:
            new = value[:-1] + ("b" if value[-1:] != "b" else "c")
        if len(table.key) > 1 and column in table.key and column != table.key[-1]:
            continue  # the last part of a longer key is enough
        copy = table.with_value(copy, column, new)
    return copy


# -- cases

def place_of(table, column, row):
    """Each value of `meta` decides something else, and its format stands before the keys are known."""
    if not table.names_rows() or column == "name":
        return f"{table.name}.{column}"
    key = table.key_of(row)[0]
    if column in ("value", ""):
        return f"{table.name} {key}"
    return f"{table.name} {key} {column}" if key == "format" else f"{table.name}.{column}"


def edits(table, column):
    rows = table.rows if table.names_rows() else table.chosen()
    for at, row in enumerate(rows):
        for turn, value in enumerate(other_values(table, column, row)):
            place = place_of(table, column, row)
            is_first = turn == 0 and (at == 0 or table.names_rows())
            yield Case(place, "edit", f"{table.said(row)}, {turn}", names=table.words(row), is_short=is_first, sample=table.sample(column),
                       apply=lambda f, s, row=row, value=value: table.replace(f, (row, table.with_value(row, column, value))))


def flips(table, column):
    rows = table.rows if table.names_rows() else table.chosen()
    for at, row in enumerate(r for r in rows if isinstance(table.at(r, column), bytes) and table.at(r, column)):
        value = table.at(row, column)
        for turn, bit in enumerate((0, len(value) * 4 + 3, len(value) * 8 - 1)):
            yield Case(place_of(table, column, row), "flip", f"{table.said(row)}, bit {bit}", names=table.words(row),
                       is_short=at == 0 and turn == 1, sample=table.sample(column),
                       apply=lambda f, s, row=row, bit=bit: table.replace(f, (row, table.with_value(row, column, flipped(
                           table.at(row, column), bit)))))


def swaps(table, column):
    """Two rows exchange their values, of the same length where there are such: contents of two versions, for instance."""
    def size(row):
        value = table.at(row, column)
        return (type(value), len(value) if isinstance(value, (bytes, str)) else 0)

    found = 0
    for row in table.chosen():
        others = [r for r in table.rows if table.at(r, column) != table.at(row, column)]
        others.sort(key=lambda r: size(r) != size(row))
        if others and found < ROWS_LONG:
            other = others[0]
            pairs = ((row, table.with_value(row, column, table.at(other, column))),
                     (other, table.with_value(other, column, table.at(row, column))))
            yield Case(f"{table.name}.{column}", "swap", f"{table.said(row)} and {table.said(other)}", is_short=found == 0,
                       sample=table.sample(column), names=(table.name,), apply=lambda f, s, pairs=pairs: table.replace(f, *pairs))
            found += 1


def deletions(table):
    rows = table.rows if table.names_rows() else table.chosen()
    for at, row in enumerate(rows):
        place = f"{table.name} {table.key_of(row)[0]}" if table.names_rows() else f"table {table.name}"
        yield Case(place, "delete", table.said(row), is_short=at == 0 or table.names_rows(), names=(table.name,),
                   apply=lambda f, s, row=row: table.replace(f, (row, None)))
    if len(table.rows) > 1:
        yield Case(f"table {table.name}", "delete all", "all", names=(table.name,),
                   apply=lambda f, s: table.replace(f, *((row, None) for row in table.rows)))


def additions(table):
    if not table.chosen():
        return
    for at, row in enumerate(table.chosen()):
        yield Case(f"table {table.name}", "add", f"a copy of {table.said(row)}", is_short=at == 0, names=(table.name,),
                   apply=lambda f, s, row=row: table.replace(f, (None, other_key(table, row))))


def put_back(table, source, kind):
    """One row as it is in another store, over the row of that key or beside the others."""
    here = {table.key_of(r): r for r in table.rows}
    there = {source.key_of(r): r for r in source.rows}
    changed = [(here[k], r) for k, r in there.items() if k in here and here[k] != r]
    new = [(None, r) for k, r in there.items() if k not in here]
    for name, pairs in ((kind, changed), (kind + ", new", new)):
        for at, (old, row) in enumerate(pairs if table.names_rows() else pairs[-ROWS_LONG:]):
            place = place_of(table, "", row) if table.names_rows() else f"table {table.name}"
            yield Case(place, name, source.said(row), is_short=at == 0, names=(table.name,),
                       apply=lambda f, s, old=old, row=row: table.replace(f, (old, row)))


def whole_tables(folder, file, names):
    """The rows of tables of another store in place of those here."""
    with opened(folder) as db:
        db.execute("commit")
        db.execute("attach ? as other", (str(file),))
        db.execute("begin immediate")
        is_changed = False
        for name in names:
            count = f"select count(*) from (select * from {{}}.{quoted(name)} except select * from {{}}.{quoted(name)})"
            is_changed |= any(db.execute(count.format(*pair)).fetchone()[0] for pair in (("main", "other"), ("other", "main")))
            db.execute(f"delete from main.{quoted(name)}")
            db.execute(f"insert into main.{quoted(name)} select * from other.{quoted(name)}")
        if not is_changed:
            raise NotApplicable("the tables are the same")


def tables_back(tables, stores, store, kind):
    file = stores.folder(store) / "reeve.db"
    groups = {f"table {name}": (name,) for name in tables}
    groups |= {place: names or tuple(t for t in tables if t not in LOG) for place, names in GROUPS.items()}
    for place, names in groups.items():
        yield Case(place, kind, " ".join(names), names=names if len(names) == 1 else (), is_short=store == "older" or len(names) > 1,
                   apply=lambda f, s, names=names: whole_tables(f, file, names))


SOURCES = (("older", "row of an older copy", "all of an older copy"), ("sibling", "row of another restore", "all of another restore"),
           ("stranger", "row of another store", "all of another store"))


def cases(stores):
    tables = tables_of(stores.folder("stopped") / "reeve.db")
    for table in tables.values():
        for column in table.columns:
            yield from edits(table, column)
            yield from flips(table, column)
            if len(table.rows) > 1:
                yield from swaps(table, column)
        yield from deletions(table)
        yield from additions(table)
    for store, row, whole in SOURCES:
        others = tables_of(stores.folder(store) / "reeve.db")
        for name, table in tables.items():
            yield from put_back(table, others[name], row)
        yield from tables_back(tables, stores, store, whole)
