/*
 * How many files the server may open is checked before it serves. A server that reaches the bound
 * later accepts no connection, and its store cannot open the files that a request needs.
 *
 * The soft bound is raised to the hard one, as any process may. Where that is not enough, fewer
 * connections are served, which is logged; where it is not enough for any, the start is refused.
 */
#include "app/open_files.h"

#include "base/log.h"
#include "http/server.h"

#include <sys/resource.h>

/* The default of Linux for the most files that a process may open (fs.nr_open). */
#define FILES_MAX 1048576
/* The least value of the setting (settings.c). */
#define CONNECTIONS_MIN 16
/* The sockets to listen on and to wait with, the log, the lock and the store's common files: under
 * 20; and the threads of the service beside those of the setting `workers`, under 16. */
#define FILES_OF_SERVER	 64
#define THREADS_OF_STORE 16
/* A database and its log for a thread, and those of a backup that it writes. */
#define FILES_OF_THREAD 8

/* Those that are no connections. */
static uint64_t count_own(const struct settings *settings)
{
	uint64_t threads = (uint64_t)settings->service.workers + THREADS_OF_STORE;

	return threads * FILES_OF_THREAD + FILES_OF_SERVER;
}

uint64_t open_files_needed(const struct settings *settings)
{
	return http_server_connections_max(&settings->http) + count_own(settings);
}

/* The connections that fit into `files_max`, which is less than is needed. Room for connections
 * that are being closed is left in full, or, where that would take most of it, as much as for those
 * that stay: a flood of connections may then make requests fail that need a file, for moments. */
static uint64_t count_fitting(const struct settings *settings, uint64_t files_max)
{
	uint64_t own = count_own(settings);
	uint64_t beside = open_files_needed(settings) - settings->http.connections_max;
	uint64_t whole = files_max > beside ? files_max - beside : 0;
	uint64_t half = files_max > own ? (files_max - own) / 2 : 0;

	return whole > half ? whole : half;
}

enum result open_files_fit(struct settings *settings, uint64_t files_max, struct error *err)
{
	uint32_t asked = settings->http.connections_max;
	uint64_t needed = open_files_needed(settings), fitting;

	if (needed <= files_max)
		return OK;
	fitting = count_fitting(settings, files_max);
	if (fitting < CONNECTIONS_MIN)
		return fail(err, E_UNAVAILABLE,
			    "this process may open %llu files only: raise the hard limit (ulimit "
			    "-Hn, or LimitNOFILE= of the systemd unit) to %llu, which "
			    "connections_max %u needs; below %llu no server starts",
			    (unsigned long long)files_max, (unsigned long long)needed, asked,
			    (unsigned long long)count_own(settings) + 2 * CONNECTIONS_MIN);
	if (fitting >= asked)
		return OK;
	settings->http.connections_max = (uint32_t)fitting;
	log_line(LOG_WARN, "fewer_connections",
		 "connections_max=%u configured=%u open_files_max=%llu open_files_needed=%llu "
		 "advice=\"raise the hard limit (ulimit -Hn, or LimitNOFILE= of the systemd unit) "
		 "to open_files_needed, or lower connections_max\"",
		 settings->http.connections_max, asked, (unsigned long long)files_max,
		 (unsigned long long)needed);
	return OK;
}

enum result open_files_raise(struct settings *settings, struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_errno(err, E_IO, "read the limit of open files");
	limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	/* If the bound cannot be raised, the present one counts. */
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_errno(err, E_IO, "read the limit of open files");
	return open_files_fit(settings, limit.rlim_cur, err);
}
