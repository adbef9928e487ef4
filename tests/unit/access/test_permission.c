#include "access/permission.h"

#include "base/memory.h"

#include <criterion/criterion.h>

Test(permission, each_has_one_name_that_reads_back)
{
	static const struct {
		enum permission permission;
		const char *name;
	} cases[] = {
		{MAY_READ, "read"},	  {MAY_LIST, "list"},	  {MAY_WRITE, "write"},
		{MAY_CHECK, "check"},	  {MAY_DELETE, "delete"}, {MAY_ROLLBACK, "rollback"},
		{MAY_DESTROY, "destroy"}, {MAY_AUDIT, "audit"},	  {MAY_GRANT, "grant"},
		{MAY_ADMIN, "admin"},	  {MAY_USE, "use"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum permission found;

		cr_expect_str_eq(permission_name(cases[i].permission), cases[i].name);
		cr_expect(permission_parse(slice_text(cases[i].name), &found), "%s", cases[i].name);
		cr_expect_eq(found, cases[i].permission, "%s", cases[i].name);
	}
}

Test(permission, another_word_is_none)
{
	enum permission found = MAY_READ;

	cr_expect_not(permission_parse(SLICE_LITERAL("Read"), &found));
	cr_expect_not(permission_parse(SLICE_LITERAL(""), &found));
	cr_expect_eq(found, MAY_READ, "untouched");
	cr_expect_str_eq(permission_name((enum permission)(1u << 30)), "unknown");
}
