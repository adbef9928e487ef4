#include "net/address.h"

#include "base/memory.h"

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
