/* A fork is all that it came from and changes nothing of it, whatever allocation fails. */
#include "service/state/snapshot.h"

#include "../faults.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct doc_record *record(const char *path, uint64_t version)
{
	return doc_record_new(KIND_PROFILES,
			      &(struct version_row){.path = slice_text(path), .version = version});
}

static struct snap_doc *doc(const char *path, uint64_t version, const struct doc_edge *edges,
			    uint32_t count)
{
	struct doc_edges *e = NULL;

	if (count != 0) {
		e = doc_edges_new(edges, count);
		if (e == NULL)
			return NULL;
	}
	return snap_doc_new(record(path, version), e, version);
}

static enum result make_token(struct token **ret, const char *accessor, const char *name,
			      int64_t expires_ms, int64_t uses_left, bool is_revoked)
{
	struct error err = ERROR_NULL;
	char hash[HASH_BYTES] = {0}, json[512];
	struct token_row row = {.hash = slice_make(hash, sizeof hash),
				.accessor = slice_text(accessor),
				.expires_ms = expires_ms,
				.uses_left = uses_left,
				.is_revoked = is_revoked};

	strncpy(hash, accessor, sizeof hash);
	snprintf(json, sizeof json,
		 "{\"accessor\":\"%s\",\"name\":\"%s\",\"parent\":\"\",\"created_by\":\"\","
		 "\"created_ms\":0,\"expires_ms\":0,\"ttl_ms\":0,\"max_expires_ms\":0,"
		 "\"policies\":[],\"addresses\":[]}",
		 accessor, name);
	row.record = slice_text(json);
	return token_new(ret, &row, &err);
}

static bool put_token(struct snapshot *s, const char *accessor, const char *name,
		      int64_t expires_ms, int64_t uses_left, bool is_revoked)
{
	struct token *t;

	return make_token(&t, accessor, name, expires_ms, uses_left, is_revoked) == OK &&
	       snapshot_put_token(s, t);
}

static void dump_docs(struct buf *ret, const struct snapshot *s)
{
	const struct snap_doc *d;
	const struct snap_edge *e;
	const struct snap_policy *p;
	struct pmap_walk w;

	buf_printf(ret, "%llu %llu %lld\n", (unsigned long long)s->epoch,
		   (unsigned long long)s->revision, (long long)s->time_ms);
	pmap_walk_from(&w, &s->docs, SLICE_NULL);
	while ((d = pmap_walk_next(&w)) != NULL)
		buf_printf(ret, "doc %.*s %llu %u\n", SLICE_ARGS(snap_doc_row(d)->path),
			   (unsigned long long)snap_doc_row(d)->version,
			   d->edges != NULL ? d->edges->count : 0);
	pmap_walk_from(&w, &s->edges, SLICE_NULL);
	while ((e = pmap_walk_next(&w)) != NULL)
		buf_printf(ret, "edge %.*s < %.*s %d %zu\n", SLICE_ARGS(e->target),
			   SLICE_ARGS(e->source), (int)e->kind, e->key.len);
	pmap_walk_from(&w, &s->policies, SLICE_NULL);
	while ((p = pmap_walk_next(&w)) != NULL)
		buf_printf(ret, "policy %.*s\n", SLICE_ARGS(p->name));
}

/* All that a snapshot holds. */
static char *dump(struct buf *ret, const struct snapshot *s)
{
	const struct pmap *const maps[] = {&s->tokens_by_hash, &s->tokens_by_accessor,
					   &s->tokens_by_name};

	buf_reset(ret);
	dump_docs(ret, s);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		const struct token *t;
		struct pmap_walk w;

		pmap_walk_from(&w, maps[i], SLICE_NULL);
		while ((t = pmap_walk_next(&w)) != NULL)
			buf_printf(ret, "token %.*s %.*s %lld %lld %d\n",
				   SLICE_ARGS(t->record.accessor), SLICE_ARGS(t->record.name),
				   (long long)t->expires_ms, (long long)t->uses_left,
				   t->is_revoked);
	}
	return ret->data;
}

#define BASE   SLICE_INIT("profiles/a/base")
#define SECRET SLICE_INIT("secrets/a/s")

