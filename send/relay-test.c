/* relay-test: tries a relay: connection, TLS and login, as smtp-send would, and without a message (N-84, N-85).

   Reads tables/current/policy.cdb for a rule; asks smtp-send, which has the rule's password. Answers on fd 1. Run by root;
   writes nothing. */

#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/fingerprint.h"
#include "lib/home.h"
#include "lib/secret.h"
#include "lib/tables.h"
#include "send/hosts.h"

#define USAGE                                                                                                          \
  "relay-test RULE | HOST[:PORT] [ --tls may|encrypt|verify|fingerprint|dane|tls|off ] [ --fingerprint HEX ]... "              \
  "[ --source ADDRESS ]... [ --login NAME [ --password-file FILE ] ]"

enum { PROBE_SECONDS = 10 };

struct request {
  const char *target, *tls, *login, *password_file;
  text facts; /* fingerprint=, source= */
};

static bool take_fact(struct request *r, const char *word, const char *value)
{
  text hex = TEXT_ZERO;

  if (!value || (strcmp(word, "--fingerprint") && strcmp(word, "--source"))) return false;
  if (strcmp(word, "--fingerprint"))
    record_add(&r->facts, "source", value);
  else if (fingerprint_parse(value, &hex))
    record_add(&r->facts, "fingerprint", hex.s);
  else
    die_permanent("no SHA-256 in hex: ", value);
  text_free(&hex);
  return true;
}

static bool take_option(struct request *r, const char *word, const char *value)
{
  const struct {
    const char *word, **value;
  } options[] = { { "--tls", &r->tls }, { "--login", &r->login }, { "--password-file", &r->password_file } };

  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (!strcmp(word, options[i].word)) {
      *options[i].value = value;
      return value;
    }
  return false;
}

static void read_arguments(struct request *r, const char *const *argv)
{
  for (; *argv; argv++)
    if (!strncmp(*argv, "--", 2)) {
      if (!take_option(r, argv[0], argv[1]) && !take_fact(r, argv[0], argv[1])) die_usage(USAGE);
      argv++;
    } else if (r->target)
      die_usage(USAGE);
    else
      r->target = *argv;
  if (!r->target || !*r->target || (r->password_file && !r->login)) die_usage(USAGE);
}

/* True if there is a rule of this name, whose hosts and TLS are then in the hop. */
static bool find_rule(const char *name, text *hop)
{
  struct tables policy = TABLES_ZERO;
  text key = TEXT_ZERO, rule = TEXT_ZERO;
  enum lookup_result result;
  bool is_found = false;
  uint64_t at = 0;

  if (!tables_open(&policy, "policy")) die_unable("open tables/current/policy.cdb");
  while (!is_found && (result = tables_walk(&policy, &at, &key, &rule)) == LOOKUP_FOUND)
    is_found = key.len > 6 && !memcmp(key.s, "relay:", 6) && record_check(&rule) && record_is(&rule, "rule", name);
  if (!is_found && result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  if (is_found) text_add_text(hop, &rule);
  tables_close(&policy);
  text_free(&key);
  text_free(&rule);
  return is_found;
}

/* HOST, HOST:PORT, [v6]:PORT; an IPv6 address alone has more than one colon. */
static void add_host(text *hop, const char *target, const char *tls)
{
  text host = TEXT_ZERO;
  const char *end = *target == '[' ? strchr(target, ']') : 0, *colon = end ? end + 1 : strchr(target, ':');
  bool has_port = colon && *colon == ':' && (end || !strchr(colon + 1, ':'));
  uint64_t port = strcmp(tls, "tls") ? 25 : 465;

  if (has_port && (!number_scan(colon + 1, 65535, &port) || !port)) die_permanent("not a port: ", colon + 1);
  text_copy_bytes(&host, target, has_port ? (size_t)(colon - target) : strlen(target));
  record_add(hop, "host", text_string(&host));
  record_add_number(hop, "port", port);
  record_add(hop, "tls", tls);
  text_free(&host);
}

/* It takes the place of fd 0, before the working folder is another. */
static void open_password(const char *path)
{
  int file = open_read(path);

  if (file == -1 || fd_move(0, file) == -1) die_unable("read ", path);
}

static void add_login(text *probe, const struct request *r)
{
  text password = TEXT_ZERO;

  secret_read(&password);
  record_add(probe, "login", r->login);
  record_add(probe, "password", text_string(&password));
  text_wipe(&password);
}

static void fill(const struct request *r, text *hop, text *probe)
{
  static const char *const words[] = { "may", "encrypt", "verify", "fingerprint", "dane", "tls", "off", 0 };
  bool has_pin = record_find(&r->facts, "fingerprint");
  const char *tls = r->tls ? r->tls : has_pin ? "fingerprint" : "verify";
  size_t i = 0;

  while (words[i] && strcmp(tls, words[i])) i++;
  if (!words[i]) die_usage(USAGE);
  if (has_pin ? strcmp(tls, "fingerprint") && strcmp(tls, "tls") : !strcmp(tls, "fingerprint")) die_usage(USAGE);
  record_add(probe, "what", "probe");
  if (find_rule(r->target, hop)) {
    if (r->tls || r->login || r->facts.len) die_permanent(r->target, " is a rule, which says itself how to go there");
  } else if (!strpbrk(r->target, ".:"))
    die_permanent("there is no rule ", r->target,
                  " in the tables: is it in control/relayrules, enabled, and did tables-build run? (A host has a dot or a colon.)");
  else
    add_host(hop, r->target, tls);
  text_add_text(probe, &r->facts);
  if (r->login) add_login(probe, r);
}

/* A word for programs, a sentence, and what was seen of the server; behind the name of the host if there are several. */
static void tell(const char *host, const text *answer)
{
  static const struct {
    const char *key, *title;
  } facts[] = { { "remote", "server" }, { "tls", "tls" }, { "policy", "policy" }, { "verified", "verified" }, { "certificate", "certificate" }, { "fingerprint", "fingerprint" }, { "offered", "offers" } };
  text out = TEXT_ZERO;

  if (*host) text_add_format(&out, "%s\n", host);
  text_add_format(&out, "%s\n%s\n", record_get(answer, "answer"), record_get(answer, "text"));
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    size_t at = 0;
    for (const char *value; (value = record_next(answer, facts[i].key, &at));) text_add_format(&out, "%-12s %s\n", facts[i].title, value);
  }
  if (*host) text_add_char(&out, '\n');
  if (allwrite(1, out.s, out.len) != out.len) die_unable("write to fd 1");
  text_free(&out);
}

