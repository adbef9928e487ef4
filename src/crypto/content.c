/*
 * Seals and opens the content of one version. Each version has a data key of its own, which no
 * other version has; content.h shows both blobs and their associated data.
 *
 * Must hold: the fields of the associated data and their order never change, since every stored
 * blob was sealed with them. The content is bound to its content type but not to the generation, so
 * that rotation can leave it alone; the wrapped key is bound to its generation. A plain data key
 * exists only in secret memory and only during a call.
 *
 * Nothing is kept between calls. Any thread may call; a keyring may be rotated meanwhile
 * (keyring.h).
 */
#include "crypto/content.h"

#define CONTENT_LABEL  "content"
#define DATA_KEY_LABEL "data-key"
#define DATA_KEY_ID    0 /* a data key needs no id: its wrapped form is stored beside the content */

/* "reeve" separates this use from other programs with the same key; the store's id, from other
 * stores under the same root key. */
static void append_place(struct buf *ad, const struct keyring *ring,
			 const struct content_place *place)
{
	associated_append_text(ad, "reeve");
	associated_append(ad, keyring_store_id(ring));
	associated_append(ad, place->kind);
	associated_append(ad, place->path);
	associated_append_u64(ad, place->version);
}

static enum result content_associated(struct buf *ret, const struct keyring *ring,
				      const struct content_place *place, struct error *err)
{
	append_place(ret, ring, place);
	associated_append(ret, place->content_type);
	return buf_check(ret, err);
}

static enum result data_key_associated(struct buf *ret, const struct keyring *ring,
				       const struct content_place *place, uint32_t generation,
				       struct error *err)
{
	append_place(ret, ring, place);
	associated_append_u64(ret, generation);
	return buf_check(ret, err);
}

static enum result wrap_data_key(struct buf *ret, const struct keyring *ring,
				 const struct content_place *place, const struct key *data_key,
				 struct error *err)
{
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	uint32_t generation = keyring_generation(ring);
	enum result rc = data_key_associated(&ad, ring, place, generation, err);

	if (rc != OK)
		return rc;
	return envelope_wrap(ret,
			     &(struct envelope_params){keyring_kek(ring, generation), generation,
						       DATA_KEY_LABEL, buf_slice(&ad)},
			     data_key, err);
}

static enum result unwrap_data_key(struct key **ret, const struct keyring *ring,
				   const struct content_place *place, struct slice wrapped,
				   struct error *err)
{
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	const struct key *kek;
	uint32_t generation;
	enum result rc = envelope_key_id(wrapped, &generation, err);

	if (rc != OK)
		return rc;
	/* The generation comes from the blob, which is not trusted yet: it chooses a key of the
	 * keyring, and unwrapping fails if it was changed. */
	kek = keyring_kek(ring, generation);
	if (kek == NULL)
		return fail(err, E_CRYPTO, "key generation %u is not in the keyring", generation);
	rc = data_key_associated(&ad, ring, place, generation, err);
	if (rc != OK)
		return rc;
	return envelope_unwrap(ret, keyring_memory(ring),
			       &(struct envelope_params){kek, generation, DATA_KEY_LABEL,
							 buf_slice(&ad)},
			       wrapped, err);
}

/* Says which version an error is about. A path is no secret. */
static enum result wrap_place(struct error *err, enum result rc, const struct content_place *place)
{
	return wrap(err, rc, "%.*s version %llu", SLICE_ARGS(place->path),
		    (unsigned long long)place->version);
}

/* The key is wrapped before the content is sealed: so `ret_blob`, which may be large, is appended
 * last and need not be cut. */
enum result content_seal(struct buf *ret_blob, struct buf *ret_wrapped, const struct keyring *ring,
			 const struct content_place *place, struct slice plain, struct error *err)
{
	CLEANUP(key_freep) struct key *data_key = NULL;
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	size_t before = ret_wrapped->len;
	enum result rc = key_new_random(&data_key, keyring_memory(ring), err);

	if (rc == OK)
		rc = content_associated(&ad, ring, place, err);
	if (rc == OK)
		rc = wrap_data_key(ret_wrapped, ring, place, data_key, err);
	if (rc == OK)
		rc = envelope_seal(ret_blob,
				   &(struct envelope_params){data_key, DATA_KEY_ID, CONTENT_LABEL,
							     buf_slice(&ad)},
				   plain, err);
	if (rc != OK) {
		buf_cut(ret_wrapped, before);
		return wrap_place(err, rc, place);
	}
	return OK;
}

enum result content_open(struct buf *ret, const struct keyring *ring,
			 const struct content_place *place, struct slice blob, struct slice wrapped,
			 struct error *err)
{
	CLEANUP(key_freep) struct key *data_key = NULL;
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	enum result rc = unwrap_data_key(&data_key, ring, place, wrapped, err);

	if (rc != OK)
		return wrap_place(err, wrap(err, rc, "its data key"), place);
	rc = content_associated(&ad, ring, place, err);
	if (rc == OK)
		rc = envelope_open(ret,
				   &(struct envelope_params){data_key, DATA_KEY_ID, CONTENT_LABEL,
							     buf_slice(&ad)},
				   blob, err);
	return rc == OK ? OK : wrap_place(err, rc, place);
}

enum result content_generation(struct slice wrapped, uint32_t *ret, struct error *err)
{
	return envelope_key_id(wrapped, ret, err);
}

enum result content_rewrap(struct buf *ret_wrapped, const struct keyring *ring,
			   const struct content_place *place, struct slice wrapped,
			   struct error *err)
{
	CLEANUP(key_freep) struct key *data_key = NULL;
	enum result rc = unwrap_data_key(&data_key, ring, place, wrapped, err);

	if (rc == OK)
		rc = wrap_data_key(ret_wrapped, ring, place, data_key, err);
	return rc == OK ? OK : wrap_place(err, rc, place);
}
