/*
 * Makes principals. A principal lies in one block of memory: the struct, its links, and all that
 * they refer to. So it is freed by one call, and a reader of any part holds the whole.
 *
 * The block is measured first, part by part, and then filled in the same order: structs, slices,
 * address ranges, texts. The order is that of falling alignment, so no part needs padding. Nothing
 * in it changes afterwards but the reference counter.
 */
#include "access/principal.h"

#include "base/memory.h"

#include <string.h>

/* What is left of the block, by type: each pointer moves on as a part is used. */
struct room {
	struct slice *slices;
	struct address_range *ranges;
	char *text;
};

static size_t slices_count(const struct principal_link *chain, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += chain[i].policies_count;
	return sum;
}

static size_t ranges_count(const struct principal_link *chain, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += chain[i].addresses_count;
	return sum;
}

static size_t text_bytes(const struct principal_link *chain, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += chain[i].accessor.len + 1 + chain[i].name.len + 1;
		for (uint32_t k = 0; k < chain[i].policies_count; k++)
			sum += chain[i].policies[k].len + 1;
	}
	return sum;
}

/* Keeps a NUL behind the text, so that it can be handed to functions that take a C string. */
static struct slice copy_text(struct room *room, struct slice s)
{
	char *at = room->text;

	if (s.len != 0)
		memcpy(at, s.data, s.len);
	room->text += s.len + 1; /* the block is zeroed */
	return slice_make(at, s.len);
}

static struct principal_link copy_link(struct room *room, const struct principal_link *from)
{
	struct principal_link link = *from;

	link.accessor = copy_text(room, from->accessor);
	link.name = copy_text(room, from->name);
	link.policies = room->slices;
	for (uint32_t i = 0; i < from->policies_count; i++)
		*room->slices++ = copy_text(room, from->policies[i]);
	link.addresses = room->ranges;
	for (uint32_t i = 0; i < from->addresses_count; i++)
		*room->ranges++ = from->addresses[i];
	return link;
}

/*
 * Returns the name under which the principal's use of queues, polls and connections is counted.
 * `chain` goes from the principal's own token (chain[0]) up to the first token of its line, which
 * has no parent. A first token counts under its own name. Every other token counts under the name
 * of its ancestor just below the first token, or its own if it is that one, so that a principal
 * gets no further share by making tokens with other names.
 */
static struct slice share_of(const struct principal_link *chain, uint32_t count)
{
	return count == 1 ? chain[0].name : chain[count - 2].name;
}

struct principal *principal_new(enum principal_proof proof, const struct principal_link *chain,
				uint32_t chain_count, bool has_limited_uses)
{
	size_t slices = slices_count(chain, chain_count);
	size_t ranges = ranges_count(chain, chain_count);
	struct principal *p =
		alloc_zero(sizeof *p + chain_count * sizeof *chain + slices * sizeof(struct slice) +
			   ranges * sizeof(struct address_range) + text_bytes(chain, chain_count));
	struct principal_link *links;
	struct room room;

	if (p == NULL)
		return NULL;
	links = (struct principal_link *)(p + 1);
	room.slices = (struct slice *)(links + chain_count);
	room.ranges = (struct address_range *)(room.slices + slices);
	room.text = (char *)(room.ranges + ranges);
	for (uint32_t i = 0; i < chain_count; i++)
		links[i] = copy_link(&room, &chain[i]);
	atomic_init(&p->refs, 1);
	p->proof = proof;
	p->name = links[0].name;
	p->accessor = links[0].accessor;
	p->share = share_of(links, chain_count);
	p->has_limited_uses = has_limited_uses;
	p->chain = links;
	p->chain_count = chain_count;
	return p;
}

struct principal *principal_ref(struct principal *p)
{
	if (p != NULL)
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void principal_unref(struct principal *p)
{
	if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
		alloc_free(p);
}

const char *principal_proof_name(enum principal_proof proof)
{
	static const char *const names[] = {[PROOF_TOKEN] = "token"};

	return names[proof];
}

bool principal_has_policy(const struct principal *p, struct slice name)
{
	for (uint32_t i = 0; i < p->chain[0].policies_count; i++) {
		if (slice_is_equal(p->chain[0].policies[i], name))
			return true;
	}
	return false;
}

bool principal_may_come_from(const struct principal *p, const uint8_t address[static 16])
{
	for (uint32_t i = 0; i < p->chain_count; i++) {
		const struct principal_link *link = &p->chain[i];

		if (link->addresses_count != 0 &&
		    !address_ranges_contain(link->addresses, link->addresses_count, address))
			return false;
	}
	return true;
}
