/*
 * The check of a server's URL, once, before a token is sent to it. From then on the normalised text
 * is used, and a target is appended to it as it is.
 *
 * Two parsers of one URL can disagree about where its host ends, and then the checked host is not
 * the one that gets the token. So all parts come from libcurl's parser, which also makes the
 * connection. CURLU has no state outside of itself: any thread may call.
 */
#include "net/base_url.h"

#include "net/address.h"

#include <curl/curl.h>

static void clear_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void clear_part(char **part)
{
	curl_free(*part);
}

/* libcurl has an error code for each part that is missing. Without memory nobody knows what the
 * address holds: it counts as having the part, and is refused. */
static bool has_part(CURLU *url, CURLUPart which)
{
	CLEANUP(clear_part) char *part = NULL;
	CURLUcode rc = curl_url_get(url, which, &part, 0);

	return rc == CURLUE_OK || rc == CURLUE_OUT_OF_MEMORY;
}

/* A user name could hide the host ("http://127.0.0.1@elsewhere"), and a query or a fragment would
 * take in the target that is appended. */
static enum result check_parts(CURLU *url, const char *scheme, struct error *err)
{
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return fail(err, E_MALFORMED,
			    "the server's address must begin with http:// or https://, such as %s",
			    BASE_URL_EXAMPLE);
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return fail(
			err, E_MALFORMED,
			"the server's address must not have a user name before the host (an @)");
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return fail(err, E_MALFORMED,
			    "the server's address must end after the host, the port or a path");
	return OK;
}

enum result base_url_parse(struct buf *ret, bool *ret_is_private, const char *text,
			   struct error *err)
{
	CLEANUP(clear_url) CURLU *url = curl_url();
	CLEANUP(clear_part) char *scheme = NULL;
	CLEANUP(clear_part) char *host = NULL;
	CLEANUP(clear_part) char *whole = NULL;
	struct slice rest;
	enum result rc;

	if (url == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
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
	/* A target begins with '/'. A slash at the end of the base would double it, and servers
	 * differ in what "//v1" means. */
	rest = slice_text(whole);
	while (rest.len != 0 && rest.data[rest.len - 1] == '/')
		rest.len--;
	buf_append_slice(ret, rest);
	*ret_is_private = strcmp(scheme, "https") == 0 || address_is_loopback(host);
	return buf_check(ret, err);
}
