#include <string.h>

#include "lib/xtext.h"
#include "smtpd/command.h"
#include "smtpd/dsn.h"
#include "smtpd/hold.h"

enum { SIZE_DIGITS_MAX = 20,  /* RFC 1870 4 */
       ENVID_MAX = 100,       /* RFC 3461 4.4 */
       HOLD_DIGITS_MAX = 9,   /* RFC 4865 4.1 */
       AUTH_MAX = 500,        /* RFC 4954 5 */
       PRIORITY_MAX = 9 };    /* RFC 6710 3 */

static bool take_size(struct smtpd_parameters *p, const char *value, size_t length)
{
  p->has_size = true;
  return length <= SIZE_DIGITS_MAX && number_scan_bytes(value, length, UINT64_MAX, &p->size_bytes);
}

/* RFC 6152 2. BINARYMIME is not offered. */
static bool take_body(struct smtpd_parameters *p, const char *value, size_t length)
{
  if (length == 4 && bytes_are_nocase(value, "7BIT", length))
    p->body = "7BIT";
  else if (length == 8 && bytes_are_nocase(value, "8BITMIME", length))
    p->body = "8BITMIME";
  return *p->body;
}

/* As the client wrote it, and what that means: printable ASCII. */
static bool take_xtext(text *out, const char *value, size_t length)
{
  text_clear(out);
  if (!xtext_check(value, length) || !xtext_decode(out, value, length)) return false;
  text_string(out);
  return true;
}

/* Who it says submitted the message decides nothing here (RFC 4954 5). */
static bool take_auth(struct smtpd_parameters *p, const char *value, size_t length)
{
  text decoded = TEXT_ZERO;
  bool good = length <= AUTH_MAX && take_xtext(&decoded, value, length);

  (void)p;
  text_free(&decoded);
  return good;
}

static bool take_utf8(struct smtpd_parameters *p, const char *value, size_t length)
{
  (void)value, (void)length;
  return p->is_utf8 = true;
}

static bool take_tls(struct smtpd_parameters *p, const char *value, size_t length)
{
  (void)value, (void)length;
  return p->requires_tls = true;
}

static bool take_ret(struct smtpd_parameters *p, const char *value, size_t length)
{
  if (length == 4 && bytes_are_nocase(value, "FULL", length))
    p->ret = "full";
  else if (length == 4 && bytes_are_nocase(value, "HDRS", length))
    p->ret = "hdrs";
  return *p->ret;
}

static bool take_envid(struct smtpd_parameters *p, const char *value, size_t length)
{
  return length <= ENVID_MAX && take_xtext(&p->envid, value, length);
}

static bool take_hold_for(struct smtpd_parameters *p, const char *value, size_t length)
{
  if (p->hold != HOLD_NOT) return false; /* RFC 4865 4.1: one of the two */
  p->hold = HOLD_FOR;
  return *value != '0' && length <= HOLD_DIGITS_MAX && number_scan_bytes(value, length, UINT32_MAX, &p->hold_seconds);
}

static bool take_hold_until(struct smtpd_parameters *p, const char *value, size_t length)
{
  if (p->hold != HOLD_NOT) return false;
  p->hold = HOLD_UNTIL;
  return hold_date_parse(value, length, &p->hold_seconds);
}

/* RFC 6710 3: -9 to 9. */
static bool take_priority(struct smtpd_parameters *p, const char *value, size_t length)
{
  bool is_negative = *value == '-';
  uint64_t number;

  if (length != (is_negative ? 2 : 1) || !number_scan_bytes(value + is_negative, 1, PRIORITY_MAX, &number)) return false;
  p->priority = is_negative ? -(int)number : (int)number;
  return !is_negative || number;
}

static bool take_notify(struct smtpd_parameters *p, const char *value, size_t length)
{
  return dsn_notify_parse(&p->notify, value, length);
}

