"""DESIGN 2: what profiles come to."""
import json
import subprocess
import unittest

from support import Case

EXAMPLE = """# profiles/orders/production
$schema: pysetl-pipeline                 # schemas/pysetl-pipeline; an heir inherits it
$extends: [base, /shared/spark]          # "base" is in this app, "/x/y" is profiles/x/y
$vars: {executors: 12}                   # merged like any map, usable below and by heirs, not part of the result
spark:
  app_name: orders-${reeve:profile}      # reeve:app, reeve:profile: always those asked for
  spark.executor.instances: ${var:executors}
warehouse:
  url: jdbc:postgresql://${warehouse.host}/orders                       # another key of the effective configuration
  password: ${secret:orders/${reeve:profile}/warehouse#password}        # a key of a secret; ?version=3 before # pins one
"""


class Profiles(Case):
    def test_the_example_of_the_contract(self):
        self.schema("pysetl-pipeline", {"spark": {"type": "object"},
                                        "warehouse": {"properties": {"password": {"type": "string", "x-secret": True}}}})
        self.secret("orders/production/warehouse", {"password": "geheim"})
        self.secret("orders/canary/warehouse", {"password": "anders"})
        self.store("profiles/orders/base", "$abstract: true\nwarehouse: {host: db.example}\n")
        self.store("profiles/shared/spark", "$abstract: true\nspark: {spark.master: yarn}\n")
        self.store("profiles/orders/production", EXAMPLE)
        got = self.config("orders/production")
        self.assertEqual(got, {
            "spark": {"spark.master": "yarn", "app_name": "orders-production", "spark.executor.instances": 12},
            "warehouse": {"host": "db.example", "url": "jdbc:postgresql://db.example/orders",
                          "password": "${secret:orders/production/warehouse#password}"}})
        revealed = self.config("orders/production", reveal="true")
        self.assertEqual(revealed["warehouse"]["password"], "geheim")
        self.store("profiles/orders/canary", "$extends: production\n$vars: {executors: 3}\n")
        heir = self.config("orders/canary", reveal="true")
        self.assertEqual((heir["spark"]["app_name"], heir["spark"]["spark.executor.instances"],
                          heir["warehouse"]["password"]), ("orders-canary", 3, "anders"))

    def test_an_abstract_profile_is_never_served(self):
        self.store("profiles/abs/base", "$abstract: true\na: 1\n")
        self.store("profiles/abs/heir", "$extends: base\n")
        self.assertIn(self.server.get("/v1/config/abs/base").status, (404, 409, 415, 422))
        self.assertEqual(self.config("abs/heir"), {"a": 1})

    def test_a_profile_without_schema_is_stored_with_a_warning(self):
        answer = self.store("profiles/bare/a", "a: 1\n").json
        self.assertTrue(any("schema" in json.dumps(w) for w in answer["warnings"]), answer)

    def test_merging(self):
        self.store("profiles/merge/base", "$abstract: true\n"
                   "map: {keep: 1, change: 2, drop: 3}\nlist: [1, 2]\nnulled: 1\nedit: [b]\ncut: [a, b, c]\n")
        self.store("profiles/merge/heir", "$extends: base\n"
                   "map: {change: 9, drop: null, new: 4}\nlist: [3]\nnulled: {$value: null}\n"
                   "edit: {$append: [c], $prepend: [a]}\ncut: {$remove: [b]}\nabsent: {$append: [x]}\n$$escaped: 1\n")
        self.assertEqual(self.config("merge/heir"), {
            "map": {"keep": 1, "change": 9, "new": 4}, "list": [3], "nulled": None, "edit": ["a", "b", "c"],
            "cut": ["a", "c"], "absent": ["x"], "$escaped": 1})

    def test_other_dollar_keys_are_refused(self):
        for text in ("$append: [1]\n", "$unknown: 1\n", "a: {$nope: 1}\n", "a: {$append: [1], b: 2}\n", "a: {$append: 3}\n",
                     "$extends: 7\n", "$abstract: yes\n", "$vars: []\n", "$schema: 3\n"):
            self.refused("profiles/dollar/a", text)

    def test_a_diamond_is_laid_out_by_c3(self):
        self.store("profiles/c3/a", "$abstract: true\nv: a\na: 1\nlist: [a]\n")
        self.store("profiles/c3/b", "$abstract: true\n$extends: a\nv: b\nb: 1\nlist: {$append: [b]}\n")
        self.store("profiles/c3/c", "$abstract: true\n$extends: a\nv: c\nc: 1\nlist: {$append: [c]}\n")
        self.store("profiles/c3/d", "$extends: [b, c]\nd: 1\nlist: {$append: [d]}\n")
        self.assertEqual(self.config("c3/d"), {"v": "c", "a": 1, "b": 1, "c": 1, "d": 1, "list": ["a", "b", "c", "d"]})
        self.store("profiles/c3/e", "$abstract: true\n$extends: [c, b]\n")
        problem = self.refused("profiles/c3/f", "$extends: [d, e]\n")
        self.assertTrue(problem["errors"])

    def test_a_cycle_is_spelled_out(self):
        self.store("profiles/cycle/a", "$abstract: true\n")
        self.store("profiles/cycle/b", "$abstract: true\n$extends: a\n")
        self.store("profiles/cycle/c", "$abstract: true\n$extends: b\n")
        said = json.dumps(self.refused("profiles/cycle/a", "$abstract: true\n$extends: c\n"))
        for name in ("cycle/a", "cycle/b", "cycle/c"):
            self.assertIn(name, said)
        self.refused("profiles/cycle/a", "$abstract: true\n$extends: a\n")

    def test_an_absent_parent_or_schema_is_refused(self):
        self.refused("profiles/absent/a", "$extends: nobody\n")
        self.refused("profiles/absent/a", "$schema: nobody\n")

    def test_references(self):
        self.store("profiles/ref/a", r"""
host: h
port: 5432
on: true
map: {x: [1, {y: deep}]}
dotted.key: d
whole: ${port}
flag: ${on}
copy: ${map}
text: "${host}:${port}/${on}"
pointer: ${/dotted.key}
deep: ${/map/x/1/y}
default: ${nothing:-12}
default_text: "${nothing.there:-a b}"
default_unused: ${host:-z}
default_empty: "${nothing:-}"
literal: $${host}
cost: 5$ and $x
reeve: "${reeve:app}/${reeve:profile}"
nested: ${var:v}
$vars: {v: "${host}!"}
""")
        got = self.config("ref/a")
        want = {"whole": 5432, "flag": True, "copy": {"x": [1, {"y": "deep"}]}, "text": "h:5432/true", "pointer": "d",
                "deep": "deep", "default": 12, "default_text": "a b", "default_unused": "h", "literal": "${host}",
                "cost": "5$ and $x", "reeve": "ref/a", "nested": "h!"}
        self.assertEqual({k: got[k] for k in want}, want)
        self.assertIn(got["default_empty"], (None, ""))

    def test_references_that_lead_nowhere_are_refused_with_their_place(self):
        for text, pointer in (("a: 1\nb: ${c}\n", "/b"), ("a: 1\nb: ${var:c}\n", "/b"), ("a: ${a}\n", "/a"),
                              ("a: 1\nb: ${secret:nowhere/at/all#k}\n", "/b"), ("a: 1\nb: ${reeve:none}\n", "/b")):
            problem = self.refused("profiles/nowhere/a", text)
            error = problem["errors"][0]
            self.assertEqual((error["profile"], error["pointer"]), ("nowhere/a", pointer))
            self.assertEqual(error["origin"]["path"], "profiles/nowhere/a")
            self.assertEqual(error["origin"]["line"], 1 if pointer == "/a" else 2)
            self.assertGreater(error["origin"]["column"], 0)
        said = json.dumps(self.refused("profiles/nowhere/a", "a: ${b}\nb: ${c}\nc: ${a}\n"))
        self.assertIn("a", said)
        for text in ("a: ${\n", "a: ${}\n", "a: ${secret:x}\n", "a: '${b'\n", "a: ${secret:../x#k}\n"):
            self.refused("profiles/nowhere/a", text)

    def test_a_secrets_path_takes_one_segment_per_reference(self):
        self.secret("seg/x/y", {"k": "v"})
        self.store("profiles/seg/a", "$vars: {p: x}\na: ${secret:seg/${var:p}/y#k}\n")
        self.assertEqual(self.config("seg/a", reveal="true"), {"a": "v"})
        for value in ("x/y", "..", "", "a b"):
            self.refused("profiles/seg/b", f"$vars: {{p: '{value}'}}\na: ${{secret:seg/${{var:p}}/y#k}}\n")
        self.refused("profiles/seg/b", "h: x\na: ${secret:seg/${h}/y#k}\n")

    def test_a_secret_may_be_pinned(self):
        self.secret("pin/a", {"k": "one"})
        self.secret("pin/a", {"k": "two"})
        self.store("profiles/pin/a", "old: ${secret:pin/a?version=1#k}\nnew: ${secret:pin/a#k}\nin: 'p=${secret:pin/a#k};'\n")
        self.assertEqual(self.config("pin/a", reveal="true"), {"old": "one", "new": "two", "in": "p=two;"})
        self.refused("profiles/pin/b", "a: ${secret:pin/a?version=9#k}\n")
        self.refused("profiles/pin/b", "a: ${secret:pin/a#absent}\n")

    def test_a_secret_keeps_its_type(self):
        self.secret("type/a", {"n": 7, "b": True, "o": {"x": [1]}})
        self.store("profiles/type/a", "n: ${secret:type/a#n}\nb: ${secret:type/a#b}\no: ${secret:type/a#o}\n")
        self.assertEqual(self.config("type/a", reveal="true"), {"n": 7, "b": True, "o": {"x": [1]}})

    def test_origins_name_document_version_line_and_column(self):
        self.secret("from/s", {"k": "v"})
        self.store("profiles/from/base", "$abstract: true\n# a line\nkept: 1\nover: 1\nlist:\n  - x\n")
        self.store("profiles/from/base", "$abstract: true\n# a line\n\nkept: 1\nover: 1\nlist:\n  - x\n")
        self.store("profiles/from/heir", "$extends: base\nover: 2\nlist: {$append: [y]}\ns: ${secret:from/s#k}\n")
        got = self.config("from/heir", explain="true")
        self.assertEqual(got["content"], {"kept": 1, "over": 2, "list": ["x", "y"], "s": "${secret:from/s#k}"})
        origins = {p: (o["path"], o["version"], o["line"]) for p, o in got["origins"].items()}
        self.assertEqual(origins, {"/kept": ("profiles/from/base", 2, 4), "/over": ("profiles/from/heir", 1, 2),
                                   "/list/0": ("profiles/from/base", 2, 7), "/list/1": ("profiles/from/heir", 1, 3),
                                   "/s": ("profiles/from/heir", 1, 4)})
        self.assertEqual(got["origins"]["/over"]["column"], 7)
        self.assertEqual(got["secrets"], {"/s": {"path": "secrets/from/s", "key": "k", "version": 1}})

    def test_every_format(self):
        self.store("profiles/form/a", "a: {b.c: 'x y', d: true, n: null, l: [1, 2]}\nno: 'no'\nq: \"it's $HOME `x`\"\nu: é\n")
        answer = self.server.get("/v1/config/form/a?format=yaml")
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/yaml")
        try:
            import yaml
            self.assertEqual(yaml.safe_load(answer.body), self.config("form/a"))  # a 1.1 reader, so `no` must be quoted
        except ImportError:
            self.assertRegex(answer.body.decode(), "no\"?: [\"']no[\"']")
        properties = self.server.get("/v1/config/form/a?format=properties").body.decode()
        self.assertIn("a.b.c=x y\n", properties)
        self.assertIn("u=\\u00E9\n", properties)
        self.assertTrue(properties.isascii())
        env = self.server.get("/v1/config/form/a?format=env").body.decode()
        shell = subprocess.run(["sh", "-c", env + '\nprintf "%s|%s|%s" "$A_B_C" "$Q" "$U"'], capture_output=True, text=True)
        self.assertEqual(shell.stdout, "x y|it's $HOME `x`|é", env)
        self.assertEqual(self.server.get("/v1/config/form/a?format=raw&key=/a/b.c").body, b"x y")
        self.assertEqual(self.server.get("/v1/config/form/a?format=raw&key=/a/d").body, b"true")
        self.assertEqual(self.config("form/a", key="/a/l"), [1, 2])
        self.expect_problem(self.server.get("/v1/config/form/a?key=/nothing"), 404)
        self.expect_problem(self.server.get("/v1/config/form/a?key=nothing"), 400)
        self.expect_problem(self.server.get("/v1/config/form/a?format=toml"), 400)

    def test_two_keys_for_one_variable_are_refused(self):
        self.store("profiles/clash/a", "a_b: 1\na: {b: 2}\n")
        answer = self.server.get("/v1/config/clash/a?format=env")
        self.assertIn(answer.status, (409, 422))
        self.expect_problem(answer, answer.status)
        self.store("profiles/clash/b", "spark.shuffle.partitions: 400\n")
        self.assertEqual(self.server.get("/v1/config/clash/b?format=env").body, b"SPARK_SHUFFLE_PARTITIONS=400\n")

    def test_accept_chooses_the_format(self):
        self.store("profiles/accept/a", "a: 1\n")
        for accept, type in (("application/yaml", "application/yaml"), ("*/*", "application/json"),
                             ("application/yaml;q=0.1, application/json", "application/json")):
            answer = self.server.get("/v1/config/accept/a", headers={"Accept": accept})
            self.assertEqual(answer.headers["Content-Type"].split(";")[0], type)

    def test_yaml_is_1_2(self):
        answer = self.store("profiles/y12/a", "no: no\non: on\nyes: yes\noct: 0o17\nold: 0755\ntime: 12:30\nhex: 0xff\n")
        got = self.config("y12/a")
        self.assertEqual(got, {"no": "no", "on": "on", "yes": "yes", "oct": 15, "old": 755, "time": "12:30", "hex": 255})
        said = json.dumps(answer.json["warnings"])
        self.assertIn("1.1", said)

    def test_merge_keys_are_refused_with_the_hint(self):
        answer = self.server.put("/v1/profiles/mk/a", "x: &x {a: 1}\ny:\n  <<: *x\n")
        self.assertIn(answer.status, (400, 422))
        self.assertIn("$extends", json.dumps(self.expect_problem(answer, answer.status)))

    def test_hostile_yaml_ends_soon(self):
        laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in range(1, 12):
            laughs += f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]\n"
        for text in (laughs, "a: " + "[" * 5000 + "]" * 5000, "a: " + "{b: " * 70 + "1" + "}" * 70,
                     "a: [" + "1," * 100001 + "1]", "? " * 3000 + "x"):
            answer = self.server.put("/v1/profiles/hostile/a", text)
            self.assertIn(answer.status, (400, 413, 422), text[:40])
        self.expect_problem(self.server.get("/v1/profiles/hostile/a"), 404)

    def test_hostile_references_end_soon(self):
        lines = ["a0: " + "x" * 100]
        for i in range(1, 40):
            lines.append(f"a{i}: ${{a{i - 1}}}${{a{i - 1}}}")
        self.refused("profiles/hostile/r", "\n".join(lines) + "\n")
        self.refused("profiles/hostile/r", "a: " + "${a:-" * 2000 + "}" * 2000 + "\n")

    def test_inheritance_is_bounded(self):
        self.store("profiles/chain/p0", "$abstract: true\n")
        statuses = [self.server.put(f"/v1/profiles/chain/p{i}", f"$abstract: true\n$extends: p{i - 1}\n").status
                    for i in range(1, 40)]
        self.assertEqual(statuses[:30], [201] * 30)
        self.assertIn(422, statuses)

    def test_a_profile_has_two_segments(self):
        for path in ("one", "one/two/three"):
            self.assertIn(self.server.put("/v1/profiles/" + path, "a: 1\n").status, (400, 404, 422))

    def test_numbers_keep_their_text(self):
        self.store("profiles/num/a", b'{"big": 12345678901234567890123, "dec": 1.10, "exp": 1e400}', type="application/json")
        body = self.server.get("/v1/config/num/a").body.decode()
        for text in ("12345678901234567890123", "1.10", "1e400"):
            self.assertIn(text, body)


if __name__ == "__main__":
    unittest.main()
