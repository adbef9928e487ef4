/*
 * The rows of a memory store at one moment. A state is a set of tables, each sorted by its key.
 * Tables and rows are shared between states by counting references and never change while shared:
 * copying a state costs a few counters, and the first change to a shared table copies its list of
 * rows. So a transaction, a savepoint and a reader's snapshot are all copies of a state. One thread
 * at a time may use a state; states that share tables may belong to different threads.
 */
#pragma once

#include "store/rows.h"

/* Which struct a table holds. The `const void *row` of the functions below points to one of these;
 * any other type is a mistake that the compiler cannot find. */
enum table_id {
	TABLE_META,	   /* struct meta_entry */
	TABLE_VERSIONS,	   /* struct version_row, with `is_shredded` as reads give it */
	TABLE_REVISIONS,   /* struct revision_row */
	TABLE_CHANGES,	   /* struct change_row */
	TABLE_EFFECTIVES,  /* struct effective_row */
	TABLE_EDGES,	   /* struct edge_row */
	TABLE_TOKENS,	   /* struct token_row, by accessor */
	TABLE_KEYS,	   /* struct wrap_key_row */
	TABLE_AUDIT,	   /* struct audit_row without paths */
	TABLE_AUDIT_PATHS, /* struct audit_path */
	TABLE_LOG,	   /* struct log_row, one */
	TABLE_IDEMPOTENT,  /* struct idempotent_row */
	TABLES_COUNT
};

/* A meta_row whose name is a slice, so that it is copied with the row. */
struct meta_entry {
	struct slice name, value;
};

/* One path of one audit entry: the key is both. */
struct audit_path {
	uint64_t index;
	struct slice path;
};

struct table;

struct memory_state {
	struct table *tables[TABLES_COUNT]; /* NULL: empty */
};

/* Shares all tables of `from`; cannot fail. `*ret` is overwritten without being cleared. */
void state_copy(struct memory_state *ret, const struct memory_state *from);
/* Gives back the references and leaves an empty state. For CLEANUP too. */
void state_clear(struct memory_state *s);

/* Rows are structs of the table's type, in the order of the key; borrowed until the state
 * changes. */
uint32_t state_count(const struct memory_state *s, enum table_id id);
const void *state_row(const struct memory_state *s, enum table_id id, uint32_t at);
/* The first row whose key is not less than that of `key`, a struct of which only the key is set; or
 * the count. */
uint32_t state_lower(const struct memory_state *s, enum table_id id, const void *key);
/* The row of this key, or NULL. */
const void *state_find(const struct memory_state *s, enum table_id id, const void *key);

/* Copies the row, with all that its slices point to. E_CONFLICT for a key that exists; E_LIMIT for
 * a number above INT64_MAX. */
MUST_USE enum result state_add(struct memory_state *s, enum table_id id, const void *row,
			       struct error *err);
/* In place of the row of that key, if there is one. `row` may point into the state: it is copied
 * before the old row is given back. E_LIMIT, E_MEMORY. */
MUST_USE enum result state_replace(struct memory_state *s, enum table_id id, const void *row,
				   struct error *err);
/* `at` must be less than the count. E_MEMORY where a shared table cannot be copied: the state is
 * then unchanged. */
MUST_USE enum result state_remove(struct memory_state *s, enum table_id id, uint32_t at,
				  struct error *err);
