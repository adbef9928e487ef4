/*
 * MACs of rows and their sums. row_auth.h says what they are for.
 *
 * The MAC of a row is the first half of a keyed BLAKE2b-256 over the number of the table and every
 * column, each behind its length; numbers are 8 bytes, big-endian. A column that is left out here
 * can be changed in the file unseen: a new column goes into its function.
 */
#include "store/row_auth.h"

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"

#include <stdio.h>
#include <string.h>

_Static_assert(ROWS_LOG == 9, "numbers are hashed: a new table must not move that of the log");

#define FIELDS_MAX  16
#define NUMBERS_MAX 8

/* The fields of one row, in the order of the calls below. */
struct fields {
	struct slice items[FIELDS_MAX];
	size_t count;
	uint8_t numbers[NUMBERS_MAX][8];
	size_t numbers_count;
};

static void add_text(struct fields *f, struct slice text)
{
	f->items[f->count++] = text;
}

static void add_number(struct fields *f, uint64_t number)
{
	uint8_t *bytes = f->numbers[f->numbers_count++];

	u64_store(bytes, number);
	add_text(f, slice_make((const char *)bytes, sizeof f->numbers[0]));
}

/* `f` holds the bytes of its numbers itself, so it is not copied. */
static void begin(struct fields *f, enum row_table table)
{
	f->count = f->numbers_count = 0;
	add_number(f, table);
}

static void compute(struct row_mac *ret, const struct row_auth *a, const struct fields *f)
{
	uint8_t hash[HASH_BYTES];

	*ret = (struct row_mac){{0}};
	if (a->keyring == NULL)
		return;
	key_mac_fields(hash, keyring_derived(a->keyring, DERIVED_ROW_MAC), f->items, f->count);
	memcpy(ret->bytes, hash, sizeof ret->bytes);
}

void row_mac_meta(struct row_mac *ret, const struct row_auth *a, struct slice name,
		  struct slice value)
{
	struct fields f;

	begin(&f, ROWS_META);
	add_text(&f, name);
	add_text(&f, value);
	compute(ret, a, &f);
}

void row_mac_version(struct row_mac *ret, const struct row_auth *a, const struct version_row *row,
		     uint64_t content_id)
{
	struct fields f;

	begin(&f, ROWS_VERSIONS);
	add_text(&f, row->path);
	add_number(&f, row->version);
	add_number(&f, row->revision);
	add_number(&f, (uint64_t)row->created_ms);
	add_text(&f, row->created_by);
	add_text(&f, row->message);
	add_text(&f, row->content_type);
	add_text(&f, row->digest);
	add_number(&f, content_id);
	compute(ret, a, &f);
}

void row_mac_state(struct row_mac *ret, const struct row_auth *a, const struct row_mac *fixed,
		   const struct version_row *row)
{
	struct fields f;

	begin(&f, ROWS_VERSIONS);
	add_text(&f, slice_make((const char *)fixed->bytes, sizeof fixed->bytes));
	add_number(&f, row->state);
	add_number(&f, row->state_revision);
	add_number(&f, row->key_generation);
	compute(ret, a, &f);
}

void row_mac_revision(struct row_mac *ret, const struct row_auth *a, const struct revision_row *row)
{
	struct fields f;

	begin(&f, ROWS_REVISIONS);
	add_number(&f, row->revision);
	add_number(&f, (uint64_t)row->time_ms);
	add_text(&f, row->author);
	add_text(&f, row->accessor);
	add_text(&f, row->message);
	add_text(&f, row->source);
	add_text(&f, row->request_id);
	compute(ret, a, &f);
}

void row_mac_change(struct row_mac *ret, const struct row_auth *a, const struct change_row *row)
{
	struct fields f;

	begin(&f, ROWS_CHANGES);
	add_number(&f, row->revision);
	add_text(&f, row->path);
	add_number(&f, row->action);
	add_text(&f, row->origin);
	add_number(&f, row->version);
	compute(ret, a, &f);
}

