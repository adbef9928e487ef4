/*
 * Up to 63 members need no memory; more need two bits each. So unevaluatedProperties of a typical
 * object allocates nothing.
 */
#include "schema/explain/marks.h"

#include <string.h>

/* One allocation holds both sets. */
bool marks_init(struct marks *m, uint32_t count)
{
	*m = (struct marks){.words = count / 64 + 1};
	if (m->words == 1) {
		m->sure = &m->inside[0];
		m->maybe = &m->inside[1];
		return true;
	}
	m->sure = alloc_zero_array(m->words, 2 * sizeof *m->sure);
	if (m->sure == NULL)
		return false;
	m->maybe = m->sure + m->words;
	return true;
}

void marks_clear(struct marks *m)
{
	if (m->words > 1)
		alloc_free(m->sure);
	m->sure = m->maybe = NULL;
	m->words = 0;
}

void marks_merge(struct marks *to, const struct marks *from, bool is_sure)
{
	for (uint32_t i = 0; i < to->words; i++) {
		(is_sure ? to->sure : to->maybe)[i] |= from->sure[i];
		to->maybe[i] |= from->maybe[i];
	}
}

void marks_set_all(struct marks *m)
{
	memset(m->sure, 0xff, m->words * sizeof *m->sure);
}
