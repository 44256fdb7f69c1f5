/* client-check: what DNS says about a client of port 25: its name, the name it says, and which block lists have it.

   Serves calls on run/client-check (doc/calls.md), one request a connection. All questions are asked at once; it answers
   within control/rbltimeout, with what has come until then. Runs as mail-dns; writes no file, holds nothing. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dns.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/rbl.h"

enum {
  SESSIONS = 2000,
  SESSION_BYTES = 64 << 20,
  REQUEST_SECONDS = 10,
  SESSION_SECONDS = 120,
  ZONES_MAX = 100,   /* of control/rbllist */
  NAMES_MAX = 8,     /* of an address, that are asked for theirs */
  HELO_QUESTIONS = 3, /* A, AAAA, MX */
  ANSWER_MAX = CALL_PACKET_MAX - 1024 /* a packet, with room for one more */
};

const char *PROG = "client-check";

struct check {
  struct ip ip;
  const char *ip_text;
  bool wants_reverse;
  const char *helo; /* 0: not asked */
  text zones;       /* control/rbllist, its words ended by NULs */
  const char *zone[ZONES_MAX];
  size_t zone_count;
  int64_t until_ms;
  int call; /* whose other end wants to know */
  text answer;
};

static void set_name(struct dns_question *q, enum dns_kind kind, const text *name)
{
  q->kind = kind;
  snprintf(q->name, sizeof q->name, "%.*s", (int)(name->len > 255 ? 255 : name->len), name->s);
}

static struct dns_question *make(size_t count)
{
  struct dns_question *all = calloc(count ? count : 1, sizeof *all);
  if (!all) die_nomem();
  return all;
}

/* A zone that has several lines, one for each kind of answer, is asked once. */
static bool has_zone(const struct check *c, const char *zone)
{
  for (size_t i = 0; i < c->zone_count; i++)
    if (!strcmp(c->zone[i], zone)) return true;
  return false;
}

static void read_zones(struct check *c)
{
  const char *error = "";
  struct rbl r;

  conf_lines("rbllist", &c->zones);
  for (size_t at = 0, length; at < c->zones.len; at += length + 1) {
    length = strlen(c->zones.s + at);
    if (!rbl_parse(&r, c->zones.s + at, &error)) die_permanent("control/rbllist: ", c->zones.s + at, ": ", error);
    if (has_zone(c, r.zone)) continue;
    if (c->zone_count == ZONES_MAX) die_permanent("control/rbllist: more than 100 zones");
    c->zone[c->zone_count++] = r.zone;
  }
}

/* Who hangs up wants no answer: a crowd that connects and goes leaves no process behind (check 17). */
static void look_up(const struct check *c, struct dns_question *all, size_t count)
{
  if (!dns_ask(all, count, c->until_ms, c->call)) _exit(END_DONE);
}

/* The address's names that lead back to it. */
static void add_reverse(struct check *c, const struct dns_question *ptr)
{
  size_t count = ptr->list.count > NAMES_MAX ? NAMES_MAX : ptr->list.count;
  struct dns_question *all = make(count);
  bool is_answered = ptr->result != DNS_LATER;
  const char *name = "";
  struct ip ip;

  for (size_t i = 0; i < count; i++) {
    all[i].kind = c->ip.is_v4 ? DNS_A : DNS_AAAA;
    memcpy(all[i].name, ptr->list.records[i].name, sizeof all[i].name);
  }
  look_up(c, all, count);
  for (size_t i = 0; i < count && !*name; i++) {
    is_answered = is_answered && all[i].result != DNS_LATER;
    for (unsigned int n = 0; n < all[i].list.count; n++)
      if (ip_parse(&ip, all[i].list.records[n].address) && !memcmp(&ip, &c->ip, sizeof ip)) name = all[i].name;
  }
  if (*name || is_answered)
    record_add(&c->answer, "reverse", name);
  else
    record_add(&c->answer, "unanswered", "reverse name");
  free(all);
}

static void add_helo(struct check *c, const struct dns_question *three)
{
  bool is_answered = true, is_known = false;

  for (int i = 0; i < HELO_QUESTIONS; i++) {
    is_known = is_known || three[i].result == DNS_FOUND;
    is_answered = is_answered && three[i].result != DNS_LATER;
  }
  if (is_known || is_answered)
    record_add(&c->answer, "helo", is_known ? "known" : "unknown");
  else
    record_add(&c->answer, "unanswered", "HELO name");
}

