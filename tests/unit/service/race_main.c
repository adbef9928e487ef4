/*
 * Everything at once against one service, for ThreadSanitizer (under which Criterion cannot run)
 * and as a rough measure:
 *
 *   race_service [mixed|reads|configs|writes] [milliseconds]
 *
 * A few loops keep many calls under way, as event loops do; in "mixed" they write documents that
 * depend on one another, change a policy, read and reveal, wait and forget. Ends with 0 when every
 * call was answered and every answer was one that may be.
 */
#include "../temporary.h"
#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "http/native/native.h"
#include "service/service.h"
#include "store/sqlite/sqlite.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOPS 2
#define SLOTS 128

struct loop;

/* One connection's worth. */
struct slot {
	struct call call;
	struct loop *loop;
	struct slot *next_back;
	char path[64], body[160];
	unsigned seed;
	bool is_busy;
};

struct loop {
	pthread_t thread;
	struct service *service;
	struct slice token;
	const char *mode;
	int64_t until_ms;
	struct slot slots[SLOTS];
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	struct slot *back;
	uint64_t answered, refused, wrong;
};

static void hand_back(struct call *c)
{
	struct slot *s = c->ctx;
	struct loop *l = s->loop;

	pthread_mutex_lock(&l->mutex);
	s->next_back = l->back;
	l->back = s;
	pthread_cond_signal(&l->cond);
	pthread_mutex_unlock(&l->mutex);
}

static void choose_read(struct slot *s)
{
	s->call.verb = VERB_DOCUMENT_GET;
	s->call.permission = MAY_READ;
	snprintf(s->path, sizeof s->path, "secrets/app/db");
}

static void choose_config(struct slot *s)
{
	s->call.verb = VERB_CONFIG_GET;
	s->call.permission = MAY_READ;
	snprintf(s->path, sizeof s->path, "config/app/heir%d", rand_r(&s->seed) % 4);
}

static void choose_write(struct slot *s, int documents)
{
	s->call.verb = VERB_DOCUMENT_PUT;
	s->call.permission = MAY_WRITE;
	snprintf(s->path, sizeof s->path, "profiles/other/p%d", rand_r(&s->seed) % documents);
	snprintf(s->body, sizeof s->body, "{\"n\":%d}", rand_r(&s->seed));
}

static void choose_mixed(struct slot *s)
{
	int what = rand_r(&s->seed) % 100, n = rand_r(&s->seed) % 4;

	if (what < 30) {
		choose_read(s);
	} else if (what < 70) {
		choose_config(s);
		s->call.in.config.is_revealed = what < 45;
		s->call.in.config.wait_ms = what >= 60 ? 20 : 0;
		s->call.in.if_none_match = what >= 60 ? SLICE_LITERAL("*") : SLICE_NULL;
	} else if (what < 90) {
		choose_write(s, 16);
	} else {
		s->call.verb = VERB_DOCUMENT_PUT;
		s->call.permission = MAY_WRITE;
		if (what < 94) {
			snprintf(s->path, sizeof s->path, "profiles/app/base");
			snprintf(s->body, sizeof s->body, "{\"$abstract\":true,\"n\":%d}", n);
		} else if (what < 97) {
			snprintf(s->path, sizeof s->path, "secrets/app/db");
			snprintf(s->body, sizeof s->body, "{\"data\":{\"k\":\"v%d\"}}", n);
		} else {
			snprintf(s->path, sizeof s->path, "policies/spare");
			snprintf(s->body, sizeof s->body,
				 "{\"rules\":[{\"allow\":[\"read\"],\"on\":\"config/p%d/*\"}]}", n);
		}
	}
}

static bool may_be(const struct slot *s)
{
	switch (s->call.out.result) {
	case OK:
	case E_BUSY:
		return true;
	case E_NOT_FOUND:
		return s->call.verb == VERB_DOCUMENT_GET || s->call.verb == VERB_CONFIG_GET;
	default:
		fprintf(stderr, "%s %s: %s\n", s->path, result_name(s->call.out.result),
			s->call.out.error.text);
		return false;
	}
}

