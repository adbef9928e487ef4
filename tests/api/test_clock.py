"""DESIGN 5: what the machine's clock is set to revives no token and takes no revision back."""
import re
import shutil
import subprocess
import time
import unittest

import harness
from harness import until

# The machine's clock, moved by the seconds that the file SHIFT holds.
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	char text[32] = "";
	int rc, fd;
	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(id, t);
	if (rc != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return rc;
	fd = open(getenv("SHIFT"), O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) > 0)
			t->tv_sec += strtol(text, NULL, 10);
		close(fd);
	}
	return rc;
}
"""
DAY = 24 * 3600


class Clock(unittest.TestCase):
    def setUp(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.skipTest("there is no compiler for a clock of our own")
        self.server = harness.Reeved()
        self.addCleanup(self.server.remove)
        shim, self.shift_file = self.server.folder / "clock.so", self.server.folder / "shift"
        done = subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, "-x", "c", "-", "-ldl"], input=CLOCK, text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.shift(0)
        self.server.init()
        sanitizer = self.server.environment().get("ASAN_OPTIONS", "")
        self.server.extra_env = {"LD_PRELOAD": str(shim), "SHIFT": str(self.shift_file),
                                 "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0"}
        self.server.start()

    def tearDown(self):
        self.assertIn(self.server.stop(), (0, None))
        self.assertEqual(self.server.reports(), [])

    def shift(self, seconds):
        """A rename, so that no read sees half a number."""
        fresh = self.shift_file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self.shift_file)

    def status(self):
        return self.server.get("/v1/status").json

    def works(self, token):
        return self.server.get("/v1/tokens/self", token=token).status == 200

    def logged(self):
        return [int(seconds) for seconds in re.findall(r"clock_jumped seconds=(-?\d+) ", self.server.log)]

    def test_a_clock_that_jumps_back_never_takes_revisions_with_it(self):
        first = self.server.put("/v1/profiles/clock/a", "a: 1\n").json
        self.shift(-3 * DAY)
        second = self.server.put("/v1/profiles/clock/a", "a: 2\n").json
        self.assertLess(self.status()["time"], first["created_at"], "the clock did jump")
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        third = self.server.put("/v1/profiles/clock/a", "a: 3\n").json
        times = [v["created_at"] for v in (first, second, third)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(self.server.get("/v1/config/clock/a?at=" + third["created_at"]).json, {"a": 3})

    def test_a_token_that_was_refused_as_expired_stays_so_even_across_a_start(self):
        token = self.server.token(["runtime"], ttl="1s")
        until(lambda: not self.works(token), "the end of the token")
        self.shift(-60)
        self.assertFalse(self.works(token))
        self.assertEqual(self.server.stop(), 0)  # records the refusals that were only counted
        self.shift(-3 * DAY)
        self.server.start()
        self.assertFalse(self.works(token))
        fresh = self.server.token(["runtime"], ttl="1s")
        self.assertTrue(self.works(fresh))
        until(lambda: not self.works(fresh), "the end of a token that was made while the clock was behind")

    def test_a_jump_of_more_than_a_day_is_logged_and_shown_in_the_status(self):
        self.assertEqual(self.status()["clock"], {"behind_seconds": 0, "jump": None})
        for shift, moved, behind in ((-3 * DAY, -3 * DAY, 3 * DAY), (0, 3 * DAY, 0)):
            seen = len(self.logged())
            self.shift(shift)
            until(lambda: len(self.logged()) > seen, "the jump in the log")
            self.assertAlmostEqual(self.logged()[-1], moved, delta=2)
            clock = self.status()["clock"]
            self.assertAlmostEqual(clock["jump"]["seconds"], moved, delta=2)
            self.assertAlmostEqual(clock["behind_seconds"], behind, delta=2)

    def test_a_start_with_a_clock_behind_the_data_says_so(self):
        self.server.put("/v1/profiles/clock/b", "a: 1\n")
        self.assertEqual(self.server.stop(), 0)
        self.shift(-3 * DAY)
        self.server.start()
        self.assertIn("clock_behind_data seconds=2591", self.server.log)
        clock = self.status()["clock"]
        self.assertGreater(clock["behind_seconds"], 3 * DAY - 600)
        self.assertLess(clock["jump"]["seconds"], -3 * DAY + 600)
        self.assertGreater(clock["jump"]["time"], time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 600)))
