// Measures ajv over SCHEMA and INSTANCES.jsonl as `reeve schema bench` does: the median of passes over parsed instances.
// Run in a folder where ajv is installed: node ajv.js SCHEMA INSTANCES.jsonl
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const load = createRequire(path.join(process.cwd(), "x.js"));

const schema = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const isDraft7 = /draft-07/.test(schema.$schema);
const Ajv = load(isDraft7 ? "ajv" : "ajv/dist/2020").default;
const instances = fs.readFileSync(process.argv[3], "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
const now = () => Number(process.hrtime.bigint());
const median = (a) => a.sort((x, y) => x - y)[a.length >> 1];

function compile() {
	return new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
}

const compiles = [];
for (let i = 0; i < 11; i++) {
	const start = now();
	compile();
	compiles.push(now() - start);
}
const validate = compile();
function pass(rounds) {
	let valid = 0;
	const start = now();
	for (let r = 0; r < rounds; r++) for (const i of instances) valid += validate(i) ? 1 : 0;
	return [now() - start, valid / rounds];
}
let rounds = 1;
const warm = now();
while (now() - warm < 500e6) pass(1); // the compiler behind V8 has had its time
while (pass(rounds)[0] < 5e6) rounds *= 2;
const passes = [];
let valid = 0;
for (let i = 0; i < 41; i++) {
	const [ns, v] = pass(rounds);
	passes.push(ns / rounds / instances.length);
	valid = v;
}
console.log(`compile_ms ${(median(compiles) / 1e6).toFixed(4)}`);
console.log(`instances ${instances.length}`);
console.log(`valid ${valid}`);
console.log(`ns_per_instance ${median(passes).toFixed(1)}`);
