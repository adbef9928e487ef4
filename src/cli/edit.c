/*
 * edit: opens a document in the user's editor and stores what was saved.
 *
 * The document may be a secret. Its text is kept in a folder of its own (mode 0700), on a memory
 * file system where there is one. The folder is removed at the end together with all that an editor
 * leaves in it, such as backup copies and swap files.
 *
 * The write has the condition If-Match with the entity tag of the text that was opened, also after
 * a second try: a change by another writer is never overwritten.
 */
#include "base/file.h"
#include "base/retry.h"
#include "cli/commands.h"
#include "cli/prompt.h"
#include "cli/session.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "net/url.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The largest document that a server stores (DOC_BYTES_MAX). */
#define SOURCE_BYTES_MAX (1024 * 1024)

/* The text while it is edited. draft_clear() removes folder and file. */
struct draft {
	/* Empty until the folder exists. */
	char folder[64];
	char file[80];
	/* Of the version that was opened; as long as in struct client_response. */
	char etag[128];
	const char *content_type;
	/* The text that was opened: the same text again is not stored. */
	struct buf source;
};

static void closedirp(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

static void draft_clear(struct draft *d)
{
	CLEANUP(closedirp) DIR *folder = d->folder[0] != '\0' ? file_open_folder(d->folder) : NULL;
	const char *name;

	while (folder != NULL && (name = file_next_name(folder)) != NULL)
		unlinkat(dirfd(folder), name, 0);
	if (folder != NULL)
		rmdir(d->folder);
	buf_clear(&d->source);
}

/* /dev/shm is memory, so a secret does not reach the disk there. The ending .yaml lets editors
 * choose their mode; JSON is YAML as well. */
static enum result draft_open(struct draft *d, struct error *err)
{
	const char *places[] = {"/dev/shm", "/tmp"};
	bool is_made = false;

	for (size_t i = 0; !is_made && i < ARRAY_SIZE(places); i++) {
		snprintf(d->folder, sizeof d->folder, "%s/reeve-edit.XXXXXX", places[i]);
		is_made = mkdtemp(d->folder) != NULL;
	}
	if (!is_made) {
		d->folder[0] = '\0';
		return fail_errno(err, E_IO, "create a temporary folder");
	}
	snprintf(d->file, sizeof d->file, "%s/document.yaml", d->folder);
	return file_create(d->file, buf_slice(&d->source), 0600, err);
}

/* VISUAL before EDITOR, as most programs do. */
static const char *editor_name(void)
{
	static const char *const names[] = {"VISUAL", "EDITOR"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *editor = getenv(names[i]);

		if (editor != NULL && editor[0] != '\0')
			return editor;
	}
	return "vi";
}

/* While the editor runs, Ctrl-C is for the editor, and a terminal that closes must not end this
 * process before the draft is removed. */
static void ignore_terminal_signals(bool is_ignored)
{
	signal(SIGINT, is_ignored ? SIG_IGN : SIG_DFL);
	signal(SIGQUIT, is_ignored ? SIG_IGN : SIG_DFL);
	signal(SIGHUP, is_ignored ? SIG_IGN : SIG_DFL);
}

/* Returns the editor's exit code, or -1. Runs it by a shell, because $EDITOR may hold arguments
 * ("code --wait"). */
static int run_editor(const char *file)
{
	int status;
	pid_t pid;

	ignore_terminal_signals(true);
	pid = fork();
	if (pid == 0) {
		/* Ignored signals would remain ignored across exec. main() ignores SIGPIPE. */
		ignore_terminal_signals(false);
		signal(SIGPIPE, SIG_DFL);
		setenv("REEVE_EDITOR", editor_name(), 1);
		/* eval splits $REEVE_EDITOR into words; the file is an argument of its own, which
		 * no shell splits. */
		execl("/bin/sh", "sh", "-c", "eval \"$REEVE_EDITOR\" '\"$1\"'", "reeve", file,
		      (char *)NULL);
		_exit(127);
	}
	if (pid > 0 && RETRY(waitpid(pid, &status, 0)) < 0)
		pid = -1;
	ignore_terminal_signals(false);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Gets the source with its comments, its entity tag and its format. */
static int fetch(struct draft *d, struct session *s, struct slice target)
{
	struct client_request request = {.method = "GET",
					 .target = target,
					 .accept = "application/yaml"};
	int code = session_call(s, &edit_command, &request);

	if (code != EXIT_DONE)
		return code;
	snprintf(d->etag, sizeof d->etag, "%s", s->response.etag);
	d->content_type = strncmp(s->response.content_type, "application/json", 16) == 0
				  ? "application/json"
				  : "application/yaml";
	d->source = buf_steal(&s->response.body);
	return EXIT_DONE;
}

static int put_back(struct draft *d, struct session *s, struct slice target, struct slice text)
{
	struct client_request request = {.method = "PUT",
					 .target = target,
					 .body = text,
					 .content_type = d->content_type,
					 .if_match = d->etag};

	return session_call(s, &edit_command, &request);
}

/* Keeps what the user wrote although the server refused it; but leaves no file with a secret. The
 * link is outside of the folder that draft_clear() removes, on the same file system. */
static void keep_draft(const struct draft *d, struct slice target)
{
	char kept[80];

	if (slice_starts_with(target, SLICE_LITERAL("/v1/secrets/")))
		return;
	snprintf(kept, sizeof kept, "%s.yaml", d->folder);
	if (link(d->file, kept) == 0)
		print_line(TO_STDERR, "reeve edit: nothing was stored; your text is in %s", kept);
}

/* Edits until the server accepts the text, the text is unchanged, or the user gives up. */
static int edit_until_accepted(struct draft *d, struct session *s, struct slice target)
{
	for (;;) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		struct error err = ERROR_NULL;
		enum result rc;

		if (run_editor(d->file) != 0) {
			print_line(TO_STDERR, "reeve edit: the editor failed; nothing was stored");
			return EXIT_REFUSED;
		}
		rc = file_read(&text, d->file, SOURCE_BYTES_MAX, &err);
		if (rc != OK)
			return print_failure(&edit_command, rc, &err);
		if (slice_is_equal(buf_slice(&text), buf_slice(&d->source))) {
			print_line(TO_STDOUT, "nothing changed");
			return EXIT_DONE;
		}
		if (put_back(d, s, target, buf_slice(&text)) == EXIT_DONE)
			return write_response_print(s, &edit_command);
		if (!prompt_yes("Edit it again?")) {
			keep_draft(d, target);
			return EXIT_REFUSED;
		}
	}
}

static int run_edit(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(draft_clear) struct draft draft = {.source = BUF_NULL};
	CLEANUP(buf_clear) struct buf source = BUF_NULL, target = BUF_NULL;
	const char *message = NULL;
	const struct option_row rows[] = {SESSION_CONNECTION(&s),
					  {"message", 'm', OPTION_TEXT, &message}};
	struct operands operands;
	struct error err = ERROR_NULL;
	enum result rc;
	int code;

	if (!options_parse(&operands, &edit_command, argc, argv, OPTION_SET(rows), &code) ||
	    !target_document(&source, &edit_command, operands.items[0], NULL, &code))
		return code;
	buf_append_slice(&target, buf_slice(&source));
	url_append_query_text(&target, "message", message);
	code = session_open(&s, &edit_command);
	if (code == EXIT_DONE)
		code = fetch(&draft, &s, buf_slice(&source));
	if (code != EXIT_DONE)
		return code;
	rc = draft_open(&draft, &err);
	if (rc != OK)
		return print_failure(&edit_command, rc, &err);
	return edit_until_accepted(&draft, &s, buf_slice(&target));
}

const struct command edit_command = {
	.name = "edit",
	.summary = "Edit a document with $EDITOR",
	.help = "Usage: reeve edit PATH\n\n"
		"Opens the current source in your editor and stores what you save. Fails if the\n"
		"document has been changed by another writer since. If the server refuses your\n"
		"text, you can edit it again; otherwise it is kept in a file, unless it is a\n"
		"secret.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n" SESSION_HELP
		"\nExample: EDITOR=nano reeve edit profiles/orders/production\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_edit};