void row_mac_effective(struct row_mac *ret, const struct row_auth *a,
		       const struct effective_row *row)
{
	struct fields f;

	begin(&f, ROWS_EFFECTIVES);
	add_text(&f, row->config);
	add_number(&f, row->revision);
	add_text(&f, row->digest);
	compute(ret, a, &f);
}

void row_mac_edge(struct row_mac *ret, const struct row_auth *a, const struct edge_row *row)
{
	struct fields f;

	begin(&f, ROWS_EDGES);
	add_text(&f, row->source);
	add_text(&f, row->target);
	add_number(&f, row->kind);
	compute(ret, a, &f);
}

void row_mac_token(struct row_mac *ret, const struct row_auth *a, const struct token_row *row)
{
	struct fields f;

	begin(&f, ROWS_TOKENS);
	add_text(&f, row->hash);
	add_text(&f, row->accessor);
	add_text(&f, row->record);
	add_number(&f, (uint64_t)row->expires_ms);
	add_number(&f, (uint64_t)row->uses_left);
	add_number(&f, row->is_revoked);
	add_number(&f, row->changed_revision);
	compute(ret, a, &f);
}

void row_mac_key(struct row_mac *ret, const struct row_auth *a, const struct wrap_key_row *row)
{
	struct fields f;

	begin(&f, ROWS_KEYS);
	add_number(&f, row->generation);
	add_text(&f, row->wrapped);
	compute(ret, a, &f);
}

void row_mac_response(struct row_mac *ret, const struct row_auth *a,
		      const struct idempotent_row *row)
{
	struct fields f;

	begin(&f, ROWS_RESPONSES);
	add_text(&f, row->key);
	add_text(&f, row->fingerprint);
	add_text(&f, row->response);
	add_number(&f, (uint64_t)row->time_ms);
	compute(ret, a, &f);
}

void row_mac_log(struct row_mac *ret, const struct row_auth *a, const struct log_row *row)
{
	struct fields f;

	begin(&f, ROWS_LOG);
	add_number(&f, row->size);
	add_text(&f, row->peaks);
	add_text(&f, row->checkpoint);
	add_text(&f, row->tables);
	add_number(&f, (uint64_t)row->time_ms);
	compute(ret, a, &f);
}

const char *row_table_name(enum row_table table)
{
	static const char *const names[] = {
		[ROWS_META] = "meta",
		[ROWS_VERSIONS] = "versions",
		[ROWS_REVISIONS] = "revisions",
		[ROWS_CHANGES] = "changes",
		[ROWS_EFFECTIVES] = "effectives",
		[ROWS_EDGES] = "edges",
		[ROWS_TOKENS] = "tokens",
		[ROWS_KEYS] = "wrap_keys",
		[ROWS_RESPONSES] = "answers",
		[ROWS_LOG] = "audit_log",
	};

	return names[table];
}

enum result row_auth_check(const struct row_auth *a, struct row_place place,
			   const struct row_mac *computed, struct slice stored, struct error *err)
{
	char number[32] = "";

	if (a->keyring == NULL || a->is_unchecked ||
	    (stored.len == sizeof computed->bytes &&
	     secret_is_equal(stored.data, computed->bytes, stored.len)))
		return OK;
	if (place.number != 0)
		snprintf(number, sizeof number, " %llu", (unsigned long long)place.number);
	return fail(err, E_CORRUPT,
		    "table %s, row %.*s%s: it is not what reeved wrote; restore a backup",
		    row_table_name(place.table), SLICE_ARGS(place.name), number);
}

static void element_of(uint64_t ret[static 2], const struct row_auth *a, struct slice of)
{
	uint8_t bytes[SHORT_MAC_BYTES];

	key_short_mac(bytes, keyring_derived(a->keyring, DERIVED_STATE), of);
	ret[0] = u64_load(bytes);
	ret[1] = u64_load(bytes + 8);
}

