#include "http/pending_response.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#define BODY_BYTES (100 * 1024)

struct probe {
	struct pending_responses all;
	struct shares *shares;
	struct share *a, *b;
	struct shared_body *body, *other;
};

static struct shared_body *make_body(size_t len)
{
	struct buf bytes = BUF_NULL;

	for (size_t i = 0; i < len; i++)
		buf_append_char(&bytes, 'x');
	return shared_body_new(&bytes, false);
}

static void set_up(struct probe *p, size_t bytes_max)
{
	*p = (struct probe){.shares = shares_new()};
	pending_responses_init(&p->all, bytes_max);
	p->a = shares_get(p->shares, SLICE_LITERAL("a"));
	p->b = shares_get(p->shares, SLICE_LITERAL("b"));
	p->body = make_body(BODY_BYTES);
	p->other = make_body(BODY_BYTES);
	cr_assert(p->a != NULL && p->b != NULL && p->body != NULL && p->other != NULL);
}

static void tear_down(struct probe *p)
{
	cr_expect_eq(p->all.bytes, 0);
	cr_expect_eq(p->a->held[SHARE_RESPONSE_BYTES], 0);
	cr_expect_eq(p->b->held[SHARE_RESPONSE_BYTES], 0);
	pending_responses_clear(&p->all);
	shared_body_unref(p->body);
	shared_body_unref(p->other);
	share_unref(p->a);
	share_unref(p->b);
	shares_free(p->shares);
}

Test(pending_response, a_shared_body_counts_once_in_all_and_once_for_each_principal)
{
	struct pending_response *first, *again, *other;
	struct probe p;

	set_up(&p, 10 * BODY_BYTES);
	cr_assert(pending_response_begin(&first, &p.all, p.a, p.body));
	cr_assert(pending_response_begin(&again, &p.all, p.a, p.body));
	cr_assert(pending_response_begin(&other, &p.all, p.b, p.body));
	cr_expect_eq(p.all.bytes, BODY_BYTES);
	cr_expect_eq(p.a->held[SHARE_RESPONSE_BYTES], BODY_BYTES);
	cr_expect_eq(p.b->held[SHARE_RESPONSE_BYTES], BODY_BYTES);
	pending_response_end(&p.all, first);
	cr_expect_eq(p.a->held[SHARE_RESPONSE_BYTES], BODY_BYTES, "one is still being sent");
	pending_response_end(&p.all, again);
	cr_expect_eq(p.a->held[SHARE_RESPONSE_BYTES], 0);
	cr_expect_eq(p.all.bytes, BODY_BYTES);
	pending_response_end(&p.all, other);
	tear_down(&p);
}

Test(pending_response, a_principal_has_a_quarter)
{
	struct pending_response *first, *second;
	struct probe p;

	set_up(&p, 4 * BODY_BYTES);
	cr_assert(pending_response_begin(&first, &p.all, p.a, p.body));
	cr_expect_not(pending_response_begin(&second, &p.all, p.a, p.other));
	cr_expect_null(second);
	cr_expect_eq(p.all.bytes, BODY_BYTES, "a refused one is not counted");
	cr_assert(pending_response_begin(&second, &p.all, p.b, p.other));
	pending_response_end(&p.all, first);
	pending_response_end(&p.all, second);
	tear_down(&p);
}

Test(pending_response, a_small_response_is_not_counted)
{
	struct pending_response *r;
	struct shared_body *small = make_body(100);
	struct probe p;

	set_up(&p, 0);
	cr_assert(pending_response_begin(&r, &p.all, p.a, small));
	cr_expect_null(r);
	pending_response_end(&p.all, r);
	shared_body_unref(small);
	tear_down(&p);
}

Test(pending_response, a_response_without_a_principal_counts_in_all)
{
	struct pending_response *r, *more;
	struct probe p;

	set_up(&p, BODY_BYTES);
	cr_assert(pending_response_begin(&r, &p.all, NULL, p.body));
	cr_expect_eq(p.all.bytes, BODY_BYTES);
	cr_expect_not(pending_response_begin(&more, &p.all, NULL, p.other));
	pending_response_end(&p.all, r);
	tear_down(&p);
}
