/*
 * libmicrohttpd's callbacks for requests: one path through all steps for every route, so that no
 * route can forget one.
 *
 *   request_on_uri        the request's first line was read
 *   request_on_access     1. all headers are here: check (request_check.h), admit the body
 *                         2. once for each piece of the body
 *                         3. the body is complete: submit the call, respond or suspend
 *                         4. after each wake: submit a poll again, or respond
 *   request_on_completed  the response was sent, or the connection broke
 *
 * A response that is queued in step 1 makes libmicrohttpd close the connection. So a refusal waits
 * for step 3 if the body is so short that receiving it costs less than a new connection; otherwise
 * it is queued in step 1 for just that reason. Large bodies are refused without being received.
 *
 * All of them run in the connection's event loop and never wait. x->phase says which step comes
 * next. The call belongs to the service from service_submit() until the service has responded to
 * it or called `done`; a call that waits belongs to the waiters until it is woken (service/call.h).
 */
#pragma once

#include <microhttpd.h>
#include <stddef.h>

void *request_on_uri(void *server, const char *raw_target, struct MHD_Connection *mhd);

enum MHD_Result request_on_access(void *server, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **context);

void request_on_completed(void *server, struct MHD_Connection *mhd, void **context,
			  enum MHD_RequestTerminationCode code);
