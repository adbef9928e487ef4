"""Our own schemas and instances, similar to those that people validate every day.

Each case is a schema and a function that makes one valid instance from a random source. Sizes go from a lock file of a few
keys to an expression language whose trees are deep; keywords go from `type` to `unevaluatedProperties` and `$dynamicRef`.
"""

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def word(rnd, low=3, high=10):
    return "".join(rnd.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rnd.randint(low, high)))


def name(rnd):
    return "-".join(word(rnd) for _ in range(rnd.randint(1, 3)))


def version(rnd):
    return ".".join(str(rnd.randint(0, 40)) for _ in range(3))


def maybe(rnd, target, key, make, chance=0.5):
    if rnd.random() < chance:
        target[key] = make()


# A lock file: small, closed, a few patterns.
LOCK_FILE = {
    "$schema": DRAFT,
    "type": "object",
    "required": ["generated", "digest", "packages"],
    "additionalProperties": False,
    "properties": {
        "generated": {"type": "string", "minLength": 20},
        "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "packages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "version", "repository"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "version": {"type": "string", "pattern": "^v?[0-9]+\\.[0-9]+\\.[0-9]+"},
                    "repository": {"type": "string", "pattern": "^(https|oci)://"},
                },
            },
        },
    },
}


def lock_file(rnd):
    return {
        "generated": "2026-11-%02dT21:04:23Z" % rnd.randint(1, 28),
        "digest": "sha256:" + "".join(rnd.choice("0123456789abcdef") for _ in range(64)),
        "packages": [
            {
                "name": name(rnd),
                "version": version(rnd),
                "repository": "https://packages.example.org/" + word(rnd),
            }
            for _ in range(rnd.randint(1, 6))
        ],
    }


# A package manifest: many optional keys, several forms of one key, maps by pattern.
PERSON = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "email": {"type": "string"},
                "url": {"type": "string"},
            },
        },
    ]
}
PACKAGE_MANIFEST = {
    "$schema": DRAFT,
    "type": "object",
    "required": ["name", "version"],
    "$defs": {
        "person": PERSON,
        "dependencies": {"type": "object", "additionalProperties": {"type": "string"}},
        "script": {"type": "string", "minLength": 1},
    },
    "properties": {
        "name": {"type": "string", "maxLength": 214, "pattern": "^(?:@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*$"},
        "version": {"type": "string"},
        "description": {"type": "string"},
        "keywords": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "homepage": {"type": "string"},
        "license": {"type": "string"},
        "private": {"type": "boolean"},
        "main": {"type": "string"},
        "type": {"enum": ["module", "commonjs"]},
        "author": {"$ref": "#/$defs/person"},
        "contributors": {"type": "array", "items": {"$ref": "#/$defs/person"}},
        "files": {"type": "array", "items": {"type": "string"}},
        "bin": {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
        "scripts": {
            "type": "object",
            "properties": {"build": {"$ref": "#/$defs/script"}, "test": {"$ref": "#/$defs/script"}},
            "additionalProperties": {"$ref": "#/$defs/script"},
        },
        "dependencies": {"$ref": "#/$defs/dependencies"},
        "devDependencies": {"$ref": "#/$defs/dependencies"},
        "peerDependencies": {"$ref": "#/$defs/dependencies"},
        "engines": {"type": "object", "additionalProperties": {"type": "string"}},
        "os": {"type": "array", "items": {"type": "string"}},
        "config": {"type": "object"},
        "repository": {
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"type": {"type": "string"}, "url": {"type": "string"}, "directory": {"type": "string"}},
                },
            ]
        },
    },
    "patternProperties": {"^_": {}, "^x-": {"type": ["string", "object", "boolean"]}},
}


