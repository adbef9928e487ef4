/* What tokens are asked for, what answers and entries say of them, and where they end. */
#include "answers.h"
#include "service/engine/token_use.h"

#include "service/state/token_chain.h"
#include "service/token/token_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct snapshot *s;

static void init_snapshot(void)
{
	s = snapshot_new();
}

static void clear_snapshot(void)
{
	snapshot_unref(s);
}

TestSuite(token_chain, .init = init_snapshot, .fini = clear_snapshot);

static struct slice digits(char ret[static 16], int n)
{
	snprintf(ret, 16, "t%04d", n);
	return slice_text(ret);
}

static void put(struct slice accessor, struct slice parent, const char *name, int64_t expires_ms,
		int64_t uses_left, bool is_revoked)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	struct token_record r = {.accessor = accessor, .parent = parent, .name = slice_text(name)};
	char hash[HASH_BYTES] = {0};
	struct token_row row = {.hash = slice_make(hash, sizeof hash),
				.accessor = accessor,
				.expires_ms = expires_ms,
				.uses_left = uses_left,
				.is_revoked = is_revoked};
	struct error err = ERROR_NULL;
	struct token *t;

	memcpy(hash, accessor.data, accessor.len);
	token_record_write(&json, &r);
	row.record = buf_slice(&json);
	cr_assert_eq(token_new(&t, &row, &err), OK, "%s", err.text);
	cr_assert(snapshot_put_token(s, t));
}

/* t0000 and its line of descent; all but the first never end. */
static void put_line(int count, int64_t expires_ms, int64_t uses_left, bool is_revoked)
{
	char own[16], above[16];

	put(digits(own, 0), SLICE_NULL, "top", expires_ms, uses_left, is_revoked);
	for (int i = 1; i < count; i++)
		put(digits(own, i), digits(above, i - 1), "line", 0, -1, false);
}

static struct token *at(int n)
{
	char text[16];
	struct token *t = snapshot_token(s, digits(text, n));

	cr_assert_not_null(t);
	return t;
}

Test(token_chain, of_two_ends_the_earlier_counts_and_zero_is_never)
{
	cr_expect_eq(token_earlier(0, 0), 0);
	cr_expect_eq(token_earlier(0, 5), 5);
	cr_expect_eq(token_earlier(5, 0), 5);
	cr_expect_eq(token_earlier(3, 5), 3);
	cr_expect_eq(token_earlier(5, 3), 3);
	cr_expect_eq(token_earlier(-1, 1), -1);
}

Test(token_chain, a_token_ends_with_the_first_of_those_above_it_to_end)
{
	put(SLICE_LITERAL("top"), SLICE_NULL, "top", 0, -1, false);
	put(SLICE_LITERAL("a"), SLICE_LITERAL("top"), "a", 50, -1, false);
	put(SLICE_LITERAL("b"), SLICE_LITERAL("a"), "b", 40, -1, false);
	put(SLICE_LITERAL("c"), SLICE_LITERAL("b"), "c", 30, -1, false);
	put(SLICE_LITERAL("lost"), SLICE_LITERAL("gone"), "lost", 9, -1, false);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("c")), true), 30);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("c")), false), 40);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("b")), false), 50);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("a")), false), 0);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("lost")), true), 9);
	cr_expect_eq(token_chain_end(s, snapshot_token(s, SLICE_LITERAL("lost")), false), 0);
}

