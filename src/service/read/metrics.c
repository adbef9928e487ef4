/*
 * The metrics in the Prometheus text format. They name no document and no principal, so a
 * monitoring system needs no right to documents.
 *
 * The counters are read one after the other without a lock: two of them in one response may differ
 * by the calls that ended in between. Each only grows until the server ends. queue_depth() takes
 * the mutex of its queue for one read. All of it is cheap enough for the caller's thread.
 */
#include "service/engine/engine.h"
#include "service/read/read.h"
#include "service/engine/response.h"
#include "service/engine/waiters.h"

/* Relaxed: no other data depends on the value. */
static uint64_t read_count(_Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

/* Two lines that the format asks for once for each metric, before its values. Names end in _total
 * where they are counters. */
static void write_head(struct buf *ret, const char *name, const char *type, const char *help)
{
	buf_printf(ret, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_one(struct buf *ret, const char *name, const char *type, const char *help,
		      uint64_t value)
{
	write_head(ret, name, type, help);
	buf_printf(ret, "%s %llu\n", name, (unsigned long long)value);
}

/* An action that begins with a dot stands for several kinds, so its label says "document.read". */
static void write_calls(struct buf *ret, struct counters *counters)
{
	static const char name[] = "reeve_calls_total";

	write_head(ret, name, "counter", "Calls by verb.");
	for (int i = 0; i < VERB_COUNT; i++) {
		const char *action = verb_table[i].action;

		buf_printf(ret, "%s{verb=\"%s%s\"} %llu\n", name,
			   action[0] == '.' ? "document" : "", action,
			   (unsigned long long)read_count(&counters->calls[i]));
	}
}

static uint32_t queue_depth(struct call_queue *q)
{
	uint32_t count;

	pthread_mutex_lock(&q->mutex);
	count = q->count;
	pthread_mutex_unlock(&q->mutex);
	return count;
}

static void write_queues(struct buf *ret, struct service *s)
{
	static const char name[] = "reeve_queue_length";

	write_head(ret, name, "gauge", "Calls that wait for a thread.");
	buf_printf(ret, "%s{queue=\"workers\"} %u\n", name, work_queue_waiting(&s->work));
	buf_printf(ret, "%s{queue=\"committer\"} %u\n", name, queue_depth(&s->commit));
}

static void write_running(struct buf *ret, struct service *s)
{
	static const char name[] = "reeve_calls_running";
	uint32_t short_calls, long_calls;

	work_queue_running(&s->work, &short_calls, &long_calls);
	write_head(ret, name, "gauge",
		   "Calls that workers run; a long one no longer takes a place from short ones.");
	buf_printf(ret, "%s{kind=\"short\"} %u\n", name, short_calls);
	buf_printf(ret, "%s{kind=\"long\"} %u\n", name, long_calls);
}

static void write_commits(struct buf *ret, struct counters *counters)
{
	write_one(ret, "reeve_commits_total", "counter", "Durable transactions.",
		  read_count(&counters->commits));
	write_one(ret, "reeve_commit_items_total", "counter",
		  "Writes and audit records in these transactions; many share one.",
		  read_count(&counters->commit_items));
	write_one(ret, "reeve_audit_entries_total", "counter", "Audit entries since the start.",
		  read_count(&counters->audit_entries));
}

/* Those of the service; http/ appends its own. */
static void write_metrics(struct buf *ret, struct service *s)
{
	struct counters *counters = &s->counters;
	uint64_t epoch, revision;

	service_revision(s, &epoch, &revision);
	write_head(ret, "reeve_build_info", "gauge", "The running version of reeved.");
	buf_append_text(ret, "reeve_build_info{version=\"" REEVE_VERSION "\"} 1\n");
	write_one(ret, "reeve_epoch", "gauge", "Restores from backup, counted from 1.", epoch);
	write_one(ret, "reeve_revision", "gauge", "The store's last revision.", revision);
	write_one(ret, "reeve_read_only", "gauge",
		  "1 while the store takes no writes, until the next start.",
		  lifecycle_rules(&s->lifecycle)->is_read_only);
	write_one(ret, "reeve_disk_full", "gauge",
		  "1 while the disk has no space for a write; ends by itself.",
		  lifecycle_rules(&s->lifecycle)->is_disk_full);
	write_one(ret, "reeve_clock_behind_seconds", "gauge",
		  "How far the machine's clock is behind server time.",
		  (uint64_t)server_time_behind_ms(&s->state.time, &s->state.clock) / 1000);
	write_calls(ret, counters);
	write_one(ret, "reeve_calls_refused_total", "counter", "Calls refused by policy.",
		  read_count(&counters->refused));
	write_one(ret, "reeve_calls_failed_total", "counter",
		  "Calls that failed, refusals included.", read_count(&counters->failed));
	write_commits(ret, counters);
	write_one(ret, "reeve_tokens_removed_total", "counter",
		  "Tokens removed a while after they had ended.",
		  read_count(&counters->tokens_removed));
	write_queues(ret, s);
	write_running(ret, s);
	write_one(ret, "reeve_waiting_polls", "gauge", "Long polls that wait for a change.",
		  waiters_count(s->waiters));
	write_one(ret, "reeve_config_cache_hits_total", "counter",
		  "Configuration reads answered from the cache.",
		  read_count(&counters->config_hits));
	write_one(ret, "reeve_config_cache_misses_total", "counter",
		  "Configuration reads that had to resolve the profile.",
		  read_count(&counters->config_misses));
}

enum step metrics_on_loop(struct verb_context *ctx)
{
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	write_metrics(&b, ctx->service);
	return response_body(ctx->call, BODY_TEXT, &b, false);
}
