#include "../temporary.h"
#include "client/client.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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

Test(client, a_server_that_does_not_listen_is_unavailable_and_named)
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

Test(client, a_token_file_is_a_regular_file_and_rights_of_others_on_it_are_reported)
{
	static const unsigned modes[] = {0600, 0400, 0640, 0604, 0644};
	char folder[80], file[96], fifo[96];
	struct client_options options = {.token_file = file};
	struct error err = ERROR_NULL;
	struct client *c = NULL;
	unsigned mode = 0;

	cr_assert(temporary_folder(folder, sizeof folder));
	snprintf(file, sizeof file, "%s/token", folder);
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		cr_assert_eq(file_write(file, SLICE_LITERAL("rv_x\n"), modes[i], &err), OK);
		cr_assert_eq(client_open(&c, &options, &err), OK, "%s", err.text);
		cr_expect_eq(client_has_open_token_file(c, &mode), (modes[i] & 077) != 0);
		cr_expect_eq(mode, modes[i]);
		client_close(c);
	}
	options.token_file = fifo;
	cr_expect_eq(client_open(&c, &options, &err), E_MALFORMED, "nobody writes into it");
	options.token_file = folder;
	cr_expect_eq(client_open(&c, &options, &err), E_MALFORMED);
	cr_expect_not_null(strstr(err.text, "not a regular file"), "%s", err.text);
	unlink(file);
	unlink(fifo);
	rmdir(folder);
}

Test(client, a_token_that_was_given_has_no_file)
{
	struct client_options options = {.token = "rv_x", .address = "http://127.evil.example"};
	struct error err = ERROR_NULL;
	struct client *c = NULL;
	unsigned mode = 1;

	cr_assert_eq(client_open(&c, &options, &err), OK, "%s", err.text);
	cr_expect_not(client_has_open_token_file(c, &mode));
	cr_expect_eq(mode, 0);
	cr_expect_not(client_is_private(c));
	client_close(c);
}
