/* smtp-receive: takes mail in by SMTP (RFC 5321), from other hosts or from users who log in.

   One session on fd 0 and 1, or, given a listening socket on fd 0, one for each connection. Asks tls-server, auth-server
   and queue-add over run/. Runs as mail-in or mail-submit; writes state/limits of its uid, no other file. */

#include <skalibs/sgetopt.h>

#include "lib/conf.h"
#include "lib/conf_known.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/policy_host.h"
#include "lib/serve.h"
#include "smtpd/extension.h"
#include "smtpd/greylist.h"
#include "smtpd/message.h"
#include "smtpd/xclient.h"

#define USAGE "smtp-receive [ -r mx|submission|submissions|internal|lmtp|inject ]"

const char *PROG = "smtp-receive";

enum { SESSION_SECONDS = 7200, MEMORY_BYTES = 128 * 1024 * 1024 }; /* a list of 100,000 members fits */

static const struct role *role;
static struct tables tables = { .is_for_children = true };

/* The tables are open before the fork, and control/ is read: a child looks only whether they are still current. */
static void refresh(void)
{
  conf_learn();
  if (!tables_open(&tables, "policy")) return; /* the session says so, at MAIL */
}

static void session(int in, int out, const struct peer *peer)
{
  (void)in, (void)out; /* fd 0 and 1 */
  session_run(role, peer, &tables);
}

/* What cannot be right is told at the start, not to a client. */
static void check_settings(void)
{
  struct rates rates = RATES_ZERO;
  struct session_settings settings = { .me = TEXT_ZERO };
  text postmaster = TEXT_ZERO;

  session_settings_read(&settings);
  session_check_extensions();
  pace_rates_read(&rates);
  greylist_check_settings();
  if (role->policy == POLICY_MX) policy_host_settings();
  policy_enforce_sender();
  policy_directory_is_old();
  message_check_settings();
  policy_postmaster(&postmaster);
  text_free(&settings.me);
  text_free(&postmaster);
}

int main(int argc, const char *const *argv)
{
  static const char *const reads[] = { "control", "tables", "state/full", 0 };
  static const char *const reads_of_inject[] = { "control", "tables", "state/full", "/etc", 0 }; /* whole: /etc/passwd is replaced while we run */
  static const char *const writes[] = { "state/limits", 0 };
  struct sandbox sandbox = { .reads = reads, .writes = writes };
  subgetopt options = SUBGETOPT_ZERO;

  role = role_find("mx");
  for (int option; (option = subgetopt_r(argc, argv, "r:", &options)) != -1;)
    switch (option) {
    case 'r':
      role = role_find(options.arg);
      if (!role) die_usage(USAGE);
      break;
    default: die_usage(USAGE);
    }
  if (argv[options.ind]) die_usage(USAGE);

  home_enter();
  check_settings();
  if (role->policy == POLICY_INJECT) sandbox.reads = reads_of_inject;
  static struct cidrs balancers = CIDRS_ZERO;
  cidrs_read(&balancers, "proxyhosts");
  xclient_hosts_read();
  struct serve server = { .balancers = &balancers,
                          .concurrency = (unsigned int)conf_number("concurrencysmtpd", 500, 100000),
                          .concurrency_network = (unsigned int)conf_number("concurrencysmtpdclient", 50, 100000),
                          .refusal = "421 4.7.0 Too many connections, try again later\r\n",
                          .memory_bytes = MEMORY_BYTES,
                          .session_seconds = (unsigned int)conf_number("sessionmax", SESSION_SECONDS, 86400),
                          .sandbox = &sandbox,
                          .refresh = refresh,
                          .session = session };
  if (role->is_lmtp) { /* its client is a mail server */
    server.concurrency = (unsigned int)conf_number("concurrencylmtp", 100, 100000);
    server.concurrency_network = 0;
  }
  return serve(&server, argv);
}
