/* What commands that speak to a server share: where it is, who we are, how answers are shown. */
#pragma once

#include "cli/options.h"
#include "cli/output.h"
#include "client/client.h"
#include "doc/read.h"

/* --addr, --token-file; REEVE_ADDR, REEVE_TOKEN_FILE, REEVE_TOKEN. */
struct session {
	const char *address;
	const char *token_file;
	const char *output; /* -o */
	struct client *client;
	struct client_response response;
};

#define SESSION_NULL                                         \
	{                                                    \
		NULL, NULL, NULL, NULL, CLIENT_RESPONSE_NULL \
	}

/* Rows for an option table: of a command whose output has one form, and of others, which check the word with session_output_is_valid(). */
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

/* The lines of a help text about them. */
#define SESSION_HELP                                                            \
	"  --addr URL         the server (REEVE_ADDR; http://127.0.0.1:7338)\n" \
	"  --token-file FILE  your token (REEVE_TOKEN_FILE, REEVE_TOKEN)\n"

void session_clear(struct session *s);

/* Prints what is wrong and gives the exit code where it is not EXIT_DONE. */
int session_open(struct session *s, const struct command *command);

/* Sends and keeps the answer in s->response; prints a failure with its list of errors. */
int session_call(struct session *s, const struct command *command,
		 const struct client_request *request);

/* GET `target`, then session_call(). */
int session_get(struct session *s, const struct command *command, struct slice target);

/* The answer's JSON; false, said so, where it is none. */
bool session_read_json(struct session *s, const struct command *command, struct tree *ret);

/* True for -o json; other words than `json`, `text` and `more` (may be NULL) are an error: `*ret_exit`. */
bool session_output_is_valid(struct session *s, const struct command *command,
			     const char *const *words, size_t count, int *ret_exit);
bool session_is_json(const struct session *s);

/* Prints "reeve NAME: <explanation>"; the exit code that fits the result. */
int say_failure(const struct command *command, enum result rc, const struct error *err);

/* Lookups that give SLICE_NULL, 0 or NULL where there is nothing of that kind. */
struct slice json_text(const struct tree_node *object, const char *key);
uint64_t json_number(const struct tree_node *object, const char *key);
bool json_is_true(const struct tree_node *object, const char *key);
const struct tree_node *json_array(const struct tree_node *object, const char *key);

void tree_clearp(struct tree *t);