def package_manifest(rnd):
    def person():
        if rnd.random() < 0.5:
            return word(rnd)
        return {"name": word(rnd), "email": word(rnd) + "@example.org"}

    def versions():
        return {name(rnd): "^" + version(rnd) for _ in range(rnd.randint(0, 12))}

    m = {"name": name(rnd), "version": version(rnd)}
    maybe(rnd, m, "description", lambda: " ".join(word(rnd) for _ in range(8)), 0.9)
    maybe(rnd, m, "keywords", lambda: sorted({word(rnd) for _ in range(5)}))
    maybe(rnd, m, "license", lambda: "Apache-2.0", 0.9)
    maybe(rnd, m, "private", lambda: True, 0.2)
    maybe(rnd, m, "type", lambda: "module")
    maybe(rnd, m, "author", person, 0.8)
    maybe(rnd, m, "contributors", lambda: [person() for _ in range(rnd.randint(1, 4))], 0.3)
    maybe(rnd, m, "files", lambda: [word(rnd) for _ in range(3)])
    maybe(rnd, m, "bin", lambda: {word(rnd): "bin/" + word(rnd)} if rnd.random() < 0.5 else "cli.js", 0.3)
    maybe(rnd, m, "scripts", lambda: {word(rnd): word(rnd) for _ in range(rnd.randint(1, 8))}, 0.9)
    maybe(rnd, m, "dependencies", versions, 0.9)
    maybe(rnd, m, "devDependencies", versions, 0.8)
    maybe(rnd, m, "repository", lambda: {"type": "git", "url": "https://example.org/" + word(rnd)}, 0.8)
    maybe(rnd, m, "x-team", lambda: word(rnd), 0.3)
    return m


