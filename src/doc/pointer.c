/* RFC 6901. Tokens are compared decoded: '~1' is '/', '~0' is '~', in this order (section 4).
 * Decoding needs no memory for tokens without '~' and for short ones, which are nearly all. */
#include "doc/pointer.h"

#include "base/memory.h"

/* Room on the stack for a decoded token. */
#define TOKEN_BYTES 256

bool pointer_is_valid(struct slice pointer)
{
	if (pointer.len != 0 && pointer.data[0] != '/')
		return false;
	for (size_t i = 0; i < pointer.len; i++) {
		if (pointer.data[i] != '~')
			continue;
		if (i + 1 == pointer.len ||
		    (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1'))
			return false;
	}
	return true;
}

/* The next raw token of a pointer whose front is '/'. */
static struct slice take_token(struct slice *rest)
{
	struct slice token = slice_from(*rest, 1);
	const char *end = token.len != 0 ? memchr(token.data, '/', token.len) : NULL;

	if (end != NULL)
		token = slice_first(token, (size_t)(end - token.data));
	*rest = slice_from(*rest, token.len + 1);
	return token;
}

/* Decodes at most `size` bytes and returns the length of the whole token. */
static size_t decode_token(char *ret, size_t size, struct slice token)
{
	size_t len = 0;

	for (size_t i = 0; i < token.len; i++, len++) {
		char c = token.data[i];

		if (c == '~' && i + 1 < token.len)
			c = token.data[++i] == '1' ? '/' : '~';
		if (len < size)
			ret[len] = c;
	}
	return len;
}

/* Compares while it decodes, so it needs no room. */
static bool is_token_of(struct slice token, struct slice key)
{
	size_t at = 0;

	for (size_t i = 0; i < token.len; i++, at++) {
		char c = token.data[i];

		if (c == '~' && i + 1 < token.len)
			c = token.data[++i] == '1' ? '/' : '~';
		if (at == key.len || key.data[at] != c)
			return false;
	}
	return at == key.len;
}

static const struct tree_node *get_member(const struct tree_node *object, struct slice token)
{
	CLEANUP(alloc_freep) char *long_token = NULL;
	char decoded[TOKEN_BYTES];
	size_t len;

	if (token.len == 0 || memchr(token.data, '~', token.len) == NULL)
		return tree_get(object, token);
	len = decode_token(decoded, sizeof decoded, token);
	if (len <= sizeof decoded)
		return tree_get(object, slice_make(decoded, len));
	long_token = alloc_zero(len);
	if (long_token != NULL) {
		decode_token(long_token, len, token);
		return tree_get(object, slice_make(long_token, len));
	}
	/* Without memory, compare member by member. */
	for (uint32_t i = 0; i < object->count; i++) {
		if (is_token_of(token, tree_key(&object->of.members[i])))
			return &object->of.members[i].value;
	}
	return NULL;
}

/* RFC 6901, section 4: digits without a leading zero; "-" is the item after the last, which never
 * exists. */
static const struct tree_node *get_item(const struct tree_node *array, struct slice token)
{
	uint64_t index;

	if (token.len > 1 && token.data[0] == '0')
		return NULL;
	if (!slice_to_u64(token, UINT32_MAX, &index) || index >= array->count)
		return NULL;
	return &array->of.items[index];
}

const struct tree_node *pointer_get(const struct tree_node *root, struct slice pointer)
{
	const struct tree_node *node = root;

	while (node != NULL && pointer.len != 0) {
		struct slice token = take_token(&pointer);

		if (node->kind == TREE_OBJECT)
			node = get_member(node, token);
		else if (node->kind == TREE_ARRAY)
			node = get_item(node, token);
		else
			node = NULL;
	}
	return node;
}

void pointer_append_key(struct buf *pointer, struct slice key)
{
	size_t start = 0;

	buf_append_char(pointer, '/');
	for (size_t i = 0; i < key.len; i++) {
		if (key.data[i] != '~' && key.data[i] != '/')
			continue;
		buf_append(pointer, key.data + start, i - start);
		buf_append_text(pointer, key.data[i] == '~' ? "~0" : "~1");
		start = i + 1;
	}
	if (key.len > start)
		buf_append(pointer, key.data + start, key.len - start);
}

void pointer_append_index(struct buf *pointer, uint32_t index)
{
	buf_append_char(pointer, '/');
	buf_append_u64(pointer, index);
}

bool pointer_next_token(struct slice *rest, struct buf *token)
{
	struct slice raw;

	if (rest->len == 0)
		return false;
	raw = take_token(rest);
	buf_reset(token);
	if (buf_reserve(token, raw.len)) {
		token->len = decode_token(token->data, raw.len, raw);
		token->data[token->len] = '\0';
	}
	return true;
}
