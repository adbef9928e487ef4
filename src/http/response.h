/* Sending a response: the service's result becomes a libmicrohttpd response, with its body by
 * reference. */
#pragma once

#include "http/connection.h"

/* In the connection's event loop: queues the response that the exchange's call has, and ends the
 * call. MHD_NO: there is no memory even for a refusal; the connection is closed. */
enum MHD_Result response_send(struct connection *conn);