Test(token_chain, the_longest_line_counts_to_its_top_and_a_longer_one_is_not_in_force)
{
	put_line(TOKEN_DEPTH_MAX + 3, 1000, 5, false);
	cr_expect_eq(token_chain_end(s, at(TOKEN_DEPTH_MAX), false), 1000);
	cr_expect_eq(token_chain_end(s, at(TOKEN_DEPTH_MAX + 2), false), 0, "no more are walked");
	cr_expect(token_is_in_force(s, at(TOKEN_DEPTH_MAX), 999));
	cr_expect_not(token_is_in_force(s, at(TOKEN_DEPTH_MAX), 1000));
	cr_expect_not(token_is_in_force(s, at(TOKEN_DEPTH_MAX + 1), 999));
	cr_expect(token_is_below(s, at(TOKEN_DEPTH_MAX), SLICE_LITERAL("t0000")));
	cr_expect_not(token_is_below(s, at(TOKEN_DEPTH_MAX + 1), SLICE_LITERAL("t0000")));
	cr_expect(token_is_below(s, at(3), SLICE_LITERAL("t0003")), "it is below itself");
	cr_expect_not(token_is_below(s, at(3), SLICE_LITERAL("t0004")));
	cr_expect_not(token_is_below(s, at(0), SLICE_NULL));
	cr_expect(token_principal(s, at(TOKEN_DEPTH_MAX))->has_limited_uses);
	cr_expect_eq(token_principal(s, at(TOKEN_DEPTH_MAX))->chain_count, PRINCIPAL_CHAIN_MAX);
	cr_expect_eq(token_principal(s, at(TOKEN_DEPTH_MAX + 2))->chain_count,
		     PRINCIPAL_CHAIN_MAX + 1, "no more are walked");
}

Test(token_chain, a_token_is_in_force_while_all_above_it_are)
{
	put(SLICE_LITERAL("top"), SLICE_NULL, "top", 0, 1, false);
	put(SLICE_LITERAL("a"), SLICE_LITERAL("top"), "a", 0, -1, false);
	put(SLICE_LITERAL("lost"), SLICE_LITERAL("gone"), "lost", 0, -1, false);
	cr_expect(token_is_in_force(s, snapshot_token(s, SLICE_LITERAL("a")), INT64_MAX));
	cr_expect_not(token_is_in_force(s, snapshot_token(s, SLICE_LITERAL("lost")), 1));
	cr_expect_not(token_is_in_force(s, NULL, 1));
	put(SLICE_LITERAL("top"), SLICE_NULL, "top", 0, 0, false);
	cr_expect_not(token_is_in_force(s, snapshot_token(s, SLICE_LITERAL("a")), 1));
	put(SLICE_LITERAL("top"), SLICE_NULL, "top", 0, -1, true);
	cr_expect_not(token_is_in_force(s, snapshot_token(s, SLICE_LITERAL("a")), 1));
}

static const struct principal *principal_of(const char *accessor)
{
	const struct principal *p = token_principal(s, snapshot_token(s, slice_text(accessor)));

	cr_assert_not_null(p);
	return p;
}

Test(token_chain, a_principal_is_the_token_and_all_above_it)
{
	put(SLICE_LITERAL("top"), SLICE_NULL, "first", 0, -1, false);
	put(SLICE_LITERAL("a"), SLICE_LITERAL("top"), "team", 50, 3, false);
	put(SLICE_LITERAL("b"), SLICE_LITERAL("a"), "job", 70, -1, false);
	put(SLICE_LITERAL("lost"), SLICE_LITERAL("gone"), "lost", 9, -1, false);
	cr_expect(slice_is_text(principal_of("b")->name, "job"));
	cr_expect(slice_is_text(principal_of("b")->accessor, "b"));
	cr_expect(slice_is_text(principal_of("b")->share, "team"));
	cr_expect(slice_is_text(principal_of("a")->share, "team"));
	cr_expect(slice_is_text(principal_of("top")->share, "first"));
	cr_expect(slice_is_text(principal_of("lost")->share, "lost"));
	cr_expect_eq(principal_of("b")->chain_count, 3);
	cr_expect_eq(principal_of("lost")->chain_count, 2);
	cr_expect(principal_of("b")->has_limited_uses && principal_of("a")->has_limited_uses);
	cr_expect_not(principal_of("top")->has_limited_uses);
	cr_expect_not(principal_of("lost")->has_limited_uses);
	cr_expect_eq(principal_of("b"), principal_of("b"), "it is made once");
}

