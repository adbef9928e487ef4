/*
 * The memory of one request and its response, which is used again for the next request of the
 * connection. A request's memory is released in two steps: the body and the call when the response
 * is queued (exchange_end_call()), the rest when it is sent or the connection is closed
 * (exchange_reset()). Runs in the connection's event loop; only exchange_clear() runs where the
 * connection is freed, usually in the monitor.
 */
#include "http/exchange.h"

#define KEPT_BYTES_MAX 1024 /* of each buffer of an idle connection */

void exchange_end_call(struct exchange *x)
{
	if (!x->has_call)
		return;
	body_release(&x->body);
	call_clear(&x->call);
	x->has_call = false;
}

/* Thousands of connections may be idle, so none of them keeps a large buffer. */
static void reset_buf(struct buf *b)
{
	if (b->size > KEPT_BYTES_MAX)
		buf_clear(b);
	else
		buf_reset(b);
}

void exchange_reset(struct exchange *x)
{
	reset_buf(&x->raw_target);
	reset_buf(&x->target);
}

void exchange_clear(struct exchange *x)
{
	buf_clear(&x->raw_target);
	buf_clear(&x->target);
	buf_clear(&x->body.content);
}
