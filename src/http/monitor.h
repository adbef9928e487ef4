/*
 * The monitor: one thread that looks after all connections, ten times a second.
 *
 * - It closes connections that passed their deadline. libmicrohttpd only knows inactivity, so a
 *   client that sends one byte a second would keep its connection for ever.
 * - It ends long polls whose client has gone, and has the service abandon requests of clients that
 *   have gone: libmicrohttpd does not look at a suspended connection.
 * - It evicts idle connections as the table fills (connection_limits.h).
 * - It frees closed connections. Only the monitor does so, after it has handled the epoll events
 *   that it got: an event's pointer may be that of a connection that was closed meanwhile.
 * - It returns memory to the system after many connections were closed.
 *
 * Lock order: limits.mutex, then one connection's mutex or, by service_forget(), the mutex of the
 * service's waiters; these two are never held together. service_tick() is called without a lock,
 * since it wakes polls, and a wake takes their connections' mutexes.
 */
#pragma once

#include "base/result.h"
#include "http/server_state.h"

MUST_USE enum result monitor_start(struct http_server *s, struct error *err);
void monitor_stop(struct http_server *s);

/* After the daemon has stopped: frees all that is left. */
void monitor_clear(struct http_server *s);