Test(token_chain, a_principal_ends_when_the_snapshot_says_so)
{
	struct principal *b;

	put(SLICE_LITERAL("top"), SLICE_NULL, "first", 0, -1, false);
	put(SLICE_LITERAL("a"), SLICE_LITERAL("top"), "team", 50, -1, false);
	put(SLICE_LITERAL("b"), SLICE_LITERAL("a"), "job", 70, -1, false);
	b = principal_ref(token_principal(s, snapshot_token(s, SLICE_LITERAL("b"))));
	cr_expect_eq(principal_ends_ms(s, b), 50);
	put(SLICE_LITERAL("a"), SLICE_LITERAL("top"), "team", 90, -1, false); /* renewed */
	cr_expect_eq(principal_ends_ms(s, b), 70);
	principal_unref(b);
}

static enum result call_it(const char *maker, struct slice name)
{
	struct error err = ERROR_NULL;

	return token_name_check_at(s, slice_text(maker), name, 1, &err);
}

/* Their own time lasts, so that each has to be looked at. */
Test(token_chain, so_many_of_one_name_are_looked_at_and_then_it_counts_as_taken)
{
	char text[16];

	put(SLICE_LITERAL("over"), SLICE_NULL, "over", 0, -1, true);
	for (int i = 0; i < 999; i++)
		put(digits(text, i), SLICE_LITERAL("over"), "job", 0, -1, false);
	cr_expect_eq(call_it("other", SLICE_LITERAL("job")), OK);
	put(digits(text, 999), SLICE_LITERAL("over"), "job", 0, -1, false);
	cr_expect_eq(call_it("other", SLICE_LITERAL("job")), E_CONFLICT);
	cr_expect_eq(call_it("other", SLICE_LITERAL("Job ")), E_CONFLICT);
	cr_expect_eq(call_it("other", SLICE_LITERAL("jo")), OK);
}

Test(token_chain, a_name_is_printable_ascii_with_single_blanks_inside)
{
	static const struct {
		const char *name;
		bool is_good;
	} cases[] = {
		{"", false},   {"a", true},	{"a b c", true}, {" a", false},
		{"a ", false}, {" ", false},	{"a  b", false}, {"\x1f", false},
		{"~!", true},  {"\x7f", false}, {"a\tb", false}, {"caf\xc3\xa9", false},
	};
	char longest[TOKEN_NAME_BYTES_MAX + 1];
	struct error err = ERROR_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(token_name_check_form(slice_text(cases[i].name), &err),
			     cases[i].is_good ? OK : E_MALFORMED, "%zu", i);
	memset(longest, 'a', sizeof longest);
	cr_expect_eq(token_name_check_form(slice_make(longest, sizeof longest - 1), &err), OK);
	cr_expect_eq(token_name_check_form(slice_make(longest, sizeof longest), &err), E_MALFORMED);
	cr_expect_eq(call_it("a", slice_make(longest, sizeof longest - 1)), OK);
	cr_expect_eq(call_it("a", slice_make(longest, sizeof longest)), E_MALFORMED);
}

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read, list], on: \"profiles/**\"}]");
	expect(&f, OK, NULL, PUT, .path = "policies/maker", .is_yaml = true,
	       .body = "rules: [{allow: [write, list], on: sys/tokens}]");
	expect(&f, OK, NULL, PUT, .path = "policies/deleter", .is_yaml = true,
	       .body = "rules: [{allow: [delete], on: sys/tokens}]");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(token_rules, .init = open_it, .fini = close_it);

#define SELF   .verb = VERB_TOKEN_SELF
#define REVOKE .verb = VERB_TOKEN_REVOKE, .permission = MAY_DELETE, .path = "sys/tokens"
#define RENEW  .verb = VERB_TOKEN_RENEW
#define TOKENS .verb = VERB_TOKEN_LIST, .permission = MAY_LIST, .path = "sys/tokens"

struct text {
	char text[80];
};

/* The value of a member that is a string. */
static struct text member(const char *json, const char *name)
{
	struct text ret;
	char wanted[64];
	const char *p;

	snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
	p = strstr(json, wanted);
	cr_assert_not_null(p, "no %s in %s", name, json);
	p += strlen(wanted);
	snprintf(ret.text, sizeof ret.text, "%.*s", (int)strcspn(p, "\""), p);
	return ret;
}

