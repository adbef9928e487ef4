#include "base/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdalign.h>
#include <stddef.h>

static bool refuse(void *ctx)
{
	(void)ctx;
	return false;
}

Test(arena, pieces_are_zeroed_aligned_and_apart)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	unsigned char *before = NULL;

	for (size_t size = 1; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(&a, size);

		cr_assert_not_null(p);
		cr_expect_eq((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(p[i], 0);
		memset(p, 0xff, size);
		cr_expect(p != before);
		before = p;
	}
}

Test(arena, copies_do_not_depend_on_what_was_copied)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	char text[] = "text";
	char *copy = arena_text(&a, slice_make(text, 4));
	int *numbers = arena_copy(&a, (int[]){1, 2, 3}, 3 * sizeof(int));

	memset(text, 'x', sizeof text);
	cr_expect_str_eq(copy, "text");
	cr_expect(numbers[0] == 1 && numbers[2] == 3);
	cr_expect_str_eq(arena_text(&a, SLICE_NULL), "");
}

Test(arena, the_bound_is_kept_and_told_apart_from_a_lack_of_memory)
{
	CLEANUP(arena_clear) struct arena bounded = ARENA_INIT(4096, false);
	CLEANUP(arena_clear) struct arena poor = ARENA_INIT(4096, false);
	size_t got = 0;

	while (arena_alloc(&bounded, 64) != NULL)
		got += 64;
	cr_expect(got <= 4096 && got >= 4096 / 2, "%zu", got);
	cr_expect(bounded.is_exhausted);
	cr_expect(bounded.used_bytes <= 4096);
	alloc_hook_set(refuse, NULL);
	cr_expect_null(arena_alloc(&poor, 64));
	alloc_hook_set(NULL, NULL);
	cr_expect_not(poor.is_exhausted);
}

Test(arena, a_size_that_overflows_is_refused)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;

	cr_expect_null(arena_alloc_array(&a, SIZE_MAX / 2, 3));
	cr_expect_null(arena_alloc(&a, SIZE_MAX));
	cr_expect_null(arena_alloc(&a, SIZE_MAX - 20));
	cr_expect_null(arena_text(&a, slice_make("", SIZE_MAX)));
}

Test(arena, it_may_be_used_again_once_cleared)
{
	struct arena a = ARENA_INIT(2048, true);

	cr_expect_not_null(arena_alloc(&a, 2000));
	cr_expect_null(arena_alloc(&a, 2000));
	arena_clear(&a);
	cr_expect_eq(a.used_bytes, 0);
	cr_expect_not(a.is_exhausted);
	cr_expect_not_null(arena_alloc(&a, 2000));
	arena_clear(&a);
}
