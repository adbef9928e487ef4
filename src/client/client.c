#include "client/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/base_url.h"
#include "client/problem.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#define TIMEOUT_MS	   30000
#define CONNECT_TIMEOUT_MS 5000
#define TOKEN_BYTES_MAX	   4096

struct client {
	CURL *curl;
	struct buf address; /* without a slash at its end */
	struct buf token;
	struct buf token_file; /* empty: none */
	unsigned token_mode;   /* of the file when it was read; 0: none */
	bool is_private;
	char curl_error[CURL_ERROR_SIZE];
};

/* One request on its way. */
struct transfer {
	struct client *client;
	const struct client_request *request;
	struct client_response *response;
	struct error receive_error;
	enum result receive_result;
};

/* What may stand in a header: visible ASCII, without what ended the file's line. */
static enum result check_token(struct buf *token, struct error *err)
{
	while (token->len != 0 && strchr(" \t\r\n", token->data[token->len - 1]) != NULL)
		buf_cut(token, token->len - 1);
	for (size_t i = 0; i < token->len; i++) {
		if (token->data[i] <= ' ' || token->data[i] >= 0x7f)
			return fail(err, E_MALFORMED,
				    "the token holds a blank, a control character or a letter that "
				    "is not ASCII");
	}
	return buf_check(token, err);
}

/* A link leads to the file that is judged: secrets are mounted as links. Anything but a file could keep us waiting for ever. */
static enum result read_token_file(struct buf *ret, unsigned *ret_mode, const char *path,
				   struct error *err)
{
	CLEANUP(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	enum result rc;

	if (fd < 0)
		return fail_errno(err, E_IO, "open the token file %s", path);
	if (fstat(fd, &st) != 0)
		return fail_errno(err, E_IO, "look at the token file %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, E_MALFORMED,
			    "the token file %s is no regular file; give a token from elsewhere in "
			    "REEVE_TOKEN",
			    path);
	rc = file_read_fd(ret, fd, path, TOKEN_BYTES_MAX, err);
	if (rc == OK)
		rc = check_token(ret, err);
	if (rc != OK)
		return wrap(err, rc, "token file %s", path);
	if (ret->len == 0)
		return fail(err, E_MALFORMED, "the token file %s is empty", path);
	*ret_mode = st.st_mode & 07777;
	return OK;
}

static enum result set_token(struct client *c, const struct client_options *o, struct error *err)
{
	if (o->token_file == NULL) {
		buf_append_text(&c->token, o->token != NULL ? o->token : "");
		return check_token(&c->token, err);
	}
	buf_append_text(&c->token_file, o->token_file);
	return read_token_file(&c->token, &c->token_mode, o->token_file, err);
}

enum result client_open(struct client **ret, const struct client_options *options,
			struct error *err)
{
	CLEANUP(client_closep) struct client *c = alloc_zero(sizeof *c);
	enum result rc;

	if (c == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = address_read(&c->address, &c->is_private,
			  options->address != NULL ? options->address : CLIENT_ADDRESS_DEFAULT,
			  err);
	if (rc == OK)
		rc = set_token(c, options, err);
	if (rc == OK)
		rc = buf_check(&c->token_file, err);
	if (rc != OK)
		return rc;
	c->curl = curl_easy_init();
	if (c->curl == NULL)
		return fail(err, E_MEMORY, "out of memory");
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->curl_error);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	/* A token must not go through a proxy that the environment happens to name. */
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT,
			 options->user_agent != NULL ? options->user_agent
						     : "reeve/" REEVE_VERSION);
	*ret = steal(&c);
	return OK;
}

void client_close(struct client *c)
{
	if (c == NULL)
		return;
	if (c->curl != NULL)
		curl_easy_cleanup(c->curl);
	buf_clear(&c->address);
	buf_clear(&c->token);
	buf_clear(&c->token_file);
	alloc_free(c);
}

bool client_is_private(const struct client *c)
{
	return c->is_private;
}

