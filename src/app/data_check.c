/* Checks an opened store with its own keys. */
#include "app/data_check.h"

#include "store/check/check.h"

#include <inttypes.h>

static enum result read_size(void *ctx, const struct log_row *row, struct error *err)
{
	struct checkpoint c;
	enum result rc = checkpoint_parse(&c, row->checkpoint, err);

	if (rc == OK)
		*(uint64_t *)ctx = c.size;
	return rc;
}

enum result data_log_size(uint64_t *ret, const struct data *d, struct error *err)
{
	struct store_session *session = NULL;
	enum result rc = store_session_open(&session, d->store, err);

	if (rc != OK)
		return rc;
	rc = store_get_log(session, read_size, ret, err);
	store_session_close(session);
	return rc;
}

enum result data_check(const struct data *d, const struct vkey *key, struct slice older,
		       struct error *err)
{
	struct store_check_report report;
	struct store_check what = {.store = d->store,
				   .key = key,
				   .older = older,
				   .keyring = d->keyring};
	enum result rc = store_check(&report, &what, err);

	buf_clear(&report.checkpoint);
	if (rc == E_CORRUPT)
		return wrap(err, rc, "the store is damaged, %" PRIu64 " fault%s, the first",
			    report.findings, report.findings == 1 ? "" : "s");
	return rc;
}
