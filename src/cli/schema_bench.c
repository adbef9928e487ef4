/*
 * schema bench: measures how long a schema takes to compile, and an instance that is already parsed
 * to validate. One pass validates all instances several times, so that it is much longer than the
 * clock's resolution. The median of the passes is printed.
 *
 * The schema is compiled once before the measurement. That prints its errors, and loads the
 * documents that it refers to, so that no file is read while the time runs.
 */
#include "base/file.h"
#include "cli/schema_command.h"
#include "cli/schema_options.h"

#include <stdlib.h>
#include <time.h>

/* Odd numbers, so that the median is one of the samples. A pass takes at least 5 ms. */
#define PASSES	      41
#define COMPILES      21
#define PASS_NS_MIN   5e6
#define INSTANCES_MAX 1000000

/* The parsed lines of --instances; owns the trees. */
struct instances {
	struct tree *trees;
	size_t count;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare_doubles);
	return values[count / 2];
}

static void instances_clear(struct instances *in)
{
	for (size_t i = 0; i < in->count; i++)
		tree_clear(&in->trees[i]);
	alloc_free(in->trees);
}

/* Counts lines that are not empty: the number of instances, to allocate them at once. */
static size_t count_lines(struct slice text)
{
	struct slice line;
	size_t count = 0;

	while (slice_next_part(&text, '\n', &line))
		count += line.len != 0;
	return count;
}

static enum result read_instances(struct instances *ret, const char *path, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct slice rest, line;
	size_t lines;
	enum result rc = file_read(&text, path, FILE_BYTES_MAX, err);

	if (rc != OK)
		return rc;
	rest = buf_slice(&text);
	lines = count_lines(rest);
	if (lines == 0 || lines > INSTANCES_MAX)
		return fail(err, E_LIMIT, "%s: needs 1 to %d lines", path, INSTANCES_MAX);
	ret->trees = alloc_zero_array(lines, sizeof *ret->trees);
	if (ret->trees == NULL)
		return fail(err, E_MEMORY, "%s: out of memory", path);
	while (slice_next_part(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		rc = doc_read(&ret->trees[ret->count++], DOC_JSON, line, &FILE_LIMITS, NULL, err);
		if (rc != OK)
			return wrap(err, rc, "%s: instance %zu", path, ret->count);
	}
	return OK;
}

/* Validates all instances `rounds` times. Returns nanoseconds, and the number of valid
 * instances. */
static double time_pass(const struct schema *s, const struct instances *in, unsigned rounds,
			size_t *ret_valid)
{
	double start = now_ns();
	size_t valid = 0;

	for (unsigned round = 0; round < rounds; round++)
		for (size_t i = 0; i < in->count; i++)
			valid += schema_validate(s, &in->trees[i].root, NULL, NULL, NULL) == OK;
	*ret_valid = valid / rounds;
	return now_ns() - start;
}

static double time_instances(const struct schema *s, const struct instances *in, size_t *ret_valid)
{
	double passes[PASSES];
	unsigned rounds = 1;

	/* Doubles the rounds until a pass is long enough, which also warms the caches up. The bound
	 * ends it where a pass takes no measurable time. */
	while (time_pass(s, in, rounds, ret_valid) < PASS_NS_MIN && rounds < 1u << 24)
		rounds *= 2;
	for (size_t i = 0; i < PASSES; i++)
		passes[i] = time_pass(s, in, rounds, ret_valid) / rounds / (double)in->count;
	return median(passes, PASSES);
}

static enum result time_compile(double *ret, const struct tree_node *source,
				const struct schema_options *options, struct error *err)
{
	double times[COMPILES];

	for (size_t i = 0; i < COMPILES; i++) {
		CLEANUP(schema_unrefp) struct schema *schema = NULL;
		double start = now_ns();
		enum result rc = schema_compile(&schema, source, options, NULL, err);

		if (rc != OK)
			return rc;
		times[i] = now_ns() - start;
	}
	*ret = median(times, COMPILES);
	return OK;
}

static enum result bench(struct schema_arguments *a, struct error *err)
{
	CLEANUP(instances_clear) struct instances in = {NULL, 0};
	CLEANUP(tree_clear) struct tree source = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	double compile_ns = 0, instance_ns;
	size_t valid = 0;
	enum result rc = read_instances(&in, a->instances, err);

	if (rc == OK)
		rc = schema_arguments_compile(&schema, a);
	if (rc == OK)
		rc = schema_file_read(&source, a->schema, NULL, err);
	/* The same base URI as in schema_arguments_compile(), so the same documents are loaded. */
	schema_library_base(&base, &a->library, a->schema);
	a->options.base_uri = buf_slice(&base);
	if (rc == OK)
		rc = time_compile(&compile_ns, &source.root, &a->options, err);
	a->options.base_uri = SLICE_NULL;
	if (rc != OK)
		return rc;
	instance_ns = time_instances(schema, &in, &valid);
	print_line(TO_STDOUT, "compile_ms %.4f", compile_ns / 1e6);
	print_line(TO_STDOUT, "instances %zu", in.count);
	print_line(TO_STDOUT, "valid %zu", valid);
	print_line(TO_STDOUT, "ns_per_instance %.1f", instance_ns);
	return OK;
}

static int run_bench(int argc, char **argv)
{
	struct schema_arguments a = {.options = {.limits = SCHEMA_LIMITS_DEFAULT}};
	struct error err = ERROR_NULL;
	enum result rc;
	int code;

	if (!schema_arguments_parse(&a, &schema_bench_command, argc, argv, &code))
		return code;
	if (a.schema == NULL || a.instances == NULL || a.files.count != 0)
		return usage_error(&schema_bench_command, "--schema and --instances are needed");
	rc = bench(&a, &err);
	if (rc != OK && err.text[0] != '\0')
		print_line(TO_STDERR, "reeve: %s", err.text);
	schema_library_clear(&a.library);
	return rc == OK ? EXIT_DONE : EXIT_USAGE;
}

const struct command schema_bench_command = {
	.name = "schema bench",
	.summary = "Measure how fast a schema compiles and validates",
	.help = "Usage: reeve schema bench --schema SCHEMA --instances FILE.jsonl\n\n"
		"Prints the time to compile the schema, and the time to validate one parsed\n"
		"instance. Each line of FILE.jsonl is an instance.\n\n"
		"  --schemas DIR   the folder in which reeve:///schemas/ URIs are looked up\n"
		"\nExample: reeve schema bench --schema pipeline.json --instances orders.jsonl\n",
	.operands_max = OPERANDS_ANY,
	.run = run_bench};