static const struct doc_edge first_edges[] = {{BASE, EDGE_EXTENDS}, {SECRET, EDGE_SECRET}};
static const struct doc_edge later_edges[] = {{SLICE_INIT("schemas/x"), EDGE_SCHEMA},
					      {BASE, EDGE_EXTENDS}};

static struct snapshot *first_snapshot(void)
{
	struct snapshot *s = snapshot_new();

	cr_assert_not_null(s);
	s->epoch = 3;
	s->revision = 9;
	s->time_ms = 77;
	cr_assert(snapshot_put_doc(s, doc("profiles/a/x", 1, first_edges, 2)));
	cr_assert(snapshot_put_doc(s, doc("profiles/a/x-y", 1, first_edges, 1)));
	cr_assert(snapshot_put_doc(s, doc("profiles/a/base", 4, NULL, 0)));
	cr_assert(snapshot_put_policy(s, SLICE_LITERAL("p"), NULL, 1));
	cr_assert(snapshot_put_policy(s, SLICE_LITERAL("q"), NULL, 1));
	cr_assert(put_token(s, "one", "Job", 50, -1, false));
	cr_assert(put_token(s, "two", "job ", 0, 7, false));
	cr_assert(put_token(s, "ended", "x", 0, 0, false));
	return s;
}

static const char first_dump[] =
	"3 9 77\n"
	"doc profiles/a/base 4 0\ndoc profiles/a/x 1 2\ndoc profiles/a/x-y 1 1\n"
	"edge profiles/a/base < profiles/a/x 0 28\nedge profiles/a/base < profiles/a/x-y 0 30\n"
	"edge secrets/a/s < profiles/a/x 2 24\n"
	"policy p\npolicy q\n"
	"token ended x 0 0 0\ntoken one Job 50 -1 0\ntoken two job  0 7 0\n"
	"token ended x 0 0 0\ntoken one Job 50 -1 0\ntoken two job  0 7 0\n"
	"token two job  0 7 0\ntoken one Job 50 -1 0\n";

static const char later_dump[] =
	"3 9 77\n"
	"doc profiles/a/base 4 0\ndoc profiles/a/new 1 1\ndoc profiles/a/x 2 2\n"
	"doc profiles/a/x-y 2 0\n"
	"edge profiles/a/base < profiles/a/new 0 30\nedge profiles/a/base < profiles/a/x 0 28\n"
	"edge schemas/x < profiles/a/x 1 22\n"
	"policy q\npolicy r\n"
	"token ended x 0 0 0\ntoken one Job 90 -1 0\ntoken three else 0 -1 0\ntoken two job  0 7 1\n"
	"token ended x 0 0 0\ntoken one Job 90 -1 0\ntoken three else 0 -1 0\ntoken two job  0 7 1\n"
	"token three else 0 -1 0\ntoken one Job 90 -1 0\n";

static bool put_doc(struct snapshot *s, struct snap_doc *d)
{
	return d != NULL && snapshot_put_doc(s, d);
}

static bool change(struct snapshot *s)
{
	return put_doc(s, doc("profiles/a/x", 2, later_edges, 2)) &&
	       put_doc(s, doc("profiles/a/x-y", 2, NULL, 0)) &&
	       put_doc(s, doc("profiles/a/new", 1, first_edges, 1)) &&
	       snapshot_remove_policy(s, SLICE_LITERAL("p")) &&
	       snapshot_put_policy(s, SLICE_LITERAL("r"), NULL, 1) &&
	       put_token(s, "one", "Job", 90, -1, false) &&
	       put_token(s, "two", "job ", 0, 7, true) &&
	       put_token(s, "three", "else", 0, -1, false);
}

static bool fork_and_change(void *ctx)
{
	struct snapshot *first = ctx, *s = snapshot_fork(first);
	bool is_done = s != NULL && change(s);

	alloc_hook_set(NULL, NULL);
	if (is_done) {
		CLEANUP(buf_clear) struct buf b = BUF_NULL;

		cr_expect_str_eq(dump(&b, s), later_dump);
	}
	snapshot_unref(s);
	return is_done;
}