static int64_t ms_of(struct text iso)
{
	struct tm tm = {0};
	int ms = 0;

	cr_assert_eq(sscanf(iso.text, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms),
		     7, "%s", iso.text);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

struct made {
	struct text token, accessor;
};

static struct made make(const char *maker, const char *body)
{
	struct told t = ask(&f, (struct ask){CREATE, .token = maker, .body = body});
	struct made m;

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	m = (struct made){member(t.body, "token"), member(t.body, "accessor")};
	told_clear(&t);
	return m;
}

static struct text root_accessor(void)
{
	struct told t = ask(&f, (struct ask){SELF});
	struct text ret = member(t.body, "accessor");

	told_clear(&t);
	return ret;
}

Test(token_rules, the_responses_say_all_of_a_token_and_its_text_only_once)
{
	struct text root = root_accessor();
	struct told made =
		ask(&f,
		    (struct ask){CREATE,
				 .body = "{\"name\":\"whole\",\"policies\":[\"reader\",\"all\"],"
					 "\"ttl\":\"1h\",\"max_ttl\":\"2h\",\"uses\":9,"
					 "\"addresses\":[\"192.0.2.0/24\",\"::/0\"]}"});
	struct text token = member(made.body, "token"), accessor = member(made.body, "accessor");
	struct text end = member(made.body, "expires_at");
	struct told self = ask(&f, (struct ask){SELF, .token = token.text});
	char wanted[1024], common[512];

	snprintf(common, sizeof common,
		 "\"accessor\":\"%s\",\"name\":\"whole\",\"parent\":\"%s\",\"policies\":["
		 "\"reader\",\"all\"],\"expires_at\":\"%s\"",
		 accessor.text, root.text, end.text);
	snprintf(wanted, sizeof wanted, "{\"token\":\"%s\",%s}", token.text, common);
	cr_expect_str_eq(made.body, wanted);
	snprintf(wanted, sizeof wanted,
		 "{%s,\"created_at\":\"%s\",\"created_by\":\"root\",\"limited_to_addresses\":true,"
		 "\"ttl_seconds\":3600,\"renewable_until\":\"%s\",\"uses_left\":9}",
		 common, member(self.body, "created_at").text,
		 member(self.body, "renewable_until").text);
	cr_expect_str_eq(self.body, wanted);
	cr_expect_eq(ms_of(end) - ms_of(member(self.body, "created_at")), 3600000);
	cr_expect_eq(ms_of(member(self.body, "renewable_until")) -
			     ms_of(member(self.body, "created_at")),
		     7200000);
	told_clear(&made);
	told_clear(&self);
	made = ask(&f, (struct ask){CREATE, .body = "{\"name\":\"p\",\"policies\":[\"all\"]}"});
	self = ask(&f, (struct ask){SELF, .token = member(made.body, "token").text});
	snprintf(wanted, sizeof wanted,
		 "{\"accessor\":\"%s\",\"name\":\"p\",\"parent\":\"%s\",\"policies\":[\"all\"],"
		 "\"expires_at\":null,\"created_at\":\"%s\",\"created_by\":\"root\","
		 "\"limited_to_addresses\":false}",
		 member(made.body, "accessor").text, root.text,
		 member(self.body, "created_at").text);
	cr_expect_str_eq(self.body, wanted);
	told_clear(&made);
	told_clear(&self);
}

/* Names of all pages of a list, in order. */
static uint32_t list_pages(uint32_t limit, struct buf *ret)
{
	char after[128] = "";
	uint32_t pages = 0;

	for (;; pages++) {
		struct told t = ask(&f, (struct ask){TOKENS, .limit = limit, .after = after});
		const char *p = t.body;

		cr_assert_eq(t.result, OK);
		cr_assert(strncmp(p, "{\"items\":[{", 11) == 0 &&
				  strcmp(p + strlen(p) - 3, "}]}") == 0,
			  "%s", p);
		while ((p = strstr(p, "\"accessor\":\"")) != NULL) {
			buf_append_text(ret, member(p, "accessor").text);
			buf_append_char(ret, '\n');
			p++;
		}
		snprintf(after, sizeof after, "%.127s", t.call.out.next);
		told_clear(&t);
		if (after[0] == '\0')
			return pages + 1;
	}
}

Test(token_rules, a_list_shows_those_in_force_once_each_whatever_the_page)
{
	CLEANUP(buf_clear) struct buf whole = BUF_NULL;
	struct made m[6];
	uint32_t at_once;

	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = make(NULL, "{\"name\":\"m\",\"policies\":[\"reader\"],\"uses\":1}");
	expect(&f, OK, NULL, SELF, .token = m[0].token.text);
	expect(&f, OK, NULL, REVOKE, .accessor = m[1].accessor.text);
	at_once = list_pages(1000, &whole);
	cr_expect_eq(at_once, 1);
	cr_expect_null(strstr(whole.data, m[0].accessor.text), "used up");
	cr_expect_null(strstr(whole.data, m[1].accessor.text), "taken back");
	for (uint32_t limit = 1; limit <= 6; limit++) {
		CLEANUP(buf_clear) struct buf parts = BUF_NULL;
		uint32_t pages = list_pages(limit, &parts);

		cr_expect_str_eq(parts.data, whole.data, "%u a page", limit);
		cr_expect_eq(pages, (5 + limit - 1) / limit, "%u a page", limit);
	}
	fixture_restart(&f);
	buf_reset(&whole);
	list_pages(1000, &whole);
	cr_expect_eq(whole.len, 5 * (strlen(m[0].accessor.text) + 1));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->text, ((const struct text *)b)->text);
}

