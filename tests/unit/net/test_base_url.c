#include "net/base_url.h"

#include <criterion/criterion.h>

Test(address, only_an_address_of_this_machine_or_its_name_is_loopback)
{
	static const char *const loopback[] = {"127.0.0.1",	    "127.255.0.9", "localhost",
					       "LocalHost",	    "[::1]",	   "::1",
					       "[::ffff:127.0.0.1]"};
	static const char *const other[] = {"127.evil.example",
					    "localhost.evil.example",
					    "127.0.0.1.evil.example",
					    "127.0.0.1.",
					    "localhost.",
					    "localhosts",
					    "[::1].x",
					    "[::2]",
					    "127",
					    "127.1",
					    "0177.0.0.1",
					    "0.0.0.0",
					    "128.0.0.1",
					    "[::ffff:10.0.0.1]",
					    "[]",
					    "",
					    "0127.0.0.1",
					    "[::1",
					    "127.0.0.1 "};

	for (size_t i = 0; i < ARRAY_SIZE(loopback); i++)
		cr_expect(address_is_loopback(loopback[i]), "%s", loopback[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		cr_expect_not(address_is_loopback(other[i]), "%s", other[i]);
}

Test(address, what_is_judged_is_what_is_connected_to)
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

		cr_assert_eq(address_read(&read, &is_private, cases[i].address, &err), OK, "%s: %s",
			     cases[i].address, err.text);
		cr_expect_str_eq(read.data, cases[i].read);
		cr_expect_eq(is_private, cases[i].is_private, "%s", cases[i].address);
		buf_clear(&read);
	}
}

Test(address, what_could_hide_the_host_is_refused_and_not_quoted)
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

		cr_expect_eq(address_read(&read, &is_private, bad[i], &err), E_MALFORMED, "%s: %s",
			     bad[i], read.data);
		cr_expect_null(strstr(err.text, "geheim"), "%s", err.text);
		cr_expect_eq(read.len, 0);
		buf_clear(&read);
	}
}
