/*
 * The conditions of a read.
 *
 * If-Match comes first and a failed one ends the call (RFC 9110 section 13.2.2). The comparison
 * takes time that depends on the tags, which are no secrets. A thing without an ETag, such as the
 * explained form, matches only `*`, and If-None-Match never holds it back.
 */
#include "service/read/condition.h"

#include "service/engine/response.h"

/* If-Match compares strongly, and a weak tag matches nothing then (RFC 9110 8.8.3.2, 13.1.1). */
static bool names_etag(struct slice list, const char *etag, bool is_strong)
{
	struct slice part;

	while (slice_next_part(&list, ',', &part)) {
		while (part.len != 0 && (part.data[0] == ' ' || part.data[0] == '\t'))
			part = slice_from(part, 1);
		while (part.len != 0 &&
		       (part.data[part.len - 1] == ' ' || part.data[part.len - 1] == '\t'))
			part.len--;
		if (!is_strong && slice_starts_with(part, SLICE_LITERAL("W/")))
			part = slice_from(part, 2);
		if ((etag[0] != '\0' && slice_is_text(part, etag)) || slice_is_text(part, "*"))
			return true;
	}
	return false;
}

enum condition condition_check(struct call *c)
{
	const char *etag = c->out.etag;

	if (c->in.if_match.data != NULL && !names_etag(c->in.if_match, etag, true)) {
		response_fail(c, E_PRECONDITION, "If-Match does not hold: %.*s %s%s",
			      SLICE_ARGS(c->path),
			      etag[0] != '\0' ? "has the ETag " : "has no ETag", etag);
		/* The error text has the current tag for the client that must read again; as a
		 * header it would belong to the body of the error. */
		c->out.etag[0] = '\0';
		return CONDITION_FAILS;
	}
	return etag[0] != '\0' && names_etag(c->in.if_none_match, etag, false) ? CONDITION_IS_SAME
									       : CONDITION_HOLDS;
}
