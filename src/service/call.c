/*
 * Which parameters each verb reads.
 *
 * A verb that is missing here has INPUT_NONE, which is 0: it reads only what all verbs have. The
 * front end refuses any other parameter by this table, so a verb that gains a parameter must be
 * moved to the family that has it.
 */
#include "service/call.h"

enum input_family verb_input_family(enum verb verb)
{
	static const uint8_t families[VERB_COUNT] = {
		[VERB_DOCUMENT_LIST] = INPUT_PAGE,
		[VERB_DOCUMENT_GET] = INPUT_DOCUMENT,
		[VERB_DOCUMENT_PUT] = INPUT_WRITE,
		[VERB_DOCUMENT_PATCH] = INPUT_WRITE,
		[VERB_DOCUMENT_DELETE] = INPUT_WRITE,
		[VERB_DOCUMENT_UNDELETE] = INPUT_WRITE,
		[VERB_DOCUMENT_DESTROY] = INPUT_WRITE,
		[VERB_DOCUMENT_ROLLBACK] = INPUT_WRITE,
		[VERB_DOCUMENT_VERSIONS] = INPUT_PAGE,
		[VERB_DOCUMENT_DIFF] = INPUT_DIFF,
		[VERB_BATCH] = INPUT_WRITE,
		[VERB_REVISION_LIST] = INPUT_PAGE,
		[VERB_REVISION_GET] = INPUT_NUMBER,
		[VERB_REVISION_REVERT] = INPUT_WRITE,
		[VERB_CONFIG_GET] = INPUT_CONFIG,
		[VERB_CONFIG_VERSIONS] = INPUT_PAGE,
		[VERB_CONFIG_DIFF] = INPUT_DIFF,
		[VERB_AUDIT_LIST] = INPUT_AUDIT,
		[VERB_AUDIT_ENTRY] = INPUT_NUMBER,
		[VERB_TOKEN_LIST] = INPUT_PAGE,
		[VERB_TOKEN_REVOKE] = INPUT_TOKEN,
	};

	return verb < VERB_COUNT ? (enum input_family)families[verb] : INPUT_NONE;
}
