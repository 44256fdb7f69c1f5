/* Which messages are signed (RFC 6376): dkim-sign knows how, and has the keys. Mail that is sent from here by who may, if
   control/dkim names the domain of its From address. What cannot be signed and is to be is not taken. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/dkim_list.h"
#include "lib/envelope.h"
#include "lib/header.h"
#include "lib/header_address.h"
#include "lib/log.h"
#include "smtpd/facts.h"
#include "smtpd/fixup.h"
#include "smtpd/message.h"

enum { SIGN_SECONDS = 120, PIECE_BYTES = 32768, HEADER_BYTES_MAX = FIXUP_HEADER_MAX + 65536 };

static const char not_signed[] = "451 4.3.0 The message cannot be signed now, try again later";
static const char long_header[] = "552 5.3.4 The message's header is too big";

static const char *fail(const struct message *m, const char *domain, const char *error)
{
  log_event("failed", "id", m->id.s, "what", "sign the message", "domain", domain, "error", error, (char *)0);
  return not_signed;
}

/* Submission and local programs; backends wherever they come in (L-09); our networks if control/dkimnetworks says so. */
static bool is_sent_from_here(const struct session *s, const struct policy_facts *f)
{
  if (policy_is_stranger(f)) return false;
  return s->role->policy == POLICY_SUBMISSION || s->role->policy == POLICY_INJECT || (f->backend && *f->backend) ||
         (f->is_trusted && conf_is_yes("dkimnetworks", false));
}

/* The header, and perhaps some of what follows. False: it does not end. */
static bool read_header(const struct message *m, text *header)
{
  ssize_t length;

  do {
    text_ready(header, PIECE_BYTES);
    length = pread(m->fd, header->s + header->len, PIECE_BYTES, (off_t)(m->head + header->len));
    if (length > 0) header->len += (size_t)length;
  } while (length == PIECE_BYTES && header_length(header->s, header->len) == header->len && header->len <= HEADER_BYTES_MAX);
  header->len = header_length(header->s, header->len);
  return header->len <= HEADER_BYTES_MAX;
}

static bool is_mailbox(const struct header_address *one, struct address *from)
{
  text path = TEXT_ZERO;

  header_address_path(one, "", &path);
  bool is = one->local.len && address_parse(from, path.s, path.len) == ADDRESS_FULL && !from->is_literal;
  text_free(&path);
  return is;
}

/* The address, if there is one From field with one in it. */
static bool find_from(const text *header, struct address *from)
{
  struct header_address one = HEADER_ADDRESS_ZERO;
  struct header_field field, found = { .name = BYTES_ZERO };
  unsigned int fields = 0, addresses = 0;
  size_t at = 0;
  bool is = true;

  while (header_next(header->s, header->len, &at, &field))
    if (header_is(&field, "from")) {
      found = field;
      fields++;
    }
  if (fields != 1) return false;
  header_address_start(&one, found.value);
  while (is && header_address_next(&one))
    if (one.kind == HEADER_ADDRESS_MAILBOX) is = !addresses++ && is_mailbox(&one, from);
  header_address_free(&one);
  return is && addresses == 1;
}

/* Is it a domain of ours, or one that the backend sends for? */
static enum lookup_result find_domain(const struct session *s, const struct policy_facts *f, const char *domain)
{
  text record = TEXT_ZERO;
  enum lookup_result result = tables_find(s->tables, "domain", domain, &record);

  if (result == LOOKUP_ABSENT && f->backend && *f->backend) {
    result = tables_find(s->tables, "backend", f->backend, &record);
    if (result == LOOKUP_FOUND && !record_has(&record, "domain", domain)) result = LOOKUP_ABSENT;
  }
  text_free(&record);
  return result;
}

static const char *ask(const struct message *m, const char *domain, text *fields)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  const char *refusal = 0;

  record_add(&request, "what", "sign");
  record_add(&request, "id", m->id.s);
  record_add(&request, "domain", domain);
  record_add_number(&request, "offset", m->head);
  errno = 0;
  if (call_ask("dkim-sign", &request, &m->fd, 1, &answer, 0, SIGN_SECONDS) != CALL_DONE)
    refusal = fail(m, domain, errno ? strerror(errno) : "dkim-sign does not answer");
  else if (!record_is(&answer, "answer", "yes") || !*record_get(&answer, "fields"))
    refusal = fail(m, domain, record_get(&answer, "error"));
  else
    text_add(fields, record_get(&answer, "fields"));
  text_free(&request);
  text_free(&answer);
  return refusal;
}

static const char *sign_for(const struct session *s, const struct message *m, const struct policy_facts *f, const text *lines, text *fields)
{
  text header = TEXT_ZERO, selectors = TEXT_ZERO, error = TEXT_ZERO;
  struct address from = ADDRESS_ZERO;
  const char *refusal = 0;

  if (!read_header(m, &header))
    refusal = long_header;
  else if (find_from(&header, &from)) {
    enum dkim_list listed = dkim_list_find(lines, from.domain, &selectors, &error);
    enum lookup_result known = listed == DKIM_LIST_ON ? find_domain(s, f, from.domain) : LOOKUP_ABSENT;
    if (listed == DKIM_LIST_BAD || known == LOOKUP_BROKEN)
      refusal = fail(m, from.domain, listed == DKIM_LIST_BAD ? error.s : "the address tables cannot be read");
    else if (known == LOOKUP_FOUND)
      refusal = ask(m, from.domain, fields);
  }
  address_free(&from);
  text_free(&header), text_free(&selectors), text_free(&error);
  return refusal;
}

/* What stands before the whole message: the envelope that is there already, then the new fields. */
static const char *hand_over_signed(struct message *m, const text *fields)
{
  char first[ENVELOPE_FIRST_LINE];
  text head = TEXT_ZERO;
  const char *refusal = not_signed;

  size_t length = pread(m->fd, first, sizeof first, 0) == (ssize_t)sizeof first ? envelope_length(first, sizeof first) : 0;
  text_ready(&head, length + fields->len);
  if (length && pread(m->fd, head.s, length, 0) == (ssize_t)length) {
    head.len = length;
    text_add_text(&head, fields);
    refusal = message_hand_over_behind(m, &head, length);
  } else
    fail(m, "", "the envelope that was just written cannot be read");
  text_free(&head);
  return refusal;
}

const char *message_sign_and_hand_over(struct session *s, struct message *m)
{
  struct policy_facts f = session_facts(s);
  text lines = TEXT_ZERO, fields = TEXT_ZERO;
  const char *refusal = 0;

  if (is_sent_from_here(s, &f) && conf_lines("dkim", &lines)) refusal = sign_for(s, m, &f, &lines, &fields);
  if (!refusal) refusal = fields.len ? hand_over_signed(m, &fields) : message_hand_over(m);
  text_free(&lines);
  text_free(&fields);
  return refusal;
}
