/* Addresses (RFC 2673 section 3.2, RFC 4291 section 2.2) and host names (RFC 1123, RFC 5890 to
 * 5893). */
#include "schema/format/format_checks.h"

#include "base/memory.h"
#include "base/text.h"

#include <idn2.h>

#define LABEL_BYTES_MAX 63
#define NAME_BYTES_MAX	253

/* Four decimal numbers up to 255 without leading zeros. */
bool is_ipv4(struct slice text)
{
	struct slice part;
	int parts = 0;

	if (text.len > 15)
		return false;
	while (slice_next_part(&text, '.', &part)) {
		uint64_t value;

		if (++parts > 4 || part.len > 3 || !slice_to_u64(part, 255, &value) ||
		    (part.len > 1 && part.data[0] == '0'))
			return false;
	}
	return parts == 4;
}

static bool is_group(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_ascii_hex(text.data[i]))
			return false;
	return text.len >= 1 && text.len <= 4;
}

/* Counts the 16-bit groups of a part without "::"; -1 where it is malformed. Only the last may be
 * an IPv4 address. */
static int count_groups(struct slice text, bool is_last)
{
	struct slice part;
	int groups = 0;

	if (text.len == 0)
		return 0;
	while (slice_next_part(&text, ':', &part)) {
		if (is_group(part))
			groups++;
		else if (is_last && text.data == NULL && is_ipv4(part))
			groups += 2;
		else
			return -1;
	}
	return groups;
}

/* Eight groups, of which "::" stands for one or more. */
bool is_ipv6(struct slice text)
{
	const char *gap =
		text.len > 1 && text.len <= 45 ? memmem(text.data, text.len, "::", 2) : NULL;
	int before, after;

	if (text.len > 45)
		return false;
	if (gap == NULL)
		return count_groups(text, true) == 8;
	before = count_groups(slice_first(text, (size_t)(gap - text.data)), false);
	after = count_groups(slice_from(text, (size_t)(gap - text.data) + 2), true);
	return before >= 0 && after >= 0 && before + after <= 7;
}

bool is_ldh_label(struct slice text)
{
	if (text.len == 0 || text.len > LABEL_BYTES_MAX || text.data[0] == '-' ||
	    text.data[text.len - 1] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!is_ascii_letter(c) && !is_ascii_digit(c) && c != '-')
			return false;
	}
	return true;
}

