#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "smtpd/chunk.h"
#include "smtpd/facts.h"
#include "smtpd/fixup.h"
#include "smtpd/from.h"
#include "smtpd/message.h"
#include "smtpd/rewrite.h"

enum { PENDING_BYTES = 32768, ROUNDS_MAX = 5, PASSES_MAX = 15 };

static void check_domain(const char *name)
{
  text domain = TEXT_ZERO;

  if (conf_value(name, &domain, "") && !domain_check(domain.s, domain.len)) die_permanent("control/", name, ": not a domain: ", domain.s);
  text_free(&domain);
}

void message_check_settings(void)
{
  text archive = TEXT_ZERO;

  conf_is_yes("hideclient", false);
  conf_is_yes("showlogin", false);
  conf_is_yes("srs", true);
  conf_is_yes("dkimnetworks", false);
  check_domain("srsdomain");
  check_domain("defaultdomain");
  policy_always_bcc(&archive);
  text_free(&archive);
}

static bool is_submitted(const struct session *s)
{
  return s->role->policy == POLICY_SUBMISSION || s->role->policy == POLICY_INJECT;
}

/* Archives become destinations too, after all others. */
static void add_copies(struct session *s)
{
  struct policy_facts f = session_facts(s);
  text always = TEXT_ZERO, skipped = TEXT_ZERO;

  policy_always_bcc(&always);
  f.always_bcc = text_string(&always);
  if (s->role->is_lmtp) policy_destinations_see(&s->mail.destinations);
  policy_copies(s->tables, &f, &s->mail.destinations, &skipped);
  for (size_t at = 0; at < skipped.len; at += strlen(skipped.s + at) + 1)
    log_event("skipped", "what", "copy", "address", skipped.s + at, (char *)0);
  text_free(&always);
  text_free(&skipped);
}

void message_begin(struct session *s, struct message *m)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  m->birth_seconds = (uint64_t)now.tv_sec;
  id_make(&m->id);
  text_clear(&m->pending);
  text_clear(&m->raw);
  m->seen = 0;
  m->fd = -1;
  m->is_file = false;
  m->written = m->head = m->size_bytes = 0;
  m->data = (struct smtpd_data){ .state = DATA_LINE_START };
  m->lines = (struct smtpd_lines){ .after_cr = false };
  m->is_submitted = m->is_holding = is_submitted(s);
  m->has_nul = m->has_long_header = false;
  smtpd_header_begin(&m->header, s->settings.me.s, m->is_submitted);
  m->from.code = 0;
  m->failure = 0;
  m->rule = "";
  add_copies(s);
  if (!rewrite_senders(s, &m->senders)) m->failure = "451 4.3.0 The sender cannot be rewritten now, try again later";
}

void message_end(struct message *m)
{
  if (m->fd != -1) close(m->fd);
  m->fd = -1;
}

static bool is_too_big(const struct session *s, const struct message *m)
{
  return s->settings.size_max && m->size_bytes > s->settings.size_max;
}

static bool has_bad_from(const struct message *m) { return m->from.code && !policy_is_accepted(&m->from); }

static bool is_hopeless(const struct session *s, const struct message *m)
{
  return m->failure || has_bad_from(m) || m->has_nul || m->has_long_header || (m->data.has_bare && !m->is_submitted) || is_too_big(s, m) ||
         m->header.hops > HOPS_MAX || m->header.deliveries > HOPS_MAX;
}

/* The login is an address, but for those that are none: a backend's, a local user's. */
static void add_from(const struct session *s, const char *domain, text *from)
{
  if (strchr(s->login.s, '@'))
    text_add_text(from, &s->login);
  else if (!s->mail.is_null)
    text_add_text(from, &s->mail.sender.shown);
  else {
    text_add(from, s->login.len ? s->login.s : "postmaster");
    text_add_char(from, '@');
    text_add(from, domain);
  }
}

/* The header is whole. What is held becomes what is passed on. */
static void fix_header(const struct session *s, struct message *m)
{
  text domain = TEXT_ZERO, from = TEXT_ZERO, fixed = TEXT_ZERO;

  conf_value("defaultdomain", &domain, s->settings.me.s);
  add_from(s, domain.s, &from);
  struct smtpd_fixup f = { .from = text_string(&from), .domain = domain.s, .me = s->settings.me.s, .id = m->id.s,
                           .seconds = m->birth_seconds };
  smtpd_fixup(&f, m->pending.s, m->header.length, &fixed);
  smtpd_from_check(s, fixed.s, fixed.len, &m->from);
  text_add_bytes(&fixed, m->pending.s + m->header.body, m->pending.len - m->header.body);
  text_copy_bytes(&m->pending, fixed.s, fixed.len);
  m->seen = m->pending.len;
  m->is_holding = false;
  if (!m->header.message_id.len) {
    text_add_format(&m->header.message_id, "<%s@%s>", f.id, f.me);
    text_string(&m->header.message_id);
  }
  text_free(&domain), text_free(&from), text_free(&fixed);
}