static void account(struct slot *s)
{
	s->loop->answered++;
	s->loop->refused += s->call.out.result != OK;
	s->loop->wrong += !may_be(s);
	call_clear(&s->call);
	s->is_busy = false;
}

static void submit(struct slot *s)
{
	if (service_submit(s->loop->service, &s->call) == CALL_DONE)
		account(s);
}

static void begin(struct slot *s)
{
	struct error err = ERROR_NULL;
	struct loop *l = s->loop;

	call_init(&s->call);
	s->call.codec = &native_codec;
	s->call.ctx = s;
	s->call.done = hand_back;
	s->is_busy = true;
	s->body[0] = '\0';
	snprintf(s->call.address_text, sizeof s->call.address_text, "127.0.0.1");
	snprintf(s->call.request_id, sizeof s->call.request_id, "race");
	if (strcmp(l->mode, "reads") == 0)
		choose_read(s);
	else if (strcmp(l->mode, "configs") == 0)
		choose_config(s);
	else if (strcmp(l->mode, "writes") == 0)
		choose_write(s, 100000);
	else
		choose_mixed(s);
	s->call.path = slice_text(s->path);
	s->call.in.body = slice_text(s->body);
	if (service_authenticate(l->service, &s->call, l->token, &err) != OK)
		s->call.out.result = E_UNAUTHENTICATED;
	submit(s);
}

/* What came back is gone on with: answered, or a poll that was woken. */
static void take_back(struct loop *l)
{
	struct timespec until;
	struct slot *s;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 2000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&l->mutex);
	if (l->back == NULL)
		pthread_cond_timedwait(&l->cond, &l->mutex, &until);
	s = l->back;
	l->back = NULL;
	pthread_mutex_unlock(&l->mutex);
	while (s != NULL) {
		struct slot *next = s->next_back;

		if (atomic_load(&s->call.state) == CALL_DONE)
			account(s);
		else
			submit(s);
		s = next;
	}
}

static bool is_over(struct loop *l)
{
	bool is_idle = true;
	bool is_late = clock_monotonic_ms(&system_clock) >= l->until_ms;

	for (int i = 0; i < SLOTS; i++) {
		if (!l->slots[i].is_busy && !is_late)
			begin(&l->slots[i]);
		if (is_late && l->slots[i].is_busy &&
		    service_forget(l->service, &l->slots[i].call)) {
			call_clear(&l->slots[i].call);
			l->slots[i].is_busy = false;
		}
		is_idle &= !l->slots[i].is_busy;
	}
	return is_late && is_idle;
}

static void *loop_main(void *arg)
{
	struct loop *l = arg;

	while (!is_over(l)) {
		take_back(l);
		service_tick(l->service);
	}
	return NULL;
}

static void must(enum result rc, const struct error *err)
{
	if (rc == OK)
		return;
	fprintf(stderr, "%s: %s\n", result_name(rc), err->text);
	exit(1);
}

static struct service *open_service(const char *folder, struct secret_memory **m, struct buf *token)
{
	static const char policy[] = "rules: [{allow: [read, write, list, admin], on: \"**\"}]\n";
	struct shipped_document shipped = {"policies/administrator", policy, sizeof policy - 1};
	struct service_settings settings = SERVICE_SETTINGS_DEFAULT;
	CLEANUP(buf_clear) struct buf vkey = BUF_NULL;
	struct error err = ERROR_NULL;
	struct service *s;
	struct store *store;
	struct keyring *ring;
	struct key *root;

