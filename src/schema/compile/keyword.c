/*
 * Names are searched one by one: there are few, and the first letter excludes most of them. The
 * table is keyword.def, which compile.c reads as well, so a keyword is a single line there.
 */
#include "schema/compile/keyword.h"

#include "base/text.h"

const struct keyword keywords[KEYWORDS] = {
#define KEYWORD(id, name, drafts, vocabulary, shape, compile) {name, drafts, shape, vocabulary},
#include "schema/compile/keyword.def"
#undef KEYWORD
};

enum keyword_id keyword_find(struct slice name, enum draft_bit draft)
{
	for (int i = 0; i < KEYWORDS; i++) {
		const struct keyword *k = &keywords[i];

		if ((k->drafts & draft) != 0 && name.len != 0 && k->name[0] == name.data[0] &&
		    slice_is_text(name, k->name))
			return (enum keyword_id)i;
	}
	return KEYWORDS;
}

struct slice keyword_nearest(struct slice name, enum draft_bit draft)
{
	struct slice names[KEYWORDS];
	size_t count = 0;

	for (int i = 0; i < KEYWORDS; i++) {
		if ((keywords[i].drafts & draft) != 0)
			names[count++] = slice_text(keywords[i].name);
	}
	return text_nearest(name, names, count);
}
