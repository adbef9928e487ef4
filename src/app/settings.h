/*
 * The server's settings: one const table, from which come the flags (--wait-max), the environment
 * (REEVED_WAIT_MAX), the keys of reeved.yaml (wait_max), their schema (schemas/reeved.json), the
 * help text and the checks.
 *
 * A flag wins over the environment, that over the file, that over the default.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/server.h"
#include "service/service.h"

struct settings {
	struct slice data, root_key, port_file, listen, log_level;
	bool is_insecure_listen;
	struct http_settings http;
	struct service_settings service;
};

enum setting_type {
	SETTING_TEXT,
	SETTING_WORD, /* one of `words` */
	SETTING_FLAG,
	SETTING_COUNT,	  /* uint32_t */
	SETTING_BYTES,	  /* size_t: a number with or without KiB, MiB, GiB */
	SETTING_DURATION, /* int64_t milliseconds: 250ms, 30s, 5m, 12h, 7d */
};

struct setting_row {
	const char *name; /* as in reeved.yaml */
	enum setting_type type;
	size_t offset; /* in struct settings */
	uint64_t min, max;
	const char *fallback; /* the default, as a text of its type; "" for none */
	const char *words;    /* of SETTING_WORD, separated by '|' */
	const char *sentence;
};

extern const struct setting_row setting_rows[];
extern const size_t setting_rows_count;

#define SETTINGS_MAX 64

/* A value that was given, as text, for each row; data NULL where none was. */
struct given {
	struct slice values[SETTINGS_MAX];
};

/* The row of "wait_max" or NULL. */
const struct setting_row *setting_find(struct slice name);

/* Parses one text into its field. Texts are borrowed. E_MALFORMED without the row's name. */
MUST_USE enum result setting_parse(struct settings *ret, const struct setting_row *row,
				   struct slice text, struct error *err);

/* From all sources. `environment` as environ; `flags` as parsed from the command line. The file
 * is --config, REEVED_CONFIG or DATA/reeved.yaml where it exists; `config_file` is what a flag
 * said (data NULL: nothing). Texts live in `a`. */
MUST_USE enum result settings_load(struct settings *ret, struct arena *a, const struct given *flags,
				   struct slice config_file, char *const *environment,
				   struct error *err);

/* reeved.yaml's text into `ret`, checked by the schema. */
MUST_USE enum result settings_read_file(struct given *ret, struct arena *a, struct slice text,
					struct error *err);

/* The JSON Schema of reeved.yaml, from the table. */
void settings_write_schema(struct buf *ret);

/* One paragraph a row, for --help. */
void settings_write_help(struct buf *ret);

/* "wait_max" → "--wait-max", "REEVED_WAIT_MAX". */
void setting_append_flag(struct buf *ret, const struct setting_row *row);
void setting_append_variable(struct buf *ret, const struct setting_row *row);
