/* whatif: says what would happen to a message, step by step, and which rule and file decide, by asking the same
   functions as smtp-receive and send-schedule (lib/policy).

   Reads control/ and tables/; answers on fd 1 in lines for people. Runs as anyone; writes nothing, sends nothing. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/policy.h"

#define USAGE "whatif FROM TO [ --ip IP ] [ --port PORT ] [ --login USER ]     FROM \"\" is the null sender"

const char *PROG = "whatif";

struct question {
  const char *from, *to, *ip, *port, *login;
};

enum { NAME_WIDTH = 12 };

/* "  name        value": one line of the story. */
static void say(const char *name, const char *value)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%-*s%s\n", NAME_WIDTH, name, value);
  buffer_put(buffer_1, line.s, line.len);
  text_free(&line);
}

static void say_by(const char *rule, const char *from)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "  rule %s", rule);
  if (*from) text_add_format(&line, ", %s", from);
  say("", text_string(&line));
  text_free(&line);
}

static bool say_decision(const char *name, const struct policy_decision *d)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%u %s %s", d->code, d->status, d->text.s);
  say(name, text_string(&line));
  say_by(d->rule, d->from.s);
  text_free(&line);
  return policy_is_accepted(d);
}

static bool is_submission(const char *port)
{
  return !strcmp(port, "587") || !strcmp(port, "465");
}

static bool is_option(const char *word, const char *name, const char *value)
{
  if (strcmp(word, name)) return false;
  if (!value) die_usage(USAGE);
  return true;
}

static void read_question(struct question *q, const char *const *argv)
{
  *q = (struct question){ .ip = "" };
  for (; *argv; argv++)
    if (is_option(*argv, "--ip", argv[1]))
      q->ip = *++argv;
    else if (is_option(*argv, "--port", argv[1]))
      q->port = *++argv;
    else if (is_option(*argv, "--login", argv[1]))
      q->login = *++argv;
    else if (!strncmp(*argv, "--", 2) || q->to)
      die_usage(USAGE);
    else if (q->from)
      q->to = *argv;
    else
      q->from = *argv;
  if (!q->to) die_usage(USAGE);
  if (!q->port) q->port = q->login ? "587" : "25";
  if (strcmp(q->port, "25") && !is_submission(q->port)) die_permanent("--port is 25, 587 or 465");
}

/* An address as it stands between < and >, or with them. True if it is one that can be asked about. */
static bool read_address(struct address *a, const char *string, bool *is_null)
{
  text path = TEXT_ZERO;
  size_t used;

  text_add(&path, *string == '<' ? string : "<");
  if (*string != '<') {
    text_add(&path, string);
    text_add_char(&path, '>');
  }
  enum address_result result = address_parse_path(a, path.s, path.len, &used);
  *is_null = result == ADDRESS_NULL;
  bool good = result >= ADDRESS_NULL && used == path.len;
  text_free(&path);
  return good;
}

static void tables_unreadable(void) { die_unable("read tables/current/policy.cdb"); }

/* Who logs in as what, as auth-server finds it. False: nobody would. */
static bool find_login(struct tables *tables, const char *login, struct policy_facts *facts, text *mailbox)
{
  text folded = TEXT_ZERO, record = TEXT_ZERO;

  text_add(&folded, login);
  text_lower(&folded);
  enum lookup_result result = tables_find(tables, "login", text_string(&folded), &record);
  if (result == LOOKUP_BROKEN) tables_unreadable();
  if (result == LOOKUP_FOUND) {
    text_copy(mailbox, record_get(&record, "mailbox"));
    facts->mailbox = text_string(mailbox);
    facts->login = login;
    facts->enforce_sender = policy_enforce_sender();
    say("login", login);
    say_by("login", mailbox->s);
  } else
    say("login", "535 5.7.8 Error: authentication failed: there is no such login");
  text_free(&folded);
  text_free(&record);
  return result == LOOKUP_FOUND;
}

