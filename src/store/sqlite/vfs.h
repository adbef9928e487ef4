/* The files of SQLite, behind calls that a signal does not make fail. Private to the SQLite store.
 */
#pragma once

/* The name to open databases with (sqlite3_open_v2). Any thread. */
const char *vfs_name(void);
