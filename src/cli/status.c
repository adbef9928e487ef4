/* status: asks /readyz first, because a server that cannot serve may still describe itself; its
 * failure is then the exit code. */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "doc/write.h"

/* One line for each member, objects indented. The depth is bounded by session_read_json(). */
static void members_write(struct buf *ret, const struct tree_node *object, int indent)
{
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];

		buf_printf(ret, "%*s", indent, "");
		plain_append(ret, tree_key(m));
		if (m->value.kind == TREE_OBJECT) {
			buf_append_text(ret, ":\n");
			members_write(ret, &m->value, indent + 2);
			continue;
		}
		buf_append_text(ret, ": ");
		if (m->value.kind == TREE_STRING)
			plain_append(ret, tree_text(&m->value));
		else
			json_write(ret, &m->value);
		buf_append_char(ret, '\n');
	}
}

static int run_status(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	static const char *const outputs[] = {"text", "json"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &status_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_valid(&s, &status_command, outputs, 2, &code))
		return code;
	code = session_open_and_get(&s, &status_command, SLICE_LITERAL("/readyz"));
	if (code == EXIT_DONE)
		code = session_get(&s, &status_command, SLICE_LITERAL("/v1/status"));
	if (code != EXIT_DONE)
		return code;
	if (session_is_json(&s))
		return print_content_line(buf_slice(&s.response.body));
	if (!session_read_json(&s, &status_command, &tree))
		return EXIT_REFUSED;
	if (tree.root.kind == TREE_OBJECT)
		members_write(&text, &tree.root, 0);
	return print_text(TO_STDOUT, buf_slice(&text));
}

const struct command status_command = {
	.name = "status",
	.summary = "Show the state of the server",
	.help = "Usage: reeve status\n\n"
		"Shows the epoch, the revision and the figures of a running server. Exits with\n"
		"0 if the server can serve, with 1 if not.\n\n"
		"  -o text|json\n" SESSION_HELP "\nExample: reeve status\n",
	.run = run_status};
