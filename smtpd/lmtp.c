#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/envelope.h"
#include "lib/log.h"
#include "smtpd/lmtp.h"

enum { DELIVERY_SECONDS = 310 /* mailbox-spawn ends a delivery after 300 */ };

/* A destination, and with it a recipient of the envelope. */
enum fate { FATE_QUEUE, FATE_DONE, FATE_TELL /* done, and the sender wants to hear of it: RFC 3461 4.1 */, FATE_DROPPED };

/* What one RCPT led to, from the destination first up to last, and what is said about it. */
struct share {
  const char *address;
  size_t first, last;
  bool is_partly_queued;
  text answer;
};

struct work {
  struct session *session;
  struct message *message;
  struct envelope envelope;
  text fates;  /* enum fate, a byte for each recipient of the envelope */
  struct names queued; /* elsewhere, each once */
};

/* What became of one delivery (doc/calls.md, The outcome). */
struct outcome {
  enum { OUTCOME_LATER, OUTCOME_DONE, OUTCOME_NEVER } verdict;
  text words; /* a reply without the address: code, status, text */
};

void lmtp_recipient_begin(struct session *s) { names_clear(&s->mail.destinations.seen); }

void lmtp_recipient_end(struct session *s, const char *address)
{
  record_add(&s->mail.shares, "address", address);
  record_add_number(&s->mail.shares, "last", s->mail.destinations.count);
}

static bool next_share(const struct session *s, size_t *at, struct share *share)
{
  const char *address = record_next(&s->mail.shares, "address", at), *last = address ? record_next(&s->mail.shares, "last", at) : 0;
  uint64_t number = 0;

  if (!last || !number_scan(last, SIZE_MAX, &number)) return false;
  share->address = address;
  share->first = share->last;
  share->last = (size_t)number;
  return true;
}

void lmtp_refuse(struct session *s, const char *answer)
{
  struct share share = { .last = 0 };

  for (size_t at = 0; next_share(s, &at, &share);) reply(s, answer);
}

/* --- one delivery --- */

static const char *code_of(bool is_never, const char *status)
{
  static const struct {
    const char *status, *code;
  } codes[] = { { "5.2.2", "552" }, { "5.4.6", "554" }, { "4.2.2", "452" }, { "4.3.1", "452" } };

  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (!strcmp(codes[i].status, status)) return codes[i].code;
  return is_never ? "550" : "451";
}

static void set_words(struct outcome *o, const char *code, const char *status, const char *words)
{
  text_copy(&o->words, code);
  text_add_char(&o->words, ' ');
  text_add(&o->words, status);
  text_add_char(&o->words, ' ');
  for (; *words; words++) text_add_char(&o->words, ascii_is_printable(*words) ? *words : '?');
}

/* "done|later|never STATUS CODE TEXT" */
static bool parse_outcome(struct outcome *o, char *said)
{
  char *part[4] = { said };

  for (int i = 1; i < 4; i++) {
    part[i] = strchr(part[i - 1], ' ');
    if (!part[i]) return false;
    *part[i]++ = 0;
  }
  o->verdict = !strcmp(part[0], "done") ? OUTCOME_DONE : !strcmp(part[0], "never") ? OUTCOME_NEVER : OUTCOME_LATER;
  if (o->verdict == OUTCOME_DONE)
    set_words(o, "250", "2.0.0", part[3]);
  else
    set_words(o, strcmp(part[2], "000") ? part[2] : code_of(o->verdict == OUTCOME_NEVER, part[1]), part[1], part[3]);
  return true;
}

static void deliver(struct work *w, const struct envelope_recipient *r, struct outcome *o)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, said = TEXT_ZERO;
  const char *sender = record_find(&r->facts, "sender");

  record_add(&request, "what", "deliver");
  record_add(&request, "mailbox", record_get(&r->facts, "mailbox"));
  record_add(&request, "id", w->message->id.s);
  record_add(&request, "sender", !sender ? w->envelope.sender.s : strcmp(sender, "<>") ? sender : "");
  record_add(&request, "recipient", r->address);
  record_add(&request, "original", record_get(&r->facts, "original"));
  record_add(&request, "detail", record_get(&r->facts, "detail"));
  record_add_number(&request, "offset", w->envelope.length);
  record_add(&request, "again", "0");
  o->verdict = OUTCOME_LATER;
  set_words(o, "451", "4.3.0", "the mailbox is out of reach, try again later");
  if (call_ask("mailbox-spawn", &request, &w->message->fd, 1, &answer, 0, DELIVERY_SECONDS) == CALL_DONE) {
    text_copy(&said, record_get(&answer, "recipient"));
    text_string(&said);
    if (record_find(&answer, "error")) set_words(o, "451", "4.3.0", record_get(&answer, "error"));
    if (said.len && !parse_outcome(o, said.s)) o->verdict = OUTCOME_LATER;
  }
  text_free(&request), text_free(&answer), text_free(&said);
}

