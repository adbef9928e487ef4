/* How answers to writes are shown. */
#pragma once

#include "cli/session.h"

/* One write, a batch or a dry run: what changed, warnings and unchecked on stderr. EXIT_REFUSED for a dry run with errors. */
int write_response_print(struct session *s, const struct command *command);

/* Appends the text of a dry run's answer ("text") or a Markdown form for a pull request ("markdown"). */
void dry_run_write(struct buf *ret, const struct tree_node *root, bool is_markdown);

/* Appends what a batch changed in Markdown. */
void written_write_markdown(struct buf *ret, const struct tree_node *root);

/* Whether a dry run or batch says that anything would change or did. */
bool write_response_has_changes(const struct tree_node *root);
bool write_response_has_errors(const struct tree_node *root);
