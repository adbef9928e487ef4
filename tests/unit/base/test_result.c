#include "base/result.h"

#include "base/memory.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

Test(result, where_is_put_before_why_and_the_place_stays)
{
	struct error err = ERROR_NULL;

	cr_expect_eq(fail_at(&err, E_MALFORMED, 3, 7, "bad %s", "thing"), E_MALFORMED);
	cr_expect_eq(wrap(&err, E_MALFORMED, "file %d", 1), E_MALFORMED);
	cr_expect_str_eq(err.text, "file 1: bad thing");
	cr_expect(err.line == 3 && err.column == 7);
	cr_expect_eq(fail(&err, E_IO, "other"), E_IO);
	cr_expect(err.line == 0 && err.column == 0);
}

Test(result, an_errno_is_explained)
{
	struct error err = ERROR_NULL;

	errno = EACCES;
	cr_expect_eq(fail_errno(&err, E_IO, "open %s", "x"), E_IO);
	cr_expect_str_eq(err.text, "open x: Permission denied");
}

Test(result, an_errno_that_says_full_is_told_from_a_failure)
{
	static const struct {
		int number;
		enum result given, wanted;
	} cases[] = {
		{ENOSPC, E_IO, E_FULL},	      {EDQUOT, E_IO, E_FULL},
		{EFBIG, E_IO, E_FULL},	      {EIO, E_IO, E_IO},
		{EROFS, E_IO, E_IO},	      {0, E_IO, E_IO},
		{ENOSPC, E_MEMORY, E_MEMORY},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NULL;

		errno = cases[i].number;
		cr_expect_eq(fail_errno(&err, cases[i].given, "write x"), cases[i].wanted, "%zu",
			     i);
		errno = cases[i].number;
		cr_expect_eq(fail_errno(NULL, cases[i].given, "write x"), cases[i].wanted, "%zu",
			     i);
	}
	errno = ENOSPC;
	cr_expect_eq(fail_errno(NULL, E_IO, "write x"), E_FULL);
	cr_expect_str_eq(result_name(E_FULL), "full");
}

Test(result, what_does_not_fit_is_cut)
{
	struct error err = ERROR_NULL;
	char text[2 * ERROR_TEXT_BYTES];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	cr_expect_eq(fail(&err, E_IO, "%s", text), E_IO);
	cr_expect_eq(strlen(err.text), ERROR_TEXT_BYTES - 1);
	cr_expect_eq(wrap(&err, E_IO, "where"), E_IO);
	cr_expect_eq(strlen(err.text), ERROR_TEXT_BYTES - 1);
	cr_expect_eq(strncmp(err.text, "where: xxx", 10), 0);
}

Test(result, a_cut_leaves_no_half_of_a_character)
{
	struct error err = ERROR_NULL;
	char text[2 * ERROR_TEXT_BYTES];
	size_t len;

	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[sizeof text - 2] = '\0';
	for (int lead = 0; lead < 4; lead++) {
		cr_expect_eq(fail(&err, E_IO, "%.*s%s", lead, "xxxx", text), E_IO);
		len = strlen(err.text);
		cr_expect_eq(len, (size_t)(lead % 2 == 0 ? 510 : 511));
		cr_expect_eq(utf8_check(slice_text(err.text)), SIZE_MAX);
		cr_expect_eq(wrap(&err, E_IO, "%.*s", lead, "xxxx"), E_IO);
		cr_expect_eq(utf8_check(slice_text(err.text)), SIZE_MAX);
	}
}

Test(result, a_name_in_a_text_moves_no_cursor)
{
	struct error err = ERROR_NULL;

	cr_expect_eq(fail(&err, E_IO, "`%s`",
			  "a\x1b[2J\n\x7f"
			  "b\xc3\xbc"),
		     E_IO);
	cr_expect_str_eq(err.text, "`a?[2J??b\xc3\xbc`");
	cr_expect_eq(wrap(&err, E_IO, "\t"), E_IO);
	cr_expect_str_eq(err.text, "?: `a?[2J??b\xc3\xbc`");
}

Test(result, a_name_in_a_text_hides_and_reorders_nothing)
{
	struct error err = ERROR_NULL;

	(void)fail(&err, E_INVALID, "`%s`", "\xe2\x80\xae\xc2\x9bx\xff\xf3\xa0\x81\x81\xc3\xbc\\");
	cr_expect_str_eq(err.text, "`??x??\xc3\xbc\\`");
}

Test(result, nobody_has_to_want_an_explanation)
{
	cr_expect_eq(fail(NULL, E_IO, "x"), E_IO);
	cr_expect_eq(fail_at(NULL, E_LIMIT, 1, 1, "x"), E_LIMIT);
	cr_expect_eq(wrap(NULL, E_MEMORY, "x"), E_MEMORY);
	cr_expect_str_eq(result_name(E_TOO_LARGE), "too_large");
	cr_expect_str_eq(result_name((enum result)1000), "unknown");
}