/* --- one recipient --- */

static bool is_here(const struct work *w, size_t i) { return record_find(&w->envelope.recipients[i].facts, "mailbox") != 0; }

static bool is_copy(const struct work *w, size_t i) { return record_is(&w->envelope.recipients[i].facts, "copy", "yes"); }

static bool is_done(const struct work *w, size_t i) { return w->fates.s[i] == FATE_DONE || w->fates.s[i] == FATE_TELL; }

static void set_fate(struct work *w, size_t i, enum fate fate) { w->fates.s[i] = (char)fate; }

static void say(struct share *share, const text *words)
{
  size_t status = 0;

  for (int spaces = 0; status < words->len && spaces < 2; status++) spaces += words->s[status] == ' ';
  text_copy_bytes(&share->answer, words->s, status);
  text_add_format(&share->answer, "<%s> ", share->address);
  text_add_bytes(&share->answer, words->s + status, words->len - status);
  text_string(&share->answer);
}

/* What could not be delivered here is queued if another part is safe; else the recipient's answer says it, and nothing is.
   "Try again" is said before "never". */
static void settle(struct work *w, struct share *share, bool is_any_done, bool has_any_here)
{
  bool is_given = is_any_done || !has_any_here;

  for (size_t i = share->first; i < share->last; i++) {
    if (is_done(w, i)) continue;
    set_fate(w, i, is_given && (is_here(w, i) || names_add(&w->queued, w->envelope.recipients[i].address)) ? FATE_QUEUE : FATE_DROPPED);
    share->is_partly_queued |= is_given;
  }
}

static void deliver_share(struct work *w, struct share *share)
{
  struct outcome worst = { .words = TEXT_ZERO }, one = { .words = TEXT_ZERO };
  bool is_any_done = false, has_any_here = false;

  for (size_t i = share->first; i < share->last; i++) {
    if (!is_here(w, i) || is_copy(w, i)) continue;
    deliver(w, &w->envelope.recipients[i], &one);
    if (one.verdict == OUTCOME_DONE) set_fate(w, i, w->envelope.sender.len && envelope_wants(&w->envelope.recipients[i], "success") ? FATE_TELL : FATE_DONE);
    is_any_done |= one.verdict == OUTCOME_DONE;
    if (!has_any_here || (worst.verdict != OUTCOME_LATER && one.verdict != OUTCOME_DONE)) {
      worst.verdict = one.verdict;
      text_copy_bytes(&worst.words, one.words.s, one.words.len);
    }
    has_any_here = true;
  }
  settle(w, share, is_any_done, has_any_here);
  if (is_any_done || !has_any_here) text_copy(&worst.words, is_any_done ? "250 2.0.0 delivered" : "250 2.0.0 queued for delivery elsewhere");
  say(share, &worst.words);
  text_free(&worst.words), text_free(&one.words);
}

/* --- what goes on --- */

static size_t count_fates(const struct work *w, enum fate fate)
{
  size_t count = 0;

  for (size_t i = 0; i < w->envelope.count; i++) count += w->fates.s[i] == (char)fate;
  return count;
}

