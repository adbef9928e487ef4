/* What the tests of trees share. */
#pragma once

#include "base/memory.h"
#include "doc/read.h"
#include "doc/write.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Reads JSON that is known to be good. */
static inline void must_read(struct tree *ret, const char *json)
{
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct error err = ERROR_NULL;

	cr_assert_eq(doc_read(ret, DOC_JSON, slice_text(json), &limits, NULL, &err), OK, "%s: %s",
		     json, err.text);
}

static inline void expect_written(const struct buf *b, const char *expected)
{
	cr_assert_not(buf_is_failed(b));
	cr_expect_str_eq(buf_slice(b).data, expected);
}
