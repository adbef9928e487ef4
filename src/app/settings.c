/*
 * The table of settings, and the parsing of one value by its row.
 *
 * The type of a row must fit the C type of its field: TEXT and WORD a struct slice, FLAG a bool,
 * COUNT a uint32_t, BYTES a size_t, DURATION an int64_t in milliseconds. setting_parse() writes
 * through the offset and cannot check that; a wrong type overwrites the fields behind it. The
 * maximum of a row must fit into its field.
 *
 * A sentence of the table is for the operator: it appears in --help and in schemas/reeved.json. The
 * order of the rows is that of the help text.
 */
#include "app/settings.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#include <stddef.h>

/* Durations are in milliseconds, sizes in bytes. A text has the bounds of a path: PATH_MAX without
 * its NUL. */
#define KIB	 UINT64_C(1024)
#define MIB	 (1024 * KIB)
#define GIB	 (1024 * MIB)
#define SECOND	 UINT64_C(1000)
#define HOUR	 (3600 * SECOND)
#define AT(f)	 offsetof(struct settings, f)
#define ANY_TEXT 1, 4095

/* clang-format off */
const struct setting_row setting_rows[] = {
	{"data",	SETTING_TEXT, AT(data), ANY_TEXT, "", NULL,
	 "The data folder that `reeved init` created."},
	{"root_key",	SETTING_TEXT, AT(root_key), ANY_TEXT, "", NULL,
	 "The file of the root key. Without it: root.key in the data folder."},
	{"listen",	SETTING_TEXT, AT(listen), ANY_TEXT, "127.0.0.1:7338", NULL,
	 "HOST:PORT to listen on. HOST is an IPv4 address, an IPv6 address in brackets, or localhost. Port 0 chooses a free port."},
	{"insecure_listen", SETTING_FLAG, AT(is_insecure_listen), 0, 1, "false", NULL,
	 "Allows listening on other addresses than loopback, although connections are not encrypted."},
	{"port_file",	SETTING_TEXT, AT(port_file), ANY_TEXT, "", NULL,
	 "A file to which the port is written once the server listens."},
	{"log_level",	SETTING_WORD, AT(log_level), 0, 0, "info", "error|warn|info|debug",
	 "The least severe level that is logged to standard error."},
	{"threads",	SETTING_COUNT, AT(http.threads), 1, 64, "2", NULL,
	 "Threads that read requests and send responses."},
	{"workers",	SETTING_COUNT, AT(service.workers), 1, 64, "2", NULL,
	 "Threads that parse, resolve and validate documents."},
	{"connections_max", SETTING_COUNT, AT(http.connections_max), 16, 1000000, "16384", NULL,
	 "Connections at a time. When few are left, idle connections are closed before idle_timeout."},
	{"connections_per_address_max", SETTING_COUNT, AT(http.connections_per_address_max), 0, 1000000, "0", NULL,
	 "Connections at a time from one address; 0 means no such bound."},
	{"unauthenticated_max", SETTING_COUNT, AT(http.unauthenticated_max), 0, 1000000, "0", NULL,
	 "Connections at a time that have not sent a valid token yet. A new one closes the oldest. 0 means half of connections_max."},
	{"unauthenticated_per_address_max", SETTING_COUNT, AT(http.unauthenticated_per_address_max), 0, 1000000, "0", NULL,
	 "The same from one IPv4 address, or from one /64 network of IPv6. 0 means a quarter of connections_max."},
	{"connection_memory", SETTING_BYTES, AT(http.connection_bytes_max), 4 * KIB, MIB, "16KiB", NULL,
	 "Memory of one connection for the headers of a request."},
	{"bodies_max", SETTING_BYTES, AT(http.bodies_bytes_max), MIB, 16 * KIB * MIB, "256MiB", NULL,
	 "Memory for the bodies of all requests; an eighth of it is reserved for bodies of at most 16 KiB. One principal may use a quarter, so it must be at least four times batch_max, document_max and secret_max. Requests above it get 429."},
	{"answers_max", SETTING_BYTES, AT(http.responses_bytes_max), 256 * MIB, 16 * KIB * MIB, "512MiB", NULL,
	 "Memory for responses of 64 KiB or more until their clients have read them. One principal may use a quarter. Reads above it get 429."},
	{"uploads_per_principal_max", SETTING_COUNT, AT(http.uploads_per_principal_max), 1, 1000000, "512", NULL,
	 "Requests of one principal whose bodies are being received at a time; at most half of connections_max."},
	{"body_rate_min", SETTING_BYTES, AT(http.body_rate_min), 0, MIB, "4KiB", NULL,
	 "Bytes of a body that must arrive per second, on average after the first five seconds; 0 means no minimum."},
	{"authentication_timeout", SETTING_DURATION, AT(http.authentication_ms), 100, HOUR, "10s", NULL,
	 "The longest time until a connection sends a valid token."},
	{"header_timeout", SETTING_DURATION, AT(http.header_ms), 100, HOUR, "10s", NULL,
	 "The longest time for the headers of a request to arrive."},
	{"body_timeout", SETTING_DURATION, AT(http.body_ms), 100, HOUR, "60s", NULL,
	 "The longest time for the body of a request to arrive."},
	{"idle_timeout", SETTING_DURATION, AT(http.idle_ms), SECOND, 24 * HOUR, "60s", NULL,
	 "The longest time that a connection may be idle between two requests."},
	{"answer_timeout", SETTING_DURATION, AT(http.response_ms), SECOND, HOUR, "60s", NULL,
	 "The longest time for a client to read a response; large responses get more time."},
	{"drain_timeout", SETTING_DURATION, AT(http.drain_ms), 0, HOUR, "10s", NULL,
	 "The longest time that a stop waits for requests in progress."},
	{"queue_max",	SETTING_COUNT, AT(service.queue_max), 1, 1000000, "4096", NULL,
	 "Requests that wait for a worker or for the committer; one principal may use half. Requests above it get 429."},
	{"polls_max",	SETTING_COUNT, AT(service.waiters_max), 1, 1000000, "100000", NULL,
	 "Long polls that wait at a time; one principal may use a quarter. Polls above it get 429."},
	{"document_max", SETTING_BYTES, AT(service.document_bytes_max), KIB, MIB, "1MiB", NULL,
	 "The largest schema, profile or policy."},
	{"secret_max",	SETTING_BYTES, AT(service.secret_bytes_max), KIB, MIB, "512KiB", NULL,
	 "The largest secret."},
	{"batch_max",	SETTING_BYTES, AT(service.batch_bytes_max), KIB, 64 * MIB, "8MiB", NULL,
	 "The largest batch."},
	{"batch_changes_max", SETTING_COUNT, AT(service.batch_changes_max), 1, 100000, "1000", NULL,
	 "The largest number of changes in one batch."},
	{"affected_max", SETTING_COUNT, AT(service.affected_max), 1, 1000000, "10000", NULL,
	 "The largest number of profiles that one write may affect; each is validated again."},
	{"request_time_max", SETTING_DURATION, AT(service.request_ms_max), 100, HOUR, "5s", NULL,
	 "The longest time that a worker may spend on one request."},
	{"request_memory_max", SETTING_BYTES, AT(service.request_bytes_max), 16 * MIB, 16 * KIB * MIB, "256MiB", NULL,
	 "Memory that one request may use while a worker processes it."},
	{"failures_recorded_max", SETTING_COUNT, AT(service.failures_recorded_max), 1, 1000000, "100", NULL,
	 "Refusals and failed writes of one principal that get an audit entry each, in ten seconds. Those above it are counted in one entry."},
	{"ended_tokens_kept", SETTING_DURATION, AT(service.ended_tokens_kept_ms), SECOND, 720 * HOUR, "5m", NULL,
	 "How long a token that has ended (expired, revoked, used up, or with one above it) is kept before it is removed from memory and from the data."},
	{"wait_max",	SETTING_DURATION, AT(service.wait_ms_max), SECOND, HOUR, "60s", NULL,
	 "The longest wait of a long poll (?wait=)."},
	{"limit_max",	SETTING_COUNT, AT(service.limit_max), 1, 100000, "1000", NULL,
	 "The largest number of items in one page of a list (?limit=)."},
	{"cache_max",	SETTING_BYTES, AT(service.cache_bytes_max), 0, 64 * GIB, "64MiB", NULL,
	 "Memory for effective configurations that are kept ready to send."},
	{"formats",	SETTING_FLAG, AT(service.is_format_asserted), 0, 1, "true", NULL,
	 "Whether the keyword `format` of schemas is checked. If false, it is an annotation only."},
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(setting_rows) <= SETTINGS_MAX, "struct given has SETTINGS_MAX values");

