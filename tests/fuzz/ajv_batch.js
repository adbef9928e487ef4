// ajv's verdict for each line {"schema", "instance"} of standard input: valid, invalid or refused.
// Run in a folder where ajv is installed: node ajv_batch.js 2020-12|7
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const load = createRequire(path.join(process.cwd(), "x.js"));
const Ajv = (process.argv[2] === "7" ? load("ajv") : load("ajv/dist/2020")).default;

let last = null;
let validate = null;
for (const line of fs.readFileSync(0, "utf8").split("\n")) {
	if (line === "") continue;
	const { schema, instance } = JSON.parse(line);
	const text = JSON.stringify(schema);
	let verdict = "refused";
	try {
		if (text !== last) {
			last = text;
			validate = null;
			validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
		}
		if (validate !== null) verdict = validate(instance) ? "valid" : "invalid";
	} catch (e) {
		verdict = "refused";
	}
	console.log(verdict);
}
