/*
 * What differs between two contents of a document or between two effective configurations, as every
 * response shows it.
 *
 * Of a secret document only the pointers of what differs are given, never values. In a
 * configuration a secret is a reference; that it stands for another version now is a difference
 * without values.
 */
#pragma once

#include "service/item.h"
#include "service/state/config_cache.h"
#include "service/state/rights.h"

/* Takes one difference; the item lives for the call. A result that is not OK ends the
 * comparison. */
typedef enum result difference_fn(void *ctx, const struct difference_item *d, struct error *err);

/* Where differences go, and what looking for them may cost. */
struct diff_sink {
	difference_fn *each;
	void *ctx;
	struct budget *budget;
	const struct rights
		*reader; /* of configurations: origins that it may not read are absent */
};

/* Compares two contents. Either may be NULL: all of the other is an addition or a removal. E_LIMIT,
 * or what `each` gave. */
MUST_USE enum result diff_documents(const struct tree_node *from, const struct tree_node *to,
				    bool is_secret, const struct diff_sink *sink,
				    struct error *err);

/* Compares two configurations; either may be NULL. `schema` says how a consumer may take a change
 * on; NULL: the default. E_LIMIT, E_MEMORY, or what `each` gave. */
MUST_USE enum result diff_configs(const struct effective_entry *from,
				  const struct effective_entry *to, const struct schema *schema,
				  const struct diff_sink *sink, struct error *err);
