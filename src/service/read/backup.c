/*
 * A backup: a copy of the whole store, which holds everything but the root key.
 *
 * The copy is signed (store/backup_file.h), so that a restore can tell a whole copy from one that
 * was changed. The audit entry is durable before the copy leaves. The copy lies beside the data,
 * which is as sensitive, and is removed with the call, whether or not it was sent.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/read/read.h"
#include "store/backup_file.h"

#include <unistd.h>

/* When the call ends. The front end has the file open while it sends it, so the name can go. */
static void remove_copy(void *work)
{
	char *file = work;

	unlink(file);
	alloc_free(file);
}

/* The copy is removed again where it cannot be signed. */
static enum result copy_and_sign(struct service *s, struct buf *ret_file, struct error *err)
{
	const struct backup_target beside_the_data = {.file = NULL};
	enum result rc = store_backup(s->state.store, &beside_the_data, ret_file, err);

	if (rc != OK)
		return rc;
	rc = backup_file_seal(ret_file->data, s->state.keyring, state_now_ms(&s->state), err);
	if (rc != OK)
		unlink(ret_file->data);
	return rc;
}

static enum result make_copy(struct verb_context *ctx, struct buf *ret_file, struct error *err)
{
	struct call *c = ctx->call;
	enum result rc;

	if (!audit_draft_touch(c, c->path, 0, NULL))
		return fail(err, E_UNAVAILABLE, "cannot record the backup");
	rc = copy_and_sign(ctx->service, ret_file, err);
	if (rc == E_FULL) /* the store's text names files of the server */
		return fail(err, rc,
			    "the server's disk has no space for the copy: it is made beside "
			    "the data and needs as much space as they do");
	if (rc != OK)
		return rc;
	c->work = alloc_text(ret_file->data, ret_file->len);
	if (c->work == NULL) {
		unlink(ret_file->data);
		return fail(err, E_MEMORY, "out of memory");
	}
	c->work_free = remove_copy;
	return OK;
}

enum step backup_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf file = BUF_NULL;
	struct error err = ERROR_NULL;
	enum result rc = make_copy(ctx, &file, &err);
	enum step step;

	step = rc == OK ? response_body(c, BODY_FILE, &file, false) : response_error(c, rc, &err);
	if (c->out.result != OK)
		c->audit_draft = NULL; /* no copy leaves, so there is nothing to record */
	return step;
}
