#include <string.h>

#include "lib/cause.h"
#include "lib/die.h"
#include "queue/select.h"
#include "queue/show.h"

enum { AGE_MAX = 315360000 }; /* ten years */

bool queue_select_age(const char *value, uint64_t *seconds)
{
  static const struct { char letter; uint64_t seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  size_t length = strlen(value);
  uint64_t number, unit = 1;

  for (size_t i = 0; length && i < sizeof units / sizeof *units; i++)
    if (value[length - 1] == units[i].letter) {
      unit = units[i].seconds;
      length--;
      break;
    }
  if (!number_scan_bytes(value, length, AGE_MAX, &number)) return false;
  *seconds = number * unit;
  return true;
}

/* A domain, or with a dot in front those below it. */
static bool is_domain(const char *wanted, const char *domain)
{
  size_t length = strlen(wanted), has = strlen(domain);

  if (*wanted != '.') return string_is_nocase(wanted, domain);
  return has > length && string_is_nocase(domain + has - length, wanted);
}

bool queue_select_is_address(const char *wanted, const char *address)
{
  const char *at = strrchr(address, '@');

  if (!strcmp(wanted, "<>")) return !*address;
  if (*wanted == '@') return at && is_domain(wanted + 1, at + 1);
  return string_is_nocase(wanted, address);
}

/* remote: "mx.example.test [192.0.2.1]"; either is its name. */
static bool is_host(const char *wanted, const char *remote)
{
  text name = TEXT_ZERO;
  size_t length = strcspn(remote, " ["), start = length + strspn(remote + length, " [");

  text_copy_bytes(&name, remote, length);
  bool result = is_domain(wanted, text_string(&name));
  text_copy_bytes(&name, remote + start, strcspn(remote + start, "]"));
  result = result || string_is_nocase(wanted, text_string(&name));
  text_free(&name);
  return result;
}

static bool is_destination(const char *wanted, const struct envelope_recipient *r, const struct said *said)
{
  return is_domain(wanted, cause_destination(r)) || (said->attempt && said->remote.len && is_host(wanted, said->remote.s));
}

/* One recipient must be all that was asked of recipients. */
static bool has_recipient(const struct queue_select *s, const struct queue_look *l)
{
  const struct envelope *e = &l->file.envelope;

  if (!s->recipient && !s->destination) return true;
  for (size_t i = 0; i < e->count; i++) {
    const struct envelope_recipient *r = &e->recipients[i];
    if (cause_is_to_go(r) && (!s->recipient || queue_select_is_address(s->recipient, r->address)) &&
        (!s->destination || is_destination(s->destination, r, &l->said[i])))
      return true;
  }
  return false;
}

bool queue_select_is_by_words(const struct queue_select *s) { return s->destination; }

/* As it stands in the header, or without < and >. */
static bool is_message_id(const char *wanted, const char *has)
{
  size_t length = strlen(wanted), has_length = strlen(has);

  if (!strcmp(wanted, has)) return true;
  return has_length == length + 2 && *has == '<' && has[has_length - 1] == '>' && !memcmp(has + 1, wanted, length);
}

bool queue_select_matches(const struct queue_select *s, const struct queue_look *l, uint64_t now_seconds)
{
  const struct envelope *e = &l->file.envelope;
  uint64_t age = now_seconds > e->birth_seconds ? now_seconds - e->birth_seconds : 0;

  if (s->sender && !queue_select_is_address(s->sender, e->sender.s)) return false;
  if (s->login && (!record_find(&e->facts, "login") || !queue_select_is_address(s->login, record_get(&e->facts, "login")))) return false;
  if (s->message_id && !is_message_id(s->message_id, record_get(&e->facts, "message-id"))) return false;
  return age >= s->older_seconds && has_recipient(s, l);
}

static const char **place_of(struct queue_select *s, const char *option)
{
  if (!strcmp(option, "--sender")) return &s->sender;
  if (!strcmp(option, "--login")) return &s->login;
  if (!strcmp(option, "--message-id")) return &s->message_id;
  if (!strcmp(option, "--recipient")) return &s->recipient;
  return strcmp(option, "--destination") ? 0 : &s->destination;
}

/* What is neither would be nobody's, and a slip would look as if there was no such mail. */
static void check_address(const char *option, const char *value)
{
  const char *at = strrchr(value, '@');

  if (!strcmp(value, "<>") && !strcmp(option, "--sender")) return;
  if (!at || !at[1]) die_permanent(option, " wants ADDRESS or @DOMAIN, not ", value);
}

static void take(struct queue_select *s, const char *option, const char *value, const char *usage)
{
  const char **place = place_of(s, option);

  if (!value || !*value) die_usage(usage);
  if (place == &s->sender || place == &s->recipient) check_address(option, value);
  s->is_given = true;
  if (place) {
    if (*place) die_permanent(option, " is given twice");
    *place = value;
  } else if (!queue_select_age(value, &s->older_seconds))
    die_permanent(value, " is not an age: seconds, or 15m, 4h, 5d");
}

void queue_select_read(struct queue_select *s, const char **argv, const char *usage)
{
  size_t kept = 0;
  bool are_over = false;

  for (; *argv; argv++) {
    are_over = are_over || !strcmp(*argv, "--");
    if (!are_over && (place_of(s, *argv) || !strcmp(*argv, "--older"))) {
      take(s, argv[0], argv[1], usage);
      argv++;
      kept += 2;
    } else
      *(argv - kept) = *argv;
  }
  *(argv - kept) = 0;
}
