/*
 * The table of the variables that steer programs (variable.h has the rule), and the matching of
 * names with patterns.
 *
 * A row of the table has the thing that is steered, for the error message, and patterns of names.
 * The rows' order has no meaning; a group that does not fit into one row's 24 places continues in a
 * second one. A name that a configuration can need as data, such as PGHOST or MYSQL_PASSWORD, is
 * not listed, although it chooses the host: the program was written to take it from outside, and
 * the user of the command wants it set.
 *
 * All is constant, and any thread may call.
 */
#include "agent/variable.h"

#include "base/memory.h"

#include <ctype.h>

struct steering {
	const char *what;
	bool is_any_case;	  /* programs read it in either case */
	const char *patterns[24]; /* up to a NULL */
};

static const struct steering table[] = {
	{"the loader and the C library",
	 false,
	 {"LD_*", "DYLD_*", "GLIBC_*", "MALLOC_*", "TCMALLOC_*", "_RJEM_*", "GCONV_PATH", "LOCPATH",
	  "NLSPATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "TZDIR",
	  "*SAN_OPTIONS", "GCOV_PREFIX*", "LLVM_PROFILE_FILE", "CPUPROFILE*", "HEAPPROFILE*"}},
	{"where programs and files are found",
	 false,
	 {"PATH", "HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "CDPATH", "SHELL", "TMPDIR", "TMP",
	  "TEMP", "XDG_*", "TERMINFO*", "TERMCAP"}},
	{"shells",
	 false,
	 {"ENV", "BASH*", "SHELLOPTS", "IFS", "PS0", "PS1", "PS2", "PS4", "PROMPT_COMMAND",
	  "ZDOTDIR", "FPATH", "GLOBIGNORE", "HISTFILE", "FCEDIT"}},
	{"the programs that others call",
	 false,
	 {"*EDITOR",	   "VISUAL",	    "*PAGER",	"BROWSER",   "LESS",
	  "LESSOPEN",	   "LESSCLOSE",	    "LESSKEY*", "*_ASKPASS", "GIT_*",
	  "SSH_AUTH_SOCK", "SSH_ASKPASS_*", "SSH_SK_*", "CVS_RSH",   "SVN_SSH",
	  "HGRCPATH",	   "RSYNC_*",	    "SUDO_*",	"DBUS_*",    "SYSTEMD_*"}},
	{"service managers",
	 false,
	 {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"}},
	{"proxies and package sources", true, {"*_PROXY", "NPM_CONFIG_*", "GOPROXY"}},
	{"TLS and its roots",
	 false,
	 {"SSL_CERT*",
	  "SSLKEYLOGFILE",
	  "*_CA_BUNDLE",
	  "HTTPS_CA_*",
	  "HTTPLIB2_CA_CERTS",
	  "CURL_*",
	  "WGETRC",
	  "OPENSSL_*",
	  "GNUTLS_*",
	  "NSS_*",
	  "GRPC_DEFAULT_SSL_*",
	  "PGSSL*",
	  "PGSYSCONFDIR",
	  "PGSERVICEFILE",
	  "LDAPTLS_*",
	  "LDAPCONF",
	  "LDAPRC",
	  "KRB5*",
	  "SASL_PATH",
	  "SASL_CONF_PATH"}},
	{"the JVM",
	 false,
	 {"JAVA_*", "_JAVA_*", "JDK_*", "JRE_*", "JVM_*", "IBM_JAVA_*", "OPENJ9_*", "CLASSPATH",
	  "*_CLASSPATH", "*_JAVA_OPTS", "*_JAVA_OPTIONS", "*_JVM_OPTS", "*_JVM_OPTIONS",
	  "*_JAVA_HOME", "MAVEN_*", "GRADLE_*", "SBT_*", "ANT_*", "CATALINA_*"}},
	{"Spark and Hadoop", false, {"SPARK_*_OPTS",   "SPARK_*_OPTIONS",  "SPARK_*CLASSPATH",
				     "SPARK_SUBMIT_*", "SPARK_LAUNCHER_*", "SPARK_HOME",
				     "SPARK_*_DIR",    "SPARK_*_DIRS",	   "SPARK_PREPEND_*",
				     "SPARK_ENV_*",    "PYSPARK_*",	   "HADOOP_*",
				     "HDFS_*OPTS",     "YARN_*",	   "MAPRED_*OPTS",
				     "HIVE_*OPTS",     "HIVE_HOME",	   "HIVE_CONF_DIR",
				     "HIVE_AUX_*",     "KAFKA_*OPTS",	   "FLINK_ENV_*"}},
	{"interpreters",
	 false,
	 {"PYTHON*", "VIRTUAL_ENV", "PERL*", "RUBY*", "GEM_*", "BUNDLE_*", "NODE_*", "DENO_*",
	  "BUN_*", "PHPRC", "PHP_INI_*", "LUA_*", "R_HOME", "R_LIBS*", "R_PROFILE*", "R_ENVIRON*"}},
	{"interpreters", false, {"JULIA_*",    "TCLLIBPATH", "TCL_LIBRARY", "ERL_*",  "AWKPATH",
				 "AWKLIBPATH", "DOTNET_*",   "CORECLR_*",   "MONO_*", "GUILE_*",
				 "OCAML*",     "CAML*",	     "GODEBUG",	    "GOENV",  "GOFLAGS",
				 "GOPATH",     "GOROOT",     "GOTOOLCHAIN", "RUSTC*", "RUSTFLAGS",
				 "RUSTUP_*"}},
	{"tools that run code from files",
	 false,
	 {"PIP_*",
	  "UV_*",
	  "CONDA_*",
	  "CARGO_*",
	  "MAKEFLAGS",
	  "MAKEFILES",
	  "GNUMAKEFLAGS",
	  "TAR_OPTIONS",
	  "GREP_OPTIONS",
	  "DOCKER_*",
	  "KUBECONFIG",
	  "TF_CLI_*",
	  "ANSIBLE_*",
	  "CLOUDSDK_*",
	  "AWS_CONFIG_FILE",
	  "AWS_SHARED_CREDENTIALS_FILE",
	  "BOTO_*",
	  "GOOGLE_EXTERNAL_ACCOUNT_*",
	  "GTK_*",
	  "QT_*",
	  "GIO_*"}},
	{"what an interactive program runs at its start",
	 false,
	 {"VIMINIT", "GVIMINIT", "EXINIT", "VIM", "VIMRUNTIME", "MYVIMRC", "EMACSLOADPATH",
	  "INPUTRC", "SCREENRC", "IPYTHON*", "JUPYTER_*"}},
	/* Not MYSQL_PASSWORD, ORACLE_URL, PGHOST and their like, which are data that a program
	 * was written to take. */
	{"database clients, their drivers and scripts",
	 false,
	 {"PSQL*",
	  "ODBCINI",
	  "ODBCINST*",
	  "ODBCSYS*",
	  "ODBC_LIB*",
	  "ODBC_DRIVER*",
	  "LIBMYSQL_*",
	  "MYSQL_HOME",
	  "MYSQL_GROUP_SUFFIX",
	  "MYSQL_TEST_LOGIN_FILE",
	  "MYSQL_UNIX_PORT",
	  "MYSQL_HISTFILE",
	  "MYSQL_DEBUG",
	  "TNS_ADMIN",
	  "TWO_TASK",
	  "ORACLE_HOME",
	  "ORACLE_BASE*",
	  "ORACLE_PATH",
	  "ORA_*",
	  "SQLPATH",
	  "SQLITE_HISTORY"}},
	/* Not AIRFLOW_CONN_*, AIRFLOW_VAR_* and DBT_ENV_*, which are data likewise. */
	{"schedulers and their plugins",
	 false,
	 {"AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW__*", "DBT_*_DIR", "DBT_*_PATH", "DBT_STATE",
	  "DBT_*_STATE", "DBT_ENGINE_*", "DAGSTER_HOME", "PREFECT_*", "LUIGI_CONFIG_*"}},
	{"the host that a cloud's library talks to",
	 false,
	 {"AWS_ENDPOINT_URL*", "AWS_EC2_METADATA_*", "AWS_CONTAINER_*", "AWS_DATA_PATH",
	  "AWS_WEB_IDENTITY_TOKEN_FILE", "*_EMULATOR_HOST", "AZURE_AUTHORITY_HOST",
	  "AZURE_CONFIG_DIR", "AZURE_EXTENSION_*"}},
	{"Reeve", false, {"REEVE_*", "REEVED_*"}},
};

bool variable_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

		if (!is_letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return name.len != 0;
}

/* Of ASCII letters: the names of variables have no others. */
static bool is_same(char a, char b, bool is_any_case)
{
	return a == b || (is_any_case && toupper((unsigned char)a) == toupper((unsigned char)b));
}

/* Matches the whole name, without recursion. Goes back to the last * only: its shortest match is as
 * good as any, so the time is at most the product of both lengths, and a pattern of many stars
 * cannot make it slow. */
static bool fits(const char *pattern, struct slice name, bool is_any_case)
{
	const char *star = NULL;
	size_t at = 0, from_star = 0;

	while (at < name.len) {
		if (*pattern == '*') {
			star = pattern++;
			from_star = at;
		} else if (*pattern != '\0' && is_same(*pattern, name.data[at], is_any_case)) {
			pattern++;
			at++;
		} else if (star != NULL) {
			pattern = star + 1;
			at = ++from_star;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

const char *variable_steers(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		for (const char *const *p = table[i].patterns; *p != NULL; p++) {
			if (fits(*p, name, table[i].is_any_case))
				return table[i].what;
		}
	}
	return NULL;
}

bool variable_matches(const char *pattern, struct slice name)
{
	return fits(pattern, name, false);
}

bool variable_is_pattern(const char *pattern)
{
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '*' && !isalnum((unsigned char)*p) && *p != '_')
			return false;
	}
	return *pattern != '\0';
}
