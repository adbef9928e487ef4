/*
 * Every row against its MAC, and the rows as a whole against what the signed head of the log
 * vouches for. The scan ends at the first row that does not fit, so it gives one finding; the parts
 * before, which trust nothing, have named the others where the log tells them.
 */
#include "store/check/checking.h"

#include "store/store_head.h"

enum result check_rows(struct checking *c, struct error *err)
{
	struct store_head head = STORE_HEAD_NULL;
	struct row_sums sums;
	enum result rc;

	/* The head is signed. It says whether rows have MACs, so it is read before they are
	 * checked. */
	checking_progress(c, "rows", 0);
	rc = store_head_read(&head, c->session, c->what->keyring, err);
	if (rc != OK)
		return checking_end(c, "reeve.db", rc == E_CRYPTO ? E_CORRUPT : rc, err);
	store_authenticate(c->what->store, c->what->keyring);
	rc = store_head_check_rows(&head, c->session, &sums, err);
	if (rc == OK)
		rc = store_check_derived(c->session, err);
	store_authenticate(c->what->store, NULL);
	store_head_clear(&head);
	c->report->lacks_macs = rc == E_UNSUPPORTED;
	if (c->report->lacks_macs) {
		*err = (struct error)ERROR_NULL;
		return OK;
	}
	return checking_end(c, "reeve.db", rc, err);
}
