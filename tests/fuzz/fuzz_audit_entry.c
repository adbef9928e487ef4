/* Lines of an audit log that someone may have made up: both readers agree, and what reads is written as a line
 * that reads the same. */
#include "audit/entry.h"
#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct slice line = slice_make((const char *)data, size);
	struct audit_entry e;
	struct audit_head head;
	bool has_head = audit_head_read(&head, line, NULL) == OK;

	if (audit_entry_read(&e, &tree, line, NULL) != OK)
		return 0;
	if (has_head)
		must(head.index == e.index && head.time_ms == e.time_ms && head.epoch == e.epoch &&
		     head.revision == e.revision);
	write_again(&e);
	return 0;
}
