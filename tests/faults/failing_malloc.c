/*
 * A preloaded library that lets allocations fail while the program runs, those of its libraries
 * included. FAILING_MALLOC names a file of the size of struct control, which a test maps too.
 *
 * Works above AddressSanitizer, whose allocator is the next one, if verify_asan_link_order=0. Other
 * functions that allocate (posix_memalign() and the like) are left alone: few call them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	/* Each allocation whose number is a multiple of it fails; 0: none. The test's. */
	_Atomic uint32_t every;
	_Atomic uint32_t seen, failed; /* since the start, while `every` was not 0 */
};

static struct control *control;

/* For dlsym(), which may allocate before it has found the functions below. Never freed. */
static _Alignas(16) char first_bytes[16384];
static size_t first_used;

static void *(*next_malloc)(size_t size);
static void *(*next_calloc)(size_t count, size_t size);
static void *(*next_realloc)(void *old, size_t size);
static void (*next_free)(void *p);

static void *take_first(size_t size)
{
	void *p = first_bytes + first_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof first_bytes - first_used)
		_exit(70);
	first_used += size;
	return p;
}

static int is_first(const void *p)
{
	return (const char *)p >= first_bytes && (const char *)p < first_bytes + sizeof first_bytes;
}

static void find(void *ret, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(ret, &found, sizeof found);
}

/* False while it is at work itself. There is one thread then. */
static int is_ready(void)
{
	static int state; /* 1: looking, 2: found */

	if (state == 0) {
		state = 1;
		find(&next_free, "free");
		find(&next_realloc, "realloc");
		find(&next_calloc, "calloc");
		find(&next_malloc, "malloc");
		state = 2;
	}
	return state == 2;
}

__attribute__((constructor)) static void map_control(void)
{
	const char *name = getenv("FAILING_MALLOC");
	int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		control = at;
}

static int fails(void)
{
	uint32_t every = control != NULL ? atomic_load(&control->every) : 0;

	if (every == 0 || (atomic_fetch_add(&control->seen, 1) + 1) % every != 0)
		return 0;
	atomic_fetch_add(&control->failed, 1);
	errno = ENOMEM;
	return 1;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	if (!is_ready())
		return take_first(size);
	return fails() ? NULL : next_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
	if (!is_ready())
		return take_first(count * size); /* static bytes are zero */
	return fails() ? NULL : next_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
	void *p;

	if (is_ready() && !is_first(old))
		return fails() ? NULL : next_realloc(old, size);
	p = malloc(size);
	if (p != NULL && old != NULL)
		memcpy(p, old, size); /* perhaps more than there was, but of first_bytes */
	return p;
}

__attribute__((visibility("default"))) void free(void *p)
{
	if (!is_first(p) && is_ready())
		next_free(p);
}
