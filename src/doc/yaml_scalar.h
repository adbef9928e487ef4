/* The meaning of a plain scalar in YAML 1.2's core schema (10.3.2), and where YAML 1.1 reads it
 * differently. */
#pragma once

#include "doc/tree.h"

/* The types of the core schema, with true and false apart. */
enum yaml_type {
	YAML_TEXT,
	YAML_NULL,
	YAML_TRUE,
	YAML_FALSE,
	YAML_INTEGER,
	YAML_REAL,
	YAML_NOT_FINITE, /* .inf, .nan: JSON has none */
};

/* The type of a plain scalar; an empty one is null. A quoted scalar is always text. */
enum yaml_type yaml_classify(struct slice s);

/* A warning when a reader of YAML 1.1 takes the plain scalar for something else, else NULL. It does
 * not quote the text. No warning for dates: they are text here and in JSON, and seldom meant
 * otherwise. */
const char *yaml_surprise(struct slice plain);

/* Whether a reader of YAML 1.1 or 1.2 takes the plain text for anything but text, dates included:
 * it must then be quoted. */
bool yaml_is_ambiguous(struct slice plain);

/* The budget steps of converting the digits of a number to decimal. */
uint64_t yaml_integer_steps(struct slice text);

/* Fills `ret` with `text` read as `type`; copies texts to `a`. E_MALFORMED, without a place, for a
 * number that is not finite; E_LIMIT, E_MEMORY. */
MUST_USE enum result yaml_set_scalar(struct tree_node *ret, struct arena *a, enum yaml_type type,
				     struct slice text, struct error *err);
