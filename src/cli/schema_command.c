/* The table of the schema commands. None of them needs a server or a token. */
#include "cli/schema_command.h"

#include "base/memory.h"

#include <stddef.h>

static const struct command *const rows[] = {&schema_check_command, &schema_test_command,
					     &schema_bench_command};

const struct command schema_command = {
	.name = "schema",
	.summary = "Check files against a schema, test and measure schemas, without a server",
	.subcommands = rows,
	.subcommands_count = ARRAY_SIZE(rows),
};
