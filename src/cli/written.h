/* Prints the responses to writes. `root` is the response as JSON; its three forms are in
 * written.c. */
#pragma once

#include "cli/session.h"

/* Prints the response to one write, a batch or a dry run: the changes to standard output, warnings
 * and unchecked keywords of a write to standard error. With -o json prints the response itself.
 * EXIT_REFUSED for a dry run with errors, for a response that is no JSON, and where the output
 * cannot be written. */
int write_response_print(struct session *s, const struct command *command);

/* Appends a dry run's response as plain text, or as Markdown for a comment on a pull request. */
void dry_run_write(struct buf *ret, const struct tree_node *root, bool is_markdown);

/* Appends a batch's response as Markdown. */
void written_write_markdown(struct buf *ret, const struct tree_node *root);

/* Whether a batch changed anything, or a dry run would. */
bool write_response_has_changes(const struct tree_node *root);
/* Whether a dry run found errors, so that the write would be refused. */
bool write_response_has_errors(const struct tree_node *root);
