/*
 * Requests over libcurl's easy interface. The one handle of a transport keeps its connections
 * alive, so a client pays for TCP and TLS once.
 *
 * The handle also keeps its options. transport_open() sets those that never change; set_request()
 * sets all others again for each request, so that nothing of one request is sent with the next:
 * neither its body nor its token.
 *
 * Callbacks run inside curl_easy_perform(), in the caller's thread. A callback that fails leaves
 * its reason in struct transfer, because libcurl passes on nothing but "failed writing".
 *
 * Ownership: a struct transfer lives for one transport_perform(); its body moves into the response
 * on success and is freed otherwise. No lock is taken.
 */
#include "net/transport.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <errno.h>

/* Shorter than a request may take, so that a wrong address is reported after seconds and not after
 * the time that a long poll has. */
#define CONNECT_TIMEOUT_MS 5000

struct transport {
	CURL *curl;
	char curl_error[CURL_ERROR_SIZE];
};

/* One request while libcurl performs it. */
struct transfer {
	struct transport *transport;
	const struct transport_request *request;
	struct buf body;
	/* Why a callback stopped the transfer; OK: none did. */
	enum result stop_result;
	struct error stop_error;
};

static void transport_closep(struct transport **t)
{
	transport_close(*t);
}

enum result transport_open(struct transport **ret, const char *user_agent, struct error *err)
{
	CLEANUP(transport_closep) struct transport *t = alloc_zero(sizeof *t);

	if (t == NULL)
		return fail(err, E_MEMORY, "out of memory");
	t->curl = curl_easy_init();
	if (t->curl == NULL)
		return fail(err, E_MEMORY, "out of memory");
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->curl_error);
	/* libcurl must install no signal handlers: the agent handles all signals of its process,
	 * and transports run in threads. */
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	/* The library's defaults, stated here because the token's secrecy depends on them. 2 for
	 * the host name: the certificate must name the host of the URL. */
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	/* Empty, not unset: unset, libcurl takes the proxy from http_proxy and its like. */
	curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
	if (curl_easy_setopt(t->curl, CURLOPT_USERAGENT, user_agent) != CURLE_OK)
		return fail(err, E_MEMORY, "out of memory");
	*ret = steal(&t);
	return OK;
}

void transport_close(struct transport *t)
{
	if (t == NULL)
		return;
	if (t->curl != NULL)
		curl_easy_cleanup(t->curl);
	alloc_free(t);
}

/* Known once the headers are here, so before the first piece of the body. */
static unsigned status_of(struct transport *t)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return (unsigned)status;
}

/* libcurl's callback: any result but `len` stops the transfer. */
static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	const struct transport_request *q = t->request;
	size_t len = size * count;
	unsigned status = status_of(t->transport);

	/* The body of a failure is collected also for callers that take pieces: it is the problem
	 * that explains the failure, and must not end in their file. */
	if (q->on_piece != NULL && status >= 200 && status < 300) {
		t->stop_result = q->on_piece(q->piece_ctx, slice_make(data, len), &t->stop_error);
		return t->stop_result == OK ? len : 0;
	}
	if (len > q->body_bytes_max - t->body.len) {
		t->stop_result = fail(&t->stop_error, E_TOO_LARGE,
				      "the response is larger than %zu bytes", q->body_bytes_max);
		return 0;
	}
	buf_append(&t->body, data, len);
	return buf_is_failed(&t->body) ? 0 : len;
}

static struct slice trim(struct slice s)
{
	while (s.len != 0 && strchr(" \t\r\n", s.data[0]) != NULL)
		s = slice_from(s, 1);
	while (s.len != 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
		s.len--;
	return s;
}

/* libcurl's callback, once for each line of the headers, also of an interim response such as 100.
 * It cannot fail: a header that is not understood is passed over. */
static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct slice line = slice_make(data, size * count), name;

	/* The status line and the empty line at the end have no colon. */
	if (t->request->on_header != NULL && slice_next_part(&line, ':', &name) &&
	    line.data != NULL)
		t->request->on_header(t->request->header_ctx, name, trim(line));
	return size * count;
}

