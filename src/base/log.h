/*
 * Log lines as key=value to one sink (stderr unless told otherwise), one write(2) a line so that
 * threads do not mix. Only app/, http/ and agent/ log, and service/ what no caller can be told of: a
 * disk that failed, stored bytes that do not open. All else returns errors. Never a value of a
 * document, a token or a key.
 *
 *   log_line(LOG_INFO, "listening", "address=%s port=%u", host, port);
 *   2026-11-20T21:04:23.123Z info listening address=127.0.0.1 port=7338
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* `event` is a short constant word or words joined by '_'; `fmt` the key=value pairs, may be "".
 * What was formatted is written as text_visible() has it. Lines are cut at 2,000 bytes. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Before threads start. `fd` stays the caller's. */
void log_set_sink(int fd, enum log_level most);

bool log_level_parse(struct slice word, enum log_level *ret); /* "error" … "debug" */

/* A value in double quotes with '"', '\' and what text_visible() escapes, for use as "%s".
 * Cut to fit; gives back `ret`. */
const char *log_quote(char *ret, size_t size, struct slice text);
