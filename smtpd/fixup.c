#include <string.h>

#include "lib/date.h"
#include "lib/header.h"
#include "smtpd/complete.h"
#include "smtpd/fixup.h"

enum kind {
  KIND_DATE = 1 << 0,
  KIND_FROM = 1 << 1,
  KIND_ID = 1 << 2,
  KIND_RESENT_DATE = 1 << 3,
  KIND_RESENT_FROM = 1 << 4,
  KIND_RESENT_ID = 1 << 5,
  KIND_RESENT = 1 << 6,    /* of the block (RFC 5322 3.6.6) */
  KIND_DROPPED = 1 << 7,
  KIND_ADDRESSES = 1 << 8, /* completed; not Sender, which is the client's word */
  KIND_SIGNATURE = 1 << 9,
  KIND_ONE = KIND_DATE | KIND_FROM | KIND_ID /* without a value they are missing */
};

static const struct {
  const char *name;
  unsigned int kinds;
} fields[] = {
  { "Date", KIND_DATE },
  { "From", KIND_FROM | KIND_ADDRESSES },
  { "Message-ID", KIND_ID },
  { "To", KIND_ADDRESSES },
  { "Cc", KIND_ADDRESSES },
  { "Reply-To", KIND_ADDRESSES },
  { "Resent-Date", KIND_RESENT | KIND_RESENT_DATE },
  { "Resent-From", KIND_RESENT | KIND_RESENT_FROM | KIND_ADDRESSES },
  { "Resent-Message-ID", KIND_RESENT | KIND_RESENT_ID },
  { "Resent-To", KIND_RESENT | KIND_ADDRESSES },
  { "Resent-Cc", KIND_RESENT | KIND_ADDRESSES },
  { "Resent-Sender", KIND_RESENT },
  { "Resent-Bcc", KIND_RESENT | KIND_DROPPED },
  { "Bcc", KIND_DROPPED },
  { "Return-Path", KIND_DROPPED }, /* RFC 5321 4.4: it is written at delivery */
  { "Content-Length", KIND_DROPPED },
  { "DKIM-Signature", KIND_SIGNATURE },
};

static unsigned int kinds_of(const struct header_field *field)
{
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (header_is(field, fields[i].name)) return fields[i].kinds & KIND_ONE && !field->value.len ? KIND_DROPPED : fields[i].kinds;
  return field->name.s ? 0 : KIND_DROPPED; /* the line of an mbox file */
}

struct seen {
  unsigned int kinds;
  bool has_resent;
  size_t resent; /* where the first block of Resent- fields begins: only that is the one of this sending */
};

static struct seen look(const char *header, size_t length)
{
  struct seen seen = { .kinds = 0 };
  struct header_field field;
  bool is_in_block = false;

  for (size_t at = 0; header_next(header, length, &at, &field);) {
    unsigned int kinds = kinds_of(&field);
    if (kinds & KIND_RESENT && !seen.has_resent) {
      seen.has_resent = is_in_block = true;
      seen.resent = (size_t)(field.whole.s - header);
    }
    is_in_block = is_in_block && kinds & KIND_RESENT;
    if (!(kinds & KIND_RESENT) || is_in_block) seen.kinds |= kinds;
  }
  return seen;
}

static void add_missing(const struct smtpd_fixup *f, unsigned int seen, const char *prefix, unsigned int date, text *out)
{
  if (!(seen & date)) {
    text_add_format(out, "%sDate: ", prefix);
    date_add(out, f->seconds);
    text_add(out, "\r\n");
  }
  if (!(seen & date << 1)) text_add_format(out, "%sFrom: <%s>\r\n", prefix, f->from);
  if (!(seen & date << 2)) text_add_format(out, "%sMessage-ID: <%s@%s>\r\n", prefix, f->id, f->me);
}

/* An endless list of such addresses stays as it is, so that memory has an end. */
static void add_completed(const struct smtpd_fixup *f, const struct header_field *field, text *out)
{
  text value = TEXT_ZERO;
  const char *behind = field->value.s + field->value.len;

  if (field->value.len * (strlen(f->domain) + 2) <= FIXUP_HEADER_MAX) {
    smtpd_complete(field->value, f->domain, &value);
    text_add_bytes(out, field->whole.s, (size_t)(field->value.s - field->whole.s));
    text_add_text(out, &value);
    text_add_bytes(out, behind, (size_t)(field->whole.s + field->whole.len - behind));
  } else
    text_add_bytes(out, field->whole.s, field->whole.len);
  text_free(&value);
}

void smtpd_fixup(const struct smtpd_fixup *f, const char *header, size_t length, text *out)
{
  struct seen seen = look(header, length);
  struct header_field field;

  add_missing(f, seen.kinds, "", KIND_DATE, out);
  for (size_t at = 0, begin = 0; header_next(header, length, &at, &field); begin = at) {
    unsigned int kinds = kinds_of(&field);
    if (seen.has_resent && begin == seen.resent) add_missing(f, seen.kinds, "Resent-", KIND_RESENT_DATE, out);
    if (kinds & KIND_DROPPED) continue;
    if (kinds & KIND_ADDRESSES && field.value.len && !(seen.kinds & KIND_SIGNATURE))
      add_completed(f, &field, out);
    else
      text_add_bytes(out, field.whole.s, field.whole.len);
  }
  if (out->len && out->s[out->len - 1] != '\n') text_add(out, "\r\n");
  text_add(out, "\r\n");
}