bool client_has_open_token_file(const struct client *c, unsigned *ret_mode)
{
	*ret_mode = c->token_mode;
	return (c->token_mode & (S_IRWXG | S_IRWXO)) != 0;
}

void client_closep(struct client **c)
{
	client_close(*c);
}

void client_response_clear(struct client_response *r)
{
	buf_clear(&r->body);
	*r = (struct client_response)CLIENT_RESPONSE_NULL;
}

static bool is_success(struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->client->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;

	if (t->request->receive != NULL && is_success(t)) {
		t->receive_result = t->request->receive(t->request->receive_ctx,
							slice_make(data, len), &t->receive_error);
		return t->receive_result == OK ? len : 0;
	}
	if (len > CLIENT_BODY_BYTES_MAX - t->response->body.len) {
		t->receive_result =
			fail(&t->receive_error, E_TOO_LARGE, "the answer is larger than %d bytes",
			     CLIENT_BODY_BYTES_MAX);
		return 0;
	}
	buf_append(&t->response->body, data, len);
	return buf_is_failed(&t->response->body) ? 0 : len;
}

static struct slice trim(struct slice s)
{
	while (s.len != 0 && strchr(" \t\r\n", s.data[0]) != NULL)
		s = slice_from(s, 1);
	while (s.len != 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
		s.len--;
	return s;
}

static void copy_text(char *ret, size_t size, struct slice value)
{
	if (value.len < size) {
		memcpy(ret, value.data, value.len);
		ret[value.len] = '\0';
	}
}

/* `Link: </v1/…>; rel="next"` */
static void take_link(struct client_response *r, struct slice value)
{
	const char *end;

	/* It is put behind the server's address, which it must not continue: "@elsewhere", ".elsewhere". */
	if (value.len < 2 || value.data[0] != '<' || value.data[1] != '/' ||
	    memmem(value.data, value.len, "rel=\"next\"", 10) == NULL)
		return;
	end = memchr(value.data, '>', value.len);
	if (end != NULL)
		copy_text(r->next, sizeof r->next,
			  slice_make(value.data + 1, (size_t)(end - value.data - 1)));
}

static void take_header(struct client_response *r, struct slice name, struct slice value)
{
	static const char *const names[] = {"Content-Type",   "ETag",	     "Reeve-Request-Id",
					    "Reeve-Revision", "Reeve-Epoch", "Reeve-Audit-Index",
					    "Retry-After",    "Link"};
	uint64_t number = 0;
	size_t which = 0;

	while (which < ARRAY_SIZE(names) && (strlen(names[which]) != name.len ||
					     strncasecmp(names[which], name.data, name.len) != 0))
		which++;
	switch (which) {
	case 0:
		copy_text(r->content_type, sizeof r->content_type, value);
		return;
	case 1:
		copy_text(r->etag, sizeof r->etag, value);
		return;
	case 2:
		copy_text(r->request_id, sizeof r->request_id, value);
		return;
	case 7:
		take_link(r, value);
		return;
	default:
		break;
	}
	if (which >= ARRAY_SIZE(names) || !slice_to_u64(value, UINT64_MAX, &number))
		return;
	if (which == 3) {
		r->revision = number;
		r->has_revision = true;
	} else if (which == 4) {
		r->epoch = number;
	} else if (which == 5) {
		r->audit_index = number;
		r->has_audit_index = true;
	} else {
		r->retry_after_ms = (int64_t)(number < 86400 ? number : 86400) * 1000;
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct slice line = slice_make(data, size * count), name;

	if (slice_next_part(&line, ':', &name) && line.data != NULL)
		take_header(t->response, name, trim(line));
	return size * count;
}

static void free_headers(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct curl_slist *longer;

	if (value == NULL)
		return true;
	buf_printf(&line, "%s: %s", name, value);
	longer = buf_is_failed(&line) ? NULL : curl_slist_append(*list, line.data);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool add_headers(struct curl_slist **list, const struct client_request *q)
{
	return add_header(list, "Accept", q->accept != NULL ? q->accept : "application/json") &&
	       add_header(list, "Content-Type", q->content_type) &&
	       add_header(list, "If-Match", q->if_match) &&
	       add_header(list, "If-None-Match", q->if_none_match) &&
	       add_header(list, "Idempotency-Key", q->idempotency_key) &&
	       add_header(list, "Expect", ""); /* no waiting for 100 Continue */
}

static void set_options(struct client *c, struct transfer *t, const char *url,
			struct curl_slist *headers)
{
	const struct client_request *q = t->request;

	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, q->method);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_NOBODY, 0L);
	if (q->content_type != NULL) {
		curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, q->method);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS,
				 q->body.data != NULL ? q->body.data : "");
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
	} else {
		curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, q->method);
	}
	if (c->token.len != 0) {
		curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(c->curl, CURLOPT_XOAUTH2_BEARER, c->token.data);
	}
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS,
			 (long)(q->timeout_ms != 0 ? q->timeout_ms : TIMEOUT_MS));
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, t);
}