static void ask(const text *hop, const text *probe, text *answer)
{
  int call = call_open("smtp-send");

  if (call == -1 || !call_send(call, hop, 0, 0) || !call_send(call, probe, 0, 0)) die_unable("ask smtp-send (is it running?)");
  switch (call_receive(call, answer, 0, PROBE_SECONDS)) {
  case CALL_DONE: break;
  case CALL_CLOSED: die_temporary("smtp-send does not answer: see its log (it answers root alone)"); break;
  case CALL_BROKEN:
    text_clear(answer);
    record_add(answer, "answer", "connection_timeout_error");
    record_add(answer, "text", "no answer within 10 s, neither from the DNS nor from the host");
  }
  close(call);
}

/* One host of the hop. name: of several; else "". */
static enum ending try_host(const text *hop, const char *host, unsigned int port, const char *name, const text *probe)
{
  text one = TEXT_ZERO, answer = TEXT_ZERO;

  record_add(&one, "route", "host");
  record_add(&one, "host", host);
  record_add_number(&one, "port", port);
  if (record_find(hop, "rule")) record_add(&one, "rule", record_get(hop, "rule"));
  record_add(&one, "tls", record_get(hop, "tls"));
  ask(&one, probe, &answer);
  tell(name, &answer);
  enum ending end = record_is(&answer, "answer", "ok") ? END_DONE : record_is(&answer, "answer", "later") ? END_TEMPORARY : END_NO;
  text_free(&one);
  text_free(&answer);
  return end;
}

/* All of them, as they are written; the worst result counts. */
static enum ending try_hosts(const text *hop, const text *probe)
{
  struct hosts hosts;
  text name = TEXT_ZERO;
  enum ending worst = END_DONE;

  send_hosts_sort(&hosts, hop, 0);
  for (unsigned int i = 0; i < hosts.count; i++) {
    const char *value = hosts.all[i].value;
    uint64_t first = 0;
    unsigned int port = 0;
    if (!value && record_number(hop, "port", 65535, &first)) {
      text_copy(&name, record_get(hop, "host"));
      port = (unsigned int)first;
    } else if (!value || !send_hosts_split(value, &name, &port))
      die_permanent("the hosts of this rule cannot be read: run tables-build");
    enum ending end = try_host(hop, text_string(&name), port, hosts.count == 1 ? "" : value ? value : record_get(hop, "host"), probe);
    if (end > worst) worst = end;
  }
  text_free(&name);
  return worst;
}

int main(int argc, const char *const *argv)
{
  struct request request = { .facts = TEXT_ZERO };
  text hop = TEXT_ZERO, probe = TEXT_ZERO;

  (void)argc;
  PROG = "relay-test";
  read_arguments(&request, argv + 1);
  if (getuid()) die_permanent("relay-test is for root");
  if (request.password_file) open_password(request.password_file);
  home_enter();
  fill(&request, &hop, &probe);
  enum ending end = try_hosts(&hop, &probe);
  text_wipe(&probe);
  return end;
}
