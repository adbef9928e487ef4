#include "http/body.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#define KIB 1024

/* A pool of 1 MiB: 128 KiB are the reserve of small bodies, a principal may take 256 KiB. */
struct probe {
	struct http_settings settings;
	struct body_pool pool;
	struct shares *shares;
	struct share *a, *b;
};

static void set_up(struct probe *p)
{
	*p = (struct probe){.settings = HTTP_SETTINGS_DEFAULT, .shares = shares_new()};
	p->settings.bodies_bytes_max = KIB * KIB;
	p->pool.settings = &p->settings;
	p->a = shares_get(p->shares, SLICE_LITERAL("a"));
	p->b = shares_get(p->shares, SLICE_LITERAL("b"));
	cr_assert(p->a != NULL && p->b != NULL);
}

static void tear_down(struct probe *p)
{
	cr_expect_eq(p->pool.bytes, 0);
	cr_expect_eq(p->pool.small_bytes, 0);
	for (int i = 0; i < SHARE_KINDS; i++) {
		cr_expect_eq(p->a->held[i], 0);
		cr_expect_eq(p->b->held[i], 0);
	}
	share_unref(p->a);
	share_unref(p->b);
	shares_free(p->shares);
}

static void admit(struct request_body *b, struct probe *p, struct share *share, size_t announced)
{
	struct error err = ERROR_NULL;

	body_init(b, &p->pool);
	b->bytes_announced = announced;
	b->bytes_max = KIB * KIB;
	cr_assert_eq(body_admit(b, share, &err), OK, "%s", err.text);
}

static enum result append(struct request_body *b, size_t len)
{
	static const char bytes[KIB * KIB];
	struct error err = ERROR_NULL;

	return body_append(b, bytes, len, &err);
}

Test(body, a_body_that_was_only_announced_takes_no_part_of_the_pool)
{
	struct request_body b;
	struct probe p;

	set_up(&p);
	admit(&b, &p, p.a, 200 * KIB);
	cr_expect_eq(p.pool.bytes, 0);
	cr_expect_eq(p.a->held[SHARE_BODY_BYTES], 0);
	cr_expect_eq(p.a->held[SHARE_UPLOADS], 1);
	body_release(&b);
	tear_down(&p);
}

Test(body, a_chunked_body_moves_from_the_reserve_to_the_pool_as_it_grows)
{
	struct request_body b;
	struct probe p;

	set_up(&p);
	admit(&b, &p, p.a, BODY_BYTES_UNKNOWN);
	cr_expect_eq(append(&b, 10 * KIB), OK);
	cr_expect_eq(p.pool.small_bytes, 10 * KIB);
	cr_expect_eq(p.pool.bytes, 0);
	cr_expect_eq(append(&b, 10 * KIB), OK);
	cr_expect_eq(p.pool.small_bytes, 0);
	cr_expect_eq(p.pool.bytes, 20 * KIB);
	cr_expect_eq(p.a->held[SHARE_BODY_BYTES], 20 * KIB);
	cr_expect_eq(b.content.len, 20 * KIB);
	body_release(&b);
	body_release(&b);
	tear_down(&p);
}

Test(body, large_bodies_leave_the_reserve_to_small_ones_and_the_pool_to_other_principals)
{
	struct request_body large, small, other;
	struct probe p;

	set_up(&p);
	admit(&large, &p, p.a, 256 * KIB);
	cr_expect_eq(append(&large, 256 * KIB), OK);
	admit(&small, &p, p.a, KIB);
	cr_expect_eq(append(&small, KIB), OK);
	cr_expect_eq(p.pool.small_bytes, KIB);
	admit(&other, &p, p.a, 20 * KIB);
	cr_expect_eq(append(&other, 20 * KIB), E_BUSY);
	body_release(&other);
	admit(&other, &p, p.b, 20 * KIB);
	cr_expect_eq(append(&other, 20 * KIB), OK);
	body_release(&other);
	body_release(&small);
	body_release(&large);
	tear_down(&p);
}

Test(body, a_refused_body_is_dropped_at_once_but_stays_an_upload_until_its_end)
{
	struct request_body b;
	struct probe p;

	set_up(&p);
	admit(&b, &p, p.a, BODY_BYTES_UNKNOWN);
	b.bytes_max = 30 * KIB;
	cr_expect_eq(append(&b, 20 * KIB), OK);
	cr_expect_eq(append(&b, 20 * KIB), E_TOO_LARGE);
	cr_expect_eq(p.pool.bytes, 0);
	cr_expect_eq(b.content.len, 0);
	cr_expect_eq(p.a->held[SHARE_UPLOADS], 1);
	cr_expect(body_may_discard(&b));
	body_discard(&b, (size_t)16 * KIB * KIB);
	cr_expect_not(body_may_discard(&b));
	body_end_upload(&b);
	cr_expect_eq(p.a->held[SHARE_UPLOADS], 0);
	body_release(&b);
	tear_down(&p);
}

Test(body, a_principal_has_a_limited_number_of_uploads)
{
	struct request_body first, second;
	struct error err = ERROR_NULL;
	struct probe p;

	set_up(&p);
	p.settings.uploads_per_principal_max = 1;
	admit(&first, &p, p.a, 1);
	body_init(&second, &p.pool);
	cr_expect_eq(body_admit(&second, p.a, &err), E_BUSY);
	body_release(&second);
	cr_expect_eq(p.a->held[SHARE_UPLOADS], 1, "what was not counted is not given back");
	body_release(&first);
	tear_down(&p);
}

Test(body, a_body_must_arrive_at_its_minimum_rate_without_a_long_pause)
{
	static const struct {
		uint64_t bytes_seen;
		int64_t now_ms, deadline_ms;
	} cases[] = {
		{0, 0, 5000},			      /* the grace period */
		{0, 4000, 1000},	{0, 6000, 1}, /* it is over */
		{40 * 4096, 0, 10000},		      /* 40 s earned, but no pause above 10 s */
		{4 * 4096, 3000, 6000},		      /* 4 s earned after the grace period */
		{1 << 20, 55000, 5000},		      /* one minute in all */
	};
	struct probe p;

	set_up(&p);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct request_body b;

		body_init(&b, &p.pool);
		b.bytes_seen = cases[i].bytes_seen;
		cr_expect_eq(body_deadline_ms(&b, cases[i].now_ms), cases[i].deadline_ms,
			     "case %zu: %lld", i, (long long)body_deadline_ms(&b, cases[i].now_ms));
	}
	tear_down(&p);
}
