/* Names of files in the data folder. SQLite adds reeve.db-wal and reeve.db-shm while the store is
 * open. */
#pragma once

#define SQLITE_FILE "reeve.db"
#define SQLITE_LOCK "reeve.lock"
/* Space for a start on a full disk, only while the store is open (sqlite/reserve.h). */
#define SQLITE_RESERVE "reeve.reserve"
