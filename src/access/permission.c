/* The word of each permission, as policies, errors and access checks have it. policy.c has the
 * words again for its suggestions: a new permission stands in both. */
#include "access/permission.h"

#include "base/memory.h"

static const struct {
	enum permission permission;
	const char *name;
} permissions[] = {
	{MAY_READ, "read"},	  {MAY_LIST, "list"},	  {MAY_WRITE, "write"},
	{MAY_CHECK, "check"},	  {MAY_DELETE, "delete"}, {MAY_ROLLBACK, "rollback"},
	{MAY_DESTROY, "destroy"}, {MAY_AUDIT, "audit"},	  {MAY_GRANT, "grant"},
	{MAY_ADMIN, "admin"},	  {MAY_USE, "use"},
};

const char *permission_name(enum permission p)
{
	for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
		if (permissions[i].permission == p)
			return permissions[i].name;
	}
	return "unknown";
}

bool permission_parse(struct slice name, enum permission *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
		if (slice_is_text(name, permissions[i].name)) {
			*ret = permissions[i].permission;
			return true;
		}
	}
	return false;
}