/* Each answer of each list, with what the list says about it. */
static void add_listings(struct check *c, const struct dns_question *zones)
{
  struct dns_question *texts = make(c->zone_count);
  text listed = TEXT_ZERO;
  size_t count = 0;

  for (size_t i = 0; i < c->zone_count; i++)
    if (zones[i].result == DNS_FOUND) {
      texts[count].kind = DNS_TXT;
      memcpy(texts[count++].name, zones[i].name, sizeof zones[i].name);
    } else if (zones[i].result == DNS_LATER)
      record_add(&c->answer, "unanswered", c->zone[i]);
  look_up(c, texts, count);
  count = 0;
  for (size_t i = 0; i < c->zone_count; i++) {
    if (zones[i].result != DNS_FOUND) continue;
    const struct dns_list *said = &texts[count++].list;
    for (unsigned int n = 0; n < zones[i].list.count && c->answer.len < ANSWER_MAX; n++) {
      text_clear(&listed);
      text_add_format(&listed, "%s %s %s", c->zone[i], zones[i].list.records[n].address, said->count ? said->records[0].name : "");
      record_add(&c->answer, "listed", text_string(&listed));
    }
  }
  text_free(&listed);
  free(texts);
}

static void ask(struct check *c)
{
  static const enum dns_kind helo_kinds[HELO_QUESTIONS] = { DNS_A, DNS_AAAA, DNS_MX };
  struct dns_question *all = make(1 + HELO_QUESTIONS + c->zone_count), *helo = all + c->wants_reverse;
  struct dns_question *zones = helo + (c->helo ? HELO_QUESTIONS : 0);
  text name = TEXT_ZERO;

  rbl_reverse_name_add(&name, &c->ip);
  if (c->wants_reverse) set_name(all, DNS_PTR, &name);
  for (int i = 0; c->helo && i < HELO_QUESTIONS; i++) {
    text_copy(&name, c->helo);
    set_name(&helo[i], helo_kinds[i], &name);
  }
  for (size_t i = 0; i < c->zone_count; i++) {
    text_clear(&name);
    rbl_name_add(&name, &c->ip, c->zone[i]);
    set_name(&zones[i], DNS_A, &name);
  }
  look_up(c, all, (size_t)(zones - all) + c->zone_count);
  if (c->wants_reverse) add_reverse(c, all);
  if (c->helo) add_helo(c, helo);
  add_listings(c, zones);
  text_free(&name);
  free(all);
}

/* What did not come is for the log; the caller goes on without it. */
static void log_unanswered(const struct check *c)
{
  size_t at = 0;

  for (const char *what; (what = record_next(&c->answer, "unanswered", &at));)
    log_event("unanswered", "what", what, "client", c->ip_text, (char *)0);
}

static void session(int in, int out, const struct peer *peer)
{
  struct check c = { .call = in, .zones = TEXT_ZERO, .answer = TEXT_ZERO };
  text request = TEXT_ZERO;

  (void)out, (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  c.ip_text = record_get(&request, "ip");
  c.wants_reverse = record_is(&request, "reverse", "yes");
  c.helo = record_find(&request, "helo");
  if (!record_is(&request, "what", "client") || !ip_parse(&c.ip, c.ip_text) || (c.helo && strlen(c.helo) > 255)) {
    log_event("refused", "reason", "this is not a client to check", (char *)0);
    return;
  }
  c.until_ms = dns_now_ms() + (int64_t)conf_number("rbltimeout", 5, 60) * 1000;
  read_zones(&c);
  record_add(&c.answer, "answer", "yes");
  ask(&c);
  log_unanswered(&c);
  call_send(in, &c.answer, 0, 0);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-in", 0 };
  static const char *const reads[] = { "control", 0 };
  static const struct sandbox sandbox = { .reads = reads, .may_ask_dns = true };
  static const struct serve service = { .concurrency = SESSIONS,
                                        .memory_bytes = SESSION_BYTES,
                                        .callers = callers,
                                        .session_seconds = SESSION_SECONDS,
                                        .sandbox = &sandbox,
                                        .session = session };
  struct check check = { .zones = TEXT_ZERO };

  if (argc != 1) die_usage("client-check");
  home_enter();
  read_zones(&check); /* what cannot be right is told at the start */
  text_free(&check.zones);
  return serve(&service, argv);
}