const size_t setting_rows_count = ARRAY_SIZE(setting_rows);

const struct setting_row *setting_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(setting_rows); i++) {
		if (slice_is_text(name, setting_rows[i].name))
			return &setting_rows[i];
	}
	return NULL;
}

static bool is_one_of(struct slice word, const char *words)
{
	struct slice rest = slice_text(words), part;

	while (slice_next_part(&rest, '|', &part)) {
		if (slice_is_equal(part, word))
			return true;
	}
	return false;
}

/* "64KiB", "64". False for other units, blanks, signs, and for more than 64 bits. */
static bool parse_bytes(struct slice text, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = {{"", 1}, {"KiB", KIB}, {"MiB", MIB}, {"GiB", GIB}};
	size_t digits = 0;
	uint64_t count;

	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	if (!slice_to_u64(slice_first(text, digits), UINT64_MAX, &count))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (slice_is_text(slice_from(text, digits), units[i].unit))
			return !__builtin_mul_overflow(count, units[i].bytes, ret);
	}
	return false;
}

/* The bounds of the row hold for the value in bytes or milliseconds, whatever its unit was. */
static enum result parse_number(const struct setting_row *row, struct slice text, uint64_t *ret,
				struct error *err)
{
	const char *unit = row->type == SETTING_BYTES	   ? " of bytes such as 64KiB"
			   : row->type == SETTING_DURATION ? " of time such as 30s"
							   : "";
	uint64_t value = 0;
	int64_t ms;
	bool is_number;

