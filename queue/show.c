#include <time.h>

#include "lib/cause.h"
#include "lib/json.h"
#include "queue/show.h"

static const char *state_word(char state)
{
  switch (state) {
  case ENVELOPE_TODO: return "to do";
  case ENVELOPE_RELEASED: return "to do, released by the operator";
  case ENVELOPE_DONE: return "done";
  case ENVELOPE_TELLING: return "done, to be reported";
  case ENVELOPE_FAILING: return "failed, to be reported";
  case ENVELOPE_FAILED: return "failed";
  case ENVELOPE_HELD: return "held";
  case ENVELOPE_BARRED: return "held, its sender may not send any more";
  default: return "unknown";
  }
}

void queue_show_span(text *out, uint64_t seconds)
{
  if (seconds < 60)
    text_add_format(out, "%llu s", (unsigned long long)seconds);
  else if (seconds < 3600)
    text_add_format(out, "%llu min", (unsigned long long)seconds / 60);
  else if (seconds < 86400)
    text_add_format(out, "%llu h %llu min", (unsigned long long)seconds / 3600, (unsigned long long)seconds % 3600 / 60);
  else
    text_add_format(out, "%llu d %llu h", (unsigned long long)seconds / 86400, (unsigned long long)seconds % 86400 / 3600);
}

void queue_show_size(text *out, uint64_t bytes)
{
  static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
  unsigned int unit = 0;
  uint64_t tenths = bytes * 10 / 1024;

  if (bytes < 1024) {
    text_add_format(out, "%llu B", (unsigned long long)bytes);
    return;
  }
  for (; tenths >= 10240 && unit < 5; unit++) tenths /= 1024;
  text_add_format(out, "%llu.%llu %s", (unsigned long long)tenths / 10, (unsigned long long)tenths % 10, units[unit]);
}

/* Nothing that a stranger wrote reaches a terminal as it is: no controls of ASCII, nor of Latin-1 (U+0080 to U+009F). */
void queue_show_plain(text *out, const char *value)
{
  while (*value) {
    size_t length = json_utf8_length(value);
    bool is_control = length == 1 ? !ascii_is_printable(*value) : length == 2 && value[0] == '\xc2' && (unsigned char)value[1] < 0xa0;
    if (length && !is_control)
      text_add_bytes(out, value, length);
    else
      text_add_char(out, '?');
    value += length ? length : 1;
  }
}

void queue_show_time(text *out, uint64_t seconds)
{
  time_t t = (time_t)seconds;
  struct tm parts;
  char shown[40];

  if (!gmtime_r(&t, &parts) || !strftime(shown, sizeof shown, "%Y-%m-%dT%H:%M:%SZ", &parts)) return;
  text_add(out, shown);
}

static uint64_t age(uint64_t since, uint64_t now) { return now > since ? now - since : 0; }

static void add_next(text *out, const struct envelope *e, uint64_t now)
{
  if (!envelope_has(e, ENVELOPE_TO_TRY "fd"))
    text_add(out, envelope_has(e, ENVELOPE_KEPT) ? "held until it is released" : "nothing left to do");
  else if (e->next_seconds <= now)
    text_add(out, e->attempts ? "next try now" : "first try now");
  else {
    text_add(out, "next try in ");
    queue_show_span(out, e->next_seconds - now);
    text_add(out, ", ");
    queue_show_time(out, e->next_seconds);
  }
}

void queue_show_said(text *out, const struct said *s)
{
  if (said_names_remote(s)) {
    queue_show_plain(out, s->remote.s);
    text_add(out, ": ");
  }
  if (s->code) text_add_format(out, "%03u ", s->code);
  if (s->status.len) {
    queue_show_plain(out, s->status.s);
    text_add_char(out, ' ');
  }
  queue_show_plain(out, s->text.s);
}

static void add_said(text *out, const struct said *s, uint64_t now)
{
  text_add(out, "        ");
  queue_show_span(out, age(s->seconds, now));
  text_add(out, said_names_remote(s) ? " ago, " : " ago: ");
  queue_show_said(out, s);
  if (s->policy.len) {
    text_add(out, " (TLS policy: ");
    queue_show_plain(out, s->policy.s);
    text_add_char(out, ')');
  }
  text_add_char(out, '\n');
}