static void append_touched(char *ret, size_t size, struct text *accessors, size_t count)
{
	qsort(accessors, count, sizeof *accessors, compare_texts);
	ret[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(ret + strlen(ret), size - strlen(ret), "sys/tokens/%s 0\n",
			 accessors[i].text);
}

Test(token_rules, a_revocation_names_each_that_it_ends_and_only_those)
{
	struct made other = make(NULL, "{\"name\":\"o\",\"policies\":[\"reader\"]}");
	struct made parent = make(NULL, "{\"name\":\"p\",\"policies\":[\"maker\"]}");
	struct made child = make(parent.token.text, "{\"name\":\"c\",\"policies\":[\"maker\"]}");
	struct made grand = make(child.token.text, "{\"name\":\"g\",\"policies\":[\"maker\"]}");
	struct made once =
		make(parent.token.text, "{\"name\":\"u\",\"policies\":[\"maker\"],\"uses\":1}");
	struct made before = make(parent.token.text, "{\"name\":\"b\",\"policies\":[\"maker\"]}");
	struct text ended[] = {parent.accessor, child.accessor, grand.accessor, once.accessor};
	char touched[512];

	expect(&f, OK, NULL, SELF, .token = once.token.text);
	append_touched(touched, sizeof touched, &before.accessor, 1);
	expect_entry(&f, OK, "token.revoke", "", touched, REVOKE, .accessor = before.accessor.text);
	append_touched(touched, sizeof touched, ended, ARRAY_SIZE(ended));
	expect_entry(&f, OK, "token.revoke", "", touched, REVOKE, .accessor = parent.accessor.text);
	expect(&f, OK, NULL, SELF, .token = other.token.text);
	fixture_restart(&f);
	expect(&f, OK, NULL, SELF, .token = other.token.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = grand.token.text);
	expect(&f, E_NOT_FOUND, "no such token", REVOKE, .accessor = child.accessor.text);
}

Test(token_rules, who_may_delete_tokens_revokes_any_and_who_may_not_learns_nothing)
{
	struct made deleter = make(NULL, "{\"name\":\"d\",\"policies\":[\"deleter\"]}");
	struct made reader = make(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"]}");
	struct made victim = make(NULL, "{\"name\":\"v\",\"policies\":[\"reader\"]}");

	expect(&f, E_FORBIDDEN, "may not revoke that token", REVOKE, .token = reader.token.text,
	       .accessor = victim.accessor.text);
	expect(&f, E_FORBIDDEN, "may not revoke that token", REVOKE, .token = reader.token.text,
	       .accessor = "nothing");
	expect(&f, E_NOT_FOUND, "no such token", REVOKE, .token = deleter.token.text,
	       .accessor = "nothing");
	expect(&f, OK, NULL, REVOKE, .token = deleter.token.text, .accessor = victim.accessor.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = victim.token.text);
	expect(&f, OK, NULL, REVOKE, .token = reader.token.text, .accessor = reader.accessor.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = reader.token.text);
}

static int64_t renew(const struct made *m, const char *body, bool *ret_is_recorded)
{
	struct told t = ask(&f, (struct ask){RENEW, .token = m->token.text, .body = body});
	int64_t end = ms_of(member(t.body, "expires_at"));

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_str_eq(member(t.body, "accessor").text, m->accessor.text);
	*ret_is_recorded = t.call.out.has_audit_index;
	told_clear(&t);
	return end;
}

Test(token_rules, a_renewal_counts_from_now_and_one_that_gives_hardly_anything_is_none)
{
	struct made m = make(NULL, "{\"name\":\"m\",\"policies\":[\"all\"],\"ttl\":\"10h\"}");
	struct told first = ask(&f, (struct ask){SELF, .token = m.token.text}), last;
	int64_t begin = ms_of(member(first.body, "expires_at"));
	char touched[128];
	bool is_recorded;
	int64_t end;

	cr_expect_eq(renew(&m, NULL, &is_recorded), begin);
	cr_expect_not(is_recorded);
	end = renew(&m, "{\"ttl\":\"1h\"}", &is_recorded);
	cr_expect(is_recorded);
	cr_expect_lt(end, begin - 8 * 3600000);
	cr_expect_gt(end, begin - 10 * 3600000);
	cr_expect_eq(renew(&m, "{\"ttl\":\"1h\"}", &is_recorded), end);
	cr_expect_not(is_recorded, "less than a hundredth of its ttl more");
	expect(&f, E_MALFORMED, "`ttl`", RENEW, .token = m.token.text, .body = "{\"ttl\":\"x\"}");
	expect(&f, E_MALFORMED, NULL, RENEW, .token = m.token.text, .body = "{\"max_ttl\":\"1h\"}");
	expect(&f, E_INVALID, "longer", RENEW, .token = m.token.text,
	       .body = "{\"ttl\":\"36001s\"}");
	snprintf(touched, sizeof touched, "sys/tokens/%s 0\n", m.accessor.text);
	expect_entry(&f, OK, "token.renew", "", touched, RENEW, .token = m.token.text,
		     .body = "{\"ttl\":\"36000s\"}");
	fixture_restart(&f);
	last = ask(&f, (struct ask){SELF, .token = m.token.text});
	end = ms_of(member(last.body, "expires_at"));
	cr_expect(end >= begin && end < begin + 60000);
	told_clear(&first);
	told_clear(&last);
}

Test(token_rules, a_child_pays_with_its_own_uses_and_its_parents)
{
	struct made parent =
		make(NULL, "{\"name\":\"p\",\"policies\":[\"all\",\"maker\"],\"uses\":5}");
	struct made child =
		make(parent.token.text, "{\"name\":\"c\",\"policies\":[\"all\"],\"uses\":2}");
	struct made grand = make(child.token.text, "{\"name\":\"g\",\"policies\":[\"all\"]}");

	expect(&f, OK, "\"uses_left\":3}", TOKENS);
	expect(&f, OK, "\"uses_left\":1}", TOKENS);
	fixture_restart(&f);
	expect(&f, OK, NULL, LIST, .path = "profiles/", .token = grand.token.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = grand.token.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = child.token.text);
	expect(&f, OK, "\"uses_left\":2}", SELF, .token = parent.token.text);
	expect(&f, OK, "\"uses_left\":1}", SELF, .token = parent.token.text);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = parent.token.text);
}

