#include "client/client.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <unistd.h>

Test(client, an_address_must_say_http_or_https)
{
	static const char *const bad[] = {"127.0.0.1:7338", "ftp://x", "file:///etc/passwd", ""};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct client_options options = {.address = bad[i]};
		struct client *c = NULL;
		struct error err = ERROR_NULL;

		cr_expect_eq(client_open(&c, &options, &err), E_MALFORMED, "%s", bad[i]);
		cr_expect_null(c);
	}
}

Test(client, a_token_with_a_line_break_inside_cannot_smuggle_a_header)
{
	struct client_options options = {.token = "rv_x\r\nX-Evil: 1"};
	struct client *c = NULL;
	struct error err = ERROR_NULL;

	cr_expect_eq(client_open(&c, &options, &err), E_MALFORMED);
	cr_expect_null(strstr(err.text, "rv_x"));
}

Test(client, nobody_listening_is_unavailable_and_the_address_is_named)
{
	struct client_options options = {.address = "http://127.0.0.1:1/"};
	struct client_request request = {.method = "GET", .target = SLICE_LITERAL("/healthz")};
	struct client_response response = CLIENT_RESPONSE_NULL;
	struct client *c = NULL;
	struct error err = ERROR_NULL;

	cr_assert_eq(client_open(&c, &options, &err), OK, "%s", err.text);
	cr_expect_eq(client_send(c, &request, &response, &err), E_UNAVAILABLE);
	cr_expect_not_null(strstr(err.text, "http://127.0.0.1:1"), "%s", err.text);
	client_response_clear(&response);
	client_close(c);
}
