/*
 * apply: stores a directory of documents as one revision. The whole batch is one request, so the
 * server stores all of it or nothing.
 *
 * The order: read and check all files before a connection is made; list the documents to prune;
 * send the batch. A document that another client creates after the listing is not deleted. The body
 * is built in memory; the server's batch_max bounds it in the end.
 *
 * Exit codes: 2 for files that cannot be read, 1 for a refused batch or a dry run with errors, 3
 * for changes where --exit-code is given.
 */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/session.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "doc/json_member.h"
#include "net/url.h"

#define PRUNE_PAGES_MAX 100 /* of up to 1,000 documents each */

/* The options as typed; texts of argv. */
struct apply_options {
	const char *directory, *message, *source;
	struct option_list prune; /* prefixes */
	bool is_dry_run, is_forced, has_exit_code;
};

/* The source is sent as text and not as JSON values, so that the server keeps its comments. */
static void append_put(struct buf *body, const struct folder_document *d)
{
	json_comma(body);
	buf_append_char(body, '{');
	json_member_text(body, "op", SLICE_LITERAL("put"));
	json_member_text(body, "path", slice_text(d->path));
	json_member_text(body, "content_type",
			 slice_text(d->format == DOC_JSON ? "application/json"
							  : "application/yaml"));
	json_member_text(body, "source", buf_slice(&d->source));
	buf_append_char(body, '}');
}

/* JSON strings must be UTF-8. The server would refuse the body at a byte of the request; here the
 * file, line and column are known. */
static enum result check_sources(const struct folder *f, struct error *err)
{
	for (size_t i = 0; i < f->count; i++) {
		struct slice source = buf_slice(&f->documents[i].source);
		size_t bad = utf8_check(source);

		if (bad != SIZE_MAX) {
			uint32_t line, column;

			text_position(source, bad, &line, &column);
			return fail(err, E_MALFORMED, "%s:%u:%u: is not UTF-8",
				    f->documents[i].file, line, column);
		}
	}
	return OK;
}

/* The server compares prefixes as text: "profiles/orders" also matches profiles/orders-archive. */
static bool is_under(struct slice path, const char *prefix)
{
	size_t len = strlen(prefix);

	return path.len > len && slice_starts_with(path, slice_text(prefix)) &&
	       (prefix[len - 1] == '/' || path.data[len] == '/');
}

/* Deleting these could leave the store without an administrator. The server does not say which of
 * its policies were shipped, so their names are listed here. */
static bool is_shipped(struct slice path)
{
	static const char *const shipped[] = {"policies/administrator", "policies/operator",
					      "policies/auditor", "policies/runtime"};

	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++) {
		if (slice_is_text(path, shipped[i]))
			return true;
	}
	return false;
}

static void append_delete(struct buf *body, struct slice path)
{
	json_comma(body);
	buf_append_char(body, '{');
	json_member_text(body, "op", SLICE_LITERAL("delete"));
	json_member_text(body, "path", path);
	buf_append_char(body, '}');
}

static void append_deletes(struct buf *body, const struct tree_node *items, const struct folder *f,
			   const char *prefix)
{
	for (uint32_t i = 0; items != NULL && i < items->count; i++) {
		struct slice path = json_text(&items->of.items[i], "path");

		if (!is_under(path, prefix) || folder_get(f, path) != NULL)
			continue;
		if (is_shipped(path))
			print_line(TO_STDERR,
				   "reeve apply: %.*s is kept: shipped policies are never pruned",
				   SLICE_ARGS(path));
		else
			append_delete(body, path);
	}
}

/* Adds deletions of the documents under `prefix` that the server has and the folder has not. */
static int append_prune(struct buf *body, struct session *s, const struct folder *f,
			const char *prefix)
{
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct slice rest = slice_text(prefix), kind = SLICE_NULL;
	enum doc_kind ignored;

	if (!slice_next_part(&rest, '/', &kind) || !kind_parse(kind, &ignored))
		return usage_error(&apply_command,
				   "--prune must begin with a kind, such as profiles/orders/");
	buf_append_text(&target, "/v1/");
	url_append_path(&target, kind);
	url_append_query(&target, "prefix", rest.data != NULL ? rest : SLICE_LITERAL(""));
	url_append_query_u64(&target, "limit", 1000);
	/* A longer list ends the command before anything is stored, as a partial list would prune
	 * in part. The bound also ends a server's list that never ends. */
	for (unsigned page = 0; page < PRUNE_PAGES_MAX; page++) {
		CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
		int code = session_get(s, &apply_command, buf_slice(&target));

		if (code != EXIT_DONE || !session_read_json(s, &apply_command, &tree))
			return EXIT_REFUSED;
		append_deletes(body, json_array(&tree.root, "items"), f, prefix);
		if (s->response.next[0] == '\0')
			return EXIT_DONE;
		buf_reset(&target);
		buf_append_text(&target, s->response.next);
	}
	print_line(TO_STDERR, "reeve apply: the server's list of %s has more than %d pages", prefix,
		   PRUNE_PAGES_MAX);
	return EXIT_REFUSED;
}

