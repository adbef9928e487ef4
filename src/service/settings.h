/* The settings of the service that an operator may change. They are copied when the service opens
 * and do not change afterwards. Bounds protect the server: a request that exceeds one is refused,
 * never cut short. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes in bytes, times in milliseconds. The figures at the members are the defaults. */
struct service_settings {
	/* Short calls at work at a time; 0: 2. A few threads more are for long ones. */
	uint32_t workers;
	uint32_t queue_max;   /* calls that wait for a worker or the committer; more are E_BUSY */
	uint32_t waiters_max; /* long polls */
	size_t document_bytes_max; /* 1 MiB */
	size_t secret_bytes_max;   /* 512 KiB */
	size_t batch_bytes_max;	   /* 8 MiB */
	uint32_t batch_changes_max;
	uint32_t affected_max;	 /* profiles re-validated by one write: 10,000 */
	int64_t wait_ms_max;	 /* 60 s */
	uint32_t limit_max;	 /* 1,000 */
	size_t cache_bytes_max;	 /* effective configurations kept ready */
	bool is_format_asserted; /* JSON Schema `format` */
	/* The most that one request may cost (base/budget.h). */
	size_t request_bytes_max;	/* 256 MiB */
	int64_t request_ms_max;		/* of a worker: 5 s; not 0 */
	uint32_t failures_recorded_max; /* of one principal in ten seconds, one by one: 100 */
	int64_t ended_tokens_kept_ms;	/* before they are removed: 5 min */
};

/* In the order of the members. */
#define SERVICE_SETTINGS_DEFAULT                                                              \
	((struct service_settings){2, 4096, 100000, 1 << 20, 512 << 10, 8 << 20, 1000, 10000, \
				   60000, 1000, 64 << 20, true, 256 << 20, 5000, 100, 300000})

/* The largest JSON that an event loop parses or converts by itself. */
#define LOOP_BYTES_MAX 4096
