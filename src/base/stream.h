/* Standard output and standard error, whose writes a signal does not make fail. */
#pragma once

#include <stdio.h>

/* Gives `*stream` (stdout or stderr) for the descriptor `fd` a stream that repeats a write that a
 * signal interrupted: stdio drops what it was to write. Without memory it stays as it is. Before
 * the first output, and before threads start. */
void stream_repeat_writes(FILE **stream, int fd);