Test(token_rules, tokens_hang_sixteen_deep_and_no_deeper)
{
	struct made m[TOKEN_DEPTH_MAX + 1];

	m[0] = make(NULL, "{\"name\":\"m\",\"policies\":[\"maker\"]}");
	for (int i = 1; i < TOKEN_DEPTH_MAX; i++)
		m[i] = make(m[i - 1].token.text, "{\"name\":\"m\",\"policies\":[\"maker\"]}");
	expect(&f, OK, NULL, TOKENS, .token = m[TOKEN_DEPTH_MAX - 1].token.text);
	expect(&f, E_LIMIT, "at most 16 deep", CREATE, .token = m[TOKEN_DEPTH_MAX - 1].token.text,
	       .body = "{\"name\":\"m\",\"policies\":[\"maker\"]}");
}

/* {"name":"x","policies":["reader"],…} with `count` times `item` as the list `key`, in `ret`. */
static const char *body_of(struct buf *ret, const char *key, const char *item, int count)
{
	bool is_policies = strcmp(key, "policies") == 0;

	buf_reset(ret);
	buf_printf(ret, "{\"name\":\"x\",%s\"%s\":[",
		   is_policies ? "" : "\"policies\":[\"reader\"],", key);
	for (int i = 0; i < count; i++)
		buf_printf(ret, "%s%s", i != 0 ? "," : "", item);
	buf_append_text(ret, "]}");
	return ret->data;
}

