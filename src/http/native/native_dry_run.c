/*
 * The result of a dry run as JSON:
 * {"dry_run":true,"changes":[{…,"diff":[…]}],"effective":[{…,"diff":[…]}]} and lists of problems.
 * The service calls these functions in the order of service/codec.h while it looks the items up, so
 * nothing here knows how many follow. native_difference() writes the items of each "diff".
 */
#include "http/native/native_json.h"

#include "doc/json_member.h"

void native_dry_run_begin(struct buf *b)
{
	buf_append_char(b, '{');
	json_member_bool(b, "dry_run", true);
	json_member(b, "changes");
	buf_append_char(b, '[');
}

void native_planned_change_begin(struct buf *b, const struct planned_change_item *c)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "path", c->path);
	json_member_text(b, "action", c->action);
	if (c->has_from_version)
		json_member_u64(b, "from_version", c->from_version);
	json_member(b, "diff");
	buf_append_char(b, '[');
}

void native_planned_change_end(struct buf *b)
{
	buf_append_text(b, "]}");
}

void native_planned_configs_begin(struct buf *b)
{
	buf_append_char(b, ']');
	json_member(b, "effective");
	buf_append_char(b, '[');
}

void native_planned_config_begin(struct buf *b, const struct planned_config_item *c)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "config", c->config);
	json_member(b, "diff");
	buf_append_char(b, '[');
}

void native_planned_config_end(struct buf *b, const struct planned_config_item *c)
{
	buf_append_char(b, ']');
	json_member_text(b, "state", slice_text(native_served_name(c->is_served)));
	buf_append_char(b, '}');
}

void native_planned_configs_end(struct buf *b)
{
	buf_append_char(b, ']');
}

void native_dry_run_end(struct buf *b)
{
	buf_append_char(b, '}');
}
