/* The headers of responses. */
#pragma once

#include "http/connection.h"

/* Adds all headers that the response in the exchange's call needs. A header for which there is no
 * memory is left out. */
void response_add_headers(struct MHD_Response *m, const struct connection *conn, unsigned status);
