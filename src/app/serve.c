/*
 * reeved serve: opens the data folder, the service and the HTTP server in this order, waits for
 * SIGTERM or SIGINT, and closes them in reverse.
 *
 * struct server owns all parts and the texts of the settings. The service takes store and keyring
 * out of `data`; the memory for keys stays there, because it must outlive the keyring.
 *
 * Threads: the main thread only waits; service/ and http/ start the others. Signals are blocked
 * before that, so that no thread is interrupted by one and sigwait() gets them all.
 *
 * A wrong setting exits with EXIT_USAGE and prints to standard error as text. From the moment at
 * which the log is set up, failures are log lines.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/flags.h"
#include "app/open_files.h"
#include "app/settings.h"
#include "base/file.h"
#include "base/memory.h"
#include "crypto/process.h"
#include "http/listen.h"
#include "http/server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char serve_help[] =
	"Usage: reeved serve --data DIR [FLAG]…\n\n"
	"Serves requests until SIGTERM or SIGINT, then completes the requests in progress. Each\n"
	"setting is a flag (--wait-max), an environment variable (REEVED_WAIT_MAX) and a line in\n"
	"reeved.yaml (wait_max: 60s). A flag overrides the environment, and that overrides the\n"
	"file.\n\n"
	"  --config FILE\n"
	"      The file of settings. Default: REEVED_CONFIG, else DIR/reeved.yaml.\n"
	"  --settings-schema\n"
	"      Prints the JSON Schema of the file of settings, for editors, and exits.\n";

static const char serve_example[] =
	"\nExample:\n\n"
	"  reeved serve --data ./data --listen 127.0.0.1:0 --port-file ./port\n";

struct server {
	/* Its texts are in `texts`, in argv or in the environment. */
	struct settings settings;
	struct arena texts;
	struct data data;
	struct service *service;
	struct http_server *http;
};

/* The flags that follow those of the settings. */
enum extra_flag { EXTRA_CONFIG, EXTRA_SCHEMA, EXTRA_FLAGS };

/* The thing that the command line asks for. */
enum request { REQUEST_SERVE, REQUEST_HELP, REQUEST_SCHEMA };

/* Writes a row for each setting, in the order of setting_rows, so that value i of the parsed flags
 * belongs to setting i; then the extra flags. Returns their number. 32 bytes hold the longest name,
 * "unauthenticated-per-address-max". */
static size_t make_flags(struct flag_row rows[static SETTINGS_MAX + EXTRA_FLAGS],
			 char names[static SETTINGS_MAX][32])
{
	for (size_t i = 0; i < setting_rows_count; i++) {
		snprintf(names[i], 32, "%s", setting_rows[i].name);
		for (char *p = names[i]; *p != '\0'; p++)
			*p = *p == '_' ? '-' : *p;
		rows[i] = (struct flag_row){names[i], setting_rows[i].type == SETTING_FLAG};
	}
	rows[setting_rows_count + EXTRA_CONFIG] = (struct flag_row){"config", false};
	rows[setting_rows_count + EXTRA_SCHEMA] = (struct flag_row){"settings-schema", true};
	return setting_rows_count + EXTRA_FLAGS;
}

static enum result load_settings(struct server *s, enum request *ret, int argc, char **argv,
				 struct error *err)
{
	struct flag_row rows[SETTINGS_MAX + EXTRA_FLAGS];
	char names[SETTINGS_MAX][32];
	struct slice values[SETTINGS_MAX + EXTRA_FLAGS] = {0};
	const struct slice *extras = values + setting_rows_count;
	struct given flags = {0};
	bool is_help;
	enum result rc =
		flags_parse(values, &is_help, (struct flag_set){rows, make_flags(rows, names)},
			    argc, argv, err);

	if (rc != OK)
		return rc;
	*ret = is_help				   ? REQUEST_HELP
	       : extras[EXTRA_SCHEMA].data != NULL ? REQUEST_SCHEMA
						   : REQUEST_SERVE;
	if (*ret != REQUEST_SERVE)
		return OK;
	memcpy(flags.values, values, setting_rows_count * sizeof values[0]);
	rc = settings_load(&s->settings, &s->texts, &flags, extras[EXTRA_CONFIG], environ, err);
	if (rc == OK && s->settings.data.data == NULL)
		return fail(err, E_MALFORMED,
			    "--data is needed: the folder that `reeved init` created");
	return rc;
}

/* reeved itself speaks HTTP without TLS: on an address that other hosts can reach, tokens and
 * secrets would be readable on the network. The operator must ask for that explicitly. */
static enum result check_listen(const struct settings *settings, struct error *err)
{
	bool is_loopback = false;
	enum result rc = listen_is_loopback(settings->listen, &is_loopback, err);

	if (rc != OK)
		return wrap(err, rc, "listen");
	if (!is_loopback && !settings->is_insecure_listen)
		return fail(
			err, E_MALFORMED,
			"listen: other hosts can reach this address, and the connections are not "
			"encrypted; listen on 127.0.0.1 behind a TLS proxy, or allow it with "
			"--insecure-listen");
	return OK;
}

