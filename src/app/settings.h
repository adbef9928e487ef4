/*
 * The server's settings. One const table defines the flags (--wait-max), the environment variables
 * (REEVED_WAIT_MAX), the keys of reeved.yaml (wait_max) and their schema (schemas/reeved.json), the
 * help text and the bounds. To add a setting, add a field and a row, and write the schema anew.
 *
 * A flag overrides the environment, that overrides the file, and that overrides the default.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/http_settings.h"
#include "service/service.h"

/* The settings of a running server. Texts are borrowed from their source (settings_load()). */
struct settings {
	/* Paths, HOST:PORT of `listen`, and the word of `log_level`. Without a value: data is
	 * NULL. */
	struct slice data, root_key, port_file, listen, log_level;
	/* Listening on an address that other hosts can reach is allowed. */
	bool is_insecure_listen;
	struct http_settings http;
	struct service_settings service;
};

enum setting_type {
	SETTING_TEXT,	  /* `min` and `max` are its length in bytes */
	SETTING_WORD,	  /* one of `words` */
	SETTING_FLAG,	  /* "true" or "false"; --name alone means true */
	SETTING_COUNT,	  /* uint32_t */
	SETTING_BYTES,	  /* size_t: a number with or without KiB, MiB, GiB */
	SETTING_DURATION, /* int64_t milliseconds: 250ms, 30s, 5m, 12h, 7d */
};

struct setting_row {
	const char *name; /* as in reeved.yaml: "wait_max" */
	enum setting_type type;
	size_t offset; /* in struct settings */
	/* Of a number in its unit: bytes, milliseconds or a plain count. Of SETTING_TEXT: its
	 * length in bytes. Not used for SETTING_WORD and SETTING_FLAG. */
	uint64_t min, max;
	const char *fallback; /* the default as text; "" where there is none */
	const char *words;    /* of SETTING_WORD, separated by '|' */
	const char *sentence; /* for the help text and the schema */
};

/* The table, in the order of the help text; it never changes. */
extern const struct setting_row setting_rows[];
extern const size_t setting_rows_count;

/* A bound for arrays with one item for each row; the compiler checks that the table fits. */
#define SETTINGS_MAX 64

/* The values that one source gives, as text, one for each row; data is NULL where it gives none. */
struct given {
	struct slice values[SETTINGS_MAX];
};

/* The row of that name ("wait_max"), or NULL. */
const struct setting_row *setting_find(struct slice name);

/* Parses `text` into its field of `ret`. A text value is borrowed. E_MALFORMED; the message does
 * not name the setting. */
MUST_USE enum result setting_parse(struct settings *ret, const struct setting_row *row,
				   struct slice text, struct error *err);

/* Reads the settings from all sources. `flags` come from the command line; `environment` has the
 * form of environ. The file is `config_file` (from --config; data NULL where that was not given),
 * else REEVED_CONFIG, else DATA/reeved.yaml if it exists. Texts live in `a`, or as long as their
 * source. E_MALFORMED or E_INVALID for a wrong or unknown setting, E_NOT_FOUND and E_IO for a named
 * file that cannot be read, E_TOO_LARGE above 256 KiB; the text names the setting, and the file
 * with its line. On failure `ret` may be filled in part. Reads no other state, so tests pass an
 * environment of their own. */
MUST_USE enum result settings_load(struct settings *ret, struct arena *a, const struct given *flags,
				   struct slice config_file, char *const *environment,
				   struct error *err);

/* Parses the text of reeved.yaml and validates it by the schema. Texts live in `a`. An empty file
 * gives no values. E_MALFORMED, E_INVALID, E_LIMIT, E_MEMORY; the text begins with the line. */
MUST_USE enum result settings_read_file(struct given *ret, struct arena *a, struct slice text,
					struct error *err);

/* Appends the JSON Schema of reeved.yaml (draft 2020-12). schemas/reeved.json is a copy of it, and
 * a test compares the two. */
void settings_write_schema(struct buf *ret);

/* Appends one paragraph for each setting, for --help. */
void settings_write_help(struct buf *ret);

/* Appends "--wait-max" or "REEVED_WAIT_MAX" for the row "wait_max". */
void setting_append_flag(struct buf *ret, const struct setting_row *row);
void setting_append_variable(struct buf *ret, const struct setting_row *row);
