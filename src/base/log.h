/*
 * Log lines as key=value to one sink (stderr by default), with one write(2) for each line, so that
 * the lines of several threads do not mix. Only app/, http/ and agent/ log, and service/ where no
 * caller can be told: a disk that failed, stored bytes that cannot be decrypted; base/random and
 * crypto/ where the process ends. All other code returns errors. A line never holds a value of a
 * document, a token or a key.
 *
 *   log_line(LOG_INFO, "listening", "address=%s port=%u", host, port);
 *   2026-11-20T21:04:23.123Z info listening address=127.0.0.1 port=7338
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

/* From the most to the least important. LOG_ERROR: something failed that an operator must look at.
 * LOG_WARN: the program goes on, but not as it was configured or expected. LOG_INFO: what happens
 * rarely and is normal, the default. LOG_DEBUG: for the search for a fault. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* `event` is a constant word or several joined by '_'; `fmt` formats the key=value pairs and may be
 * "". The formatted text is escaped like text_visible() does. Lines are cut after 2,000 bytes. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Writes lines up to the level `most` to `fd`, which stays the caller's and must stay open. Before
 * threads start: nothing guards the two. */
void log_set_sink(int fd, enum log_level most);

bool log_level_parse(struct slice word, enum log_level *ret); /* "error" … "debug" */

/* A value in double quotes, for use as "%s": '"' and '\' are escaped, and what text_visible()
 * escapes. Cut to fit into `size` bytes, the NUL included. Returns `ret`, which is empty when
 * `size` is less than 3. */
const char *log_quote(char *ret, size_t size, struct slice text);