void row_sum_add_bytes(struct row_sum *sum, const struct row_auth *a, struct slice bytes)
{
	uint64_t element[2];

	if (a->keyring == NULL)
		return;
	element_of(element, a, bytes);
	sum->lanes[0] += element[0];
	sum->lanes[1] += element[1];
	sum->count++;
}

static struct slice bytes_of(const struct row_mac *mac)
{
	return slice_make((const char *)mac->bytes, sizeof mac->bytes);
}

void row_sum_add(struct row_sum *sum, const struct row_auth *a, const struct row_mac *mac)
{
	row_sum_add_bytes(sum, a, bytes_of(mac));
}

void row_auth_changed(struct row_auth *a)
{
	a->is_signed = a->has_digests = false;
}

void row_auth_add(struct row_auth *a, enum row_table table, const struct row_mac *mac)
{
	row_sum_add(&a->now.tables[table], a, mac);
	row_auth_changed(a);
}

void row_auth_remove(struct row_auth *a, enum row_table table, const struct row_mac *mac)
{
	struct row_sum *sum = &a->now.tables[table];
	uint64_t element[2];

	row_auth_changed(a);
	if (a->keyring == NULL)
		return;
	element_of(element, a, bytes_of(mac));
	sum->lanes[0] -= element[0];
	sum->lanes[1] -= element[1];
	sum->count--;
}

void row_auth_begin(struct row_auth *a)
{
	a->at_begin = a->now;
}

void row_auth_savepoint(struct row_auth *a)
{
	a->at_savepoint = a->now;
}

/* Whether the rows from before are signed is not known any more: the log row comes at the end. */
void row_auth_rollback_to(struct row_auth *a)
{
	a->now = a->at_savepoint;
	a->has_digests = false;
}

void row_auth_rollback(struct row_auth *a)
{
	a->now = a->at_begin;
	a->is_signed = true;
	a->has_digests = false;
}

/* A rollback that comes without a transaction must not bring back an older state. */
void row_auth_commit(struct row_auth *a)
{
	a->at_begin = a->at_savepoint = a->now;
}

void row_auth_digests(uint8_t ret[static ROW_DIGESTS_BYTES], const struct row_auth *a,
		      const struct row_sums *sums)
{
	memset(ret, 0, ROW_DIGESTS_BYTES);
	if (a->keyring == NULL)
		return;
	for (size_t i = 0; i < ROWS_TABLES; i++) {
		uint8_t hash[HASH_BYTES];
		struct fields f;

		begin(&f, (enum row_table)i);
		add_number(&f, sums->tables[i].lanes[0]);
		add_number(&f, sums->tables[i].lanes[1]);
		add_number(&f, sums->tables[i].count);
		key_mac_fields(hash, keyring_derived(a->keyring, DERIVED_STATE), f.items, f.count);
		memcpy(ret + i * ROW_MAC_BYTES, hash, ROW_MAC_BYTES);
	}
}

enum result row_auth_compare(const struct row_auth *a, const struct row_sums *sums,
			     struct slice digests, struct error *err)
{
	uint8_t computed[ROW_DIGESTS_BYTES];

	if (a->keyring == NULL)
		return OK;
	if (digests.len != sizeof computed)
		return fail(err, E_CORRUPT,
			    "table audit_log: the digests of the tables are malformed; restore a "
			    "backup");
	row_auth_digests(computed, a, sums);
	for (size_t i = 0; i < ROWS_TABLES; i++) {
		if (!secret_is_equal(computed + i * ROW_MAC_BYTES, digests.data + i * ROW_MAC_BYTES,
				     ROW_MAC_BYTES))
			return fail(err, E_CORRUPT,
				    "table %s: rows were removed, added or put back from an older "
				    "copy; restore a backup",
				    row_table_name((enum row_table)i));
	}
	return OK;
}
