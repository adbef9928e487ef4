/*
 * The only functions that write to standard output and standard error. scripts/check-layers refuses
 * other uses of them in cli/, agent/ and client/. All text that reaches a terminal goes through
 * text_visible(), which escapes control and invisible characters, so that a text from a server or a
 * file cannot move the cursor, hide or reorder anything.
 *
 * Text for people is escaped wherever it goes. Content for programs (a document, a configuration, a
 * secret, JSON) is written byte for byte, unless standard output is a terminal.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

/* To be called first, by main(). */
void output_start(void);

/* Results go to standard output; errors, warnings and questions go to standard error. */
enum print_to { TO_STDOUT, TO_STDERR };

/* One formatted line for a person. Line breaks within it are escaped, so that no argument can begin
 * another line. */
void print_line(enum print_to to, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Whole lines for a person. Line breaks and tabs are kept: the caller has passed texts from
 * elsewhere through plain_append(). Returns EXIT_DONE, or EXIT_REFUSED where the write failed;
 * output_finish() prints the error. */
int print_text(enum print_to to, struct slice text);

/* Content for a program, to standard output. Returns the same as print_text(). */
int print_content(struct slice content);
int print_content_line(struct slice content); /* adds a newline unless it ends with one */

/* A question on standard error, without a newline. */
void print_prompt(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Shows progress on standard error in place of what was shown before. Does nothing where standard
 * error is not a terminal. */
void print_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Moves back to the start of the line, so that the next text covers the progress. */
void print_progress_end(void);

/* Whether standard output is a terminal: content then gets escaped, and a final newline. */
bool is_output_terminal(void);

/* Returns `code`; but if `code` is a success and standard output could not be written, prints an
 * error and returns EXIT_REFUSED. main() calls it last. */
int output_finish(int code);