Test(snapshot, a_fork_changes_nothing_of_what_it_came_from_whatever_allocation_fails)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	struct snapshot *first = first_snapshot(), *fork;

	cr_expect_str_eq(dump(&b, first), first_dump);
	fork = snapshot_fork(first);
	cr_expect_str_eq(dump(&b, fork), first_dump);
	snapshot_unref(fork);
	each_fault(fork_and_change, first);
	cr_expect_str_eq(dump(&b, first), first_dump);
	cr_expect_eq(snapshot_ref(first), first);
	snapshot_unref(first);
	cr_expect_str_eq(dump(&b, first), first_dump, "held once more");
	snapshot_unrefp(&first);
	cr_expect_null(first);
}

static bool make_snapshot(void *ctx)
{
	struct snapshot *s = snapshot_new();

	(void)ctx;
	snapshot_unref(s);
	return s != NULL;
}

Test(snapshot, an_empty_one_needs_memory_too)
{
	each_fault(make_snapshot, NULL);
}

Test(snapshot, the_edges_to_a_target_are_those_of_no_longer_name)
{
	static const struct doc_edge edges[] = {{SLICE_INIT("profiles/a/b"), EDGE_EXTENDS},
						{SLICE_INIT("profiles/a/b-c"), EDGE_SCHEMA},
						{SLICE_INIT("profiles/a/b/c"), EDGE_SECRET}};
	struct snapshot *s = snapshot_new();
	const struct snap_edge *e;
	struct pmap_walk w;

	cr_assert(snapshot_put_doc(s, doc("profiles/z/z", 1, edges, 3)));
	snapshot_edges_to(&w, s, edges[0].target);
	e = snapshot_edge_next(&w, edges[0].target);
	cr_assert_not_null(e);
	cr_expect(slice_is_text(e->source, "profiles/z/z"));
	cr_expect_null(snapshot_edge_next(&w, edges[0].target));
	snapshot_edges_to(&w, s, SLICE_LITERAL("profiles/a/a"));
	cr_expect_null(snapshot_edge_next(&w, SLICE_LITERAL("profiles/a/a")));
	snapshot_edges_to(&w, s, SLICE_LITERAL("profiles/a/z"));
	cr_expect_null(snapshot_edge_next(&w, SLICE_LITERAL("profiles/a/z")));
	snapshot_unref(s);
}

Test(snapshot, edges_are_equal_in_number_order_target_and_kind)
{
	static const struct doc_edge other_kind[] = {{BASE, EDGE_SCHEMA}, {SECRET, EDGE_SECRET}};
	struct doc_edges *two = doc_edges_new(first_edges, 2), *one = doc_edges_new(first_edges, 1);
	struct doc_edges *same = doc_edges_new(first_edges, 2),
			 *kind = doc_edges_new(other_kind, 2);
	struct doc_edges *later = doc_edges_new(later_edges, 2), *none = doc_edges_new(NULL, 0);

	cr_expect(doc_edges_are_equal(NULL, NULL));
	cr_expect(doc_edges_are_equal(NULL, none));
	cr_expect(doc_edges_are_equal(two, same));
	cr_expect_not(doc_edges_are_equal(two, NULL));
	cr_expect_not(doc_edges_are_equal(NULL, two));
	cr_expect_not(doc_edges_are_equal(two, one));
	cr_expect_not(doc_edges_are_equal(two, kind));
	cr_expect_not(doc_edges_are_equal(two, later));
	cr_expect_eq(doc_edges_ref(two), two);
	cr_expect_null(doc_edges_ref(NULL));
	doc_edges_unref(two);
	cr_expect(doc_edges_are_equal(two, same), "held once more");
	doc_edges_unref(two);
	doc_edges_unref(one);
	doc_edges_unref(same);
	doc_edges_unref(kind);
	doc_edges_unref(later);
	doc_edges_unref(none);
}