	must(crypto_start(&err), &err);
	must(secret_memory_new(m, &err), &err);
	must(store_open_sqlite(&store, folder, true, &err), &err);
	must(key_new_random(&root, *m, &err), &err);
	must(keyring_create(&ring, *m, root, SLICE_LITERAL("0123456789abcdef"), &err), &err);
	must(service_init(&(struct stopped_store){store, ring, &system_clock}, &shipped, 1, token,
			  &vkey, &err),
	     &err);
	while (token->len != 0 && token->data[token->len - 1] == '\n')
		buf_cut(token, token->len - 1);
	must(service_open(&s, &(struct service_parts){store, ring, &settings, &system_clock}, &err),
	     &err);
	return s;
}

static void put(struct loop *l, const char *path, const char *body)
{
	struct slot *s = &l->slots[0];
	struct error err = ERROR_NULL;

	s->loop = l;
	call_init(&s->call);
	s->call.codec = &native_codec;
	s->call.ctx = s;
	s->call.done = hand_back;
	s->call.verb = VERB_DOCUMENT_PUT;
	s->call.permission = MAY_WRITE;
	s->call.path = slice_text(path);
	s->call.in.body = slice_text(body);
	must(service_authenticate(l->service, &s->call, l->token, &err), &err);
	if (service_submit(l->service, &s->call) != CALL_DONE) {
		pthread_mutex_lock(&l->mutex);
		while (l->back == NULL)
			pthread_cond_wait(&l->cond, &l->mutex);
		l->back = NULL;
		pthread_mutex_unlock(&l->mutex);
	}
	must(s->call.out.result, &s->call.out.error);
	call_clear(&s->call);
}

static void fill(struct loop *l)
{
	char path[64];

	put(l, "secrets/app/db", "{\"data\":{\"k\":\"v\"}}");
	put(l, "schemas/s", "{\"properties\":{\"n\":{\"maximum\":5},\"k\":{\"type\":\"string\"}}}");
	put(l, "profiles/app/base", "{\"$abstract\":true,\"n\":1}");
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "profiles/app/heir%d", i);
		put(l, path,
		    "{\"$schema\":\"s\",\"$extends\":[\"base\"],\"k\":\"${secret:app/db#k}\"}");
	}
}

static void remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[400];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(folder);
}

static struct loop loops[LOOPS];

static int run(struct service *service, struct slice token, const char *mode, int64_t ms)
{
	uint64_t answered = 0, refused = 0, wrong = 0;

	for (int i = 0; i < LOOPS; i++) {
		struct loop *l = &loops[i];

		l->service = service;
		l->token = token;
		l->mode = mode;
		l->until_ms = clock_monotonic_ms(&system_clock) + ms;
		pthread_mutex_init(&l->mutex, NULL);
		pthread_cond_init(&l->cond, NULL);
		for (int s = 0; s < SLOTS; s++) {
			l->slots[s].loop = l;
			l->slots[s].seed = (unsigned)(i * SLOTS + s);
		}
		if (i == 0)
			fill(l);
	}
	for (int i = 0; i < LOOPS; i++)
		pthread_create(&loops[i].thread, NULL, loop_main, &loops[i]);
	for (int i = 0; i < LOOPS; i++) {
		pthread_join(loops[i].thread, NULL);
		answered += loops[i].answered;
		refused += loops[i].refused;
		wrong += loops[i].wrong;
	}
	printf("%s: %llu answered, %.0f a second, %llu refused, %llu wrong\n", mode,
	       (unsigned long long)answered, (double)answered * 1000 / (double)ms,
	       (unsigned long long)refused, (unsigned long long)wrong);
	return wrong == 0 && answered != 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	char folder[80];
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct secret_memory *m;
	struct service *s;
	int status;

	if (!temporary_folder(folder, sizeof folder))
		return 1;
	s = open_service(folder, &m, &token);
	status = run(s, buf_slice(&token), argc > 1 ? argv[1] : "mixed",
		     argc > 2 ? atoi(argv[2]) : 2000);
	service_drain(s);
	service_close(s);
	secret_memory_free(m);
	remove_folder(folder);
	return status;
}
