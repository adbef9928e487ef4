/*
 * The steps that all commands with a server share: address and token from options or environment,
 * one client, calls one after the other, and their errors as text for people.
 *
 * A failed call prints its reason here, so callers only pass on the exit code. `s->response` holds
 * the last response, whose texts are valid until the next call. One thread.
 */
#include "cli/session.h"

#include "client/problem.h"

#include <stdlib.h>
#include <unistd.h>

void session_clear(struct session *s)
{
	client_close(s->client);
	client_response_clear(&s->response);
	s->client = NULL;
}

void tree_clearp(struct tree *t)
{
	tree_clear(t);
}

int print_failure(const struct command *command, enum result rc, const struct error *err)
{
	print_line(TO_STDERR, "reeve %s: %s", command->name,
		   err->text[0] != '\0' ? err->text : result_name(rc));
	return EXIT_REFUSED;
}

/* The option, else the variable. An empty text counts as absent, so that REEVE_TOKEN= switches a
 * token off. */
static const char *from_environment(const char *given, const char *name)
{
	const char *value = given != NULL ? given : getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Warnings only: over a tunnel, or in a test, a connection without encryption is fine. */
static void warn_of_exposure(const struct session *s, const struct command *command,
			     const struct client_options *o)
{
	unsigned mode;

	if (!client_is_private(s->client))
		print_line(
			TO_STDERR,
			"reeve %s: warning: the connection to %s is not encrypted: others on the "
			"network can read everything sent, including the token; use https://",
			command->name, o->address);
	if (client_has_open_token_file(s->client, &mode))
		print_line(TO_STDERR,
			   "reeve %s: warning: other users can read the token file %s (mode %04o); "
			   "fix it with: chmod 600 %s",
			   command->name, o->token_file, mode, o->token_file);
}

int session_open(struct session *s, const struct command *command)
{
	const char *address = from_environment(s->address, "REEVE_ADDR");
	struct client_options options = {
		.address = address != NULL ? address : CLIENT_ADDRESS_DEFAULT,
		.token_file = from_environment(s->token_file, "REEVE_TOKEN_FILE"),
		.token = from_environment(NULL, "REEVE_TOKEN"),
	};
	struct error err = ERROR_NULL;
	enum result rc;

	rc = client_open(&s->client, &options, &err);
	if (rc != OK)
		return print_failure(command, rc, &err);
	warn_of_exposure(s, command, &options);
	return EXIT_DONE;
}

int session_call(struct session *s, const struct command *command,
		 const struct client_request *request)
{
	struct error err = ERROR_NULL;
	enum result rc = client_call(s->client, request, &s->response, &err);
	int code;

	if (rc == OK)
		return EXIT_DONE;
	code = print_failure(command, rc, &err);
	if (s->response.status >= 400) {
		CLEANUP(buf_clear) struct buf lines = BUF_NULL;

		problem_list(&lines, &s->response);
		if (!buf_is_failed(&lines) && lines.len != 0)
			print_text(TO_STDERR, buf_slice(&lines));
		/* The server's answer is the same for a missing and a wrong token; here the
		 * difference is known. */
		if (rc == E_UNAUTHENTICATED && from_environment(NULL, "REEVE_TOKEN") == NULL &&
		    from_environment(s->token_file, "REEVE_TOKEN_FILE") == NULL)
			print_line(TO_STDERR,
				   "  no token was given: set REEVE_TOKEN_FILE or REEVE_TOKEN, or "
				   "use --token-file");
	}
	return code;
}

int session_get(struct session *s, const struct command *command, struct slice target)
{
	struct client_request request = {.method = "GET", .target = target};

	return session_call(s, command, &request);
}

int session_open_and_call(struct session *s, const struct command *command,
			  const struct client_request *request)
{
	int code = session_open(s, command);

	return code == EXIT_DONE ? session_call(s, command, request) : code;
}

int session_open_and_get(struct session *s, const struct command *command, struct slice target)
{
	int code = session_open(s, command);

	return code == EXIT_DONE ? session_get(s, command, target) : code;
}

bool session_read_json(struct session *s, const struct command *command, struct tree *ret)
{
	/* A response wraps documents, which may be DOC_DEPTH_MAX deep, in objects and lists of its
	 * own: 16 more levels suffice. The nodes bound the memory for a response that is not
	 * ours. */
	const struct doc_limits limits = {CLIENT_BODY_BYTES_MAX, DOC_DEPTH_MAX + 16, 10000000,
					  NULL};
	struct error err = ERROR_NULL;
	enum result rc = doc_read(ret, DOC_JSON, buf_slice(&s->response.body), &limits, NULL, &err);

	if (rc == OK)
		return true;
	wrap(&err, rc, "the server's response");
	print_failure(command, rc, &err);
	return false;
}

bool session_output_is_valid(struct session *s, const struct command *command,
			     const char *const *words, size_t count, int *ret_exit)
{
	if (s->output == NULL)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(s->output, words[i]) == 0)
			return true;
	}
	*ret_exit = usage_error(command, "-o %s is not an output of this command", s->output);
	return false;
}

bool session_output_is_text_or_json(struct session *s, const struct command *command, int *ret_exit)
{
	static const char *const words[] = {"text", "json"};

	return session_output_is_valid(s, command, words, ARRAY_SIZE(words), ret_exit);
}

bool session_is_json(const struct session *s)
{
	return s->output != NULL && strcmp(s->output, "json") == 0;
}

/* The json_ functions take a member of another kind as absent: a response of another version, or of
 * a server that is not Reeve, gives an empty text and never a crash. */
static const struct tree_node *get(const struct tree_node *object, const char *key)
{
	return object != NULL ? tree_get(object, slice_text(key)) : NULL;
}

struct slice json_text(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = get(object, key);

	return n != NULL && n->kind == TREE_STRING ? tree_text(n) : SLICE_LITERAL("");
}

uint64_t json_number(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = get(object, key);

	return n != NULL && n->kind == TREE_NUMBER && (n->flags & TREE_FITS_INT64) != 0 &&
			       n->as.integer >= 0
		       ? (uint64_t)n->as.integer
		       : 0;
}

bool json_is_true(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = get(object, key);

	return n != NULL && n->kind == TREE_BOOL && n->of.truth;
}

const struct tree_node *json_array(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = get(object, key);

	return n != NULL && n->kind == TREE_ARRAY ? n : NULL;
}
