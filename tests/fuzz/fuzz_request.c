/*
 * A request as the guard, the router and the parameters see it: the first line is the target, each
 * further one a header as name, colon, value. Whatever passes holds to the rules that the rest of
 * the server counts on.
 */
#include "base/memory.h"
#include "http/guard.h"
#include "http/params.h"
#include "http/routes.h"

#include <stdlib.h>

#define INPUT_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_segments(const struct request_target *t)
{
	for (uint32_t i = 0; i < t->segments_count; i++) {
		struct slice s = t->segments[i];

		demand(s.len != 0 && !slice_is_text(s, ".") && !slice_is_text(s, ".."));
		for (size_t k = 0; k < s.len; k++)
			demand(s.data[k] > ' ' && s.data[k] < 0x7f && s.data[k] != '/' &&
			       s.data[k] != '\\' && s.data[k] != '%' && s.data[k] != ':');
	}
}

/* Decoding changes the query, so each family reads its own copy. */
static void check_query(struct slice query, enum input_family family)
{
	const struct param_rules rules = {family, UINT32_MAX, {1000, 60000}};
	struct param_format format = {false, MEDIA_JSON};
	char text[INPUT_BYTES_MAX + 1];
	struct call_input in = {0};

	if (query.len != 0)
		memcpy(text, query.data, query.len);
	if (params_read(&in, &format, slice_make(text, query.len), &rules, NULL) != OK)
		return;
	if (family == INPUT_PAGE)
		demand(in.page.limit <= rules.limits.limit_max);
	if (family == INPUT_CONFIG)
		demand(in.config.wait_ms >= 0 && in.config.wait_ms <= rules.limits.wait_ms_max);
	if (family == INPUT_WRITE)
		demand(in.write.message.len <= MESSAGE_BYTES_MAX);
}

static void check_target(struct slice line)
{
	char text[INPUT_BYTES_MAX + 1] = {0};
	struct route_match match;
	struct request_target target;

	memcpy(text, line.data, line.len);
	if (request_target_parse(&target, text, line.len, NULL) != OK)
		return;
	check_segments(&target);
	for (uint32_t m = 0; m <= METHOD_COUNT; m++) {
		route_find(&match, &target, (enum method)m);
		demand(match.route == NULL || match.route->method == (enum method)m);
		demand(match.route == NULL || (match.methods & 1u << m) != 0);
	}
	for (uint32_t family = 0; family <= INPUT_TOKEN; family++)
		check_query(target.query, (enum input_family)family);
}

static void check_headers(struct slice rest)
{
	struct headers h = {0};
	struct slice line, name;
	uint64_t body = 0;
	uint32_t hosts = 0, lengths = 0;

	while (slice_next_part(&rest, '\n', &line)) {
		struct slice value = line;

		if (!slice_next_part(&value, ':', &name))
			continue;
		hosts += slice_is_text(name, "Host");
		lengths += slice_is_text(name, "Content-Length");
		guard_header(&h, name, value);
	}
	if (guard_check(&h, SLICE_LITERAL("HTTP/1.1"), &body, NULL) != OK)
		return;
	demand(hosts <= 1 && lengths <= 1 && h.host.len != 0);
	demand(h.transfer_encoding.data == NULL || h.content_length.data == NULL);
	demand((body == UINT64_MAX) == (h.transfer_encoding.data != NULL));
	media_from_accept(h.accept, MEDIA_BIT(MEDIA_COUNT) - 1);
	content_from_type(h.content_type);
	params_bearer(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make((const char *)data, size), line;

	if (size > INPUT_BYTES_MAX || size == 0 || !slice_next_part(&rest, '\n', &line))
		return 0;
	check_target(line);
	check_headers(rest);
	return 0;
}
