/* What a scalar means by YAML 1.2's core schema (10.3.2), and where YAML 1.1 reads another thing. */
#pragma once

#include "doc/tree.h"

enum yaml_type {
	YAML_TEXT,
	YAML_NULL,
	YAML_TRUE,
	YAML_FALSE,
	YAML_INTEGER,
	YAML_REAL,
	YAML_NOT_FINITE, /* .inf, .nan: JSON has none */
};

enum yaml_type yaml_classify(struct slice s);

/* One sentence without the text itself when a YAML 1.1 reader takes this plain scalar for something
 * else, or NULL. Dates are left out: text here and in JSON, and rarely meant otherwise. */
const char *yaml_surprise(struct slice plain);

/* Whether a YAML 1.1 or 1.2 reader would take the plain text for anything but text, dates included. */
bool yaml_is_ambiguous(struct slice plain);

/* Steps of making a number of digits to whatever base. */
uint64_t yaml_integer_steps(struct slice text);

/* Fills `ret` with `text` read as `type`, texts copied to `a`. E_MALFORMED without a place for what is
 * not finite, E_LIMIT, E_MEMORY. */
MUST_USE enum result yaml_set_scalar(struct tree_node *ret, struct arena *a, enum yaml_type type,
				     struct slice text, struct error *err);
