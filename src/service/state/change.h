/*
 * One document's change: the request, and what a worker prepared from it.
 *
 * A worker fills the second half against one snapshot. If the commit finds that what was read has
 * changed, all of it is made again. A view can lay a prepared change over its path (view_lay), so
 * that all checks see the document as it would be afterwards.
 */
#pragma once

#include "access/policy.h"
#include "base/buf.h"
#include "doc/read.h"
#include "doc/tree.h"
#include "service/body_input.h"
#include "service/state/snapshot.h"

struct view_doc;

/* One document's change. Texts live in the write's arena; members that are not set are zero. */
struct change {
	/* request */
	struct slice path;
	enum doc_kind kind;
	enum change_op op;
	const char *origin; /* change_op_name(), or "revert" */
	bool has_if_version;
	uint64_t if_version; /* 0: must not exist */
	struct slice body;   /* put, patch */
	enum doc_format body_format;
	uint64_t from_version; /* rollback */
	uint64_t *versions;    /* undelete, destroy; of a delete the current one, unless given */
	uint32_t versions_count;

	/* prepared */
	struct snap_doc *before; /* referenced; NULL: there never was one */
	/* What is done to versions: put makes one, the others change the state of `versions`. */
	enum change_action action;
	bool is_changed;	  /* false: the same again, nothing is written */
	bool exists;		  /* live afterwards */
	uint64_t version;	  /* that the document then has */
	enum version_state state; /* of `version` afterwards */
	bool is_known_to_writer;  /* a secret whose whole value came with this call */
	struct tree patch_tree;
	const struct tree_node *patch; /* of a secret: the data that came with this call */
	struct buf plain;	       /* new content; wiped by nature */
	struct slice content_type;
	/* Of the new content: the digest that is shown (keyed for a secret), and the keyed hash for
	 * the audit log. */
	uint8_t digest[HASH_BYTES];
	uint8_t mac[HASH_BYTES];
	/* The ciphertext and its wrapped data key, made last. */
	struct buf sealed, wrapped;
	struct view_doc *doc; /* the content parsed */
	/* Compiled, where the change puts a policy in force; owned. */
	struct policy *policy;
};
