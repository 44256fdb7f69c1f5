/* ldap-watch: the directory server's changes, in the tables within a second: keeps state/directory/ldap.ldif as ldap-fetch
   would write it at any moment, and has tables published (tables-publish) at each change.

   Reads control/ldapserver and the other ldap files; listens to nobody. Runs as mail-ldap. It is two processes: this one
   waits, and starts one that follows a server (watch.h) anew when that has ended; it holds no password and reads nothing
   from the network. A server that tells of no changes is polled by ldap-fetch. */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/publish.h"
#include "ldapsync/source.h"
#include "ldapsync/watch.h"
#include "ldapsync/watched.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/owner.h"
#include "lib/ready.h"

enum { POLL_SECONDS = 60, STEADY_SECONDS = 60, POLL_SECONDS_MAX = 86400, DELAY_SECONDS_MAX = 60 };

static int fetch(void)
{
  static const char *const argv[] = { "bin/ldap-fetch", 0 };

  execv(argv[0], (char *const *)argv);
  die_unable("execute ", argv[0]);
}

/* A process of its own, which does not outlive this one. */
static int run(int (*what)(void))
{
  int status;
  pid_t parent = getpid(), pid = fork();

  if (!pid) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent) _exit(END_TEMPORARY);
    _exit(what());
  }
  if (pid == -1 || waitpid_nointr(pid, &status, 0) == -1 || !WIFEXITED(status)) return END_TEMPORARY;
  return WEXITSTATUS(status);
}

/* So many seconds, or until the settings have changed. */
static void wait_for_settings(unsigned int seconds)
{
  text before = TEXT_ZERO, now = TEXT_ZERO;

  watched_settings(&before);
  text_copy(&now, before.s);
  for (; seconds && text_is(&now, before.s); seconds--) {
    sleep(1);
    watched_settings(&now);
  }
  text_free(&before);
  text_free(&now);
}

static bool has_server(void)
{
  text lines = TEXT_ZERO;
  bool has = conf_lines("ldapserver", &lines) && lines.len;

  text_free(&lines);
  return has;
}

/* One full pass; tables are made if it has brought something else than the last one of them. */
static int poll_once(text *published)
{
  struct watched file = WATCHED_ZERO;
  text bytes = TEXT_ZERO;
  int code = run(fetch);

  if (code == END_DONE) {
    watched_read(&file, &bytes);
    if (!text_is(published, text_string(&file.digest)) && (code = publish_ask()) == END_DONE) text_copy(published, file.digest.s);
  }
  text_free(&file.digest);
  text_free(&bytes);
  return code;
}

static void say_delay(unsigned int seconds)
{
  text number = TEXT_ZERO;

  text_add_number(&number, seconds);
  log_event("waiting", "seconds", text_string(&number), (char *)0);
  text_free(&number);
}

_Noreturn static void go_on(void)
{
  text published = TEXT_ZERO;

  for (unsigned int delay = 0;;) {
    if (!has_server()) {
      log_event("idle", "reason", "no control/ldapserver", (char *)0);
      while (!has_server()) wait_for_settings(POLL_SECONDS);
    }
    time_t began = time(0);
    int code = run(watch_run);
    if (time(0) - began >= STEADY_SECONDS) delay = 0; /* it had a server for a while: this is the first attempt without one */
    if (code == END_NO && (code = poll_once(&published)) == END_DONE) {
      delay = 0;
      wait_for_settings((unsigned int)conf_number("ldappoll", POLL_SECONDS, POLL_SECONDS_MAX));
      continue;
    }
    if (code == END_DONE)
      delay = 0;
    else {
      delay = delay ? delay * 2 : 1;
      if (delay > DELAY_SECONDS_MAX) delay = DELAY_SECONDS_MAX;
      say_delay(delay);
    }
    wait_for_settings(delay ? delay : 1);
  }
}

int main(int argc, const char *const *argv)
{
  static const char *const groups[] = { 0 };

  (void)argv;
  PROG = "ldap-watch";
  if (argc != 1) die_usage("ldap-watch");
  home_enter();
  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  owner_become(SOURCE_FOLDER, "mail-ldap", groups);
  sandbox_enter(&source_sandbox);
  signal(SIGHUP, SIG_DFL); /* whoever started s6 by nohup ignored it; with it this program is started anew */
  ready_tell();
  go_on();
}
