/* The codec of Reeve's own interface, /v1: JSON with the member names of docs/api.md. */
#pragma once

#include "service/codec.h"

extern const struct codec native_codec;
