/*
 * The sums of the rows of a memory store (row_auth.h). They are computed from all rows each time
 * they are needed: tests have few rows, and rows need no MACs where nobody can change them.
 */
#include "store/memory/internal.h"

static void mac_of(struct row_mac *ret, const struct row_auth *a, enum row_table table,
		   const void *row)
{
	const struct meta_entry *meta = row;
	struct row_mac fixed;

	switch (table) {
	case ROWS_META:
		row_mac_meta(ret, a, meta->name, meta->value);
		return;
	case ROWS_VERSIONS:
		row_mac_version(&fixed, a, row, 0);
		row_mac_state(ret, a, &fixed, row);
		return;
	case ROWS_REVISIONS:
		row_mac_revision(ret, a, row);
		return;
	case ROWS_CHANGES:
		row_mac_change(ret, a, row);
		return;
	case ROWS_EFFECTIVES:
		row_mac_effective(ret, a, row);
		return;
	case ROWS_EDGES:
		row_mac_edge(ret, a, row);
		return;
	case ROWS_TOKENS:
		row_mac_token(ret, a, row);
		return;
	case ROWS_KEYS:
		row_mac_key(ret, a, row);
		return;
	case ROWS_RESPONSES:
		row_mac_response(ret, a, row);
		return;
	case ROWS_TABLES:
		break;
	}
	*ret = (struct row_mac){{0}};
}

void memory_sums(struct row_sums *ret, const struct memory_state *s, const struct row_auth *a)
{
	static const enum table_id ids[ROWS_TABLES] = {
		[ROWS_META] = TABLE_META,
		[ROWS_VERSIONS] = TABLE_VERSIONS,
		[ROWS_REVISIONS] = TABLE_REVISIONS,
		[ROWS_CHANGES] = TABLE_CHANGES,
		[ROWS_EFFECTIVES] = TABLE_EFFECTIVES,
		[ROWS_EDGES] = TABLE_EDGES,
		[ROWS_TOKENS] = TABLE_TOKENS,
		[ROWS_KEYS] = TABLE_KEYS,
		[ROWS_RESPONSES] = TABLE_IDEMPOTENT,
	};

	*ret = (struct row_sums){.tables = {{{0, 0}, 0}}};
	for (size_t i = 0; i < ROWS_TABLES; i++) {
		for (uint32_t at = 0; at < state_count(s, ids[i]); at++) {
			struct row_mac mac;

			mac_of(&mac, a, (enum row_table)i, state_row(s, ids[i], at));
			row_sum_add(&ret->tables[i], a, &mac);
		}
	}
}

/* Nobody else can change these rows, so there is no stored MAC to compare. */
enum result memory_sum_rows(struct store_session *ss, struct row_sums *ret, struct error *err)
{
	struct memory_session *session = (struct memory_session *)ss;
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session);

	(void)err;
	memory_sums(ret, &now, ss->auth);
	return OK;
}

/* The heads are found among the versions each time. */
enum result memory_check_derived(struct store_session *ss, struct error *err)
{
	(void)ss;
	(void)err;
	return OK;
}