# Presets of a build tool: one form per version, deep conditions, many definitions.
def presets_schema():
    condition = {
        "anyOf": [
            {"type": "boolean"},
            {"type": "null"},
            {
                "type": "object",
                "required": ["type"],
                "oneOf": [
                    {
                        "properties": {"type": {"const": "const"}, "value": {"type": "boolean"}},
                        "required": ["value"],
                    },
                    {
                        "properties": {"type": {"enum": ["equals", "notEquals"]}, "lhs": {"type": "string"}, "rhs": {"type": "string"}},
                        "required": ["lhs", "rhs"],
                    },
                    {
                        "properties": {
                            "type": {"enum": ["inList", "notInList"]},
                            "string": {"type": "string"},
                            "list": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["string", "list"],
                    },
                    {
                        "properties": {
                            "type": {"enum": ["anyOf", "allOf"]},
                            "conditions": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
                        },
                        "required": ["conditions"],
                    },
                    {
                        "properties": {"type": {"const": "not"}, "condition": {"$ref": "#/$defs/condition"}},
                        "required": ["condition"],
                    },
                ],
            },
        ]
    }
    common = {
        "name": {"type": "string", "minLength": 1},
        "hidden": {"type": "boolean"},
        "inherits": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
        "condition": {"$ref": "#/$defs/condition"},
        "displayName": {"type": "string"},
        "description": {"type": "string"},
        "environment": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    }

    def preset(extra):
        return {
            "type": "array",
            "items": {"type": "object", "required": ["name"], "properties": {**common, **extra}, "additionalProperties": False},
        }

    configure = {
        "generator": {"type": "string"},
        "binaryDir": {"type": "string"},
        "toolchainFile": {"type": "string"},
        "cacheVariables": {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": ["string", "boolean", "null"]},
                    {
                        "type": "object",
                        "required": ["value"],
                        "properties": {"type": {"type": "string"}, "value": {"type": ["string", "boolean"]}},
                        "additionalProperties": False,
                    },
                ]
            },
        },
        "warnings": {
            "type": "object",
            "properties": {k: {"type": "boolean"} for k in ("dev", "deprecated", "uninitialized", "unusedCli", "systemVars")},
            "additionalProperties": False,
        },
    }
    build = {
        "configurePreset": {"type": "string"},
        "jobs": {"type": "integer", "minimum": 1},
        "targets": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "verbose": {"type": "boolean"},
    }
    test = {
        "configurePreset": {"type": "string"},
        "output": {
            "type": "object",
            "properties": {
                "verbosity": {"enum": ["default", "verbose", "extra"]},
                "outputOnFailure": {"type": "boolean"},
                "maxPassedTestOutputSize": {"type": "integer"},
            },
            "additionalProperties": False,
        },
        "filter": {
            "type": "object",
            "properties": {
                "include": {"type": "object", "properties": {"name": {"type": "string"}, "label": {"type": "string"}}},
                "exclude": {"type": "object", "properties": {"name": {"type": "string"}, "label": {"type": "string"}}},
            },
            "additionalProperties": False,
        },
    }
    form = {
        "configurePresets": {"$ref": "#/$defs/configurePresets"},
        "buildPresets": {"$ref": "#/$defs/buildPresets"},
        "testPresets": {"$ref": "#/$defs/testPresets"},
        "include": {"type": "array", "items": {"type": "string"}},
        "vendor": {"type": "object"},
    }
    return {
        "$schema": DRAFT,
        "type": "object",
        "required": ["version"],
        "oneOf": [
            {
                "properties": {"version": {"const": v}, **{k: form[k] for k in list(form)[: 2 + v // 2]}},
                "additionalProperties": False,
            }
            for v in range(1, 7)
        ],
        "$defs": {
            "condition": condition,
            "configurePresets": preset(configure),
            "buildPresets": preset(build),
            "testPresets": preset(test),
        },
    }


def presets(rnd):
    def condition(depth):
        kind = rnd.choice(["const", "equals", "inList", "not", "anyOf"] if depth > 0 else ["const", "equals", "inList"])
        if kind == "const":
            return {"type": "const", "value": rnd.random() < 0.5}
        if kind == "equals":
            return {"type": "equals", "lhs": "${hostSystemName}", "rhs": word(rnd)}
        if kind == "inList":
            return {"type": "inList", "string": word(rnd), "list": [word(rnd) for _ in range(3)]}
        if kind == "not":
            return {"type": "not", "condition": condition(depth - 1)}
        return {"type": "anyOf", "conditions": [condition(depth - 1) for _ in range(2)]}

    def preset(extra):
        p = {"name": name(rnd)}
        maybe(rnd, p, "hidden", lambda: True, 0.3)
        maybe(rnd, p, "inherits", lambda: [name(rnd)] if rnd.random() < 0.5 else name(rnd))
        maybe(rnd, p, "displayName", lambda: name(rnd))
        maybe(rnd, p, "condition", lambda: condition(2), 0.4)
        maybe(rnd, p, "environment", lambda: {word(rnd).upper(): word(rnd) for _ in range(3)})
        p.update(extra)
        return p

    return {
        "version": rnd.choice([4, 5, 6]),
        "configurePresets": [
            preset(
                {
                    "generator": "Ninja",
                    "binaryDir": "build/" + word(rnd),
                    "cacheVariables": {
                        word(rnd).upper(): rnd.choice(["ON", True, {"type": "STRING", "value": word(rnd)}])
                        for _ in range(rnd.randint(1, 8))
                    },
                    "warnings": {"dev": True, "deprecated": False},
                }
            )
            for _ in range(rnd.randint(2, 8))
        ],
        "buildPresets": [
            preset({"configurePreset": word(rnd), "jobs": rnd.randint(1, 32), "targets": [word(rnd)]})
            for _ in range(rnd.randint(1, 6))
        ],
        "testPresets": [
            preset(
                {
                    "configurePreset": word(rnd),
                    "output": {"verbosity": "verbose", "outputOnFailure": True},
                    "filter": {"include": {"name": word(rnd)}},
                }
            )
            for _ in range(rnd.randint(1, 4))
        ],
    }


# An expression language: a tree of operators told apart by one key, arguments of several kinds.
def expression_schema():
    def operation(names, args, low, high):
        return {
            "type": "object",
            "required": ["op", "args"],
            "properties": {
                "op": {"type": "string", "enum": names},
                "args": {"type": "array", "items": {"$ref": "#/$defs/" + args}, "minItems": low, "maxItems": high},
            },
        }

    return {
        "$schema": DRAFT,
        "$ref": "#/$defs/boolean",
        "$defs": {
            "boolean": {
                "oneOf": [
                    {"$ref": "#/$defs/logic"},
                    {"$ref": "#/$defs/negation"},
                    {"$ref": "#/$defs/comparison"},
                    {"$ref": "#/$defs/like"},
                    {"$ref": "#/$defs/between"},
                    {"$ref": "#/$defs/in"},
                    {"$ref": "#/$defs/isNull"},
                    {"$ref": "#/$defs/call"},
                    {"type": "boolean"},
                ]
            },
            "logic": operation(["and", "or"], "boolean", 2, 100),
            "negation": operation(["not"], "boolean", 1, 1),
            "comparison": operation(["=", "<>", "<", "<=", ">", ">="], "scalar", 2, 2),
            "like": operation(["like"], "characters", 2, 2),
            "between": operation(["between"], "numeric", 3, 3),
            "in": {
                "type": "object",
                "required": ["op", "args"],
                "properties": {
                    "op": {"const": "in"},
                    "args": {
                        "type": "array",
                        "prefixItems": [{"$ref": "#/$defs/scalar"}, {"type": "array", "items": {"$ref": "#/$defs/scalar"}}],
                        "minItems": 2,
                        "items": False,
                    },
                },
            },
            "isNull": operation(["isNull"], "scalar", 1, 1),
            "call": operation(["contains", "startsWith", "within"], "scalar", 1, 8),
            "scalar": {
                "oneOf": [
                    {"$ref": "#/$defs/characters"},
                    {"$ref": "#/$defs/numeric"},
                    {"type": "boolean"},
                    {"$ref": "#/$defs/instant"},
                ]
            },
            "characters": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/property"}, {"$ref": "#/$defs/casei"}]},
            "casei": {
                "type": "object",
                "required": ["op", "args"],
                "properties": {
                    "op": {"enum": ["casei", "accenti"]},
                    "args": {"type": "array", "items": {"$ref": "#/$defs/characters"}, "minItems": 1, "maxItems": 1},
                },
            },
            "numeric": {"oneOf": [{"type": "number"}, {"$ref": "#/$defs/arithmetic"}]},
            "arithmetic": operation(["+", "-", "*", "/", "^", "%", "div"], "operand", 2, 2),
            "operand": {"oneOf": [{"$ref": "#/$defs/arithmetic"}, {"$ref": "#/$defs/property"}, {"type": "number"}]},
            "property": {"type": "object", "required": ["property"], "properties": {"property": {"type": "string"}}},
            "instant": {
                "type": "object",
                "required": ["timestamp"],
                "properties": {"timestamp": {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$"}},
            },
        },
    }


def expression(rnd):
    def prop():
        return {"property": word(rnd)}

    def arithmetic(depth):
        if depth == 0 or rnd.random() < 0.5:
            return rnd.choice([rnd.randint(0, 99), 0.5])
        return {"op": rnd.choice("+-*/"), "args": [arithmetic(depth - 1), rnd.choice([prop(), 7])]}

    def boolean(depth):
        kind = rnd.choice(["logic", "logic", "not"] if depth > 0 else ["=", "like", "between", "in", "isNull"])
        if kind == "logic":
            return {"op": rnd.choice(["and", "or"]), "args": [boolean(depth - 1) for _ in range(rnd.randint(2, 4))]}
        if kind == "not":
            return {"op": "not", "args": [boolean(depth - 1)]}
        if kind == "=":
            return {"op": rnd.choice(["=", "<", ">="]), "args": [prop(), arithmetic(2)]}
        if kind == "like":
            return {"op": "like", "args": [{"op": "casei", "args": [prop()]}, word(rnd) + "%"]}
        if kind == "between":
            return {"op": "between", "args": [arithmetic(2), 1, 9]}
        if kind == "in":
            return {"op": "in", "args": [prop(), [word(rnd), word(rnd)]]}
        return {"op": "isNull", "args": [prop()]}

    return boolean(rnd.randint(1, 4))


# A Spark pipeline's settings: nested maps, ranges, keys with dots, conditions between keys.
SPARK_PIPELINE = {
    "$schema": DRAFT,
    "type": "object",
    "required": ["spark", "sources", "sink"],
    "additionalProperties": False,
    "properties": {
        "spark": {
            "type": "object",
            "required": ["app_name"],
            "properties": {
                "app_name": {"type": "string", "minLength": 1, "maxLength": 100},
                "master": {"type": "string", "pattern": "^(local(\\[(\\d+|\\*)\\])?|yarn|k8s://.+|spark://.+)$"},
                "log_level": {"enum": ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]},
            },
            "patternProperties": {
                "^spark\\.executor\\.instances$": {"type": "integer", "minimum": 1, "maximum": 1000},
                "^spark\\.(executor|driver)\\.memory$": {"type": "string", "pattern": "^\\d+[kmgt]$"},
                "^spark\\.sql\\.": {"type": ["string", "integer", "boolean"]},
            },
            "additionalProperties": False,
        },
        "sources": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            "additionalProperties": {"$ref": "#/$defs/dataset"},
        },
        "sink": {"$ref": "#/$defs/dataset"},
        "quality": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["column", "check"],
                "properties": {
                    "column": {"type": "string"},
                    "check": {"enum": ["not_null", "unique", "between", "matches"]},
                    "low": {"type": "number"},
                    "high": {"type": "number"},
                    "pattern": {"type": "string"},
                },
                "allOf": [
                    {
                        "if": {"properties": {"check": {"const": "between"}}, "required": ["check"]},
                        "then": {"required": ["low", "high"]},
                    },
                    {
                        "if": {"properties": {"check": {"const": "matches"}}, "required": ["check"]},
                        "then": {"required": ["pattern"]},
                    },
                ],
            },
        },
        "schedule": {"type": "string", "pattern": "^(\\S+\\s+){4}\\S+$"},
        "retries": {"type": "integer", "minimum": 0, "maximum": 10},
    },
    "$defs": {
        "dataset": {
            "type": "object",
            "required": ["storage"],
            "properties": {"storage": {"enum": ["PARQUET", "CSV", "JSON", "JDBC"]}},
            "oneOf": [
                {
                    "properties": {
                        "storage": {"enum": ["PARQUET", "JSON"]},
                        "path": {"type": "string", "minLength": 1},
                        "partition_by": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["path"],
                },
                {
                    "properties": {
                        "storage": {"const": "CSV"},
                        "path": {"type": "string", "minLength": 1},
                        "delimiter": {"type": "string", "minLength": 1, "maxLength": 1},
                        "header": {"type": "boolean"},
                    },
                    "required": ["path"],
                },
                {
                    "properties": {
                        "storage": {"const": "JDBC"},
                        "url": {"type": "string", "pattern": "^jdbc:"},
                        "table": {"type": "string"},
                        "fetch_size": {"type": "integer", "exclusiveMinimum": 0},
                    },
                    "required": ["url", "table"],
                },
            ],
        }
    },
}


def spark_pipeline(rnd):
    def dataset():
        storage = rnd.choice(["PARQUET", "CSV", "JSON", "JDBC"])
        if storage == "JDBC":
            return {"storage": storage, "url": "jdbc:postgresql://db/" + word(rnd), "table": word(rnd), "fetch_size": 1000}
        d = {"storage": storage, "path": "s3a://lake/" + word(rnd)}
        if storage == "CSV":
            d.update({"delimiter": ";", "header": True})
        return d

    p = {
        "spark": {
            "app_name": name(rnd),
            "master": rnd.choice(["local[*]", "yarn", "k8s://https://example.org"]),
            "spark.executor.instances": rnd.randint(1, 50),
            "spark.executor.memory": "%dg" % rnd.randint(1, 64),
            "spark.sql.shuffle.partitions": 400,
        },
        "sources": {"s%d_%s" % (i, word(rnd)): dataset() for i in range(rnd.randint(1, 6))},
        "sink": dataset(),
    }
    maybe(
        rnd,
        p,
        "quality",
        lambda: [
            rnd.choice(
                [
                    {"column": word(rnd), "check": "not_null"},
                    {"column": word(rnd), "check": "between", "low": 0, "high": 100.5},
                    {"column": word(rnd), "check": "matches", "pattern": "^a"},
                ]
            )
            for _ in range(rnd.randint(1, 6))
        ],
        0.8,
    )
    maybe(rnd, p, "schedule", lambda: "0 4 * * 1")
    maybe(rnd, p, "retries", lambda: rnd.randint(0, 10))
    return p


# A formatter's options: flat, nearly all optional, closed.
FORMATTER_OPTIONS = {
    "$schema": DRAFT,
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{"option_%02d" % i: {"type": "boolean", "default": False} for i in range(24)},
        **{"width_%02d" % i: {"type": "integer", "minimum": 0, "maximum": 200} for i in range(8)},
        **{"style_%02d" % i: {"enum": ["never", "always", "consistent", "preserve"]} for i in range(8)},
        "include": {"type": "array", "items": {"type": "string"}},
        "exclude": {"type": "array", "items": {"type": "string"}},
    },
}


def formatter_options(rnd):
    o = {}
    for i in range(24):
        maybe(rnd, o, "option_%02d" % i, lambda: rnd.random() < 0.5, 0.25)
    for i in range(8):
        maybe(rnd, o, "width_%02d" % i, lambda: rnd.randint(0, 200), 0.3)
        maybe(rnd, o, "style_%02d" % i, lambda: rnd.choice(["never", "always"]), 0.3)
    maybe(rnd, o, "include", lambda: ["**/*." + word(rnd, 1, 3) for _ in range(3)])
    return o


# Geometry: long arrays of numbers behind a choice by constant.
def geometry_schema():
    def shape(kind, coordinates):
        return {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {"type": {"const": kind}, "coordinates": coordinates},
        }

    position = {"type": "array", "minItems": 2, "items": {"type": "number"}}
    line = {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/position"}}
    ring = {"type": "array", "minItems": 4, "items": {"$ref": "#/$defs/position"}}
    return {
        "$schema": DRAFT,
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type", "properties", "geometry"],
                    "properties": {
                        "type": {"const": "Feature"},
                        "id": {"oneOf": [{"type": "number"}, {"type": "string"}]},
                        "properties": {"oneOf": [{"type": "null"}, {"type": "object"}]},
                        "geometry": {
                            "oneOf": [
                                {"type": "null"},
                                shape("Point", {"$ref": "#/$defs/position"}),
                                shape("LineString", line),
                                shape("Polygon", {"type": "array", "items": ring}),
                                shape("MultiPolygon", {"type": "array", "items": {"type": "array", "items": ring}}),
                            ]
                        },
                    },
                },
            },
        },
        "$defs": {"position": position},
    }


