#include "agent/variable.h"

#include "base/memory.h"

#include <criterion/criterion.h>

Test(variable, names_that_steer_programs_are_known)
{
	static const char *const names[] = {"PATH",
					    "HOME",
					    "SHELL",
					    "IFS",
					    "ENV",
					    "BASH_ENV",
					    "BASH_FUNC_x",
					    "PROMPT_COMMAND",
					    "LD_PRELOAD",
					    "LD_LIBRARY_PATH",
					    "LD_X",
					    "GLIBC_TUNABLES",
					    "MALLOC_CHECK_",
					    "GCONV_PATH",
					    "PYTHONPATH",
					    "PYTHONSTARTUP",
					    "PERL5OPT",
					    "PERL5LIB",
					    "RUBYOPT",
					    "NODE_OPTIONS",
					    "NODE_EXTRA_CA_CERTS",
					    "JAVA_TOOL_OPTIONS",
					    "_JAVA_OPTIONS",
					    "JDK_JAVA_OPTIONS",
					    "CLASSPATH",
					    "SPARK_SUBMIT_OPTS",
					    "SPARK_LAUNCHER_OPTS",
					    "SPARK_DAEMON_JAVA_OPTS",
					    "SPARK_EXECUTOR_JAVA_OPTIONS",
					    "SPARK_DIST_CLASSPATH",
					    "SPARK_CONF_DIR",
					    "HADOOP_OPTS",
					    "HADOOP_CLASSPATH",
					    "PYSPARK_PYTHON",
					    "PYSPARK_DRIVER_PYTHON",
					    "PYSPARK_SUBMIT_ARGS",
					    "HTTP_PROXY",
					    "http_proxy",
					    "https_proxy",
					    "Https_Proxy",
					    "ALL_PROXY",
					    "no_proxy",
					    "npm_config_registry",
					    "SSL_CERT_FILE",
					    "SSL_CERT_DIR",
					    "CURL_CA_BUNDLE",
					    "REQUESTS_CA_BUNDLE",
					    "AWS_CA_BUNDLE",
					    "OPENSSL_CONF",
					    "SSLKEYLOGFILE",
					    "EDITOR",
					    "VISUAL",
					    "GIT_EDITOR",
					    "PAGER",
					    "MANPAGER",
					    "GIT_SSH_COMMAND",
					    "SSH_ASKPASS",
					    "LESSOPEN",
					    "KUBECONFIG",
					    "AWS_CONFIG_FILE",
					    "AWS_ENDPOINT_URL",
					    "AWS_ENDPOINT_URL_S3",
					    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
					    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
					    "STORAGE_EMULATOR_HOST",
					    "AIRFLOW_HOME",
					    "AIRFLOW__CORE__PLUGINS_FOLDER",
					    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
					    "IPYTHONDIR",
					    "JUPYTER_CONFIG_DIR",
					    "ODBCINI",
					    "ODBCSYSINI",
					    "ODBCINSTINI",
					    "LIBMYSQL_PLUGINS",
					    "LIBMYSQL_PLUGIN_DIR",
					    "MYSQL_HOME",
					    "PSQLRC",
					    "PSQL_EDITOR",
					    "VIMINIT",
					    "EXINIT",
					    "INPUTRC",
					    "TNS_ADMIN",
					    "ORACLE_HOME",
					    "ORACLE_PATH",
					    "SQLPATH",
					    "DBT_PROFILES_DIR",
					    "DBT_PROJECT_DIR",
					    "PIP_INDEX_URL",
					    "TMPDIR",
					    "REEVE_TOKEN",
					    "REEVE_CONFIG_FILE",
					    "ASAN_OPTIONS"};
	static const char *const plain[] = {"DB_URL",
					    "APP_PATH",
					    "APP_HOME",
					    "PATHOLOGY",
					    "ENVIRONMENT",
					    "HOMES",
					    "AWS_ACCESS_KEY_ID",
					    "AWS_REGION",
					    "AIRFLOW_CONN_WAREHOUSE",
					    "AIRFLOW_VAR_BATCH",
					    "ODBC_DSN",
					    "MYSQL_PASSWORD",
					    "MYSQL_HOST",
					    "ORACLE_URL",
					    "DBT_ENV_SECRET_PASSWORD",
					    "DBT_PASSWORD",
					    "VIMES",
					    "SPARK_SHUFFLE_PARTITIONS",
					    "KAFKA_SASL_PASSWORD",
					    "GOOGLE_PROJECT",
					    "PROXY_PORT",
					    "LESSON",
					    "path",
					    "_x1",
					    "MAKER",
					    "RUST_LOG"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_not_null(variable_steers(slice_text(names[i])), "%s", names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		cr_expect_null(variable_steers(slice_text(plain[i])), "%s", plain[i]);
}

Test(variable, a_name_is_valid_if_a_shell_accepts_it)
{
	static const char *const bad[] = {"",	     "1X", "A-B", "A B", "A=B", "BASH_FUNC_x%%",
					  "\xc3\xbc"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_not(variable_is_name(slice_text(bad[i])), "%s", bad[i]);
	cr_expect(variable_is_name(SLICE_LITERAL("_x1")));
	cr_expect(variable_is_name(SLICE_LITERAL("DB_URL")));
}

Test(variable, a_star_stands_for_any_characters)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} cases[] = {
		{"DB_*", "DB_URL", true},    {"DB_*", "DB_", true},
		{"DB_*", "XDB_URL", false},  {"*_URL", "DB_URL", true},
		{"*_URL", "DB_URLS", false}, {"A*B*C", "AxBBxC", true},
		{"A*B*C", "AxCxB", false},   {"*", "X", true},
		{"DB", "DB", true},	     {"DB", "DBX", false},
		{"DB", "D", false},	     {"db_*", "DB_URL", false},
		{"*AB", "AAB", true},	     {"**", "X", true},
		{"A*", "", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(variable_matches(cases[i].pattern, slice_text(cases[i].name)),
			     cases[i].fits, "%s %s", cases[i].pattern, cases[i].name);
	cr_expect(variable_is_pattern("DB_*"));
	cr_expect_not(variable_is_pattern(""));
	cr_expect_not(variable_is_pattern("DB_?"));
	cr_expect_not(variable_is_pattern("DB_*,X"));
}
