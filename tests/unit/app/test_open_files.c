#include "app/open_files.h"
#include "base/log.h"
#include "http/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct settings settings_of(uint32_t connections_max)
{
	struct settings s = {.http = HTTP_SETTINGS_DEFAULT, .service = SERVICE_SETTINGS_DEFAULT};

	s.http.connections_max = connections_max;
	return s;
}

/* Without the log line, which the API's tests read. */
static enum result fit(struct settings *s, uint64_t files_max, struct error *err)
{
	log_set_sink(-1, LOG_ERROR);
	return open_files_fit(s, files_max, err);
}

Test(open_files, connections_that_fit_are_left_alone)
{
	struct settings s = settings_of(1000);

	cr_assert_gt(open_files_needed(&s), http_server_connections_max(&s.http));
	cr_assert_eq(fit(&s, open_files_needed(&s), NULL), OK);
	cr_assert_eq(s.http.connections_max, 1000);
}

Test(open_files, one_file_less_is_one_connection_less)
{
	struct settings s = settings_of(16384);

	cr_assert_eq(fit(&s, open_files_needed(&s) - 1, NULL), OK);
	cr_assert_eq(s.http.connections_max, 16383);
}

Test(open_files, what_was_fitted_fits)
{
	struct settings s = settings_of(16384);

	cr_assert_eq(fit(&s, 4096, NULL), OK);
	cr_assert_leq(open_files_needed(&s), 4096);
	cr_assert_eq(fit(&s, 4096, NULL), OK);
	cr_assert_gt(s.http.connections_max, 2048);
}

Test(open_files, few_files_are_shared_by_connections_that_stay_and_that_are_closed)
{
	struct settings s = settings_of(16384);

	cr_assert_eq(fit(&s, 1024, NULL), OK);
	cr_assert_gt(s.http.connections_max, 256);
	cr_assert_lt(s.http.connections_max, 512);
}

Test(open_files, a_small_table_is_not_enlarged)
{
	struct settings s = settings_of(64);

	cr_assert_eq(fit(&s, 512, NULL), OK);
	cr_assert_eq(s.http.connections_max, 64);
}

Test(open_files, too_few_are_refused_with_the_number_needed)
{
	struct settings s = settings_of(16384);
	struct error err = ERROR_NULL;
	char number[24];

	snprintf(number, sizeof number, " %llu,", (unsigned long long)open_files_needed(&s));
	for (uint64_t n = 0; n < 200; n += 9) {
		cr_assert_eq(fit(&s, n, &err), E_UNAVAILABLE);
		cr_assert(strstr(err.text, number), "%s", err.text);
	}
	cr_assert_eq(s.http.connections_max, 16384);
}
