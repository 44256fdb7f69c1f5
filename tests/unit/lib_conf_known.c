/* conf_known: a setting that is known is what its file says, from the moment that the file says it. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/conf_known.h"
#include "tests/check.h"

enum { LATER = 60 }; /* the files are old enough to be believed */

static time_t seconds;

static void learn(void)
{
  seconds++;
  conf_learn_at(time(0) + LATER + seconds);
}

/* Written again until its times differ from those before: what a kernel's clock tick makes of one moment is what LATER pretends away. */
static void put(const char *path, const char *value)
{
  struct stat before = { .st_size = -1 }, now;
  bool was_there = !stat(path, &before);

  do {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd == -1 || write(fd, value, strlen(value)) == -1 || close(fd) == -1 || stat(path, &now) == -1) exit(111);
  } while (was_there && now.st_ctim.tv_sec == before.st_ctim.tv_sec && now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
}

static bool is(const char *name, const char *expected)
{
  text value = TEXT_ZERO;

  conf_value(name, &value, "default");
  bool same = text_is(&value, expected);
  text_free(&value);
  return same;
}

static enum conf_known known(const char *name)
{
  text bytes = TEXT_ZERO;
  enum conf_known result = conf_known(name, &bytes);

  text_free(&bytes);
  return result;
}

/* The folder's times must differ, too. */
static void wait_for_tick(void)
{
  put("tick", "a");
  put("tick", "b");
}

static void check_known(void)
{
  check(known("greeting") == CONF_UNKNOWN && is("greeting", "hello"), "a process that has not learned reads the file");
  learn();
  check(known("greeting") == CONF_KNOWN && is("greeting", "hello"), "a file is known");
  check(known("nothing") == CONF_ABSENT && is("nothing", "default"), "a missing one too");
  check(known("domains/a.example") == CONF_UNKNOWN, "what is in folders of control/ is not");
  check(known("domains") == CONF_UNKNOWN, "nor is a folder");
  put("control/greeting", "salut");
  check(is("greeting", "salut"), "a change of the same length counts at once");
  learn();
  check(known("greeting") == CONF_KNOWN && is("greeting", "salut"), "and is known from the next time on");
}

static void check_come_and_go(void)
{
  check(is("nothing", "default"), "...");
  wait_for_tick();
  put("control/nothing", "something");
  conf_waited();
  check(is("nothing", "something"), "a new file counts after the next waiting");
  if (unlink("control/greeting") == -1) exit(111);
  check(is("greeting", "default"), "a removed one is the default");
  learn();
  check(known("greeting") == CONF_ABSENT && known("nothing") == CONF_KNOWN, "both are known from the next time on");
  put("new", "replaced");
  if (rename("new", "control/nothing") == -1) exit(111);
  check(is("nothing", "replaced"), "a file that took its place counts at once");
}

static void check_young(void)
{
  put("control/young", "one");
  seconds++;
  conf_learn_at(time(0));
  check(known("young") == CONF_UNKNOWN && known("greeting") == CONF_UNKNOWN, "what was changed a moment ago is not believed yet");
  put("control/young", "two");
  check(is("young", "two"), "it is read");
}

int main(void)
{
  char folder[] = "/tmp/lib_conf_known.XXXXXX";

  if (!mkdtemp(folder) || chdir(folder) == -1 || mkdir("control", 0700) == -1 || mkdir("control/domains", 0700) == -1) return 111;
  put("control/greeting", "hello");
  put("control/domains/a.example", "adduser: yes");
  check_known();
  check_come_and_go();
  check_young();
  static const char *const paths[] = { "control/nothing", "control/young", "control/domains/a.example", "tick" };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (unlink(paths[i]) == -1) return 111;
  if (rmdir("control/domains") == -1 || rmdir("control") == -1 || chdir("/") == -1 || rmdir(folder) == -1) return 111;
  return check_done();
}
