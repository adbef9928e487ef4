/*
 * The content of each version: it is there, and with the keyring it opens and is what the version's
 * digest and the log's value MAC were made of. Nothing of it leaves this file; the buffer is wiped.
 */
#include "store/check/checking.h"

#include "crypto/content.h"
#include "doc/path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct content_check {
	struct checking *c;
	const struct word *word;
	const char *key;
};

static void find(const struct content_check *k, const char *problem)
{
	checking_find(k->c, "contents", k->key, REMEDY_RESTORE, "%s", problem);
}

static enum result open_content(const struct content_check *k, const struct version_row *row,
				struct error *err)
{
	const struct keyring *keyring = k->c->what->keyring;
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	struct content_place place = {.path = row->path,
				      .version = row->version,
				      .content_type = row->content_type};
	struct error why = ERROR_NULL;
	uint8_t hash[HASH_BYTES];
	enum doc_kind kind;
	enum result rc = path_check(row->path, &kind, &why);

	if (rc == OK) {
		place.kind = slice_text(kind_name(kind));
		rc = content_open(&content, keyring, &place, row->sealed, row->wrapped_key, &why);
	}
	if (rc == E_MEMORY)
		return fail(err, rc, "%s", why.text);
	if (rc != OK) {
		find(k, why.text);
		return OK;
	}
	audit_content_digest(hash, keyring_derived(keyring, DERIVED_DIGEST_MAC), row->path,
			     row->version, buf_slice(&content));
	if (row->digest.len != HASH_BYTES || memcmp(row->digest.data, hash, HASH_BYTES) != 0)
		find(k, "it does not have the digest of its version");
	audit_value_mac(hash, keyring_derived(keyring, DERIVED_VALUE_MAC), row->path, row->version,
			buf_slice(&content));
	if (k->word != NULL && !words_fits(k->word, hash))
		find(k, "it is not the content whose value_mac is in the log");
	return OK;
}

static enum result check_one(void *ctx, const struct version_row *row, struct error *err)
{
	const struct content_check *k = ctx;

	k->c->report->contents++;
	if (row->sealed.len == 0 || row->wrapped_key.len == 0) {
		find(k, "it is missing");
		return OK;
	}
	return k->c->what->keyring != NULL ? open_content(k, row, err) : OK;
}

enum result check_content(struct checking *c, const struct version_row *row,
			  const struct word *word, struct error *err)
{
	char key[ERROR_TEXT_BYTES];
	struct content_check k = {c, word, key};
	struct error why = ERROR_NULL;
	enum result rc;

	if (row->state == VERSION_DESTROYED)
		return OK;
	snprintf(key, sizeof key, "%.*s version %" PRIu64, (int)slice_first(row->path, 256).len,
		 row->path.data, row->version);
	rc = store_get_version(c->session, row->path, row->version, check_one, &k, &why);
	if (rc != E_NOT_FOUND && rc != E_CORRUPT)
		return rc == OK ? OK : fail(err, rc, "%s", why.text);
	find(&k, rc == E_NOT_FOUND ? "it is missing" : why.text);
	return OK;
}
