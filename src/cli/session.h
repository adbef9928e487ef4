/*
 * The session of a command that talks to a server: the address, the token, the call, the response
 * and the form of the output. A session belongs to one command and one thread.
 */
#pragma once

#include "cli/options.h"
#include "cli/output.h"
#include "client/client.h"
#include "doc/read.h"

/* The texts come from the options and live as long as argv. A NULL address or token file is taken
 * from REEVE_ADDR and REEVE_TOKEN_FILE; without a token file, REEVE_TOKEN holds the token. */
struct session {
	const char *address;	/* --addr */
	const char *token_file; /* --token-file */
	const char *output;	/* -o; NULL: the command's default */
	struct client *client;
	struct client_response response; /* of the last call */
};

#define SESSION_NULL                                         \
	{                                                    \
		NULL, NULL, NULL, NULL, CLIENT_RESPONSE_NULL \
	}

/* Rows for an option table. A command whose output has one form takes SESSION_CONNECTION; the
 * others take SESSION_OPTIONS and check the value of -o with session_output_is_valid(). */
#define SESSION_CONNECTION(s)                                  \
	{"addr", 0, OPTION_TEXT, &(s)->address},               \
	{                                                      \
		"token-file", 0, OPTION_TEXT, &(s)->token_file \
	}
#define SESSION_OPTIONS(s)                               \
	SESSION_CONNECTION(s),                           \
	{                                                \
		"output", 'o', OPTION_TEXT, &(s)->output \
	}

/* The lines of a help text for these options. */
#define SESSION_HELP                                                                      \
	"  --addr URL         the server's address (REEVE_ADDR; http://127.0.0.1:7338)\n" \
	"  --token-file FILE  the file that holds your token (REEVE_TOKEN_FILE; or the\n" \
	"                     token itself in REEVE_TOKEN)\n"

/* The same for --force where only a policy needs it. */
#define FORCE_POLICY_HELP                                                              \
	"  --force              for a policy: even if no token could administer the\n" \
	"                       store afterwards; recorded in the audit log\n"

/* Closes the client, which wipes its token, and clears the response. */
void session_clear(struct session *s);

/* Connects. Prints what is wrong where the result is not EXIT_DONE. Warns on standard error when
 * the connection is not encrypted, or when other users can read the token file. */
int session_open(struct session *s, const struct command *command);

/* Sends `request` and keeps the response in `s->response`. Prints a failure and its list of
 * errors. Returns an exit code. */
int session_call(struct session *s, const struct command *command,
		 const struct client_request *request);
/* The same for GET `target`, which is encoded. */
int session_get(struct session *s, const struct command *command, struct slice target);

/* session_open(), then the call. */
int session_open_and_call(struct session *s, const struct command *command,
			  const struct client_request *request);
int session_open_and_get(struct session *s, const struct command *command, struct slice target);

/* Parses the response's JSON into `ret`, which the caller initializes with TREE_INIT and clears.
 * False, after an error was printed, where it is no JSON or too large. */
bool session_read_json(struct session *s, const struct command *command, struct tree *ret);

/* True where -o is absent or one of `words`; else prints the error and sets `*ret_exit`. */
bool session_output_is_valid(struct session *s, const struct command *command,
			     const char *const *words, size_t count, int *ret_exit);
bool session_output_is_text_or_json(struct session *s, const struct command *command,
				    int *ret_exit);

/* True for -o json. */
bool session_is_json(const struct session *s);

/* Prints "reeve NAME: <explanation>". Returns EXIT_REFUSED. */
int print_failure(const struct command *command, enum result rc, const struct error *err);

/* The object's member, borrowed. Empty text, 0, false or NULL where it is absent or of another
 * kind, and where `object` is NULL. */
struct slice json_text(const struct tree_node *object, const char *key);
uint64_t json_number(const struct tree_node *object, const char *key);
bool json_is_true(const struct tree_node *object, const char *key);
const struct tree_node *json_array(const struct tree_node *object, const char *key);

/* tree_clear(), for CLEANUP. */
void tree_clearp(struct tree *t);
