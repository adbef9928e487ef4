/*
 * An open-addressing table with linear probing, grown to double its size at three quarters. One
 * thread.
 *
 * A version that exists has a word of the entry that made it, since versions are never removed: a
 * greater version than that of a document's head is looked up by its number.
 */
#include "store/check/words.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

#include <string.h>

#define SIZE_FIRST 1024
#define TOKENS	   "sys/tokens"

void words_init(struct words *w)
{
	*w = (struct words)WORDS_EMPTY;
	random_fill(&system_random, w->seed, sizeof w->seed);
}

void words_clear(struct words *w)
{
	alloc_free(w->slots);
	w->slots = NULL;
	w->size = w->count = 0;
}

static uint64_t id_of(const struct words *w, struct slice path, uint64_t version)
{
	uint8_t number[8], hash[HASH_BYTES];
	struct sha256 s;
	uint64_t id;

	u64_store(number, version);
	sha256_init(&s);
	sha256_update(&s, w->seed, sizeof w->seed);
	sha256_update(&s, number, sizeof number);
	sha256_update(&s, path.data, path.len);
	sha256_final(&s, hash);
	id = u64_load(hash);
	return id != 0 ? id : 1;
}

/* The slot of this id, or the free one where it belongs. */
static struct word *slot_of(struct word *slots, uint32_t size, uint64_t id)
{
	uint32_t at = (uint32_t)id & (size - 1);

	while (slots[at].id != 0 && slots[at].id != id)
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static bool grow(struct words *w)
{
	uint32_t size = w->size != 0 ? w->size * 2 : SIZE_FIRST;
	struct word *slots = alloc_zero_array(size, sizeof *slots);

	if (slots == NULL)
		return false;
	for (uint32_t i = 0; i < w->size; i++) {
		if (w->slots[i].id != 0)
			*slot_of(slots, size, w->slots[i].id) = w->slots[i];
	}
	alloc_free(w->slots);
	w->slots = slots;
	w->size = size;
	return true;
}

static struct word *find(const struct words *w, uint64_t id)
{
	struct word *slot = w->size != 0 ? slot_of(w->slots, w->size, id) : NULL;

	return slot != NULL && slot->id != 0 ? slot : NULL;
}

static void set_check(struct word *word, struct slice hex)
{
	uint8_t bytes[16];

	word->has_check = hex.len == 2 * (size_t)HASH_BYTES &&
			  hex_parse(slice_first(hex, 2 * sizeof bytes), bytes, sizeof bytes);
	if (word->has_check) {
		word->check[0] = u64_load(bytes);
		word->check[1] = u64_load(bytes + 8);
	}
}

/* The hash of a version's value stays when its state changes. */
static enum result put(struct words *w, uint64_t index, const struct audit_line_touch *touch,
		       enum audit_state state, struct error *err)
{
	uint64_t id = id_of(w, touch->path, touch->version);
	struct word *word = find(w, id);
	bool is_token = touch->version == 0;

	if (word == NULL && w->count == WORDS_MAX) {
		w->unkept++;
		return OK;
	}
	if (word == NULL) {
		if ((uint64_t)w->count * 4 >= (uint64_t)w->size * 3 && !grow(w))
			return fail(err, E_MEMORY, "out of memory");
		word = slot_of(w->slots, w->size, id);
		*word = (struct word){.id = id, .is_token = is_token};
		w->count++;
	}
	word->index = index & ((UINT64_C(1) << 56) - 1);
	word->state = (unsigned)state & 15;
	if (is_token)
		set_check(word, touch->digest);
	else if (touch->mac.len != 0)
		set_check(word, touch->mac);
	return OK;
}

static bool is_token_path(struct slice path)
{
	return slice_starts_with(path, SLICE_LITERAL(TOKENS "/"));
}

static bool ends_with(struct slice text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && slice_is_text(slice_from(text, text.len - len), end);
}

/* What an action of an older release made of what its entry names without a hash. A batch or a
 * revert can have done either. */
static enum audit_state state_after(struct slice action)
{
	if (ends_with(action, ".delete"))
		return AUDIT_STATE_DELETED;
	if (ends_with(action, ".undelete"))
		return AUDIT_STATE_LIVE;
	return ends_with(action, ".destroy") ? AUDIT_STATE_DESTROYED : AUDIT_STATE_NONE;
}

static bool is_change(struct slice action)
{
	static const char *const ends[] = {".put",	  ".patch",	     ".rollback",
					   ".delete",	  ".undelete",	     ".destroy",
					   "batch.write", "revision.revert", "store.init"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (ends_with(action, ends[i]))
			return true;
	}
	return false;
}

/* A touch of an older release. With a hash it is a version that was made, or one that was read on
 * the way: that one has a word already. */
static enum result take_old(struct words *w, const struct audit_line *line,
			    const struct audit_line_touch *touch, struct error *err)
{
	bool is_revoked = slice_is_text(line->action, "token.revoke");

	if (is_token_path(touch->path) &&
	    (is_revoked || slice_is_text(line->action, "token.create") ||
	     slice_is_text(line->action, "token.renew")))
		return put(w, line->head.index, touch,
			   is_revoked ? AUDIT_STATE_REVOKED : AUDIT_STATE_LIVE, err);
	if (is_revoked && slice_is_text(touch->path, TOKENS))
		w->revoked_below = line->head.index;
	if (touch->version == 0 || !is_change(line->action))
		return OK;
	if (touch->mac.len == 0)
		return put(w, line->head.index, touch, state_after(line->action), err);
	if (words_version(w, touch->path, touch->version) != NULL)
		return OK;
	return put(w, line->head.index, touch, AUDIT_STATE_LIVE, err);
}

static enum result take_touch(struct words *w, const struct audit_line *line,
			      const struct audit_line_touch *touch, struct error *err)
{
	if (touch->state == AUDIT_STATE_NONE)
		return w->has_states ? OK : take_old(w, line, touch, err);
	w->has_states = true;
	if (!slice_is_text(touch->path, TOKENS))
		return put(w, line->head.index, touch, touch->state, err);
	w->revoked_below = line->head.index;
	return OK;
}

/* A failed call changed nothing. */
enum result words_take(void *words, const struct audit_line *line, struct error *err)
{
	struct slice rest = line->touched;
	bool is_end = !slice_is_text(line->outcome, "ok");
	enum result rc = OK;

	while (rc == OK && !is_end) {
		struct audit_line_touch touch;

		rc = audit_line_next_touch(&rest, &touch, &is_end, err);
		if (rc == OK && !is_end)
			rc = take_touch(words, line, &touch, err);
	}
	return rc;
}

struct word *words_version(const struct words *w, struct slice path, uint64_t version)
{
	return find(w, id_of(w, path, version));
}

struct word *words_token(const struct words *w, struct slice accessor)
{
	char path[256] = TOKENS "/";
	size_t len = strlen(path);

	if (accessor.len > sizeof path - len)
		return NULL;
	memcpy(path + len, accessor.data, accessor.len);
	return find(w, id_of(w, slice_make(path, len + accessor.len), 0));
}

enum audit_state words_state(const struct words *w, const struct word *word)
{
	if (word->is_token && word->index < w->revoked_below)
		return AUDIT_STATE_REVOKED;
	return (enum audit_state)word->state;
}

bool words_fits(const struct word *word, const uint8_t hash[static HASH_BYTES])
{
	return !word->has_check ||
	       (word->check[0] == u64_load(hash) && word->check[1] == u64_load(hash + 8));
}