static enum result harden(struct error *err)
{
#if defined(__SANITIZE_ADDRESS__)
	/* LeakSanitizer attaches to the process at its end, which hardening forbids. */
	(void)err;
	return OK;
#else
	return process_harden(err);
#endif
}

/* The order: settings that make the start pointless first; then no core dumps and no debugger,
 * before a key is in memory; then the bound on files, which may lower connections_max, before the
 * HTTP server reads it. */
static enum result open_server(struct server *s, struct error *err)
{
	enum result rc = check_listen(&s->settings, err);

	if (rc == OK)
		rc = harden(err);
	if (rc == OK)
		rc = open_files_raise(&s->settings, err);
	if (rc != OK)
		return rc;
	rc = data_open(&s->data, s->settings.data, s->settings.root_key, DATA_OF_SERVER, err);
	if (rc != OK)
		return rc;
	/* service_open() takes store and keyring also on failure. */
	rc = service_open(&s->service,
			  &(struct service_parts){.store = steal(&s->data.store),
						  .keyring = steal(&s->data.keyring),
						  .settings = &s->settings.service,
						  .clock = &system_clock},
			  err);
	if (rc != OK)
		return rc;
	return http_server_open(&s->http,
				&(struct http_server_options){
					.service = s->service,
					.listen = s->settings.listen,
					.settings = &s->settings.http,
					.limits = &s->settings.service,
					.clock = &system_clock,
					.random = &system_random,
				},
				err);
}

/* With port 0 this file is how a script learns the port. It appears only once the server listens,
 * and file_write() renames it into place, so a reader never sees half a number. */
static enum result write_port_file(const struct server *s, struct error *err)
{
	char path[PATH_MAX], port[8];

	log_line(LOG_INFO, "listening", "address=%.*s port=%u version=" REEVE_VERSION,
		 SLICE_ARGS(s->settings.listen), http_server_port(s->http));
	if (s->settings.port_file.data == NULL)
		return OK;
	snprintf(path, sizeof path, "%.*s", SLICE_ARGS(s->settings.port_file));
	snprintf(port, sizeof port, "%u\n", http_server_port(s->http));
	return file_write(path, slice_text(port), 0644, err);
}

static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
	/* A client that closes its connection gives EPIPE at the write instead of ending the
	 * server. The end of the terminal that started the server does not stop it either. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static enum result serve_until_signal(struct server *s, const sigset_t *signals, struct error *err)
{
	int signal_number = 0;
	enum result rc = open_server(s, err);

	if (rc != OK)
		return rc;
	rc = write_port_file(s, err);
	if (rc == OK) {
		while (sigwait(signals, &signal_number) != 0)
			;
		log_line(LOG_INFO, "stopping", "signal=%s",
			 signal_number == SIGINT ? "INT" : "TERM");
	}
	/* Also where the port's file could not be written: clients may be connected already. */
	http_server_drain(s->http);
	return rc;
}

/* In reverse order of opening: each part uses the ones below it. */
static void server_clear(struct server *s)
{
	http_server_close(s->http);
	service_close(s->service);
	data_clear(&s->data);
	arena_clear(&s->texts);
}

static int print_usage_error(const struct error *err)
{
	fprintf(stderr, "reeved serve: %s\nTry: reeved serve --help\n", err->text);
	return EXIT_USAGE;
}

static int print_request(enum request request)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	if (request == REQUEST_SCHEMA)
		settings_write_schema(&text);
	else
		settings_write_help(&text);
	if (buf_is_failed(&text))
		return EXIT_FAILED;
	if (request == REQUEST_SCHEMA)
		fputs(text.data, stdout);
	else
		printf("%s%s%s", serve_help, text.data, serve_example);
	return EXIT_DONE;
}

int command_serve(int argc, char **argv)
{
	CLEANUP(server_clear) struct server s = {.texts = ARENA_NULL, .data = DATA_NULL};
	char quoted[ERROR_TEXT_BYTES];
	struct error err = ERROR_NULL;
	enum log_level level = LOG_INFO;
	sigset_t signals;
	enum request request = REQUEST_SERVE;
	enum result rc = load_settings(&s, &request, argc, argv, &err);

	if (rc != OK)
		return print_usage_error(&err);
	if (request != REQUEST_SERVE)
		return print_request(request);
	/* settings_load() has checked the word. */
	log_level_parse(s.settings.log_level, &level);
	log_set_sink(STDERR_FILENO, level);
	block_signals(&signals);
	rc = serve_until_signal(&s, &signals, &err);
	if (rc == OK) {
		log_line(LOG_INFO, "stopped", "%s", "");
		return EXIT_DONE;
	}
	log_line(LOG_ERROR, "failed", "reason=%s",
		 log_quote(quoted, sizeof quoted, slice_text(err.text)));
	return rc == E_MALFORMED ? EXIT_USAGE : EXIT_FAILED;
}
