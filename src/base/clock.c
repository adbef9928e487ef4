/*
 * Clocks, timestamps and durations.
 *
 * The calendar is computed here and not by timegm(), which accepts dates that do not exist, such as
 * 31 February, and reads them as others. All functions are pure but for reading the system's
 * clocks; any thread may call.
 */
#include "base/clock.h"

#include "base/retry.h"

#include <stdio.h>
#include <time.h>

#define MS_PER_DAY INT64_C(86400000)

static int64_t read_clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t read_wall_ms(void *ctx)
{
	(void)ctx;
	return read_clock_ms(CLOCK_REALTIME);
}

static int64_t read_monotonic_ms(void *ctx)
{
	(void)ctx;
	return read_clock_ms(CLOCK_MONOTONIC);
}

const struct clock system_clock = {read_wall_ms, read_monotonic_ms, NULL};

/* The days from 1970-01-01 to a date of the Gregorian calendar: Howard Hinnant's days_from_civil
 * ("chrono-Compatible Low-Level Date Algorithms"). Years begin on 1 March there, so that the leap
 * day is the last of its year. An era is 400 years or 146097 days; 719468 days lie between
 * 0000-03-01 and 1970-01-01. The 153 are the days of five months from March on, after which their
 * lengths repeat. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	int64_t era;
	unsigned year_of_era, day_of_year, day_of_era;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = (unsigned)(year - era * 400);
	day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + (int64_t)day_of_era - 719468;
}

/* The reverse: civil_from_days of the same paper. 1460, 36524 and 146096 take the leap days of 4,
 * 100 and 400 years out, so that the rest divides by 365. `shifted` is the month counted from
 * March. */
static void date_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
	int64_t era;
	unsigned day_of_era, year_of_era, day_of_year, shifted;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = (unsigned)(days - era * 146097);
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = (int)((int64_t)year_of_era + era * 400 + (*month <= 2));
}

void sleep_us(int64_t us)
{
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	(void)RETRY(nanosleep(&left, &left));
}

void timestamp_format(char ret[static TIMESTAMP_BYTES], int64_t wall_ms)
{
	int year;
	unsigned month, day, in_day;

	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms > TIMESTAMP_MS_MAX)
		wall_ms = TIMESTAMP_MS_MAX;
	date_from_days(wall_ms / MS_PER_DAY, &year, &month, &day);
	in_day = (unsigned)(wall_ms % MS_PER_DAY);
	/* The remainders change no value. With them the compiler can prove that the text fits. */
	snprintf(ret, TIMESTAMP_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)year % 10000, month % 100, day % 100, in_day / 3600000 % 100,
		 in_day / 60000 % 60, in_day / 1000 % 60, in_day % 1000);
}

/* The read functions below take a part from the front of `*s`. False: the part is malformed, and
 * the whole text is refused. */
static bool read_digits(struct slice *s, size_t count, unsigned *ret)
{
	uint64_t value;

	if (s->len < count || !slice_to_u64(slice_first(*s, count), UINT32_MAX, &value))
		return false;
	*s = slice_from(*s, count);
	*ret = (unsigned)value;
	return true;
}

/* Takes one character of `any_of`. A NUL is refused first, because strchr() would find the one at
 * the end of `any_of`. */
static bool read_char(struct slice *s, const char *any_of)
{
	if (s->len == 0 || s->data[0] == '\0' || strchr(any_of, s->data[0]) == NULL)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* Years before 1970 are refused: wall time would be negative, which timestamp_format() cannot
 * write. */
static bool read_date(struct slice *s, int64_t *ret_days)
{
	static const unsigned char month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day;
	bool is_leap;

	if (!read_digits(s, 4, &year) || !read_char(s, "-") || !read_digits(s, 2, &month) ||
	    !read_char(s, "-") || !read_digits(s, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1])
		return false;
	is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month == 2 && day == 29 && !is_leap)
		return false;
	*ret_days = days_from_date((int64_t)year, month, day);
	return true;
}

/* The fraction is optional. `scale` is 0 after three digits, so that further ones are read and
 * count nothing. */
static bool read_fraction_ms(struct slice *s, unsigned *ret_ms)
{
	unsigned ms = 0, scale = 100;
	size_t digits = 0;

	*ret_ms = 0;
	if (!read_char(s, "."))
		return true;
	for (; s->len != 0 && s->data[0] >= '0' && s->data[0] <= '9'; digits++) {
		ms += (unsigned)(s->data[0] - '0') * scale;
		scale /= 10;
		*s = slice_from(*s, 1);
	}
	*ret_ms = ms;
	return digits != 0;
}

/* "Z", "+02:00" or "-05:30", in minutes east of UTC. A time without an offset is refused: it would
 * mean another moment on every machine. */
static bool read_offset_minutes(struct slice *s, int *ret)
{
	unsigned hours, minutes;
	int sign;

	*ret = 0;
	if (read_char(s, "Zz"))
		return true;
	sign = s->len != 0 && s->data[0] == '-' ? -1 : 1;
	if (!read_char(s, "+-") || !read_digits(s, 2, &hours) || !read_char(s, ":") ||
	    !read_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = sign * (int)(hours * 60 + minutes);
	return true;
}

bool timestamp_parse(struct slice text, int64_t *ret_wall_ms)
{
	int64_t days, ms;
	unsigned hour, minute, second, fraction;
	int offset;

	if (!read_date(&text, &days) || !read_char(&text, "Tt ") || !read_digits(&text, 2, &hour) ||
	    !read_char(&text, ":") || !read_digits(&text, 2, &minute) || !read_char(&text, ":") ||
	    !read_digits(&text, 2, &second) || !read_fraction_ms(&text, &fraction) ||
	    !read_offset_minutes(&text, &offset) || text.len != 0)
		return false;
	/* The 60th second is a leap second (RFC 3339 section 5.7). It counts as the first of the
	 * next minute, since wall time has no leap seconds. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	ms = days * MS_PER_DAY + (int64_t)hour * 3600000 + (int64_t)minute * 60000 +
	     (int64_t)second * 1000 + (int64_t)fraction - (int64_t)offset * 60000;
	if (ms < 0 || ms > TIMESTAMP_MS_MAX)
		return false;
	*ret_wall_ms = ms;
	return true;
}

/* The unit is all that follows the digits, so "ms" is not taken for "m". Overflow is tested before
 * the bound, because a product that wrapped could be below `max_ms`. */
bool duration_parse(struct slice text, int64_t max_ms, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"", 1000},   {"ms", 1},	   {"s", 1000},
		     {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	size_t digits = 0;
	uint64_t count;

	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	if (max_ms < 0 || !slice_to_u64(slice_first(text, digits), UINT64_MAX, &count))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!slice_is_text(slice_from(text, digits), units[i].unit))
			continue;
		if (__builtin_mul_overflow(count, units[i].ms, &count) || count > (uint64_t)max_ms)
			return false;
		*ret_ms = (int64_t)count;
		return true;
	}
	return false;
}