	if (row->type == SETTING_DURATION) {
		is_number = duration_parse(text, INT64_MAX, &ms);
		value = is_number ? (uint64_t)ms : 0;
	} else if (row->type == SETTING_BYTES) {
		is_number = parse_bytes(text, &value);
	} else {
		is_number = slice_to_u64(text, UINT64_MAX, &value);
	}
	if (!is_number)
		return fail(err, E_MALFORMED, "must be a number%s", unit);
	if (value < row->min || value > row->max)
		return fail(err, E_MALFORMED, "must be from %llu to %llu%s",
			    (unsigned long long)row->min, (unsigned long long)row->max,
			    row->type == SETTING_DURATION ? " milliseconds" : "");
	*ret = value;
	return OK;
}

enum result setting_parse(struct settings *ret, const struct setting_row *row, struct slice text,
			  struct error *err)
{
	char *field = (char *)ret + row->offset;
	uint64_t number = 0;
	enum result rc;

	switch (row->type) {
	case SETTING_WORD:
		if (!is_one_of(text, row->words))
			return fail(err, E_MALFORMED, "must be one of %s", row->words);
		*(struct slice *)(void *)field = text;
		return OK;
	case SETTING_TEXT:
		if (text.len < row->min || text.len > row->max ||
		    memchr(text.data, '\0', text.len) != NULL)
			return fail(err, E_MALFORMED, "must be a text of 1 to %llu bytes",
				    (unsigned long long)row->max);
		*(struct slice *)(void *)field = text;
		return OK;
	case SETTING_FLAG:
		if (!slice_is_text(text, "true") && !slice_is_text(text, "false"))
			return fail(err, E_MALFORMED, "must be true or false");
		*(bool *)field = slice_is_text(text, "true");
		return OK;
	case SETTING_COUNT:
	case SETTING_BYTES:
	case SETTING_DURATION:
		break;
	}
	rc = parse_number(row, text, &number, err);
	if (rc != OK)
		return rc;
	if (row->type == SETTING_COUNT)
		*(uint32_t *)(void *)field = (uint32_t)number;
	else if (row->type == SETTING_BYTES)
		*(size_t *)(void *)field = (size_t)number;
	else
		*(int64_t *)(void *)field = (int64_t)number;
	return OK;
}

/* Writes the name with `from` replaced by `to`: one spelling for each kind of source. */
static void append_changed(struct buf *ret, const char *name, char from, char to, bool is_upper)
{
	for (const char *p = name; *p != '\0'; p++) {
		char c = *p == from ? to : *p;

		buf_append_char(ret, is_upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
}

void setting_append_flag(struct buf *ret, const struct setting_row *row)
{
	buf_append_text(ret, "--");
	append_changed(ret, row->name, '_', '-', false);
}

void setting_append_variable(struct buf *ret, const struct setting_row *row)
{
	buf_append_text(ret, "REEVED_");
	append_changed(ret, row->name, '-', '_', true);
}
