/* Lines of an audit log that someone may have made up: both readers agree, and what reads is
 * written as a line that reads the same. */
#include "audit/index_check.h"
#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int compare_paths(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Filed under what it says, an entry is found; under anything else it is not. */
static void file_entry(const struct audit_entry *e, struct slice line)
{
	CLEANUP(alloc_freep)
	struct slice *paths = alloc_zero_array(e->touched_count, sizeof *paths);
	struct audit_index_row index_row = {
		.time_ms = e->time_ms,
		.actor = e->actor,
		.action = e->action,
		.outcome = e->outcome,
		.paths = paths,
		.paths_count = e->touched_count,
	};

	must(paths != NULL);
	for (uint32_t i = 0; i < e->touched_count; i++)
		paths[i] = e->touched[i].path;
	qsort(paths, e->touched_count, sizeof *paths, compare_paths);
	must(audit_index_check(&index_row, line, NULL) == OK);
	index_row.paths_count = 0;
	must((audit_index_check(&index_row, line, NULL) == OK) == (e->touched_count == 0));
	index_row.paths_count = e->touched_count;
	index_row.outcome = SLICE_LITERAL("nothing like it");
	must((audit_index_check(&index_row, line, NULL) == OK) ==
	     slice_is_equal(index_row.outcome, e->outcome));
}

static void write_again(const struct audit_entry *e)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct audit_entry again;
	struct audit_head head;

	if (audit_entry_write(&line, e, NULL) != OK)
		return; /* over a bound of ours */
	must(line.len <= AUDIT_ENTRY_BYTES_MAX);
	must(audit_head_read(&head, buf_slice(&line), NULL) == OK);
	must(audit_entry_read(&again, &tree, buf_slice(&line), NULL) == OK);
	must(again.index == e->index && again.time_ms == e->time_ms);
	must(slice_is_equal(again.actor, e->actor) && slice_is_equal(again.action, e->action));
	must(again.touched_count <= e->touched_count);
	must(again.touched_more >= e->touched_more);
	file_entry(&again, buf_slice(&line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct slice line = slice_make((const char *)data, size);
	struct audit_entry e;
	const struct audit_index_row none = {0};
	struct audit_head head;
	bool has_head = audit_head_read(&head, line, NULL) == OK;

	must(audit_index_check(&none, line, NULL) != E_MEMORY);
	if (audit_entry_read(&e, &tree, line, NULL) != OK)
		return 0;
	if (has_head)
		must(head.index == e.index && head.time_ms == e.time_ms && head.epoch == e.epoch &&
		     head.revision == e.revision);
	write_again(&e);
	return 0;
}
