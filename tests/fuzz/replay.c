/* Runs a fuzz target over every file of a folder, without a fuzzer: what broke it once must not do
 * so again. */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>

#define INPUT_BYTES_MAX (16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *folder, const char *name)
{
	CLEANUP(buf_clear) struct buf path = BUF_NULL;
	CLEANUP(buf_clear) struct buf input = BUF_NULL;
	struct error err = ERROR_NULL;

	buf_printf(&path, "%s/%s", folder, name);
	if (buf_check(&path, &err) != OK ||
	    file_read(&input, path.data, INPUT_BYTES_MAX, &err) != OK) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	printf("%s\n", name);
	LLVMFuzzerTestOneInput((const uint8_t *)buf_slice(&input).data, input.len);
	return true;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	unsigned count = 0;
	bool is_ok = true;

	if (folder == NULL) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		is_ok &= replay(argv[1], entry->d_name);
		count++;
	}
	closedir(folder);
	printf("%u inputs\n", count);
	return is_ok && count != 0 ? 0 : 1;
}
