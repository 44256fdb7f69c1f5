#include "lib/login_server.h"

#include <string.h>

#include <skalibs/sgetopt.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/serve.h"

enum { MEMORY_BYTES = 64 << 20, CONCURRENCY = 500, CONCURRENCY_CLIENT = 50, CONCURRENCY_MAX = 100000 };

static struct login_server *server;

/* The parent opens the tables, so that a child finds them open. */
static void refresh(void) { tables_open(&server->tables, "policy"); }

_Noreturn static void die_misused(void)
{
  text usage = TEXT_ZERO;

  text_add_format(&usage, "%s [ -r %s|%s ]", PROG, server->plain, server->secure);
  die_usage(text_string(&usage));
}

static void read_options(int argc, const char *const *argv)
{
  subgetopt options = SUBGETOPT_ZERO;

  for (int option; (option = subgetopt_r(argc, argv, "r:", &options)) != -1;) {
    if (option != 'r') die_misused();
    server->is_secure = !strcmp(options.arg, server->secure);
    if (!server->is_secure && strcmp(options.arg, server->plain)) die_misused();
  }
  if (argv[options.ind]) die_misused();
}

int login_server(struct login_server *s, int argc, const char *const *argv)
{
  static const char *const reads[] = { "control", "tables", 0 };
  static const struct sandbox sandbox = { .reads = reads };
  static struct cidrs balancers = CIDRS_ZERO;

  server = s;
  read_options(argc, argv);
  home_enter();
  cidrs_read(&balancers, "proxyhosts");
  struct serve serving = { .balancers = &balancers,
                           .concurrency = (unsigned int)conf_number(s->concurrency, CONCURRENCY, CONCURRENCY_MAX),
                           .concurrency_network = (unsigned int)conf_number(s->concurrency_client, CONCURRENCY_CLIENT, CONCURRENCY_MAX),
                           .refusal = s->refusal,
                           .session_seconds = LOGIN_SERVER_LOGIN_SECONDS + LOGIN_SERVER_SILENT_SECONDS,
                           .memory_bytes = MEMORY_BYTES,
                           .sandbox = &sandbox,
                           .refresh = refresh,
                           .session = s->session };
  return serve(&serving, argv);
}