static void say_hop(const text *hop)
{
  text line = TEXT_ZERO;
  size_t at = 0, key_length;

  for (const char *pair; (pair = record_walk(hop, &at, &key_length));) {
    if (line.len) text_add_char(&line, ' ');
    text_add(&line, pair);
  }
  say("route", text_string(&line));
  text_free(&line);
}

static void say_mailbox(struct tables *tables, const char *key)
{
  text record = TEXT_ZERO, line = TEXT_ZERO;

  if (tables_find(tables, "mailbox", key, &record) == LOOKUP_BROKEN) tables_unreadable();
  text_add_format(&line, "mailbox %s: mail/%s, uid %s", key, record_get(&record, "path"), record_get(&record, "uid"));
  say("route", text_string(&line));
  text_free(&record);
  text_free(&line);
}

static void say_destination(struct tables *tables, const struct policy_facts *facts, const struct policy_destination *one)
{
  struct policy_stop stop = { .address = one->address, .mailbox = one->mailbox, .is_copy = one->is_copy };
  struct policy_route route = POLICY_ROUTE_ZERO;
  text line = TEXT_ZERO;

  policy_route(tables, facts, &stop, &route);
  say("destination", one->address);
  switch (route.kind) {
  case POLICY_ROUTE_MAILBOX: say_mailbox(tables, route.mailbox.s); break;
  case POLICY_ROUTE_HOP: say_hop(&route.hop); break;
  default:
    text_add_format(&line, "%s %s", route.status, route.text.s);
    say("route", text_string(&line));
  }
  say_by(route.rule, route.from.s);
  policy_route_free(&route);
  text_free(&line);
}

/* True if the message would be accepted. */
static bool tell(struct tables *tables, const struct question *q, struct policy_facts *facts)
{
  struct address sender = ADDRESS_ZERO, recipient = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_destination one;
  bool is_null;
  size_t at = 0;

  policy_client(facts, &d);
  if (!say_decision("client", &d)) return false;
  if (!read_address(&sender, q->from, &is_null) || (!is_null && !*sender.domain)) {
    say("sender", "553 5.1.7 it is not an address");
    return false;
  }
  policy_sender(tables, facts, is_null ? 0 : &sender, &d);
  if (!say_decision("sender", &d)) return false;
  if (!read_address(&recipient, q->to, &is_null) || is_null) {
    say("recipient", "553 5.1.3 it is not an address");
    return false;
  }
  policy_recipient(tables, facts, &recipient, &all, &d);
  if (!say_decision("recipient", &d)) return false;
  while (policy_destinations_next(&all, &at, &one)) say_destination(tables, facts, &one);
  return true;
}

static void say_session(const struct question *q, const struct tables *tables)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "port %s (%s)%s%s", q->port, is_submission(q->port) ? "submission, encrypted" : "mx",
                  *q->ip ? ", from " : "", q->ip);
  say("session", text_string(&line));
  say("tables", tables->generation.s);
  text_free(&line);
}

int main(int argc, const char *const *argv)
{
  struct tables tables = TABLES_ZERO;
  text me = TEXT_ZERO, postmaster = TEXT_ZERO, mailbox = TEXT_ZERO;
  struct question q;

  (void)argc;
  read_question(&q, argv + 1);
  home_enter();
  conf_me(&me);
  policy_postmaster(&postmaster);
  if (!tables_open(&tables, "policy")) die_unable("open tables/current/policy.cdb (made by tables-build)");
  struct policy_facts facts = { .role = is_submission(q.port) ? POLICY_SUBMISSION : POLICY_MX,
                                .is_tls = is_submission(q.port),
                                .me = text_string(&me),
                                .postmaster = postmaster.s };
  say_session(&q, &tables);
  bool is_accepted = (!q.login || find_login(&tables, q.login, &facts, &mailbox)) && tell(&tables, &q, &facts);
  say("result", is_accepted ? "accepted" : "refused");
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  return is_accepted ? END_DONE : END_NO;
}
