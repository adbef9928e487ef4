#include "http/native/native.h"

#include "doc/read.h"

#include <criterion/criterion.h>

static const struct codec *const codec = &native_codec;
static struct buf b;
static struct tree tree;

static void open_buffer(void)
{
	b = (struct buf)BUF_NULL;
	tree = (struct tree)TREE_INIT(0, false);
}

static void close_buffer(void)
{
	buf_clear(&b);
	tree_clear(&tree);
}

TestSuite(native_codec, .init = open_buffer, .fini = close_buffer);

static void expect_text(const char *text)
{
	cr_expect_str_eq(b.data, text);
	buf_reset(&b);
}

static const struct tree_node *parse(const char *text)
{
	const struct doc_limits limits = {1000, 10, 100, NULL};
	struct error err = ERROR_NULL;

	cr_assert_eq(doc_read(&tree, DOC_JSON, slice_text(text), &limits, NULL, &err), OK, "%s",
		     err.text);
	return &tree.root;
}

static struct version_row version_row(const char *path)
{
	return (struct version_row){.path = slice_text(path),
				    .version = 3,
				    .revision = 7,
				    .created_ms = 2000,
				    .created_by = SLICE_LITERAL("ci"),
				    .message = SLICE_LITERAL("why"),
				    .digest = SLICE_LITERAL("\x01\xff")};
}

#define PLACE                                                      \
	"{\"path\":\"profiles/a/b\",\"version\":3,\"revision\":7," \
	"\"created_at\":\"1970-01-01T00:00:02.000Z\""
#define AUTHOR ",\"created_by\":\"ci\",\"message\":\"why\""