void queue_show_text(text *out, const struct queue_file *f, const struct said *said, uint64_t now_seconds)
{
  const struct envelope *e = &f->envelope;
  const char *login = record_get(&e->facts, "login");

  text_add_text(out, &e->id);
  text_add(out, "  ");
  queue_show_size(out, f->size_bytes);
  text_add(out, ", came ");
  queue_show_span(out, age(e->birth_seconds, now_seconds));
  text_add(out, " ago, ");
  queue_show_time(out, e->birth_seconds);
  text_add(out, "\n    from ");
  queue_show_plain(out, e->sender.len ? e->sender.s : "<> (a report)");
  if (*login && !string_is_nocase(login, e->sender.s)) {
    text_add(out, ", submitted by ");
    queue_show_plain(out, login);
  }
  text_add_format(out, "\n    %u %s, ", e->attempts, e->attempts == 1 ? "attempt" : "attempts");
  add_next(out, e, now_seconds);
  text_add_char(out, '\n');
  for (size_t i = 0; i < e->count; i++) {
    text_add(out, "    to ");
    queue_show_plain(out, e->recipients[i].address);
    text_add_format(out, ": %s\n", state_word(e->recipients[i].state));
    if (said[i].attempt) add_said(out, &said[i], now_seconds);
  }
}

static void add_said_json(text *out, const struct said *s)
{
  json_key(out, "said");
  text_add_char(out, '{');
  json_number(out, "time", s->seconds);
  json_number(out, "attempt", s->attempt);
  json_pair(out, "verdict", said_verdict_word(s->verdict));
  json_pair(out, "status", s->status.s);
  json_number(out, "code", s->code);
  json_pair(out, "remote", s->remote.s);
  json_pair(out, "text", s->text.s);
  if (s->policy.len) json_pair(out, "policy", s->policy.s);
  text_add_char(out, '}');
}

static const char *json_state(char state)
{
  switch (state) {
  case ENVELOPE_TODO:
  case ENVELOPE_RELEASED: return "todo";
  case ENVELOPE_DONE: return "done";
  case ENVELOPE_TELLING: return "telling";
  case ENVELOPE_FAILING: return "failing";
  case ENVELOPE_FAILED: return "failed";
  case ENVELOPE_HELD:
  case ENVELOPE_BARRED: return "held";
  default: return "unknown";
  }
}

static const char *json_because(char state)
{
  switch (state) {
  case ENVELOPE_RELEASED:
  case ENVELOPE_HELD: return "operator";
  case ENVELOPE_BARRED: return "sender-disabled";
  default: return 0;
  }
}

static void add_recipient_json(text *out, const struct envelope_recipient *r, const struct said *said)
{
  const char *original = record_find(&r->facts, "orcpt");

  text_add_char(out, '{');
  json_pair(out, "address", r->address);
  if (original) json_pair(out, "original", original);
  json_pair(out, "state", json_state(r->state));
  if (json_because(r->state)) json_pair(out, "because", json_because(r->state));
  if (said->attempt) add_said_json(out, said);
  text_add_char(out, '}');
}

void queue_show_json(text *out, const struct queue_file *f, const struct said *said, uint64_t now_seconds)
{
  const struct envelope *e = &f->envelope;

  text_add_char(out, '{');
  json_pair(out, "id", e->id.s);
  json_pair(out, "sender", e->sender.s);
  if (record_find(&e->facts, "login")) json_pair(out, "login", record_get(&e->facts, "login"));
  json_number(out, "arrival", e->birth_seconds);
  json_number(out, "age", age(e->birth_seconds, now_seconds));
  json_number(out, "size", f->size_bytes);
  json_number(out, "attempts", e->attempts);
  json_number(out, "next", e->next_seconds > now_seconds ? e->next_seconds : now_seconds);
  json_pair(out, "message-id", record_get(&e->facts, "message-id"));
  json_key(out, "recipients");
  text_add_char(out, '[');
  for (size_t i = 0; i < e->count; i++) {
    if (i) text_add_char(out, ',');
    add_recipient_json(out, &e->recipients[i], &said[i]);
  }
  text_add(out, "]}\n");
}