/* {"message": …, "changes": [puts…, deletions…]} */
static int build_body(struct buf *body, struct session *s, const struct folder *f,
		      const struct apply_options *o)
{
	buf_append_char(body, '{');
	member_append_text(body, "message", o->message);
	json_member(body, "changes");
	buf_append_char(body, '[');
	for (size_t i = 0; i < f->count; i++)
		append_put(body, &f->documents[i]);
	for (size_t i = 0; i < o->prune.count; i++) {
		int code = append_prune(body, s, f, o->prune.items[i]);

		if (code != EXIT_DONE)
			return code;
	}
	buf_append_text(body, "]}");
	return buf_is_failed(body) ? EXIT_REFUSED : EXIT_DONE;
}

/* The output for a comment on a pull request. */
static int print_markdown(struct session *s)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	int code;

	if (!session_read_json(s, &apply_command, &tree))
		return EXIT_REFUSED;
	if (json_is_true(&tree.root, "dry_run"))
		dry_run_write(&text, &tree.root, true);
	else
		written_write_markdown(&text, &tree.root);
	code = print_text(TO_STDOUT, buf_slice(&text));
	return code == EXIT_DONE && write_response_has_errors(&tree.root) ? EXIT_REFUSED : code;
}

/* Prints by the form asked for, then reads the response once more for the exit code and the last
 * line, which belong to all forms. */
static int print_response(struct session *s, const struct apply_options *o)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	bool is_markdown = s->output != NULL && strcmp(s->output, "markdown") == 0;
	int code = is_markdown ? print_markdown(s) : write_response_print(s, &apply_command);

	if (code != EXIT_DONE || !session_read_json(s, &apply_command, &tree))
		return EXIT_REFUSED;
	if (!o->is_dry_run && !session_is_json(s) && !is_markdown) {
		uint64_t revision = json_number(&tree.root, "revision");

		if (write_response_has_changes(&tree.root))
			print_line(TO_STDOUT, "revision %llu", (unsigned long long)revision);
		else
			print_line(TO_STDOUT, "nothing changed");
	}
	return o->has_exit_code && write_response_has_changes(&tree.root) ? EXIT_CHANGES
									  : EXIT_DONE;
}

static int apply(struct session *s, const struct apply_options *o)
{
	CLEANUP(folder_clear) struct folder folder = FOLDER_NULL;
	CLEANUP(buf_clear) struct buf body = BUF_NULL, target = BUF_NULL;
	/* Five minutes: the server validates every profile that the batch affects. */
	struct client_request request = {.method = "POST",
					 .content_type = "application/json",
					 .timeout_ms = 300000};
	struct error err = ERROR_NULL;
	enum result rc = folder_read(&folder, o->directory, &err);
	int code;

	if (rc == OK)
		rc = check_sources(&folder, &err);
	if (rc != OK) {
		print_failure(&apply_command, rc, &err);
		return EXIT_USAGE;
	}
	code = session_open(s, &apply_command);
	if (code == EXIT_DONE)
		code = build_body(&body, s, &folder, o);
	if (code != EXIT_DONE)
		return code;
	buf_append_text(&target, "/v1/batch");
	url_append_query_text(&target, "force", o->is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", o->is_dry_run ? "true" : NULL);
	url_append_query_text(&target, "source", o->source);
	request.target = buf_slice(&target);
	request.body = buf_slice(&body);
	code = session_call(s, &apply_command, &request);
	return code == EXIT_DONE ? print_response(s, o) : code;
}

static int run_apply(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	struct apply_options o = {0};
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"file", 'f', OPTION_TEXT, &o.directory},
					  {"message", 'm', OPTION_TEXT, &o.message},
					  {"source", 0, OPTION_TEXT, &o.source},
					  {"prune", 0, OPTION_LIST, &o.prune},
					  {"force", 0, OPTION_FLAG, &o.is_forced},
					  {"dry-run", 0, OPTION_FLAG, &o.is_dry_run},
					  {"exit-code", 0, OPTION_FLAG, &o.has_exit_code}};
	static const char *const outputs[] = {"text", "json", "markdown"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &apply_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_valid(&s, &apply_command, outputs, ARRAY_SIZE(outputs), &code))
		return code;
	if (o.directory == NULL)
		return usage_error(&apply_command, "-f DIR is missing");
	return apply(&s, &o);
}

const struct command apply_command = {
	.name = "apply",
	.summary = "Store a directory of documents as one revision",
	.help = "Usage: reeve apply -f DIR [--dry-run] [--prune PREFIX]\n\n"
		"Stores the documents in DIR/schemas, DIR/policies and DIR/profiles as one\n"
		"revision: all of them or none. The file profiles/orders/base.yaml becomes the\n"
		"document profiles/orders/base, comments included. A document with the same\n"
		"content as on the server gets no new version.\n\n"
		"  -f, --file DIR\n"
		"  -m, --message TEXT     the reason, kept in the history\n"
		"  --source REPO@COMMIT   where DIR comes from, kept in the history\n"
		"  --prune PREFIX         also delete the documents under PREFIX that are not\n"
		"                         in DIR, such as profiles/orders/; never the shipped\n"
		"                         policies; may be repeated\n"
		"  --force                also if other documents need a deleted one, or if no\n"
		"                         token could administer the store afterwards; recorded\n"
		"                         in the audit log\n"
		"  --dry-run              show what would change, in documents and in effective\n"
		"                         configurations; change nothing\n"
		"  --exit-code            exit with 3 if there are changes, with 0 if there are\n"
		"                         none\n"
		"  -o text|json|markdown\n" SESSION_HELP
		"\nExample: reeve apply -f examples/orders --dry-run -o markdown\n",
	.run = run_apply};