Test(native_codec, a_version_has_as_many_members_as_its_reader_may_see)
{
	const struct version_row row = version_row("profiles/a/b");
	static const struct {
		enum version_detail detail;
		const char *text;
	} cases[] = {
		{VERSION_PLACE, PLACE "}"},
		{VERSION_AUTHOR, PLACE AUTHOR "}"},
		{VERSION_DIGEST, PLACE AUTHOR ",\"digest\":\"sha256:01ff\"}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct version_item item = version_item_make(&row, cases[i].detail);

		codec->version(&b, &item);
		expect_text(cases[i].text);
	}
}

Test(native_codec, items_of_a_list_have_a_comma_between_them)
{
	struct version_row row = version_row("profiles/a/b");
	struct version_item item = version_item_make(&row, VERSION_PLACE);

	codec->list_begin(&b);
	codec->list_end(&b);
	expect_text("{\"items\":[]}");
	item.has_state = true;
	codec->list_begin(&b);
	for (int state = VERSION_LIVE; state <= VERSION_DESTROYED; state++) {
		item.state = (enum version_state)state;
		codec->version(&b, &item);
	}
	codec->list_end(&b);
	expect_text("{\"items\":[" PLACE ",\"state\":\"live\"}," PLACE
		    ",\"state\":\"deleted\"}," PLACE ",\"state\":\"destroyed\"}]}");
}

Test(native_codec, the_digest_of_a_secret_is_said_to_be_keyed)
{
	struct version_row row = version_row("secrets/x");
	struct version_item item = version_item_make(&row, VERSION_DIGEST);

	codec->version(&b, &item);
	cr_expect_not_null(strstr(b.data, "\"digest\":\"keyed:01ff\""), "%s", b.data);
}

Test(native_codec, a_document_is_its_version_and_its_content)
{
	struct version_row row = version_row("profiles/a/b");
	struct document_item item = {.version = version_item_make(&row, VERSION_PLACE),
				     .content = parse("{\"n\": 1.0}")};

	codec->document(&b, &item);
	expect_text(PLACE ",\"content\":{\"n\":1.0}}");
}

Test(native_codec, a_secret_is_its_parts_and_says_itself_when_and_by_whom_it_was_made)
{
	struct version_row row = version_row("profiles/a/b");
	struct document_item item = {.version = version_item_make(&row, VERSION_PLACE)};
	const struct tree_node *stored = parse(
		"{\"data\":{\"k\":\"v\"},\"encoding\":{\"k\":\"base64\"},"
		"\"metadata\":{\"created_by\":\"x\",\"created_at\":\"x\",\"labels\":{\"a\":\"b\"}}}");

	codec->document(&b, &item);
	expect_text(PLACE ",\"data\":{},\"metadata\":{\"created_at\":"
			  "\"1970-01-01T00:00:02.000Z\",\"created_by\":\"\"}}");
	item.version = version_item_make(&row, VERSION_AUTHOR);
	item.data = TREE_GET(stored, "data");
	item.encoding = TREE_GET(stored, "encoding");
	item.metadata = TREE_GET(stored, "metadata");
	codec->document(&b, &item);
	expect_text(PLACE AUTHOR ",\"data\":{\"k\":\"v\"},\"encoding\":{\"k\":\"base64\"},"
				 "\"metadata\":{\"created_at\":\"1970-01-01T00:00:02.000Z\","
				 "\"created_by\":\"ci\",\"labels\":{\"a\":\"b\"}}}");
}

Test(native_codec, a_dependent_says_what_it_needs_the_document_for)
{
	static const struct {
		enum edge_kind need;
		const char *text;
	} cases[] = {
		{EDGE_EXTENDS, "{\"path\":\"p\",\"need\":\"extends\"}"},
		{EDGE_SCHEMA, "{\"path\":\"p\",\"need\":\"schema\"}"},
		{EDGE_SECRET, "{\"path\":\"p\",\"need\":\"secret\"}"},
		{EDGE_SCHEMA_REF, "{\"path\":\"p\",\"need\":\"schema_ref\"}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		codec->dependent(&b, &(struct dependent_item){SLICE_LITERAL("p"), cases[i].need});
		expect_text(cases[i].text);
	}
}

Test(native_codec, a_difference_has_the_members_that_are_known)
{
	const struct tree_node *n = parse("[1,\"x\"]");
	const struct difference_item few = {.op = DIFF_REMOVE, .is_secret = true};
	const struct difference_item many = {
		.pointer = SLICE_LITERAL("/a"),
		.op = DIFF_REPLACE,
		.from = &n->of.items[0],
		.to = &n->of.items[1],
		.has_reload = true,
		.reload = RELOAD_RESTART,
		.origin = {SLICE_LITERAL("profiles/a/b"), 2, 3, 4},
	};
	const struct difference_item rotated = {.op = DIFF_REPLACE,
						.origin = {.path = SLICE_LITERAL("secrets/x"),
							   .version = 2}};

	codec->difference(&b, &few);
	expect_text("{\"pointer\":\"\",\"op\":\"remove\",\"secret\":true}");
	codec->difference(&b, &many);
	expect_text("{\"pointer\":\"/a\",\"op\":\"replace\",\"from\":1,\"to\":\"x\","
		    "\"secret\":false,\"reload\":\"restart\",\"origin\":{\"path\":"
		    "\"profiles/a/b\",\"version\":2,\"line\":3,\"column\":4}}");
	codec->difference(&b, &rotated);
	expect_text("{\"pointer\":\"\",\"op\":\"replace\",\"secret\":false,"
		    "\"origin\":{\"path\":\"secrets/x\",\"version\":2}}");
}

Test(native_codec, comparisons_say_what_is_compared)
{
	codec->document_diff_begin(&b, &(struct document_diff_item){SLICE_LITERAL("p"), 1, 2});
	codec->diff_end(&b);
	expect_text("{\"path\":\"p\",\"from\":1,\"to\":2,\"diff\":[]}");
	codec->config_diff_begin(&b, &(struct config_diff_item){SLICE_LITERAL("a/b"), 1, 2, false,
								true});
	codec->diff_end(&b);
	expect_text("{\"config\":\"a/b\",\"from\":1,\"to\":2,\"from_state\":\"gone\","
		    "\"to_state\":\"live\",\"diff\":[]}");
}

#define REVISION                                                                   \
	"{\"revision\":7,\"time\":\"1970-01-01T00:00:02.000Z\",\"author\":\"ci\"," \
	"\"author_accessor\":\"acc\",\"author_parent\":null,\"message\":\"m\","    \
	"\"source\":\"s\",\"request_id\":\"r\""

static struct revision_item revision(void)
{
	return (struct revision_item){7,
				      2000,
				      {SLICE_LITERAL("ci"), SLICE_LITERAL("acc"), SLICE_NULL},
				      SLICE_LITERAL("m"),
				      SLICE_LITERAL("s"),
				      SLICE_LITERAL("r")};
}

Test(native_codec, a_revision_shows_of_each_change_what_its_reader_may_see)
{
	struct revision_item item = revision();
	struct change_item change = {.path = SLICE_LITERAL("p"),
				     .action = SLICE_LITERAL("put"),
				     .version = 2};

	codec->revision(&b, &item);
	expect_text(REVISION "}");
	codec->revision_begin(&b, &item);
	for (int detail = CHANGE_NAMED; detail <= CHANGE_SHOWN; detail++) {
		change.detail = (enum change_detail)detail;
		codec->change_begin(&b, &change);
		codec->change_end(&b, &change);
	}
	change.has_state_before = true;
	change.state_before = VERSION_DELETED;
	codec->change_begin(&b, &change);
	codec->difference(&b, &(struct difference_item){.op = DIFF_ADD});
	codec->change_end(&b, &change);
	codec->revision_end(&b);
	expect_text(REVISION
		    ",\"changes\":[{\"path\":\"p\",\"action\":\"put\",\"version\":2},"
		    "{\"path\":\"p\",\"action\":\"put\",\"version\":2,\"destroyed\":true},"
		    "{\"path\":\"p\",\"action\":\"put\",\"version\":2,\"diff\":[]},"
		    "{\"path\":\"p\",\"action\":\"put\",\"version\":2,\"state_before\":\"deleted\","
		    "\"diff\":[{\"pointer\":\"\",\"op\":\"add\",\"secret\":false}]}]}");
}

Test(native_codec, a_configuration_that_was_no_longer_served_is_gone)
{
	struct config_version_item item = {.revision = 7, .time_ms = 2000};

	item.author.parent = SLICE_LITERAL("above");
	codec->config_version(&b, &item);
	expect_text("{\"revision\":7,\"time\":\"1970-01-01T00:00:02.000Z\",\"author\":\"\","
		    "\"author_accessor\":null,\"author_parent\":\"above\",\"message\":\"\","
		    "\"state\":\"gone\"}");
}

Test(native_codec, an_explanation_hides_origins_and_secrets_but_not_their_places)
{
	const struct origin_item known = {SLICE_LITERAL("p"), 2, 3, 4}, hidden = {0};
	const struct secret_item secrets[] = {
		{.pointer = SLICE_LITERAL("/c")},
		{SLICE_LITERAL("/d"), SLICE_LITERAL("secrets/x"), SLICE_LITERAL("k"), 5},
	};
	struct doc_warnings warnings = {0};

	codec->explanation_begin(&b, parse("{}"));
	codec->explained_value(&b, SLICE_LITERAL("/a"), &known);
	codec->explained_value(&b, SLICE_LITERAL("/b"), &hidden);
	codec->explanation_secrets(&b);
	codec->explained_secret(&b, &secrets[0]);
	codec->explained_secret(&b, &secrets[1]);
	codec->explanation_end(&b, &warnings);
	expect_text("{\"content\":{},\"origins\":{\"/a\":{\"path\":\"p\",\"version\":2,"
		    "\"line\":3,\"column\":4},\"/b\":{}},\"secrets\":{\"/c\":{},"
		    "\"/d\":{\"path\":\"secrets/x\",\"key\":\"k\",\"version\":5}},"
		    "\"warnings\":[]}");
}

Test(native_codec, audit_entries_stay_as_they_were_hashed)
{
	codec->list_begin(&b);
	codec->audit_entry(&b, SLICE_LITERAL("{\"a\": 1}"));
	codec->audit_entry(&b, SLICE_LITERAL("{\"b\": 2}"));
	codec->list_end(&b);
	expect_text("{\"items\":[{\"a\": 1},{\"b\": 2}]}");
	codec->audit_line(&b, SLICE_LITERAL("{\"a\": 1}"));
	codec->audit_line(&b, SLICE_LITERAL("{\"b\": 2}"));
	expect_text("{\"a\": 1}\n{\"b\": 2}\n");
}

Test(native_codec, a_decision_names_the_rule_if_there_is_one)
{
	codec->decision(&b, &(struct decision_item){true, SLICE_LITERAL("p"), 2, 3, false});
	expect_text("{\"allowed\":true,\"rule\":{\"policy\":\"p\",\"rule\":2,\"line\":3}}");
	codec->decision(&b, &(struct decision_item){.is_allowed = false});
	expect_text("{\"allowed\":false,\"rule\":null}");
	codec->decision(&b, &(struct decision_item){.has_ended = true});
	expect_text("{\"allowed\":false,\"rule\":null,\"reason\":\"the token has ended\"}");
}

Test(native_codec, the_status_counts_whole_seconds_of_uptime_and_never_fewer_than_none)
{
	struct status_item item = {.server_version = SLICE_LITERAL("1"),
				   .audit_size = SLICE_LITERAL("9"),
				   .now_ms = 3999,
				   .started_ms = 1000,
				   .clock_behind_ms = 2999,
				   .clock_jump_ms = -86400999,
				   .clock_jumped_at_ms = 1795298654000,
				   .is_read_only = true};

	codec->status(&b, &item);
	cr_expect_not_null(strstr(b.data,
				  "\"uptime_seconds\":2,\"clock\":{\"behind_seconds\":2,\"jump\":"
				  "{\"time\":\"2026-11-21T22:04:14.000Z\",\"seconds\":-86400}},"
				  "\"store\":\"read-only\","),
			   "%s", b.data);
	cr_expect_not_null(strstr(b.data, "\"audit\":{\"size\":9,\"root\":\"\",\"origin\":\"\"}"),
			   "%s", b.data);
	buf_reset(&b);
	item.started_ms = 5000;
	item.is_read_only = false;
	item.clock_behind_ms = item.clock_jump_ms = 0;
	item.is_disk_full = true;
	codec->status(&b, &item);
	cr_expect_not_null(strstr(b.data, "\"store\":\"disk-full\","), "%s", b.data);
	buf_reset(&b);
	item.is_disk_full = false;
	codec->status(&b, &item);
	cr_expect_not_null(strstr(b.data, "\"uptime_seconds\":0,\"clock\":{\"behind_seconds\":0,"
					  "\"jump\":null},\"store\":\"ok\","),
			   "%s", b.data);
}

Test(native_codec, a_failure_of_the_buffer_stays_in_it)
{
	struct revision_item item = revision();

	b = (struct buf)BUF_INIT(10);
	codec->list_begin(&b);
	codec->revision(&b, &item);
	codec->list_end(&b);
	cr_expect(b.is_full);
	cr_expect_leq(b.len, 10);
}

Test(native_codec, a_new_token_has_its_text_and_a_listed_one_its_details)
{
	const struct slice policies[] = {SLICE_INIT("a"), SLICE_INIT("b")};
	struct token_item item = {.text = SLICE_LITERAL("rv_x"),
				  .accessor = SLICE_LITERAL("acc"),
				  .name = SLICE_LITERAL("ci"),
				  .policies = policies,
				  .policies_count = 2,
				  .uses_left = -1};

	codec->token(&b, &item);
	expect_text("{\"token\":\"rv_x\",\"accessor\":\"acc\",\"name\":\"ci\",\"parent\":null,"
		    "\"policies\":[\"a\",\"b\"],\"expires_at\":null}");
	item.text = SLICE_NULL;
	item.policies_count = 0;
	item.parent = SLICE_LITERAL("above");
	item.expires_ms = 1000;
	item.has_details = true;
	codec->token(&b, &item);
	expect_text("{\"accessor\":\"acc\",\"name\":\"ci\",\"parent\":\"above\",\"policies\":[],"
		    "\"expires_at\":\"1970-01-01T00:00:01.000Z\",\"created_by\":\"\","
		    "\"limited_to_addresses\":false}");
	item.created_ms = 2000;
	item.ttl_ms = 3999;
	item.max_expires_ms = 4000;
	item.uses_left = 0;
	item.is_limited_to_addresses = true;
	codec->token(&b, &item);
	expect_text("{\"accessor\":\"acc\",\"name\":\"ci\",\"parent\":\"above\",\"policies\":[],"
		    "\"expires_at\":\"1970-01-01T00:00:01.000Z\","
		    "\"created_at\":\"1970-01-01T00:00:02.000Z\",\"created_by\":\"\","
		    "\"limited_to_addresses\":true,\"ttl_seconds\":3,"
		    "\"renewable_until\":\"1970-01-01T00:00:04.000Z\",\"uses_left\":0}");
}

Test(native_codec, a_written_document_may_carry_lists_of_problems)
{
	struct version_row row = version_row("profiles/a/b");
	const uint64_t versions[] = {1, 3};
	struct written_item item = {.version = version_item_make(&row, VERSION_PLACE),
				    .is_changed = true};

	codec->written_begin(&b, &item);
	codec->problems_begin(&b, PROBLEMS_WARNINGS);
	codec->problem(&b,
		       &(struct check_problem){.profile = SLICE_LITERAL("a/b"), .message = "m"});
	codec->problem(&b, &(struct check_problem){.message = "n"});
	codec->problems_end(&b);
	codec->problems_begin(&b, PROBLEMS_UNCHECKED);
	codec->problems_end(&b);
	codec->written_end(&b);
	expect_text(PLACE ",\"changed\":true,\"warnings\":[{\"profile\":\"a/b\",\"pointer\":\"\","
			  "\"keyword\":\"\",\"message\":\"m\"},{\"profile\":\"\","
			  "\"pointer\":\"\",\"keyword\":\"\",\"message\":\"n\"}],"
			  "\"unchecked\":[]}");
	item.has_versions = true;
	item.versions = versions;
	item.versions_count = 2;
	item.is_changed = false;
	codec->written_begin(&b, &item);
	codec->written_end(&b);
	expect_text(PLACE ",\"versions\":[1,3],\"changed\":false}");
}

Test(native_codec, a_list_of_problems_that_stands_alone_has_no_name)
{
	codec->problems_begin(&b, PROBLEMS_ERRORS);
	codec->problems_end(&b);
	expect_text("[]");
}

Test(native_codec, a_batch_names_its_revision_and_each_document)
{
	struct version_row row = version_row("profiles/a/b");
	struct written_item item = {.version = version_item_make(&row, VERSION_PLACE)};

	codec->batch_begin(&b, &(struct batch_item){7, true});
	for (int i = 0; i < 2; i++) {
		codec->written_begin(&b, &item);
		codec->written_end(&b);
	}
	codec->batch_written_end(&b);
	codec->problems_begin(&b, PROBLEMS_WARNINGS);
	codec->problems_end(&b);
	codec->batch_end(&b);
	expect_text("{\"revision\":7,\"changed\":true,\"items\":[" PLACE
		    ",\"changed\":false}," PLACE ",\"changed\":false}],\"warnings\":[]}");
}

Test(native_codec, a_dry_run_is_changes_configurations_and_problems)
{
	const struct difference_item added = {.op = DIFF_ADD};
	const struct planned_config_item served = {SLICE_LITERAL("a/b"), true},
					 gone = {.config = SLICE_LITERAL("a/c")};

	codec->dry_run_begin(&b);
	codec->planned_change_begin(&b,
				    &(struct planned_change_item){.path = SLICE_LITERAL("p"),
								  .action = SLICE_LITERAL("put")});
	codec->planned_change_end(&b);
	codec->planned_change_begin(&b, &(struct planned_change_item){SLICE_LITERAL("q"),
								      SLICE_LITERAL("update"), true,
								      0});
	codec->difference(&b, &added);
	codec->planned_change_end(&b);
	codec->planned_configs_begin(&b);
	codec->planned_config_begin(&b, &served);
	codec->difference(&b, &added);
	codec->planned_config_end(&b, &served);
	codec->planned_config_begin(&b, &gone);
	codec->planned_config_end(&b, &gone);
	codec->planned_configs_end(&b);
	codec->problems_begin(&b, PROBLEMS_ERRORS);
	codec->problems_end(&b);
	codec->dry_run_end(&b);
	expect_text(
		"{\"dry_run\":true,\"changes\":[{\"path\":\"p\",\"action\":\"put\",\"diff\":[]},"
		"{\"path\":\"q\",\"action\":\"update\",\"from_version\":0,\"diff\":["
		"{\"pointer\":\"\",\"op\":\"add\",\"secret\":false}]}],"
		"\"effective\":[{\"config\":\"a/b\",\"diff\":["
		"{\"pointer\":\"\",\"op\":\"add\",\"secret\":false}],\"state\":\"live\"},"
		"{\"config\":\"a/c\",\"diff\":[],\"state\":\"gone\"}],\"errors\":[]}");
}

Test(native_codec, yaml_of_a_response_costs_the_budget_of_its_call)
{
	static const char json[] = "{\"items\":[{\"a\":\"no\"}]}";
	const struct budget_limits limits = {.steps_max = 1, .bytes_max = 1000};
	struct error err = ERROR_NULL;
	struct budget budget;

	cr_expect_eq(codec->to_yaml(&b, slice_text(json), false, NULL, &err), OK);
	expect_text("items:\n  - a: \"no\"\n");
	budget_init(&budget, &limits, &system_clock);
	cr_expect_eq(codec->to_yaml(&b, slice_text(json), false, &budget, &err), E_LIMIT);
	cr_expect_eq(codec->to_yaml(&b, SLICE_LITERAL("{"), false, NULL, &err), E_MALFORMED);
}
