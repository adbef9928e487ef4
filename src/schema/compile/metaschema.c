/*
 * The metaschemas stand in metaschemas/, unchanged as published. embed.py makes arrays of bytes of
 * them for the build, so that a schema compiles without a network. The tables are constant; any
 * thread may call.
 */
#include "schema/compile/metaschema.h"

#include "metaschemas.h" /* made from metaschemas/ by embed.py */

#define URI_2020_12 "https://json-schema.org/draft/2020-12/"
#define URI_DRAFT_7 "http://json-schema.org/draft-07/schema"
#define BUILTIN(u, m)           \
	{                       \
		u, m, sizeof(m) \
	}

static const struct {
	const char *uri;
	const char *data;
	size_t len;
} builtins[] = {
	BUILTIN(URI_2020_12 "schema", metaschema_draft2020_12_schema),
	BUILTIN(URI_2020_12 "meta/core", metaschema_draft2020_12_core),
	BUILTIN(URI_2020_12 "meta/applicator", metaschema_draft2020_12_applicator),
	BUILTIN(URI_2020_12 "meta/unevaluated", metaschema_draft2020_12_unevaluated),
	BUILTIN(URI_2020_12 "meta/validation", metaschema_draft2020_12_validation),
	BUILTIN(URI_2020_12 "meta/meta-data", metaschema_draft2020_12_meta_data),
	BUILTIN(URI_2020_12 "meta/format-annotation", metaschema_draft2020_12_format_annotation),
	BUILTIN(URI_2020_12 "meta/format-assertion", metaschema_draft2020_12_format_assertion),
	BUILTIN(URI_2020_12 "meta/content", metaschema_draft2020_12_content),
	BUILTIN(URI_DRAFT_7, metaschema_draft7_schema),
};

static const struct {
	const char *uri;
	enum vocabulary vocabulary;
} vocabularies[] = {
	{URI_2020_12 "vocab/core", VOCABULARY_CORE},
	{URI_2020_12 "vocab/applicator", VOCABULARY_APPLICATOR},
	{URI_2020_12 "vocab/unevaluated", VOCABULARY_UNEVALUATED},
	{URI_2020_12 "vocab/validation", VOCABULARY_VALIDATION},
	{URI_2020_12 "vocab/meta-data", VOCABULARY_META_DATA},
	{URI_2020_12 "vocab/format-annotation", VOCABULARY_FORMAT_ANNOTATION},
	{URI_2020_12 "vocab/format-assertion", VOCABULARY_FORMAT_ASSERTION},
	{URI_2020_12 "vocab/content", VOCABULARY_CONTENT},
};

struct slice metaschema_find(struct slice uri)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
		if (slice_is_text(uri, builtins[i].uri))
			return slice_make(builtins[i].data, builtins[i].len);
	}
	return SLICE_NULL;
}

bool metaschema_dialect(struct slice uri, struct dialect *ret)
{
	if (slice_is_text(uri, URI_2020_12 "schema")) {
		*ret = (struct dialect){IN_2020_12, VOCABULARIES_2020_12};
		return true;
	}
	if (slice_is_text(uri, URI_DRAFT_7) ||
	    slice_is_text(uri, "https://json-schema.org/draft-07/schema")) {
		*ret = (struct dialect){IN_7, VOCABULARIES_2020_12};
		return true;
	}
	return false;
}

const char *metaschema_uri(enum draft_bit draft)
{
	return draft == IN_7 ? URI_DRAFT_7 : URI_2020_12 "schema";
}

/* The vocabulary of that URI; 0 for an unknown one. */
static enum vocabulary find_vocabulary(struct slice uri)
{
	for (size_t i = 0; i < ARRAY_SIZE(vocabularies); i++) {
		if (slice_is_text(uri, vocabularies[i].uri))
			return vocabularies[i].vocabulary;
	}
	return 0;
}

/* A vocabulary with the value true is required, one with false may be ignored (2020-12 core,
 * section 8.1.2). */
enum result metaschema_read_vocabulary(const struct tree_node *metaschema, struct dialect *ret,
				       struct error *err)
{
	const struct tree_node *wanted = TREE_GET(metaschema, "$vocabulary");
	struct dialect dialect = {IN_2020_12, VOCABULARY_CORE | VOCABULARY_REEVE};

	if (wanted == NULL || wanted->kind != TREE_OBJECT) {
		*ret = (struct dialect){IN_2020_12, VOCABULARIES_2020_12};
		return OK;
	}
	for (uint32_t i = 0; i < wanted->count; i++) {
		const struct tree_member *m = &wanted->of.members[i];
		enum vocabulary found = find_vocabulary(tree_key(m));

		if (found == 0 && m->value.kind == TREE_BOOL && m->value.of.truth)
			return fail(err, E_INVALID,
				    "its metaschema requires a vocabulary that is not known: %.*s",
				    SLICE_ARGS(tree_key(m)));
		dialect.vocabularies |= (uint16_t)found;
	}
	*ret = dialect;
	return OK;
}