def geometry(rnd):
    def points(count):
        return [[round(rnd.uniform(-180, 180), 5), round(rnd.uniform(-90, 90), 5)] for _ in range(count)]

    def shape():
        kind = rnd.choice(["Point", "LineString", "Polygon", "Polygon"])
        if kind == "Point":
            return {"type": kind, "coordinates": points(1)[0]}
        if kind == "LineString":
            return {"type": kind, "coordinates": points(rnd.randint(2, 30))}
        return {"type": kind, "coordinates": [points(rnd.randint(4, 60))]}

    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": i, "properties": {"name": word(rnd)}, "geometry": shape()} for i in range(rnd.randint(1, 6))
        ],
    }


# Deployments: inheritance by allOf, closed by unevaluatedProperties.
DEPLOYMENT = {
    "$schema": DRAFT,
    "type": "object",
    "allOf": [{"$ref": "#/$defs/named"}, {"$ref": "#/$defs/labelled"}],
    "properties": {
        "replicas": {"type": "integer", "minimum": 0},
        "containers": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/container"}},
        "strategy": {"enum": ["recreate", "rolling"]},
    },
    "required": ["containers"],
    "if": {"properties": {"strategy": {"const": "rolling"}}, "required": ["strategy"]},
    "then": {"properties": {"max_surge": {"type": ["integer", "string"]}}},
    "unevaluatedProperties": False,
    "$defs": {
        "named": {
            "properties": {"name": {"type": "string", "pattern": "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"}, "namespace": {"type": "string"}},
            "required": ["name"],
        },
        "labelled": {
            "properties": {
                "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}},
                "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            }
        },
        "container": {
            "type": "object",
            "allOf": [{"$ref": "#/$defs/named"}],
            "properties": {
                "image": {"type": "string", "minLength": 1},
                "args": {"type": "array", "items": {"type": "string"}},
                "ports": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["port"],
                        "properties": {
                            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                            "protocol": {"enum": ["TCP", "UDP", "SCTP"]},
                        },
                        "additionalProperties": False,
                    },
                },
                "env": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                    },
                },
                "resources": {
                    "type": "object",
                    "properties": {k: {"$ref": "#/$defs/quantities"} for k in ("limits", "requests")},
                    "additionalProperties": False,
                },
            },
            "required": ["image"],
            "unevaluatedProperties": False,
        },
        "quantities": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi)?$"}]},
        },
    },
}


