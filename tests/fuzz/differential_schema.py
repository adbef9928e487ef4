#!/usr/bin/env python3
"""Compares reeve's verdicts with those of independent validators over generated schemas and instances.

  tests/fuzz/differential_schema.py build/src/cli/reeve --pairs 20000 [--seed 1] [--draft 7] [--ajv FOLDER]

The oracle is Debian's python3-jsonschema; --ajv names a folder with ajv in node_modules, whose verdicts are compared as well.
Every other round takes a schema of bench/schema and instances with one place changed; the rest are random schemas over
all keywords of the draft. A disagreement with the oracle is printed as one JSON line and makes the exit status 1.
"""

import argparse
import collections
import copy
import json
import pathlib
import random
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "bench" / "schema"))

from cases import CASES  # noqa: E402

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

NAMES = ["a", "b", "foo", "bar", "x1", "é", "", "$ref"]
STRINGS = ["", "a", "ab", "foo", "bar", "é", "🐲", "éé", "2026-11-20", "a1", "A", "x-1"]
NUMBERS = [0, 1, -1, 2, 3, 10, 1.0, 1.5, -0.5, 1e3, 100, 2.25, 9007199254740993, 1e15]
PATTERNS = ["^a", "b$", "^[a-z]+$", "^.{1,2}$", "^é", "o+", "^(foo|bar)$", "^$", "[0-9]", "^x", "^(?!a)", "^[^a-z]*$"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


class Generator:
    def __init__(self, rnd, is_old):
        self.rnd = rnd
        self.is_old = is_old  # draft 7
        self.definitions = "definitions" if is_old else "$defs"

    def value(self, depth=3):
        rnd = self.rnd
        kind = rnd.randrange(10 if depth > 0 else 6)
        if kind < 2:
            return rnd.choice([None, True, False])
        if kind < 4:
            return rnd.choice(NUMBERS)
        if kind < 6:
            return rnd.choice(STRINGS)
        if kind < 8:
            return [self.value(depth - 1) for _ in range(rnd.randrange(4))]
        return {rnd.choice(NAMES): self.value(depth - 1) for _ in range(rnd.randrange(4))}

    def number_keywords(self, s):
        rnd = self.rnd
        key = rnd.choice(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"])
        s[key] = rnd.choice([1, 2, 0.5, 3, 0.25]) if key == "multipleOf" else rnd.choice([0, 1, 1.5, 2, -1, 10])

    def string_keywords(self, s):
        rnd = self.rnd
        key = rnd.choice(["minLength", "maxLength", "pattern"])
        s[key] = rnd.choice(PATTERNS) if key == "pattern" else rnd.randrange(4)

    def array_keywords(self, s, depth, level):
        rnd = self.rnd
        keys = ["items", "items", "minItems", "maxItems", "uniqueItems", "contains"]
        keys += ["tuple", "additionalItems"] if self.is_old else ["tuple", "minContains", "unevaluatedItems"]
        key = rnd.choice(keys)
        if key in ("minItems", "maxItems"):
            s[key] = rnd.randrange(4)
        elif key == "uniqueItems":
            s[key] = rnd.random() < 0.8
        elif key == "tuple":
            part = [self.schema(depth - 1, level, True) for _ in range(rnd.randint(1, 3))]
            s["items" if self.is_old else "prefixItems"] = part
        elif key == "minContains":
            s["contains"] = self.schema(depth - 1, level, True)
            s["minContains"] = rnd.randrange(3)
            if rnd.random() < 0.5:
                s["maxContains"] = rnd.randrange(4)
        else:
            s[key] = self.schema(depth - 1, level, True)

    def object_keywords(self, s, depth, level):
        rnd = self.rnd
        keys = ["properties", "properties", "properties", "patternProperties", "additionalProperties", "propertyNames"]
        keys += ["required", "minProperties", "maxProperties"]
        keys += ["dependencies"] if self.is_old else ["dependentRequired", "dependentSchemas", "unevaluatedProperties"]
        key = rnd.choice(keys)
        if key == "properties":
            s[key] = {rnd.choice(NAMES): self.schema(depth - 1, level, True) for _ in range(rnd.randint(1, 4))}
        elif key == "patternProperties":
            s[key] = {rnd.choice(PATTERNS): self.schema(depth - 1, level, True) for _ in range(rnd.randint(1, 2))}
        elif key == "required":
            s[key] = rnd.sample(NAMES, rnd.randint(0, 2))
        elif key in ("minProperties", "maxProperties"):
            s[key] = rnd.randrange(4)
        elif key == "dependentRequired":
            s[key] = {rnd.choice(NAMES): rnd.sample(NAMES, rnd.randint(0, 2))}
        elif key == "dependentSchemas":
            s[key] = {rnd.choice(NAMES): self.schema(depth - 1, level, False)}
        elif key == "dependencies":
            s[key] = {rnd.choice(NAMES): rnd.sample(NAMES, 1) if rnd.random() < 0.5 else self.schema(depth - 1, level, False)}
        else:
            s[key] = self.schema(depth - 1, level, True)

    def logic_keywords(self, s, depth, level):
        rnd = self.rnd
        key = rnd.choice(["allOf", "anyOf", "oneOf", "oneOf", "not", "if"])
        if key == "not":
            s[key] = self.schema(depth - 1, level, False)
        elif key == "if":
            for part in ("if", "then", "else"):
                if part == "if" or rnd.random() < 0.7:
                    s[part] = self.schema(depth - 1, level, False)
        else:
            s[key] = [self.schema(depth - 1, level, False) for _ in range(rnd.randint(1, 3))]

    def reference(self, level, is_below):
        """Below another instance any definition will do; at the same one only a later, so that no reference is a ring."""
        choices = range(0 if is_below else level + 1, 3)
        if not choices:
            return None
        if is_below and self.rnd.random() < 0.2:
            return {"$ref": "#"}
        number = self.rnd.choice(choices)
        if not self.is_old and self.rnd.random() < 0.3:
            return {self.rnd.choice(["$ref", "$dynamicRef"]): "#anchor%d" % number}
        return {"$ref": "#/%s/d%d" % (self.definitions, number)}

    def schema(self, depth, level=-1, is_below=False):
        """`level` is the definition that is being made, `is_below` whether another instance is meant than that of the definition."""
        rnd = self.rnd
        if rnd.random() < 0.08:
            return rnd.random() < 0.7
        if depth <= 0:
            return rnd.choice([{}, {"type": rnd.choice(TYPES)}, {"const": self.value(1)}, {"type": rnd.sample(TYPES, 2)}])
        s = {}
        if rnd.random() < 0.2:
            s = self.reference(2 if is_below is None else level, is_below) or {}
            if s and (self.is_old or rnd.random() < 0.5):
                return s
        if rnd.random() < 0.35:
            s["type"] = rnd.choice(TYPES) if rnd.random() < 0.7 else rnd.sample(TYPES, 2)
        if rnd.random() < 0.1:
            s["enum"] = self.distinct(rnd.randint(1, 4))
        if rnd.random() < 0.06:
            s["const"] = self.value(2)
        for _ in range(rnd.randint(0, 3)):
            kind = rnd.randrange(10)
            if kind == 0:
                self.number_keywords(s)
            elif kind == 1:
                self.string_keywords(s)
            elif kind < 4:
                self.array_keywords(s, depth, level)
            elif kind < 7:
                self.object_keywords(s, depth, level)
            else:
                self.logic_keywords(s, depth, level)
        return s

    def distinct(self, count):
        values = []
        for _ in range(count):
            value = self.value(2)
            if json.dumps(value) not in [json.dumps(v) for v in values]:
                values.append(value)
        return values

    def root(self):
        s = self.schema(3)
        if not isinstance(s, dict):
            s = {"not": {}} if s is False else {}
        s = {"$schema": "http://json-schema.org/draft-07/schema#" if self.is_old else CASES["lock-file"][0]["$schema"], **s}
        if self.is_old and "$ref" in s:
            s = {"$schema": s["$schema"], "allOf": [{"$ref": s["$ref"]}]}
        definitions = {}
        for i in range(3):
            d = self.schema(2, i)
            if isinstance(d, dict) and not self.is_old:
                d = {"$dynamicAnchor" if i == 0 else "$anchor": "anchor%d" % i, **d}
            definitions["d%d" % i] = d if isinstance(d, dict) else {} if d else {"not": {}}
        if not self.is_old:
            for i in range(3):
                if not any(k.endswith("nchor") for k in definitions["d%d" % i]):
                    definitions["d%d" % i]["$anchor"] = "anchor%d" % i
        return {**s, self.definitions: definitions}


def places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, path + (key,))


def mutate(generator, instance):
    """One place changed: another value, a key more, a key less."""
    rnd = generator.rnd
    instance = copy.deepcopy(instance)
    path = rnd.choice(list(places(instance)))
    if not path:
        return generator.value()
    parent = instance
    for key in path[:-1]:
        parent = parent[key]
    action = rnd.randrange(4)
    if action == 0:
        del parent[path[-1]]
    elif action == 1 and isinstance(parent, dict):
        parent[rnd.choice(NAMES)] = generator.value(1)
    elif action == 2 and isinstance(parent[path[-1]], str):
        parent[path[-1]] += rnd.choice(["x", " ", "\n", "é"])
    else:
        parent[path[-1]] = generator.value(1)
    return instance


def make_pairs(rnd, count, is_old):
    generator = Generator(rnd, is_old)
    pairs = []
    while len(pairs) < count:
        if rnd.random() < 0.5 and not is_old:
            schema, make = CASES[rnd.choice(sorted(CASES))]
            instances = [mutate(generator, make(rnd)) for _ in range(4)]
        else:
            schema = generator.root()
            instances = [generator.value(4) for _ in range(8)]
        pairs += [{"schema": schema, "instance": i} for i in instances]
    return pairs[:count]


def in_python(schema):
    """The schema with patterns as Python means them: there $ also matches before a last newline."""
    if isinstance(schema, list):
        return [in_python(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    ret = {}
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str):
            ret[key] = value.replace("$", "\\Z")
        elif key == "patternProperties" and isinstance(value, dict):
            ret[key] = {k.replace("$", "\\Z"): in_python(v) for k, v in value.items()}
        else:
            ret[key] = value if key in ("const", "enum") else in_python(value)
    return ret


def oracle_verdict(pair, is_old, known={}):
    kind = jsonschema.Draft7Validator if is_old else jsonschema.Draft202012Validator
    try:
        if known.get("schema") is not pair["schema"]:
            known.update(schema=pair["schema"], validator=kind(in_python(pair["schema"])))
        return "valid" if known["validator"].is_valid(pair["instance"]) else "invalid"
    except RecursionError:
        return "limit"
    except Exception as error:  # what the oracle cannot do is no verdict
        return "oracle: " + type(error).__name__


def run(command, lines, **options):
    out = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, **options)
    if out.stderr:
        sys.exit(out.stderr[:4000])
    verdicts = out.stdout.split("\n")[:-1]
    if len(verdicts) != len(lines):
        sys.exit("%s: %d verdicts for %d pairs, status %d" % (command[0], len(verdicts), len(lines), out.returncode))
    return verdicts


def compare(arguments, pairs, tally):
    lines = [json.dumps(p) for p in pairs]
    is_old = arguments.draft == "7"
    ours = run([arguments.reeve, "schema", "check", "--batch", "--no-format-assertion", "--draft", arguments.draft, "-"], lines)
    ajv = None
    if arguments.ajv:
        ajv = run(["node", str(HERE / "ajv_batch.js"), arguments.draft], lines, cwd=arguments.ajv)
    for i, pair in enumerate(pairs):
        theirs = oracle_verdict(pair, is_old)
        tally["pairs"] += 1
        tally["oracle " + theirs] += 1
        if ajv and ajv[i] != ours[i]:
            tally["ajv differs"] += 1
        if ours[i] == theirs or theirs.startswith("oracle"):
            continue
        tally["differ"] += 1
        verdicts = {"reeve": ours[i], "jsonschema": theirs, "ajv": ajv[i] if ajv else None}
        print(json.dumps({**verdicts, **pair}, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reeve")
    parser.add_argument("--pairs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draft", choices=["7", "2020-12"], default="2020-12")
    parser.add_argument("--ajv", help="a folder with ajv in node_modules")
    arguments = parser.parse_args()
    rnd = random.Random(arguments.seed)
    tally = collections.Counter()
    while tally["pairs"] < arguments.pairs:
        compare(arguments, make_pairs(rnd, min(4000, arguments.pairs - tally["pairs"]), arguments.draft == "7"), tally)
    print(", ".join("%s %d" % item for item in sorted(tally.items())), file=sys.stderr)
    sys.exit(1 if tally["differ"] else 0)


if __name__ == "__main__":
    main()