/* What came since the last time. */
static void look(struct session *s, struct message *m)
{
  smtpd_header_feed(&m->header, m->pending.s + m->seen, m->pending.len - m->seen);
  m->seen = m->pending.len;
  if (m->is_holding && (m->header.is_over ? m->header.length : m->seen) > FIXUP_HEADER_MAX) m->has_long_header = true;
  if (is_hopeless(s, m)) {
    text_clear(&m->pending);
    m->seen = 0;
    return;
  }
  if (m->is_holding && m->header.is_over) fix_header(s, m);
  if (!m->is_holding && m->pending.len >= PENDING_BYTES) message_write(s, m);
}

static text *room(struct message *m) { return m->is_submitted ? &m->raw : &m->pending; }

static void take(struct session *s, struct message *m)
{
  if (m->is_submitted) {
    m->size_bytes += m->raw.len;
    if (m->raw.len && memchr(m->raw.s, 0, m->raw.len)) m->has_nul = true;
    smtpd_lines_add(&m->lines, m->raw.s, m->raw.len, &m->pending);
    text_clear(&m->raw);
  } else
    m->size_bytes += m->pending.len - m->seen;
  look(s, m);
}

bool message_feed(struct session *s, struct message *m)
{
  struct smtpd_input *in = &s->input;

  in->start += smtpd_data_feed(&m->data, in->bytes + in->start, in->end - in->start, room(m));
  take(s, m);
  return m->data.state == DATA_ENDED;
}

void message_feed_chunk(struct session *s, struct message *m, uint64_t *left)
{
  struct smtpd_input *in = &s->input;
  size_t there = in->end - in->start;

  if (there > *left) there = (size_t)*left;
  smtpd_chunk_feed(&m->data, in->bytes + in->start, there, room(m));
  in->start += there;
  *left -= there;
  take(s, m);
}

void message_end_chunks(struct session *s, struct message *m)
{
  uint64_t size_bytes = m->size_bytes; /* what is added was not sent */

  smtpd_chunk_end(&m->data, room(m));
  take(s, m);
  m->size_bytes = size_bytes;
}

/* Has each of its recipients had it before? What goes round for some of them only, their delivery stops. */
static bool is_delivered_before(const struct session *s, const struct message *m)
{
  struct policy_destination one;
  size_t at = 0;
  bool has_one = false;

  if (!m->header.deliveries) return false;
  while (policy_destinations_next(&s->mail.destinations, &at, &one)) {
    if (one.is_copy) continue;
    if (!*one.mailbox || !smtpd_header_is_delivered(&m->header, one.address)) return false;
    has_one = true;
  }
  return has_one;
}

/* Has it been here for the same single recipient again and again, or far too often for whomever? Two lists that come back
   over other hosts double each time (RFC 5321 6.3). */
static bool goes_round(const struct session *s, const struct message *m)
{
  struct policy_destination one;
  size_t at = 0;

  if (m->header.own_hops > PASSES_MAX) return true;
  return s->mail.recipients == 1 && policy_destinations_next(&s->mail.destinations, &at, &one) &&
         smtpd_header_passed(&m->header, one.original) > ROUNDS_MAX;
}

static const char *refuse(struct message *m, const char *rule, const char *answer)
{
  m->rule = rule;
  return answer;
}

const char *message_early_refusal(const struct session *s, struct message *m)
{
  if (is_too_big(s, m)) return refuse(m, "databytes", "552 5.3.4 Message too big");
  if (m->data.has_bare && !m->is_submitted) /* what other hosts may read as the end of the message: check 1 */
    return refuse(m, "bare-newline", "550 5.6.11 A CR or LF stands alone in the message; lines end with CR LF");
  return 0;
}

static const char *refuse_from(struct message *m)
{
  text_clear(&m->answer);
  text_add_format(&m->answer, "%u %s %s", m->from.code, m->from.status, m->from.text.s);
  return refuse(m, m->from.rule, text_string(&m->answer));
}

const char *message_refusal(struct session *s, struct message *m)
{
  const char *early;

  smtpd_lines_end(&m->lines, &m->pending);
  look(s, m);
  smtpd_header_end(&m->header);
  if ((early = message_early_refusal(s, m))) return early;
  if (m->has_nul) return refuse(m, "nul", "550 5.6.0 The message has a NUL byte"); /* RFC 5322 2.2 */
  if (m->has_long_header) return refuse(m, "header", "552 5.3.4 The message's header is too big");
  if (m->header.hops > HOPS_MAX || m->header.deliveries > HOPS_MAX)
    return refuse(m, "hops", "554 5.4.6 Too many hops, this message is in a loop");
  if (goes_round(s, m)) return refuse(m, "rounds", "554 5.4.6 This message comes back here again and again");
  if (!m->is_submitted && is_delivered_before(s, m))
    return refuse(m, "delivered-before", "554 5.4.6 This message was delivered here before: a mail loop");
  if (m->is_holding && !m->failure) fix_header(s, m);
  if (has_bad_from(m)) return refuse_from(m);
  return 0;
}
