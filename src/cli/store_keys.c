/* Keys stay in guarded memory; nothing here prints one. */
#include "cli/store_keys.h"

#include "crypto/root_key.h"
#include "store/open_keyring.h"

void store_keys_clear(struct store_keys *k)
{
	keyring_free(k->ring);
	key_free(k->root);
	secret_memory_free(k->memory);
	*k = STORE_KEYS_NULL;
}

enum result store_keys_read(struct store_keys *ret, const char *file, struct error *err)
{
	enum result rc = secret_memory_new(&ret->memory, err);

	return rc == OK ? root_key_read(&ret->root, ret->memory, file, err) : rc;
}

enum result store_keys_open(struct store_keys *k, struct store *store, struct error *err)
{
	return store_open_keyring(&k->ring, store, k->memory, steal(&k->root), err);
}
