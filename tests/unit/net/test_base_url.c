#include "net/base_url.h"

#include <criterion/criterion.h>

Test(base_url, the_host_that_is_checked_is_the_host_that_is_connected_to)
{
	static const struct {
		const char *address, *read;
		bool is_private;
	} cases[] = {
		{"http://127.0.0.1:7338", "http://127.0.0.1:7338", true},
		{"http://127.0.0.1:7338///", "http://127.0.0.1:7338", true},
		{"HTTP://localhost/reeve/", "http://localhost/reeve", true},
		/* curl reads short and octal forms as addresses, and connects to these. */
		{"http://127.1", "http://127.0.0.1", true},
		{"http://0177.0.0.1", "http://127.0.0.1", true},
		{"http://0x0a000001", "http://10.0.0.1", false},
		{"http://[::1]:7338", "http://[::1]:7338", true},
		{"https://reeve.example", "https://reeve.example", true},
		{"http://reeve.example", "http://reeve.example", false},
		{"http://127.evil.example", "http://127.evil.example", false},
		{"http://localhost.", "http://localhost.", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf read = BUF_NULL;
		struct error err = ERROR_NULL;
		bool is_private = !cases[i].is_private;

		cr_assert_eq(base_url_parse(&read, &is_private, cases[i].address, &err), OK,
			     "%s: %s", cases[i].address, err.text);
		cr_expect_str_eq(read.data, cases[i].read);
		cr_expect_eq(is_private, cases[i].is_private, "%s", cases[i].address);
		buf_clear(&read);
	}
}

Test(base_url, a_part_that_could_hide_the_host_is_refused_and_not_quoted)
{
	static const char *const bad[] = {"http://127.0.0.1@evil.example",
					  "http://user:geheim@127.0.0.1",
					  "http://127.0.0.1:7338@evil.example/",
					  "http://127.0.0.1?geheim",
					  "http://127.0.0.1/#geheim",
					  "http://[::1].geheim",
					  "http://127.0.0.1 geheim",
					  "http://127.0.0.1\\@geheim/",
					  "http://",
					  "127.0.0.1:7338",
					  "ftp://127.0.0.1",
					  "file:///etc/geheim",
					  "geheim",
					  ""};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf read = BUF_NULL;
		struct error err = ERROR_NULL;
		bool is_private;

		cr_expect_eq(base_url_parse(&read, &is_private, bad[i], &err), E_MALFORMED,
			     "%s: %s", bad[i], read.data);
		cr_expect_null(strstr(err.text, "geheim"), "%s", err.text);
		cr_expect_eq(read.len, 0);
		buf_clear(&read);
	}
}
