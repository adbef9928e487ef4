/*
 * A mailbox (RFC 5321 section 4.1.2), and with UTF-8 in it (RFC 6531 section 3.3).
 *
 * The local part is a Dot-string or a Quoted-string: ada.lovelace or "ada lovelace". The domain
 * consists of labels, or is an address in brackets: [192.0.2.1], [IPv6:2001:db8::1]. The whole text
 * must be the mailbox: a display name or angle brackets are not part of it.
 */
#include "schema/format/format_checks.h"

/* RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.2. */
#define LOCAL_BYTES_MAX	 64
#define DOMAIN_BYTES_MAX 255

static bool is_beyond_ascii(char c)
{
	return (unsigned char)c >= 0x80;
}

/* Dot-string: atoms with single dots between. */
static bool is_dot_string(struct slice text, bool is_idn)
{
	struct slice atom;

	while (slice_next_part(&text, '.', &atom)) {
		for (size_t i = 0; i < atom.len; i++) {
			char c = atom.data[i];

			if (!is_ascii_letter(c) && !is_ascii_digit(c) &&
			    !is_one_of(c, "!#$%&'*+-/=?^_`{|}~") && !(is_idn && is_beyond_ascii(c)))
				return false;
		}
		if (atom.len == 0)
			return false;
	}
	return true;
}

/* Reads a Quoted-string at `*at` and moves past it. */
static bool read_quoted(struct slice text, size_t *at, bool is_idn)
{
	for ((*at)++; *at < text.len && text.data[*at] != '"'; (*at)++) {
		if (text.data[*at] == '\\')
			(*at)++;
		if (*at == text.len)
			return false;
		if ((text.data[*at] < ' ' || text.data[*at] == 0x7f) &&
		    !(is_idn && is_beyond_ascii(text.data[*at])))
			return false;
	}
	if (*at == text.len)
		return false;
	(*at)++;
	return true;
}

/* Labels as in a host name. */
static bool is_domain(struct slice text, bool is_idn)
{
	struct slice label;

	if (text.len > DOMAIN_BYTES_MAX)
		return false;
	while (slice_next_part(&text, '.', &label)) {
		bool is_unicode = false;

		/* Only the ASCII characters of a label are checked: a mailbox is not refused for
		 * its Unicode normal form. */
		for (size_t i = 0; i < label.len; i++) {
			char c = label.data[i];

			is_unicode |= is_beyond_ascii(c);
			if (!is_beyond_ascii(c) && !is_ascii_letter(c) && !is_ascii_digit(c) &&
			    c != '-')
				return false;
		}
		if (is_unicode ? !is_idn : !is_ldh_label(label))
			return false;
	}
	return true;
}

/* After "[": an IPv4 address, "IPv6:" and an IPv6 address, or a general literal; then "]". */
static bool is_address_literal(struct slice text)
{
	const char *colon;

	if (text.len < 2 || text.data[text.len - 1] != ']')
		return false;
	text.len--;
	if (is_ipv4(text))
		return true;
	if (text.len > 5 && strncasecmp(text.data, "IPv6:", 5) == 0)
		return is_ipv6(slice_from(text, 5));
	colon = memchr(text.data, ':', text.len);
	if (colon == NULL || !is_ldh_label(slice_first(text, (size_t)(colon - text.data))))
		return false;
	text = slice_from(text, (size_t)(colon - text.data) + 1);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f || is_one_of(text.data[i], "[\\]"))
			return false;
	return text.len != 0;
}

/* Local-part "@" ( Domain / address-literal ). */
static bool is_mailbox(struct slice text, bool is_idn)
{
	size_t at = 0;

	if (text.len != 0 && text.data[0] == '"') {
		if (!read_quoted(text, &at, is_idn))
			return false;
	} else {
		while (at < text.len && text.data[at] != '@')
			at++;
		if (!is_dot_string(slice_first(text, at), is_idn))
			return false;
	}
	if (at > LOCAL_BYTES_MAX || at >= text.len || text.data[at] != '@')
		return false;
	text = slice_from(text, at + 1);
	if (text.len != 0 && text.data[0] == '[')
		return is_address_literal(slice_from(text, 1));
	return text.len != 0 && is_domain(text, is_idn);
}

bool is_email(struct slice text)
{
	return is_mailbox(text, false);
}

bool is_idn_email(struct slice text)
{
	return is_mailbox(text, true);
}
