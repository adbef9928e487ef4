#include "net/base_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

static void clear_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void clear_part(char **part)
{
	curl_free(*part);
}

static bool is_loopback_v4(const uint8_t bytes[static 4])
{
	return bytes[0] == 127;
}

static bool is_loopback_v6(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};

	return memcmp(bytes, one, sizeof one) == 0 ||
	       (memcmp(bytes, mapped, sizeof mapped) == 0 && is_loopback_v4(bytes + 12));
}

bool address_is_loopback(const char *host)
{
	size_t len = strlen(host);
	uint8_t bytes[16];
	char plain[64];

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (len >= sizeof plain)
		return false;
	memcpy(plain, host, len + 1);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		memcpy(plain, host + 1, len - 2);
		plain[len - 2] = '\0';
		return inet_pton(AF_INET6, plain, bytes) == 1 && is_loopback_v6(bytes);
	}
	if (inet_pton(AF_INET, plain, bytes) == 1)
		return is_loopback_v4(bytes);
	return inet_pton(AF_INET6, plain, bytes) == 1 && is_loopback_v6(bytes);
}

static bool has_part(CURLU *url, CURLUPart which)
{
	CLEANUP(clear_part) char *part = NULL;

	return curl_url_get(url, which, &part, 0) == CURLUE_OK;
}

static enum result check_parts(CURLU *url, const char *scheme, struct error *err)
{
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return fail(err, E_MALFORMED,
			    "the server's address must begin with http:// or https://, such as %s",
			    BASE_URL_EXAMPLE);
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return fail(err, E_MALFORMED,
			    "the server's address must have no user name before the host (an @)");
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return fail(err, E_MALFORMED,
			    "the server's address must end behind the host, the port or a path");
	return OK;
}

enum result address_read(struct buf *ret, bool *ret_is_private, const char *address,
			 struct error *err)
{
	CLEANUP(clear_url) CURLU *url = curl_url();
	CLEANUP(clear_part) char *scheme = NULL;
	CLEANUP(clear_part) char *host = NULL;
	CLEANUP(clear_part) char *whole = NULL;
	struct slice text;
	enum result rc;

	if (url == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (curl_url_set(url, CURLUPART_URL, address, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return fail(err, E_MALFORMED,
			    "the server's address must be http://HOST:PORT or https://HOST:PORT, "
			    "such as %s",
			    BASE_URL_EXAMPLE);
	rc = check_parts(url, scheme, err);
	if (rc != OK)
		return rc;
	text = slice_text(whole);
	while (text.len != 0 && text.data[text.len - 1] == '/')
		text.len--;
	buf_append_slice(ret, text);
	*ret_is_private = strcmp(scheme, "https") == 0 || address_is_loopback(host);
	return buf_check(ret, err);
}
