"""The file of expectations, and the matrix of docs/security.md that is made from it.

A line: PLACE | KIND | NOTICED BY | REASON. Noticed by: words of ORDER, "somebody" where each change of the cell is noticed, but not all by
the same check, or "nobody", which needs a reason.
"""
import pathlib
from dataclasses import dataclass

FILE = pathlib.Path(__file__).resolve().parent / "expected"
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- from tests/tamper/expected: begin -->\n", "<!-- from tests/tamper/expected: end -->\n"
ORDER = ("start", "read", "verify", "key", "older", "somebody")
IMPLIED = {"verify": ("key", "older")}


@dataclass
class Expectation:
    place: str
    kind: str
    noticed: frozenset
    reason: str = ""


def shown(noticed):
    """Without what follows from another."""
    implied = {i for n in noticed for i in IMPLIED.get(n, ())}
    return [n for n in ORDER if n in noticed and n not in implied]


def said(noticed):
    return " ".join(shown(noticed)) or "nobody"


def closed(noticed):
    return set(noticed) | {i for n in noticed for i in IMPLIED.get(n, ())}


def is_as_good(got, expected):
    if "somebody" in expected:
        return bool(got)
    return closed(expected) <= closed(got)


def load():
    found = {}
    for line in FILE.read_text().splitlines() if FILE.exists() else ():
        if not line.strip() or line.startswith("#"):
            continue
        place, kind, noticed, reason = (part.strip() for part in line.split("|", 3))
        words = () if noticed == "nobody" else noticed.split()
        assert set(words) <= set(ORDER), line
        found[f"{place}/{kind}"] = Expectation(place, kind, frozenset(words), reason)
    return found


def save(expected, found):
    lines = [line for line in FILE.read_text().splitlines() if line.startswith("#")] if FILE.exists() else []
    for name in dict.fromkeys([*expected, *found]):
        place, kind = name.split("/", 1)
        old = expected.get(name)
        noticed = said(found[name]) if name in found else said(old.noticed)
        lines.append(f"{place} | {kind} | {noticed} | {old.reason if old else ''}".rstrip())
    FILE.write_text("\n".join(lines) + "\n")


# -- the part of docs/security.md

COLUMNS = (
    ("a value is edited or swapped", lambda kind: kind in ("edit", "flip", "swap")),
    ("rows are removed", lambda kind: kind in ("delete", "delete all")),
    ("a row is added", lambda kind: kind == "add" or kind.endswith(", new")),
    ("an older copy's row or table", lambda kind: kind.endswith("of an older copy")),
    ("another restore's or store's", lambda kind: kind.endswith(("of another restore", "of another store"))),
)
WORDS = {"start": "start", "read": "read", "verify": "verify", "key": "root key", "older": "older", "somebody": "one of them"}


def in_words(noticed):
    return ", ".join(WORDS[n] for n in shown(noticed)) or "nobody"


def table_of(place):
    """The table that a place belongs to, or None: "versions.state", "meta epoch", "table tokens"."""
    if place.startswith("table "):
        return place[len("table "):]
    if place.startswith("meta "):
        return "meta"
    return place.split(".")[0] if "." in place and " " not in place else None


def common(lines):
    """By whom each of these changes is noticed."""
    return set.intersection(*(closed(line.noticed) for line in lines)) - {"somebody"} if lines else set()


def table_cells(expected):
    """{table: [lines of each column]}, and the lines that are in no column."""
    cells, others = {}, []
    for line in expected.values():
        table = table_of(line.place)
        columns = [n for n, (_, is_of) in enumerate(COLUMNS) if is_of(line.kind)]
        if table is None or not columns:
            others.append(line)
        else:
            cells.setdefault(table, [[] for _ in COLUMNS])[columns[0]].append(line)
    return cells, others


def cell_text(lines, others):
    """A cell of the first table; what is noticed by nobody goes into the second, and by more or less too where nothing is common."""
    nobody = [line for line in lines if not line.noticed]
    noticed = common([line for line in lines if line.noticed])
    others += nobody if noticed else lines
    return "" if not lines else "see below" if not noticed else in_words(noticed) + (" *" if nobody else "")


def merged(lines):
    """(places, kinds, noticed, reason): first the kinds of a place that are alike, then the places."""
    by_place, by_kinds = {}, {}
    for line in lines:
        by_place.setdefault((line.place, line.noticed, line.reason), []).append(line.kind)
    for (place, noticed, reason), kinds in by_place.items():
        by_kinds.setdefault((tuple(kinds), noticed, reason), []).append(place)
    return [(places, kinds, noticed, reason) for (kinds, noticed, reason), places in by_kinds.items()]


def docs(expected):
    cells, others = table_cells(expected)
    text = [f"| table | {' | '.join(title for title, _ in COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for table in sorted(cells):
        text.append(f"| `{table}` | {' | '.join(cell_text(lines, others) for lines in cells[table])} |")
    text += ["", "| what | change | noticed by | why not by more |", "|---|---|---|---|"]
    for places, kinds, noticed, reason in merged(others):
        text.append(f"| {', '.join(places)} | {'; '.join(kinds)} | {in_words(noticed)} | {reason} |")
    return "\n".join(text) + "\n"


def in_docs():
    """The matrix as docs/security.md has it, or None."""
    whole = DOCS.read_text()
    if BEGIN not in whole or END not in whole:
        return None
    return whole[whole.index(BEGIN) + len(BEGIN):whole.index(END)]


def put_in_docs(expected):
    whole = DOCS.read_text()
    begin, end = whole.index(BEGIN) + len(BEGIN), whole.index(END)
    DOCS.write_text(whole[:begin] + docs(expected) + whole[end:])
