#include "schema/compile/uri.h"

#include <criterion/criterion.h>

Test(uri, references_resolve_as_the_rfcs_own_examples)
{
	/* RFC 3986, section 5.4; fragments are not kept. */
	static const struct {
		const char *reference, *target;
	} cases[] = {
		{"g:h", "g:h"},
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q"},
		{";x", "http://a/b/c/;x"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_NULL;

		uri_resolve(&out, SLICE_LITERAL("http://a/b/c/d;p?q"),
			    slice_text(cases[i].reference));
		cr_expect_str_eq(out.data, cases[i].target);
		buf_clear(&out);
	}
}

Test(uri, a_name_without_slashes_keeps_its_scheme)
{
	struct buf out = BUF_NULL;

	uri_resolve(&out, SLICE_LITERAL("urn:uuid:deadbeef"), SLICE_LITERAL("#x"));
	cr_expect_str_eq(out.data, "urn:uuid:deadbeef");
	buf_clear(&out);
}