Test(token_rules, each_member_of_a_new_token_has_its_bounds)
{
	static const struct {
		const char *more, *text; /* text: what is said of it, NULL where it is good */
	} cases[] = {
		{"\"ttl\":\"1s\"", NULL},
		{"\"ttl\":\"3650d\"", NULL},
		{"\"ttl\":\"3651d\"", "`ttl`"},
		{"\"max_ttl\":\"1s\"", NULL},
		{"\"max_ttl\":\"0s\"", "`max_ttl`"},
		{"\"max_ttl\":\"3651d\"", "`max_ttl`"},
		{"\"uses\":1", NULL},
		{"\"uses\":9223372036854775807", NULL},
		{"\"uses\":\"1\"", "`uses`"},
		{"\"uses\":1.5", "`uses`"},
		{"\"uses\":-1", "`uses`"},
		{"\"uses\":1e30", "`uses`"},
		{"\"addresses\":[]", "`addresses`"},
		{"\"addresses\":\"::1\"", "`addresses`"},
		{"\"addresses\":[7]", "an address"},
		{"\"addresses\":[\"::1\",\"\"]", "an address"},
		{"\"ttl\":\"9s\",\"max_ttl\":7.5", "`max_ttl`"},
	};
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	char name[1200];
	struct told t;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_reset(&b);
		buf_printf(&b, "{\"name\":\"x\",\"policies\":[\"reader\"],%s}", cases[i].more);
		expect(&f, cases[i].text == NULL ? OK : E_MALFORMED, cases[i].text, CREATE,
		       .body = b.data);
	}
	expect(&f, OK, NULL, CREATE, .body = body_of(&b, "policies", "\"reader\"", 32));
	expect(&f, E_MALFORMED, "1 to 32", CREATE,
	       .body = body_of(&b, "policies", "\"reader\"", 33));
	expect(&f, OK, NULL, CREATE, .body = body_of(&b, "addresses", "\"::/0\"", 32));
	expect(&f, E_MALFORMED, "1 to 32", CREATE,
	       .body = body_of(&b, "addresses", "\"::/0\"", 33));
	expect(&f, E_MALFORMED, "must be a text", CREATE, .body = body_of(&b, "policies", "7", 1));
	memset(name, 'a', sizeof name);
	name[0] = name[sizeof name - 2] = '"';
	name[sizeof name - 1] = '\0';
	expect(&f, E_MALFORMED, "`policies`", CREATE, .body = body_of(&b, "policies", name, 1));
	/* What was refused is recorded as such, and names no token. */
	t = ask(&f, (struct ask){CREATE, .body = body_of(&b, "policies", "\"gone\"", 1)});
	cr_expect_eq(t.result, E_INVALID);
	cr_expect_not(t.call.out.is_created);
	cr_expect_str_eq(t.body, "");
	told_clear(&t);
}
