/*
 * The media types of requests and responses. ?format= has precedence over Accept. An Accept header
 * that no type fits gets JSON, as RFC 9110 section 12.5.1 allows: a client that sends a wrong
 * preference still gets a response.
 *
 * No state, and nothing is allocated; any thread may call. Names and types are constants.
 */
#pragma once

#include "base/slice.h"
#include "doc/read.h"

#include <stdbool.h>
#include <stdint.h>

/* The forms of a response's body. The routes say which of them an endpoint has. */
enum media {
	MEDIA_JSON,
	MEDIA_YAML,
	MEDIA_PROPERTIES,
	/* Lines of NAME=value for a POSIX shell. */
	MEDIA_ENV,
	MEDIA_RAW,
	/* One JSON object a line, of the audit log. */
	MEDIA_NDJSON,
	MEDIA_COUNT,
};

#define MEDIA_BIT(m)	   (1u << (m))
#define MEDIA_FORMAT_NAMES "json, yaml, properties, env, raw, ndjson"

/* The names of ?format=; false for another name, and `*ret` is untouched. */
bool media_from_name(struct slice name, enum media *ret);
const char *media_name(enum media m);

/* The value of Content-Type. */
const char *media_type(enum media m);

/* The best of `offered` (bits) by an Accept header (RFC 9110 section 12.5.1): highest quality,
 * then the order in the header. `accept.data` NULL, or no type that fits: MEDIA_JSON. */
enum media media_from_accept(struct slice accept, uint32_t offered);

/* The form of a request's body, by its Content-Type. */
enum content { CONTENT_JSON, CONTENT_YAML, CONTENT_MERGE_PATCH, CONTENT_OTHER };

/* Without the header: CONTENT_JSON. With a parameter other than charset=utf-8: CONTENT_OTHER. */
enum content content_from_type(struct slice type);
