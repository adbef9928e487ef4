/* The rule: what may take long is done here, by few threads, from a bounded queue. */
#include "service/internal.h"
#include "service/write.h"

#define ATTEMPTS_MAX 3

/* One conflict is likely to be followed by success; a call that keeps losing is prepared by the committer itself, where
 * nobody can come between. */
static void work_on(struct worker *w, struct call *c)
{
	struct service *s = w->service;
	struct scene scene = {0};
	enum call_state state;
	enum step step = STEP_RETRY;

	while (step == STEP_RETRY && c->attempts < ATTEMPTS_MAX) {
		scene_end(&scene);
		step = scene_run(&scene, s, c, w);
		if (step == STEP_RETRY)
			c->attempts++;
	}
	if (scene.snapshot == NULL) { /* it came back from the committer once too often */
		scene.service = s;
		scene.call = c;
		scene.worker = w;
	}
	state = call_after(&scene, step);
	scene_end(&scene);
	if (state == CALL_DONE)
		call_finish(s, c);
	else if (state == CALL_WAITING)
		service_let_go(s);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct call *c;
	bool is_over;

	while ((c = queue_take(&w->service->work, 1, 0, &is_over)) != NULL)
		work_on(w, c);
	return NULL;
}

enum result workers_start(struct service *s, struct error *err)
{
	uint32_t count = s->settings.workers != 0 ? s->settings.workers : 2;
	enum result rc;

	s->workers = alloc_zero_array(count, sizeof *s->workers);
	if (s->workers == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		struct worker *w = &s->workers[i];

		w->service = s;
		w->number = i;
		rc = store_session_open(&w->session, s->store, err);
		if (rc != OK)
			return wrap(err, rc, "worker %u", i);
		if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
			store_session_close(w->session);
			return fail(err, E_IO, "a thread cannot be started");
		}
		s->workers_count = i + 1;
	}
	return OK;
}

void workers_stop(struct service *s)
{
	queue_close(&s->work);
	for (uint32_t i = 0; i < s->workers_count; i++) {
		pthread_join(s->workers[i].thread, NULL);
		store_session_close(s->workers[i].session);
	}
	alloc_free(s->workers);
	s->workers = NULL;
	s->workers_count = 0;
}
