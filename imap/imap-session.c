/* imap-session: speaks IMAP on fd 0 and 1 for the mailbox that is the current folder, whose user is logged in already.

   What mailbox-spawn runs after a login, as a program of its own: for tests, and for a mail program that starts its
   server itself (mutt's and mbsync's "tunnel"). Runs as whoever starts it; touches nothing outside the folder. */

#include <stdlib.h>

#include <skalibs/sgetopt.h>

#include "imap/session.h"
#include "lib/die.h"
#include "lib/text.h"

#define USAGE "imap-session [ -b append_bytes ] [ -l login ] [ -q quota_bytes ]"

int main(int argc, const char *const *argv)
{
  struct imap_start start = { .login = "", .tag = "", .ahead = "", .ip = "" };
  subgetopt options = SUBGETOPT_ZERO;

  PROG = "imap-session";
  for (int option; (option = subgetopt_r(argc, argv, "b:l:q:", &options)) != -1;)
    switch (option) {
    case 'b':
      if (!number_scan(options.arg, UINT64_MAX, &start.append_bytes)) die_usage(USAGE);
      break;
    case 'q':
      if (!number_scan(options.arg, INT64_MAX, &start.quota_bytes)) die_usage(USAGE);
      break;
    case 'l': start.login = options.arg; break;
    default: die_usage(USAGE);
    }
  if (argv[options.ind]) die_usage(USAGE);
  const char *ip = getenv("TCPREMOTEIP");
  if (ip) start.ip = ip;
  imap_session(0, 1, &start);
  return END_DONE;
}
