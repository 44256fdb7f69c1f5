/* pop3-session: speaks POP3 on fd 0 and 1 for the mailbox that is the current folder, whose user is logged in already.

   What mailbox-spawn runs after a login, as a program of its own: for tests, and for a mail program that starts its
   server itself. Runs as whoever starts it; touches nothing outside the folder. */

#include <stdlib.h>

#include <skalibs/sgetopt.h>

#include "lib/die.h"
#include "lib/text.h"
#include "pop3/session.h"

#define USAGE "pop3-session [ -l login ] [ -q quota_bytes ] [ -t seconds ]"

int main(int argc, const char *const *argv)
{
  struct imap_start start = { .login = "", .tag = "", .ahead = "", .ip = "" };
  uint64_t seconds = POP3_SILENCE_SECONDS;
  subgetopt options = SUBGETOPT_ZERO;

  PROG = "pop3-session";
  for (int option; (option = subgetopt_r(argc, argv, "l:q:t:", &options)) != -1;)
    switch (option) {
    case 'q':
      if (!number_scan(options.arg, INT64_MAX, &start.quota_bytes)) die_usage(USAGE);
      break;
    case 't':
      if (!number_scan(options.arg, INT32_MAX, &seconds)) die_usage(USAGE);
      break;
    case 'l': start.login = options.arg; break;
    default: die_usage(USAGE);
    }
  if (argv[options.ind]) die_usage(USAGE);
  const char *ip = getenv("TCPREMOTEIP");
  if (ip) start.ip = ip;
  pop3_session(0, 1, &start, (unsigned int)seconds);
  return END_DONE;
}