static bool take_orcpt(struct smtpd_parameters *p, const char *value, size_t length)
{
  bool needs_utf8;

  return dsn_orcpt_parse(&p->orcpt, &needs_utf8, value, length) && (!needs_utf8 || p->is_utf8);
}

struct parameter {
  const char *name;
  bool has_value;
  enum role_extension extension;
  bool (*take)(struct smtpd_parameters *p, const char *value, size_t length);
};

static const struct parameter of_mail[] = {
  { "SIZE", true, EXTENSION_SIZE, take_size },
  { "BODY", true, EXTENSION_8BITMIME, take_body },
  { "SMTPUTF8", false, EXTENSION_SMTPUTF8, take_utf8 },
  { "AUTH", true, EXTENSION_AUTH, take_auth },
  { "RET", true, EXTENSION_DSN, take_ret },
  { "ENVID", true, EXTENSION_DSN, take_envid },
  { "REQUIRETLS", false, EXTENSION_REQUIRETLS, take_tls },
  { "HOLDFOR", true, EXTENSION_FUTURERELEASE, take_hold_for },
  { "HOLDUNTIL", true, EXTENSION_FUTURERELEASE, take_hold_until },
  { "MT-PRIORITY", true, EXTENSION_PRIORITY, take_priority },
  { 0, false, 0, 0 }
};
static const struct parameter of_rcpt[] = {
  { "NOTIFY", true, EXTENSION_DSN, take_notify },
  { "ORCPT", true, EXTENSION_DSN, take_orcpt },
  { 0, false, 0, 0 }
};

/* "KEY=value" or "KEY" */
static enum smtpd_command_result take(struct smtpd_parameters *p, const struct parameter *known, unsigned int extensions,
                                      unsigned int *seen, const char *one, size_t length)
{
  const char *equals = memchr(one, '=', length);
  size_t name = equals ? (size_t)(equals - one) : length, value = equals ? length - name - 1 : 0;

  for (unsigned int i = 0; known[i].name; i++) {
    if (name != strlen(known[i].name) || !bytes_are_nocase(one, known[i].name, name)) continue;
    if (!(known[i].extension & extensions)) break;
    if ((*seen & 1u << i) || known[i].has_value != (equals != 0) || (equals && !value)) return COMMAND_BAD_VALUE;
    *seen |= 1u << i;
    return known[i].take(p, equals ? equals + 1 : "", value) ? COMMAND_GOOD : COMMAND_BAD_VALUE;
  }
  return COMMAND_BAD_PARAMETER;
}

static enum smtpd_command_result parse(struct smtpd_parameters *p, const struct parameter *known, unsigned int extensions,
                                       const char *at, size_t left)
{
  enum smtpd_command_result result = COMMAND_GOOD;
  unsigned int seen = 0;

  while (result == COMMAND_GOOD) {
    size_t length = 0;
    while (left && *at == ' ') at++, left--;
    while (length < left && at[length] != ' ') length++;
    if (!length) break;
    result = take(p, known, extensions, &seen, at, length);
    at += length;
    left -= length;
  }
  return result;
}

void smtpd_parameters_clear(struct smtpd_parameters *p)
{
  text envid = p->envid, notify = p->notify, orcpt = p->orcpt;

  *p = (struct smtpd_parameters){ .body = "", .ret = "", .priority = PRIORITY_NONE, .envid = envid, .notify = notify, .orcpt = orcpt };
  text_clear(&p->envid);
  text_clear(&p->notify);
  text_clear(&p->orcpt);
}

enum smtpd_command_result smtpd_parameters_of_mail(struct smtpd_parameters *p, const char *bytes, size_t length,
                                                   unsigned int extensions)
{
  return parse(p, of_mail, extensions, bytes, length);
}

enum smtpd_command_result smtpd_parameters_of_rcpt(struct smtpd_parameters *p, const char *bytes, size_t length,
                                                   unsigned int extensions)
{
  return parse(p, of_rcpt, extensions, bytes, length);
}
