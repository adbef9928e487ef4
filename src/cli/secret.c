/*
 * secret: stores and reads secrets.
 *
 * Values are read from files, from the terminal without echo, or from standard input, because every
 * user of the machine can read the argument list. Values are kept in struct buf, which is wiped,
 * and in trees made with `is_secret`, which are wiped too. No message quotes a value.
 *
 * delete, undelete and destroy are in document_delete.c.
 */
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/document_delete.h"
#include "cli/prompt.h"
#include "cli/session.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "doc/json_member.h"
#include "net/url.h"
#include "doc/path.h"
#include "doc/write.h"

#include <unistd.h>

/* The default of the server's secret_max. */
#define VALUE_BYTES_MAX (512 * 1024)

extern const struct command secret_put_command, secret_set_command, secret_get_command;

/* Each pair needs a key, and keys must differ. At most one value may come from standard input: a
 * second one would be stored as an empty value. */
static enum result check_pairs(const struct operands *o, struct error *err)
{
	const char *from_input = NULL;

	for (int i = 1; i < o->count; i++) {
		const char *pair = o->items[i], *equals = strchr(pair, '=');
		size_t len = equals != NULL ? (size_t)(equals - pair) : 0;

		if (len == 0)
			return fail(err, E_MALFORMED,
				    "every value must be of the form key=…, such as password=-");
		for (int j = 1; j < i; j++) {
			if (strncmp(o->items[j], pair, len + 1) == 0)
				return fail(err, E_MALFORMED, "%.*s is given twice", (int)len,
					    pair);
		}
		if (strcmp(equals + 1, "-") != 0)
			continue;
		if (from_input != NULL && !isatty(STDIN_FILENO))
			return fail(
				err, E_MALFORMED,
				"%.*s=- and %.*s=-: only one value can come from standard input; "
				"use key=@FILE for the other",
				(int)strcspn(from_input, "="), from_input, (int)len, pair);
		from_input = pair;
	}
	return OK;
}

/* "@FILE", "-" or the value itself; the last with a warning. */
static enum result read_value(struct buf *value, struct slice key, const char *given,
			      struct error *err)
{
	if (given[0] == '@')
		return file_read(value, given + 1, VALUE_BYTES_MAX, err);
	if (strcmp(given, "-") == 0)
		return prompt_secret(value, key, VALUE_BYTES_MAX, err);
	print_line(TO_STDERR,
		   "reeve secret: warning: the value of %.*s is in the argument list, where "
		   "other users can read it; use %.*s=- or %.*s=@FILE",
		   SLICE_ARGS(key), SLICE_ARGS(key), SLICE_ARGS(key));
	buf_append_text(value, given);
	return buf_check(value, err);
}

/* Appends `"key":"value"`. JSON strings are UTF-8, so the user must encode other bytes. */
static enum result append_pair(struct buf *json, const char *pair, struct error *err)
{
	CLEANUP(buf_clear) struct buf value = BUF_NULL;
	const char *equals = strchr(pair, '=');
	struct slice key;
	enum result rc;

	if (equals == NULL)
		return fail(err, E_MALFORMED, "every value must be of the form key=…");
	key = slice_make(pair, (size_t)(equals - pair));
	rc = read_value(&value, key, equals + 1, err);
	if (rc != OK)
		return rc;
	if (utf8_check(buf_slice(&value)) != SIZE_MAX)
		return fail(
			err, E_INVALID,
			"the value of %.*s is not UTF-8: encode it as base64 and set \"encoding\" "
			"in the secret's metadata",
			SLICE_ARGS(key));
	json_comma(json);
	json_append_string(json, key);
	buf_append_char(json, ':');
	json_append_string(json, buf_slice(&value));
	return buf_check(json, err);
}

/* {"data": {"user": …}, "metadata": {"expires_at": …}}. All pairs are checked before the first
 * value is read: the user must not type a password for a command that fails anyway. */
static int build_body(struct buf *json, const struct command *command,
		      const struct operands *operands, const char *expires_at)
{
	struct error err = ERROR_NULL;
	enum result rc = check_pairs(operands, &err);

	if (rc != OK)
		return usage_error(command, "%s", err.text);
	buf_append_char(json, '{');
	json_member(json, "data");
	buf_append_char(json, '{');
	for (int i = 1; i < operands->count; i++) {
		rc = append_pair(json, operands->items[i], &err);
		if (rc != OK)
			return print_failure(command, rc, &err);
	}
	buf_append_char(json, '}');
	if (expires_at != NULL) {
		json_member(json, "metadata");
		buf_append_char(json, '{');
		member_append_text(json, "expires_at", expires_at);
		buf_append_char(json, '}');
	}
	buf_append_char(json, '}');
	return EXIT_DONE;
}

/* put sends all keys (PUT), set the changed ones as a merge patch (PATCH, RFC 7396). The body is
 * the same. */
