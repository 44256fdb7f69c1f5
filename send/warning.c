#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/header.h"
#include "send/conclude.h"
#include "send/report.h"
#include "send/warning.h"

static bool is_bulk_field(const struct header_field *field)
{
  static const char *const words[] = { "bulk", "list", "junk" };

  if (!field->name.s) return false;
  if (field->name.len > 5 && !strncasecmp(field->name.s, "list-", 5)) return true; /* RFC 2369, RFC 2919 */
  if (header_is(field, "auto-submitted")) return field->value.len < 2 || strncasecmp(field->value.s, "no", 2) != 0; /* RFC 3834 5 */
  if (!header_is(field, "precedence")) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (field->value.len == strlen(words[i]) && !strncasecmp(field->value.s, words[i], field->value.len)) return true;
  return false;
}

/* A mailing list's, bulk mail, or an automatic answer: its sender is a program, to which a delay is no news. */
static bool has_bulk_field(const char *header, size_t length)
{
  struct header_field field;

  for (size_t at = 0; header_next(header, length, &at, &field);)
    if (is_bulk_field(&field)) return true;
  return false;
}

static bool is_ours(struct tables *tables, const text *sender)
{
  struct address address = ADDRESS_ZERO;
  text record = TEXT_ZERO;
  bool is = address_parse(&address, sender->s, sender->len) == ADDRESS_FULL && tables_open(tables, "policy") &&
            tables_find(tables, "domain", address.domain, &record) == LOOKUP_FOUND && !record_find(&record, "relay");

  address_free(&address);
  text_free(&record);
  return is;
}

bool send_warning_knows_sender(struct send_schedule *s, const struct envelope *e)
{
  if (record_is(&e->facts, "role", "submission") || record_is(&e->facts, "role", "inject") || record_find(&e->facts, "login")) return true;
  return record_is(&e->facts, "trusted", "yes") || record_find(&e->facts, "backend") || is_ours(&s->tables, &e->sender);
}

bool send_warning_is_about(struct send_schedule *s, const struct envelope *e, const struct envelope_recipient *r)
{
  if (!strchr(ENVELOPE_OPEN, r->state)) return false;
  return record_find(&r->facts, "notify") ? envelope_wants(r, "delay") : send_warning_knows_sender(s, e);
}

static bool is_bulk(const struct send_attempt *a)
{
  text header = TEXT_ZERO;

  text_ready(&header, SEND_REPORT_HEADER_MAX);
  ssize_t length = pread(a->file.fd, header.s, SEND_REPORT_HEADER_MAX, (off_t)a->file.envelope.length);
  bool result = length > 0 && has_bulk_field(header.s, (size_t)length);
  text_free(&header);
  return result;
}

/* RFC 3461 4.1, RFC 3464 1: nobody is warned about a report, or at the null sender. */
bool send_warning_is_due(struct send_schedule *s, const struct send_attempt *a, const enum envelope_state *states)
{
  const struct envelope *e = &a->file.envelope;
  bool has_one = false;

  if (e->warning != ENVELOPE_UNWARNED || !e->sender.len || record_is(&e->facts, "role", "report") ||
      !send_backoff_is_late(&s->settings.backoff, e->attempts, send_conclude_start(e), s->now_seconds))
    return false;
  for (size_t i = 0; i < e->count && !has_one; i++)
    has_one = strchr(ENVELOPE_TO_TRY, (char)states[i]) && send_warning_is_about(s, e, &e->recipients[i]);
  return has_one && !is_bulk(a);
}
