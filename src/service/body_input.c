/* The names of operations as requests and the history write them. */
#include "service/body_input.h"

const char *change_op_name(enum change_op op)
{
	static const char *const names[CHANGE_OP_COUNT] = {
		[CHANGE_OP_PUT] = "put",	 [CHANGE_OP_PATCH] = "patch",
		[CHANGE_OP_DELETE] = "delete",	 [CHANGE_OP_UNDELETE] = "undelete",
		[CHANGE_OP_DESTROY] = "destroy", [CHANGE_OP_ROLLBACK] = "rollback",
	};

	return names[op];
}
