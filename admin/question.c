#include "admin/question.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/die.h"

static bool take(const char *const **argv, const char *name, const char **value, const char *usage)
{
  if (strcmp(**argv, name)) return false;
  if (!*++*argv) die_usage(usage);
  *value = **argv;
  return true;
}

static bool take_flag(const char *word, const char *name, bool *flag)
{
  if (strcmp(word, name)) return false;
  *flag = true;
  return true;
}

static void set_port(struct question *q, const char *number)
{
  q->port = policy_port_find(number ? number : q->login ? "587" : "25");
  if (!q->port) die_permanent("--port is 25, 587, 465, 10587 or 24");
}

static void check(const struct question *q)
{
  unsigned char address[16];

  if (*q->ip && inet_pton(AF_INET, q->ip, address) != 1 && inet_pton(AF_INET6, q->ip, address) != 1)
    die_permanent("--ip is not an address: ", q->ip);
  if (q->at && (!*q->at || strchr(q->at, '/') || *q->at == '.')) die_permanent("--at is the name of a folder in tables/");
}

void question_read(struct question *q, const char *const *argv, const char *usage)
{
  const char *port = 0;

  *q = (struct question){ .ip = "", .helo = "", .fingerprint = "" };
  for (; *argv; argv++) {
    if (take(&argv, "--ip", &q->ip, usage) || take(&argv, "--port", &port, usage) || take(&argv, "--login", &q->login, usage) ||
        take(&argv, "--helo", &q->helo, usage) || take(&argv, "--fingerprint", &q->fingerprint, usage) || take(&argv, "--at", &q->at, usage) ||
        take(&argv, "--reverse", &q->reverse, usage) || take(&argv, "--listed", &q->listed, usage) || take(&argv, "--from", &q->header_from, usage))
      continue;
    if (take_flag(*argv, "--tls", &q->is_tls) || take_flag(*argv, "--tls-optional", &q->is_tls_optional) || take_flag(*argv, "--json", &q->is_json) ||
        take_flag(*argv, "--expect", &q->is_expect))
      continue;
    if (!strncmp(*argv, "--", 2) || q->to) die_usage(usage);
    if (q->from)
      q->to = *argv;
    else
      q->from = *argv;
  }
  if (q->is_expect ? q->from != 0 : !q->to) die_usage(usage);
  set_port(q, port);
  check(q);
}
