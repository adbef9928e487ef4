/*
 * The one way to standard output and standard error. Nothing else in cli/, agent/ and client/ names either (scripts/check-layers), so that no text of a server
 * or a file can reach a terminal but as text_visible() has it: it moves no cursor, hides nothing and reorders nothing.
 *
 * What is for people is shown so wherever it goes; what is for programs (a document, a configuration, a secret, JSON) is written byte for byte unless standard
 * output is a terminal.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

enum print_to { TO_STDOUT, TO_STDERR };

/* One line for a person, formatted. No part of it can begin another: line breaks are escaped, too. */
void print_line(enum print_to to, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Whole lines for a person. Line breaks and tabs are the text's own: parts that came from elsewhere went through plain_append(). Gives EXIT_DONE, or EXIT_REFUSED where
 * it could not be written, which main() says. */
int print_text(enum print_to to, struct slice text);

/* Content for a program, to standard output; gives what print_text() gives. */
int print_content(struct slice content);
int print_content_line(struct slice content); /* with a newline unless it ends with one */

/* A question on standard error, without a line's end. */
void print_prompt(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* How far it is, in place of what was shown before; nothing where standard error is no terminal. Without a line's end. */
void print_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);
void print_progress_end(void);

bool is_output_terminal(void);

/* `code`, or EXIT_REFUSED in place of a success where standard output did not take all of it, and says so. */
int output_finish(int code);