def deployment(rnd):
    def container():
        return {
            "name": word(rnd),
            "image": "registry.example.org/%s:%s" % (word(rnd), version(rnd)),
            "args": ["--" + word(rnd) for _ in range(rnd.randint(0, 4))],
            "ports": [{"port": rnd.randint(1, 65535), "protocol": "TCP"}],
            "env": [{"name": word(rnd).upper(), "value": word(rnd)} for _ in range(rnd.randint(0, 8))],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": 1}},
        }

    d = {"name": word(rnd), "replicas": rnd.randint(0, 9), "containers": [container() for _ in range(rnd.randint(1, 3))]}
    maybe(rnd, d, "labels", lambda: {word(rnd): word(rnd) for _ in range(4)})
    if rnd.random() < 0.5:
        d.update({"strategy": "rolling", "max_surge": "25%"})
    return d


# A tree that is extended elsewhere: $dynamicRef.
TREE = {
    "$schema": DRAFT,
    "$id": "https://example.org/strict-tree",
    "$dynamicAnchor": "node",
    "$ref": "tree",
    "unevaluatedProperties": False,
    "$defs": {
        "tree": {
            "$id": "https://example.org/tree",
            "$dynamicAnchor": "node",
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": {"type": ["string", "number"]},
                "children": {"type": "array", "items": {"$dynamicRef": "#node"}},
            },
        }
    },
}