static void to_lower(char ret[static LABEL_BYTES_MAX + 1], struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		ret[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	ret[label.len] = '\0';
}

/* Blocks whose default direction is right to left (Unicode's DerivedBidiClass.txt). */
static bool is_right_to_left(uint32_t c)
{
	return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
	       (c >= 0xfe70 && c <= 0xfeff) || (c >= 0x10800 && c <= 0x10fff) ||
	       (c >= 0x1e800 && c <= 0x1efff);
}

/* Two parts of the rule of RFC 5893 section 2 that libidn2 does not check: number 4, "EN and AN not
 * both", and whether the name has a right-to-left label, so that the rule applies to labels in
 * ASCII too. */
struct direction {
	bool is_bidi;	      /* a label with right-to-left letters */
	bool has_digit_first; /* a label that begins with a digit */
};

static bool note_direction(struct direction *d, struct slice label)
{
	bool has_european = false, has_arabic = false;

	for (size_t at = 0; at < label.len;) {
		bool is_first = at == 0;
		uint32_t c = utf8_next(label, &at);
		bool is_european = (c >= '0' && c <= '9') || (c >= 0x6f0 && c <= 0x6f9);

		has_european |= is_european;
		has_arabic |= (c >= 0x660 && c <= 0x669) || (c >= 0x10d30 && c <= 0x10d39);
		d->has_digit_first |= is_first && is_european;
		d->is_bidi |= is_right_to_left(c) && !is_european;
	}
	return !(has_european && has_arabic);
}

static void free_wiped(void *text)
{
	if (text != NULL)
		mem_wipe(text, strlen(text));
	idn2_free(text);
}

/* Checks the ASCII form of a label, in which it is registered. */
static bool check_registered(const uint8_t *registered, struct direction *d, size_t *ret_len)
{
	char *decoded = NULL;
	bool is_valid;

	*ret_len = strlen((const char *)registered);
	is_valid = idn2_to_unicode_8z8z((const char *)registered, &decoded, 0) == IDN2_OK &&
		   decoded != NULL && note_direction(d, slice_text(decoded)) &&
		   *ret_len <= LABEL_BYTES_MAX;
	free_wiped(decoded);
	return is_valid;
}

/* Whether a label can be registered (RFC 5891 section 4): an A-label ("xn--…") or, with
 * `is_unicode`, a U-label. Its copies here are wiped, but libidn2 makes others that it does not
 * wipe. `*ret` is the length in ASCII. */
static bool check_idn_label(struct slice label, bool is_unicode, struct direction *d,
			    size_t *ret_len)
{
	char text[4 * LABEL_BYTES_MAX + 1] = {0};
	uint8_t *registered = NULL;
	bool is_valid;
	int rc;

	if (label.len > (is_unicode ? sizeof text - 1 : LABEL_BYTES_MAX) ||
	    memchr(label.data, '\0', label.len) != NULL)
		return false;
	if (is_unicode) {
		memcpy(text, label.data, label.len);
		rc = idn2_register_u8((const uint8_t *)text, NULL, &registered, 0);
	} else {
		to_lower(text, label);
		rc = idn2_register_u8(NULL, (const uint8_t *)text, &registered, 0);
	}
	is_valid = rc == IDN2_OK && registered != NULL && check_registered(registered, d, ret_len);
	mem_wipe(text, sizeof text);
	free_wiped(registered);
	return is_valid;
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

static bool has_ace_prefix(struct slice label)
{
	return label.len >= 4 && (label.data[0] | 0x20) == 'x' && (label.data[1] | 0x20) == 'n' &&
	       label.data[2] == '-' && label.data[3] == '-';
}

static bool check_label(struct slice label, struct direction *d, size_t *ret_len)
{
	if (!is_ascii(label))
		return check_idn_label(label, true, d, ret_len);
	if (!is_ldh_label(label))
		return false;
	*ret_len = label.len;
	if (has_ace_prefix(label))
		return check_idn_label(label, false, d, ret_len);
	d->has_digit_first |= is_ascii_digit(label.data[0]);
	return true;
}

/* The length of a dot at `at`, or 0. IDNA also accepts U+3002, U+FF0E and U+FF61 as dots (RFC 3490
 * section 3.1). */
static size_t dot_length(struct slice text, size_t at)
{
	static const char *const wide[] = {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"};

	if (text.data[at] == '.')
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
		if (slice_starts_with(slice_from(text, at), slice_make(wide[i], 3)))
			return 3;
	return 0;
}

static bool check_name(struct slice text)
{
	struct direction direction = {false, false};
	size_t start = 0, total = 0, labels = 0;

	if (text.len > 4 * NAME_BYTES_MAX)
		return false;
	for (size_t at = 0; at <= text.len; at++) {
		size_t dot = at < text.len ? dot_length(text, at) : 0, len;

		if (at < text.len && dot == 0)
			continue;
		if (!check_label(slice_make(text.data + start, at - start), &direction, &len))
			return false;
		total += len + (labels++ != 0);
		if (dot != 0) {
			at += dot - 1;
			start = at + 1;
		}
	}
	return total <= NAME_BYTES_MAX && !(direction.is_bidi && direction.has_digit_first);
}

bool is_hostname(struct slice text)
{
	return text.len <= NAME_BYTES_MAX && is_ascii(text) && check_name(text);
}

bool is_idn_hostname(struct slice text)
{
	return check_name(text);
}
