#include "cli/operands.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static const struct command command = {.name = "probe", .summary = "", .help = "", .run = NULL};

TestSuite(request, .init = cr_redirect_stderr);

Test(request, the_target_of_a_document_is_under_v1)
{
	struct buf target = BUF_NULL;
	int code = 0;

	cr_assert(target_document(&target, &command, "profiles/orders/base", "rollback", &code));
	cr_expect_str_eq(target.data, "/v1/profiles/orders/base:rollback");
	buf_reset(&target);
	cr_expect_not(target_document(&target, &command, "profiles/orders", NULL, &code));
	cr_expect_eq(code, EXIT_USAGE);
	cr_expect_not(target_document(&target, &command, "nonsense/x", NULL, &code));
	cr_expect_not(target_document(&target, &command, "secrets/../x", NULL, &code));
	buf_clear(&target);
}

Test(request, a_configuration_has_two_segments)
{
	struct buf target = BUF_NULL;
	int code = 0;

	cr_assert(target_config(&target, &command, "config/orders/production", "diff", &code));
	cr_expect_str_eq(target.data, "/v1/config/orders/production:diff");
	buf_reset(&target);
	cr_assert(target_config(&target, &command, "orders/production", NULL, &code));
	cr_expect_str_eq(target.data, "/v1/config/orders/production");
	cr_expect_not(target_config(&target, &command, "orders", NULL, &code));
	cr_expect_not(target_config(&target, &command, "orders/a/b", NULL, &code));
	cr_expect_not(target_config(&target, &command, "orders/..", NULL, &code));
	cr_expect_eq(code, EXIT_USAGE);
	buf_clear(&target);
}

Test(request, versions_are_numbers_from_1)
{
	struct buf json = BUF_NULL;
	int code = 0;

	cr_assert(versions_append(&json, &command, "1,20,3", &code));
	cr_expect_str_eq(json.data, "[1,20,3]");
	cr_expect_not(versions_append(&json, &command, "1,,3", &code));
	cr_expect_not(versions_append(&json, &command, "0", &code));
	cr_expect_not(versions_append(&json, &command, "v3", &code));
	cr_expect_eq(code, EXIT_USAGE);
	buf_clear(&json);
}