def tree(rnd, depth=4):
    t = {"data": rnd.choice([word(rnd), rnd.randint(0, 99)])}
    if depth > 0:
        maybe(rnd, t, "children", lambda: [tree(rnd, depth - 1) for _ in range(rnd.randint(0, 3))], 0.8)
    return t


# Feature flags: maps by pattern, targeting rules.
FEATURE_FLAGS = {
    "$schema": DRAFT,
    "type": "object",
    "propertyNames": {"pattern": "^[a-z][a-z0-9-]{1,62}$"},
    "additionalProperties": {
        "type": "object",
        "required": ["state", "variants", "default"],
        "additionalProperties": False,
        "properties": {
            "state": {"enum": ["on", "off"]},
            "default": {"type": "string"},
            "variants": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": ["boolean", "string", "number"]},
            },
            "rules": {
                "type": "array",
                "maxItems": 50,
                "items": {
                    "type": "object",
                    "required": ["when", "serve"],
                    "properties": {
                        "when": {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": {
                                "oneOf": [
                                    {"type": "string"},
                                    {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                                    {
                                        "type": "object",
                                        "properties": {"gte": {"type": "number"}, "lt": {"type": "number"}},
                                        "additionalProperties": False,
                                    },
                                ]
                            },
                        },
                        "serve": {"type": "string"},
                        "percent": {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.5},
                    },
                },
            },
        },
    },
}


def feature_flags(rnd):
    def rule():
        return {
            "when": {
                "country": sorted({word(rnd, 2, 2) for _ in range(3)}),
                "plan": word(rnd),
                "age": {"gte": 18, "lt": 99},
            },
            "serve": "on",
            "percent": rnd.randint(0, 200) / 2,
        }

    return {
        word(rnd) + "-" + word(rnd): {
            "state": "on",
            "default": "off",
            "variants": {"on": True, "off": False},
            "rules": [rule() for _ in range(rnd.randint(0, 4))],
        }
        for _ in range(rnd.randint(1, 12))
    }


CASES = {
    "lock-file": (LOCK_FILE, lock_file),
    "package-manifest": (PACKAGE_MANIFEST, package_manifest),
    "build-presets": (presets_schema(), presets),
    "expression": (expression_schema(), expression),
    "spark-pipeline": (SPARK_PIPELINE, spark_pipeline),
    "formatter-options": (FORMATTER_OPTIONS, formatter_options),
    "geometry": (geometry_schema(), geometry),
    "deployment": (DEPLOYMENT, deployment),
    "dynamic-tree": (TREE, tree),
    "feature-flags": (FEATURE_FLAGS, feature_flags),
}