static enum result fail_transfer(struct transfer *t, CURLcode code, struct error *err)
{
	struct client *c = t->client;
	const char *why = c->curl_error[0] != '\0' ? c->curl_error : curl_easy_strerror(code);

	if (buf_is_failed(&t->response->body))
		code = CURLE_OUT_OF_MEMORY;
	if (t->receive_result != OK) {
		if (err != NULL)
			*err = t->receive_error;
		return t->receive_result;
	}
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail(err, E_UNAVAILABLE, "cannot reach %s: %s", c->address.data, why);
	case CURLE_OUT_OF_MEMORY:
		return fail(err, E_MEMORY, "out of memory");
	case CURLE_OPERATION_TIMEDOUT:
		return fail(err, E_UNAVAILABLE, "%s did not answer in time", c->address.data);
	default:
		return fail(err, E_IO, "talking to %s: %s", c->address.data, why);
	}
}

static enum result send_once(struct client *c, const struct client_request *request,
			     struct client_response *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf url = BUF_NULL;
	CLEANUP(free_headers) struct curl_slist *headers = NULL;
	struct transfer t = {.client = c,
			     .request = request,
			     .response = ret,
			     .receive_result = OK};
	CURLcode code;
	long status = 0;

	client_response_clear(ret);
	buf_append_slice(&url, buf_slice(&c->address));
	buf_append_slice(&url, request->target);
	if (buf_is_failed(&url) || !add_headers(&headers, request))
		return fail(err, E_MEMORY, "out of memory");
	c->curl_error[0] = '\0';
	set_options(c, &t, url.data, headers);
	code = curl_easy_perform(c->curl);
	if (code != CURLE_OK)
		return fail_transfer(&t, code, err);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (unsigned)status;
	return buf_check(&ret->body, err);
}

/* True where the token file holds another token than the one that we sent. */
static bool renew_token(struct client *c)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct error ignored;

	if (c->token_file.len == 0 ||
	    read_token_file(&token, &c->token_mode, c->token_file.data, &ignored) != OK ||
	    slice_is_equal(buf_slice(&token), buf_slice(&c->token)))
		return false;
	buf_clear(&c->token);
	c->token = buf_steal(&token);
	return true;
}

enum result client_send(struct client *c, const struct client_request *request,
			struct client_response *ret, struct error *err)
{
	enum result rc = send_once(c, request, ret, err);

	/* What runs for months outlives its token; who keeps the file writes the next one into it. */
	if (rc == OK && ret->status == 401 && renew_token(c))
		rc = send_once(c, request, ret, err);
	return rc;
}

enum result client_call(struct client *c, const struct client_request *request,
			struct client_response *ret, struct error *err)
{
	enum result rc = client_send(c, request, ret, err);

	if (rc != OK || ret->status < 400)
		return rc;
	return problem_explain(ret, err);
}
