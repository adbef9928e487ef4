/*
 * The codec of Reeve's own interface, /v1: JSON with the member names of docs/api.md. The only
 * header of this folder that http/ needs.
 */
#pragma once

#include "service/codec.h"

/* Constant; for call.codec of every call. Its functions have no state, so any thread may call. */
extern const struct codec native_codec;
