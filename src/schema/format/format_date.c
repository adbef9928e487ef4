/*
 * Dates and times (RFC 3339 section 5.6) and durations (appendix A), by grammar and ranges.
 *
 * The days of a month follow the proleptic Gregorian calendar; the year 0000 is allowed and is a
 * leap year. "T" and "Z" may be in lower case in dates and times, but "P", "T" and the units of a
 * duration may not.
 */
#include "schema/format/format_checks.h"

/* Exactly `digits` digits at `at`. */
static bool read_number(struct slice text, size_t at, size_t digits, int *ret)
{
	int value = 0;

	if (text.len < at || text.len - at < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_ascii_digit(text.data[at + i]))
			return false;
		value = value * 10 + (text.data[at + i] - '0');
	}
	*ret = value;
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

bool is_date(struct slice text)
{
	int year, month, day;

	return text.len == 10 && read_number(text, 0, 4, &year) && text.data[4] == '-' &&
	       read_number(text, 5, 2, &month) && text.data[7] == '-' &&
	       read_number(text, 8, 2, &day) && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_of(year, month);
}

/* "Z" or "+hh:mm", in minutes east of UTC. */
static bool read_offset(struct slice text, int *ret_minutes)
{
	int hours, minutes;

	if (text.len == 1 && (text.data[0] == 'Z' || text.data[0] == 'z')) {
		*ret_minutes = 0;
		return true;
	}
	if (text.len != 6 || (text.data[0] != '+' && text.data[0] != '-') ||
	    !read_number(text, 1, 2, &hours) || text.data[3] != ':' ||
	    !read_number(text, 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_minutes = (hours * 60 + minutes) * (text.data[0] == '-' ? -1 : 1);
	return true;
}

/* full-time of RFC 3339: a fraction needs a digit, and the offset is required. */
bool is_time(struct slice text)
{
	const int day = 24 * 60;
	int hour, minute, second, offset;
	size_t at = 8;

	if (text.len < 9 || !read_number(text, 0, 2, &hour) || text.data[2] != ':' ||
	    !read_number(text, 3, 2, &minute) || text.data[5] != ':' ||
	    !read_number(text, 6, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	if (text.data[at] == '.') {
		size_t first = ++at;

		while (at < text.len && is_ascii_digit(text.data[at]))
			at++;
		if (at == first)
			return false;
	}
	if (!read_offset(slice_from(text, at), &offset))
		return false;
	/* A leap second is the last second of a day of UTC (section 5.7), at any offset. */
	return second < 60 || (hour * 60 + minute - offset + day) % day == day - 1;
}

bool is_date_time(struct slice text)
{
	return text.len > 11 && (text.data[10] == 'T' || text.data[10] == 't') &&
	       is_date(slice_first(text, 10)) && is_time(slice_from(text, 11));
}

/* Reads one or more numbers with units. Each unit must be the next one in `units`: the grammar does
 * not allow "PT1H2S". */
static bool read_units(struct slice text, size_t *at, const char *units)
{
	const char *expected = NULL;

	while (*at < text.len && is_ascii_digit(text.data[*at])) {
		const char *unit;

		while (*at < text.len && is_ascii_digit(text.data[*at]))
			(*at)++;
		if (*at == text.len || text.data[*at] == '\0')
			return false;
		unit = strchr(units, text.data[*at]);
		if (unit == NULL || (expected != NULL && unit != expected))
			return false;
		expected = unit + 1;
		(*at)++;
	}
	return expected != NULL;
}

/* Weeks stand alone. "P" and "T" each need at least one number after them. */
bool is_duration(struct slice text)
{
	size_t at = 1;

	if (text.len < 3 || text.data[0] != 'P')
		return false;
	if (text.data[text.len - 1] == 'W')
		return read_units(text, &at, "W") && at == text.len;
	if (text.data[at] != 'T' && !read_units(text, &at, "YMD"))
		return false;
	if (at < text.len && text.data[at] == 'T') {
		at++;
		if (!read_units(text, &at, "HMS"))
			return false;
	}
	return at == text.len;
}