static int write_secret(const struct command *command, int argc, char **argv, const char *method,
			const char *content_type)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, body = BUF_NULL;
	const char *message = NULL, *expires_at = NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"message", 'm', OPTION_TEXT, &message},
					  {"expires-at", 0, OPTION_TEXT, &expires_at}};
	struct client_request request = {.method = method, .content_type = content_type};
	struct operands operands;
	int code;

	if (!options_parse(&operands, command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, command, &code) ||
	    !target_secret(&target, command, operands.items[0], NULL, &code))
		return code;
	code = build_body(&body, command, &operands, expires_at);
	if (code != EXIT_DONE)
		return code;
	url_append_query_text(&target, "message", message);
	request.target = buf_slice(&target);
	request.body = buf_slice(&body);
	code = session_open_and_call(&s, command, &request);
	return code == EXIT_DONE ? write_response_print(&s, command) : code;
}

static int run_put(int argc, char **argv)
{
	return write_secret(&secret_put_command, argc, argv, "PUT", "application/json");
}

static int run_set(int argc, char **argv)
{
	return write_secret(&secret_set_command, argc, argv, "PATCH",
			    "application/merge-patch+json");
}

#define VALUES_HELP                                                                      \
	"  key=-              read the value from the terminal without echo, or from\n"  \
	"                     standard input\n"                                          \
	"  key=@FILE          read the value from a file, byte for byte\n"               \
	"  key=value          visible to every user of this machine while the command\n" \
	"                     runs\n"                                                    \
	"  --expires-at TIME  such as 2027-01-31T00:00:00Z\n"                            \
	"  -m, --message TEXT the reason, kept in the history\n"                         \
	"  -o text|json\n" SESSION_HELP

const struct command secret_put_command = {
	.name = "secret put",
	.summary = "Store a secret; replaces all its keys",
	.help = "Usage: reeve secret put PATH key=…  [key=…]\n\n"
		"Stores a new version that has the given keys only.\n\n" VALUES_HELP
		"\nExample: reeve secret put orders/production/warehouse user=@user password=-\n",
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.run = run_put};

const struct command secret_set_command = {
	.name = "secret set",
	.summary = "Change some keys of a secret",
	.help = "Usage: reeve secret set PATH key=…  [key=…]\n\n"
		"Stores a new version; keys that are not given keep their values. Does not need\n"
		"the permission read.\n\n" VALUES_HELP
		"\nExample: reeve secret set orders/production/warehouse password=-\n",
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.run = run_set};

/* The raw value, so that a script gets it without quotes or escapes; a newline only for a
 * terminal. */
static int print_key(struct session *s, const char *key)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, true);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct tree_node *data, *value;

	if (!session_read_json(s, &secret_get_command, &tree))
		return EXIT_REFUSED;
	data = TREE_GET(&tree.root, "data");
	value = data != NULL ? tree_get(data, slice_text(key)) : NULL;
	if (value == NULL) {
		print_line(TO_STDERR, "reeve secret get: the secret has no key %s", key);
		return EXIT_REFUSED;
	}
	raw_write(&text, value);
	return is_output_terminal() ? print_content_line(buf_slice(&text))
				    : print_content(buf_slice(&text));
}

static int run_get(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *version = NULL, *key = NULL;
	const struct option_row rows[] = {SESSION_CONNECTION(&s),
					  {"version", 0, OPTION_TEXT, &version},
					  {"key", 0, OPTION_TEXT, &key}};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &secret_get_command, argc, argv, OPTION_SET(rows), &code) ||
	    !target_secret(&target, &secret_get_command, operands.items[0], NULL, &code))
		return code;
	url_append_query_text(&target, "version", version);
	code = session_open_and_get(&s, &secret_get_command, buf_slice(&target));
	if (code != EXIT_DONE)
		return code;
	return key != NULL ? print_key(&s, key) : print_content_line(buf_slice(&s.response.body));
}

const struct command secret_get_command = {
	.name = "secret get",
	.summary = "Read a secret (recorded in the audit log)",
	.help = "Usage: reeve secret get PATH [--key KEY] [--version N]\n\n"
		"Prints the secret as JSON, or the value of one key.\n\n"
		"  --key KEY          print the value of this key, without quotes\n"
		"  --version N        version N of the secret\n" SESSION_HELP
		"\nExample: reeve secret get orders/production/warehouse --key password\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_get};

static const struct command *const secret_rows[] = {
	&secret_put_command,	&secret_set_command,	  &secret_get_command,
	&secret_delete_command, &secret_undelete_command, &secret_destroy_command,
};

const struct command secret_command = {.name = "secret",
				       .summary = "Store, read, delete and destroy secrets",
				       .subcommands = secret_rows,
				       .subcommands_count = ARRAY_SIZE(secret_rows)};
