/*
 * Removes what killed processes left in the data folder: copies for backups that were being sent
 * (reeve.db.backup-HEX), and copies that were not complete (reeve.db….partial-XXXXXX).
 *
 * Both hold all data, and nobody would ever remove them. Other names stay, such as the copies that
 * a migration made and those that an operator made: a name must match as a whole. The caller holds
 * the folder's lock, so no server is using such a file. A file that cannot be removed is no reason
 * not to start.
 */
#include "store/sqlite/copy.h"
#include "store/sqlite/internal.h"

#include "base/file.h"

#include <string.h>
#include <unistd.h>

#define BACKUP_PREFIX  SQLITE_FILE ".backup-"
#define BACKUP_DIGITS  16 /* name_copy() in sqlite/sqlite.c */
#define COPY_PREFIX    SQLITE_FILE "."
#define MKTEMP_LETTERS 6

static const char hex_digits[] = "0123456789abcdef";
static const char mktemp_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Nothing, or one of the files that SQLite makes beside a database. */
static bool is_ending(const char *rest)
{
	return rest[0] == '\0' || strcmp(rest, "-journal") == 0 || strcmp(rest, "-wal") == 0 ||
	       strcmp(rest, "-shm") == 0;
}

/* Older releases had ".XXXXXX" for SQLITE_PARTIAL behind the name of a backup. */
static bool is_backup(const char *name)
{
	const char *rest = name + strlen(BACKUP_PREFIX);

	if (strncmp(name, BACKUP_PREFIX, strlen(BACKUP_PREFIX)) != 0 ||
	    strspn(rest, hex_digits) != BACKUP_DIGITS)
		return false;
	rest += BACKUP_DIGITS;
	if (rest[0] == '.' && strspn(rest + 1, mktemp_letters) == MKTEMP_LETTERS)
		rest += 1 + MKTEMP_LETTERS;
	return is_ending(rest);
}

static bool is_partial(const char *name)
{
	const char *rest = strstr(name, SQLITE_PARTIAL);

	if (strncmp(name, COPY_PREFIX, strlen(COPY_PREFIX)) != 0 || rest == NULL)
		return false;
	rest += strlen(SQLITE_PARTIAL);
	return strspn(rest, mktemp_letters) == MKTEMP_LETTERS && is_ending(rest + MKTEMP_LETTERS);
}

void stale_remove(const char *folder)
{
	DIR *open = file_open_folder(folder);
	const char *name;

	if (open == NULL)
		return;
	while ((name = file_next_name(open)) != NULL) {
		if (is_backup(name) || is_partial(name))
			unlinkat(dirfd(open), name, 0);
	}
	closedir(open);
}