Test(snapshot, a_record_keeps_its_texts_when_the_row_is_gone)
{
	char texts[7][8] = {"path", "by", "message", "type", "digest", "key", ""};
	struct version_row row = {.path = slice_text(texts[0]),
				  .version = 5,
				  .created_by = slice_text(texts[1]),
				  .message = slice_text(texts[2]),
				  .content_type = slice_text(texts[3]),
				  .digest = slice_text(texts[4]),
				  .wrapped_key = slice_text(texts[5])};
	struct doc_record *r = doc_record_new(KIND_SECRETS, &row);
	struct snap_doc *a, *b;

	memset(texts, 'x', sizeof texts);
	cr_expect_eq(r->kind, KIND_SECRETS);
	cr_expect_eq(r->row.version, 5);
	cr_expect_str_eq(r->row.path.data, "path");
	cr_expect_str_eq(r->row.created_by.data, "by");
	cr_expect_str_eq(r->row.message.data, "message");
	cr_expect_str_eq(r->row.content_type.data, "type");
	cr_expect_str_eq(r->row.digest.data, "digest");
	cr_expect_str_eq(r->row.wrapped_key.data, "key");
	cr_expect_eq(r->row.sealed.len, 0);
	a = snap_doc_new(doc_record_ref(r), NULL, 4);
	b = snap_doc_new(r, NULL, 5);
	cr_expect_eq(a->changed_revision, 4);
	cr_expect_eq(b->changed_revision, 5);
	cr_expect_null(snap_doc_new(NULL, doc_edges_new(first_edges, 2), 1));
	cr_expect_eq(snap_doc_ref(a), a);
	snap_doc_unref(a);
	cr_expect_str_eq(a->record->row.path.data, "path", "held once more");
	snap_doc_unref(a);
	snap_doc_unref(b);
}

Test(snapshot, a_stored_token_that_is_malformed_is_said_to_be)
{
	struct error err = ERROR_NULL;
	char hash[HASH_BYTES + 1] = {0};
	struct token_row row = {.hash = slice_make(hash, HASH_BYTES - 1),
				.accessor = SLICE_LITERAL("abc"),
				.record = SLICE_LITERAL("nonsense")};
	struct token *t = NULL;

	cr_expect_eq(token_new(&t, &row, &err), E_CORRUPT);
	row.hash.len = HASH_BYTES + 1;
	cr_expect_eq(token_new(&t, &row, &err), E_CORRUPT);
	row.hash.len = HASH_BYTES;
	cr_expect_neq(token_new(&t, &row, &err), OK);
	cr_expect_eq(strncmp(err.text, "token abc: ", 11), 0, "%s", err.text);
	cr_expect_null(t);
}

Test(snapshot, of_one_name_the_last_to_end_stands_first)
{
	static const int64_t ends[] = {
		1,	   255,	      256,	 65535,	    65536,	     1 << 24,
		1LL << 32, 1LL << 40, 1LL << 48, 1LL << 56, (1LL << 56) + 1, INT64_MAX - 1,
		INT64_MAX, 0};
	struct snapshot *s = snapshot_new();
	char accessor[8], longest[TOKEN_NAME_BYTES_MAX + 2];
	const struct token *t;
	struct token_walk w;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(accessor, sizeof accessor, "t%02zu", (i * 5) % ARRAY_SIZE(ends));
		cr_assert(
			put_token(s, accessor, i % 2 == 0 ? "@AZ[" : " @az[ ", ends[i], -1, false));
	}
	snapshot_tokens_named(&w, s, SLICE_LITERAL("@aZ["));
	for (size_t i = ARRAY_SIZE(ends); i > 0; i--) {
		t = snapshot_token_named_next(&w, 0);
		cr_assert_not_null(t);
		cr_expect_eq(t->expires_ms, ends[i - 1], "%zu", i);
	}
	cr_expect_null(snapshot_token_named_next(&w, 0));
	snapshot_tokens_named(&w, s, SLICE_LITERAL("@az"));
	cr_expect_null(snapshot_token_named_next(&w, 0));
	memset(longest, 'n', sizeof longest);
	longest[TOKEN_NAME_BYTES_MAX] = '\0';
	cr_assert(put_token(s, "longest", longest, 0, -1, false));
	snapshot_tokens_named(&w, s, slice_make(longest, TOKEN_NAME_BYTES_MAX));
	cr_expect_not_null(snapshot_token_named_next(&w, 0));
	longest[TOKEN_NAME_BYTES_MAX] = 'n';
	snapshot_tokens_named(&w, s, slice_make(longest, TOKEN_NAME_BYTES_MAX + 1));
	cr_expect_null(snapshot_token_named_next(&w, 0));
	snapshot_unref(s);
}