/* The envelope with those recipients only that are to be queued (and those whose delivery is to be reported), and the message behind it. 0, or the answer. */
static const char *queue_rest(struct work *w)
{
  struct envelope rest = ENVELOPE_ZERO;
  text head = TEXT_ZERO;
  size_t count = count_fates(w, FATE_QUEUE);

  if (!count && !count_fates(w, FATE_TELL)) return 0;
  if (count == w->envelope.count) return message_hand_over(w->message);
  rest.birth_seconds = w->envelope.birth_seconds;
  text_copy_bytes(&rest.id, w->envelope.id.s, w->envelope.id.len);
  text_copy_bytes(&rest.sender, w->envelope.sender.s, w->envelope.sender.len);
  text_add_text(&rest.facts, &w->envelope.facts);
  for (size_t i = 0; i < w->envelope.count; i++) {
    struct envelope_recipient *r = &w->envelope.recipients[i];
    if (w->fates.s[i] == FATE_TELL) record_add(&r->facts, "delivered", "yes");
    if (w->fates.s[i] == FATE_QUEUE || w->fates.s[i] == FATE_TELL) envelope_add_recipient(&rest, r->address, &r->facts);
  }
  envelope_format(&rest, &head);
  const char *refusal = message_hand_over_behind(w->message, &head, w->envelope.length);
  envelope_free(&rest);
  text_free(&head);
  return refusal;
}

static bool read_envelope(struct work *w)
{
  char first[ENVELOPE_FIRST_LINE];
  text bytes = TEXT_ZERO;
  bool is_good = false;

  if (pread(w->message->fd, first, sizeof first, 0) == (ssize_t)sizeof first) {
    size_t length = envelope_length(first, sizeof first);
    text_ready(&bytes, length);
    is_good = length && pread(w->message->fd, bytes.s, length, 0) == (ssize_t)length && envelope_parse(&w->envelope, bytes.s, length);
  }
  text_free(&bytes);
  if (!is_good) log_event("failed", "id", w->message->id.s, "what", "read the envelope that was just written", (char *)0);
  return is_good;
}

static void answer_share(struct work *w, const struct share *share, const char *refusal)
{
  const char *answer = refusal && share->is_partly_queued ? refusal : share->answer.s;

  reply(w->session, answer);
  log_event("lmtp", "id", w->message->id.s, "to", share->address, "reply", answer, (char *)0);
}

/* Did one of those that the address led to get the message? */
static bool is_taken(const struct work *w, size_t end, const char *address)
{
  for (size_t i = 0; i < end; i++) {
    const struct envelope_recipient *r = &w->envelope.recipients[i];
    const char *original = record_find(&r->facts, "original");
    if (w->fates.s[i] != FATE_DROPPED && !strcmp(original ? original : r->address, address)) return true;
  }
  return false;
}

/* Behind what the recipients led to: copies, made if the message was taken at all, and the addresses that were expanded, for
   their reports. */
static void settle_rest(struct work *w, size_t first)
{
  for (size_t i = first; i < w->envelope.count; i++) {
    const struct envelope_recipient *r = &w->envelope.recipients[i];
    bool is_wanted = record_is(&r->facts, "expanded", "yes") ? is_taken(w, first, r->address) : count_fates(w, FATE_DROPPED) < w->envelope.count;
    set_fate(w, i, is_wanted ? FATE_QUEUE : FATE_DROPPED);
  }
}

static void run(struct work *w, struct share *shares, size_t count)
{
  size_t at = 0;
  struct share before = { .last = 0 };

  for (size_t i = 0; i < count && next_share(w->session, &at, &before); i++) {
    shares[i] = before;
    if (shares[i].last > w->envelope.count) shares[i].last = w->envelope.count;
    deliver_share(w, &shares[i]);
  }
  settle_rest(w, before.last);
  const char *refusal = queue_rest(w);
  for (size_t i = 0; i < count; i++) {
    answer_share(w, &shares[i], refusal);
    text_free(&shares[i].answer);
  }
}

void lmtp_deliver(struct session *s, struct message *m)
{
  struct work w = { .session = s, .message = m, .envelope = ENVELOPE_ZERO, .fates = TEXT_ZERO, .queued = NAMES_ZERO };
  size_t count = s->mail.recipients;
  struct share *shares = calloc(count + 1, sizeof *shares);

  if (!shares) die_nomem();
  if (read_envelope(&w)) {
    text_ready(&w.fates, w.envelope.count + 1);
    memset(w.fates.s, FATE_DROPPED, w.envelope.count + 1);
    run(&w, shares, count);
  } else
    lmtp_refuse(s, "451 4.3.0 The message cannot be read again");
  free(shares);
  envelope_free(&w.envelope);
  text_free(&w.fates);
  names_free(&w.queued);
}