static void free_headers(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

/* Of curl_slist_append(): the list is unchanged on failure, so the caller still frees it. The line
 * is copied. A value without characters ("Expect:") removes libcurl's own header. */
static bool add_header(struct curl_slist **list, const struct transport_header *h)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct curl_slist *longer;

	if (h->value == NULL)
		return true;
	buf_printf(&line, "%s: %s", h->name, h->value);
	longer = buf_is_failed(&line) ? NULL : curl_slist_append(*list, line.data);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool add_headers(struct curl_slist **list, const struct transport_request *q)
{
	static const struct transport_header no_waiting = {"Expect", ""}; /* for 100 Continue */

	for (size_t i = 0; i < q->headers_count; i++) {
		if (!add_header(list, &q->headers[i]))
			return false;
	}
	return add_header(list, &no_waiting);
}

/* The order matters: POST and HTTPGET choose a method and whether a body is sent; CUSTOMREQUEST
 * then replaces the method's name only. So the same two branches serve PUT, PATCH and DELETE. The
 * body is borrowed (POSTFIELDS does not copy). */
static void set_request(CURL *curl, struct transfer *t, const char *url, struct curl_slist *headers)
{
	const struct transport_request *q = t->request;
	bool has_token = q->bearer_token != NULL && q->bearer_token[0] != '\0';

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOBODY, 0L);
	if (q->has_body) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
				 q->body.data != NULL ? q->body.data : "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
	} else {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH,
			 (long)(has_token ? CURLAUTH_BEARER : CURLAUTH_NONE));
	curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, has_token ? q->bearer_token : NULL);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
}

/* A result of our own callbacks has precedence: for libcurl it is only "failed writing". */
static enum result fail_transfer(struct transfer *t, CURLcode code, struct error *err)
{
	const char *server = t->request->base_url;
	const char *why = t->transport->curl_error;

	/* libcurl fills its error buffer for most failures, with more detail than the text of the
	 * code. */
	if (why[0] == '\0')
		why = curl_easy_strerror(code);
	if (buf_is_failed(&t->body))
		code = CURLE_OUT_OF_MEMORY;
	if (t->stop_result != OK) {
		if (err != NULL)
			*err = t->stop_error;
		return t->stop_result;
	}
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail(err, E_UNAVAILABLE, "cannot reach %s: %s", server, why);
	case CURLE_OUT_OF_MEMORY:
		return fail(err, E_MEMORY, "out of memory");
	case CURLE_OPERATION_TIMEDOUT:
		return fail(err, E_UNAVAILABLE, "%s did not respond in time", server);
	default:
		return fail(err, E_IO, "the connection to %s failed: %s", server, why);
	}
}

/* libcurl does not repeat a connect() that a signal interrupts; nothing was sent then. */
static bool is_interrupted(const struct transport *t)
{
	long system_error = 0;

	return curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &system_error) == CURLE_OK &&
	       system_error == EINTR;
}

static void transfer_clear(struct transfer *t)
{
	buf_clear(&t->body);
}

enum result transport_perform(struct transport *t, const struct transport_request *request,
			      struct transport_response *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf url = BUF_NULL;
	CLEANUP(free_headers) struct curl_slist *headers = NULL;
	CLEANUP(transfer_clear)
	struct transfer transfer = {.transport = t, .request = request, .stop_result = OK};
	CURLcode code;
	enum result rc;

	buf_append_text(&url, request->base_url);
	buf_append_slice(&url, request->target);
	if (buf_is_failed(&url) || !add_headers(&headers, request))
		return fail(err, E_MEMORY, "out of memory");
	t->curl_error[0] = '\0';
	set_request(t->curl, &transfer, url.data, headers);
	do
		code = curl_easy_perform(t->curl);
	while (code == CURLE_COULDNT_CONNECT && is_interrupted(t));
	if (code != CURLE_OK)
		return fail_transfer(&transfer, code, err);
	rc = buf_check(&transfer.body, err);
	if (rc != OK)
		return rc;
	*ret = (struct transport_response){status_of(t), buf_steal(&transfer.body)};
	return OK;
}
