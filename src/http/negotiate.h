/* Which media types come in and go out. ?format= wins over Accept; what nobody offers is
 * answered as JSON. */
#pragma once

#include "base/slice.h"
#include "doc/read.h"

#include <stdbool.h>
#include <stdint.h>

enum media {
	MEDIA_JSON,
	MEDIA_YAML,
	MEDIA_PROPERTIES,
	MEDIA_ENV,
	MEDIA_RAW,
	MEDIA_NDJSON,
	MEDIA_COUNT,
};

#define MEDIA_BIT(m)	   (1u << (m))
#define MEDIA_FORMAT_NAMES "json, yaml, properties, env, raw, ndjson"

/* As in ?format=. */
bool media_from_name(struct slice name, enum media *ret);
const char *media_name(enum media m);

/* What Content-Type says. */
const char *media_type(enum media m);

/* The best of `offered` (bits) by an Accept header (RFC 9110 section 12.5.1): highest quality,
 * then the order in which they are offered. `accept.data` NULL or nothing that fits: MEDIA_JSON. */
enum media media_from_accept(struct slice accept, uint32_t offered);

/* What a body's Content-Type says of how to read it. */
enum content { CONTENT_JSON, CONTENT_YAML, CONTENT_MERGE_PATCH, CONTENT_OTHER };

/* JSON where there is no header. Parameters but charset=utf-8 are CONTENT_OTHER. */
enum content content_from_type(struct slice type);
