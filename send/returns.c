#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/id.h"
#include "lib/log.h"
#include "lib/signer.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/link.h"
#include "send/report.h"
#include "send/returns.h"
#include "send/texts.h"
#include "send/warning.h"

enum {
  TRY_AGAIN_MS = 30 * 1000,
  AWAY_MS = 3000, /* queue-add is: at a start it comes a moment later */
  AT_ONCE_MAX = 16, /* reports under way: queue-add has so many workers */
  SOON_MS = 500,
  UNSIGNED_MS = 20 * 1000 /* so long dkim-sign may be away: it is being restarted */
};

static void try_again(struct send_schedule *s, struct send_attempt *a, uint64_t wait_ms)
{
  struct send_entry *e = a->entry;

  send_attempt_close(s, a);
  send_waiting_set_due(&s->waiting, e, s->now_ms + wait_ms);
}

static void sync_folder(const char *path)
{
  text folder = TEXT_ZERO;
  const char *slash = strrchr(path, '/');

  text_add_bytes(&folder, path, (size_t)(slash - path));
  int fd = open(text_string(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1 || fsync(fd) == -1) log_event("unable", "to", "sync a folder", "folder", folder.s, "error", strerror(errno), (char *)0);
  if (fd != -1) close(fd);
  text_free(&folder);
}

bool send_returns_are_due(const struct envelope *e) { return e->warning == ENVELOPE_WARNING || envelope_has(e, "fd"); }

static bool mark_warned(struct send_attempt *a)
{
  return a->file.envelope.warning != ENVELOPE_WARNING || send_conclude_warned(a);
}

static bool mark_reported(struct send_attempt *a, enum envelope_state from, enum envelope_state to)
{
  return !envelope_has(&a->file.envelope, (char[]){ (char)from, 0 }) || send_conclude_mark(a, from, to);
}

/* The report is on the disk, or there is none: the mark, or the removal, has to be there before the report is sent and
   gone; else this message, read again after a power cut, would ask for it anew. */
static void finish(struct send_schedule *s, struct send_attempt *a)
{
  text path = TEXT_ZERO;

  if (!mark_reported(a, ENVELOPE_FAILING, ENVELOPE_FAILED) || !mark_reported(a, ENVELOPE_TELLING, ENVELOPE_DONE) ||
      !mark_warned(a)) {
    log_event("unable", "id", a->entry->id, "to", "mark what was reported", "error", strerror(errno), (char *)0);
    try_again(s, a, TRY_AGAIN_MS);
    return;
  }
  text_copy(&path, a->file.path.s);
  text_string(&path);
  send_conclude_rest(s, a);
  sync_folder(path.s);
  text_free(&path);
}

/* control/doublebounceto: there, and empty, it says that what cannot be returned is dropped. */
static bool has_postmaster(text *to)
{
  return conf_address("doublebounceto", "doublebouncehost", to, "postmaster") || access("control/doublebounceto", F_OK) == -1;
}

/* The domain of an ASCII local part as A-labels: then any host can take the report, and RFC 6531 is not needed for it. */
static void add_sender(const text *sender, text *to)
{
  struct address address = ADDRESS_ZERO;
  const char *at = memrchr(sender->s, '@', sender->len);

  text_add_text(to, sender);
  if (at && !string_is_ascii(text_string(to)) && address_parse(&address, sender->s, sender->len) == ADDRESS_FULL) {
    to->len = (size_t)(at - sender->s) + 1;
    if (string_is_ascii(text_string(to)))
      text_add(to, address.domain);
    else
      text_copy_bytes(to, sender->s, sender->len);
  }
  text_string(to);
  address_free(&address);
}

/* Who gets the report; false: nobody, for this reason. */
static bool find_addressee(const struct envelope *e, text *to, const char **reason)
{
  text_clear(to);
  if (e->sender.len) {
    add_sender(&e->sender, to);
    return true;
  }
  *reason = record_is(&e->facts, "report", "postmaster") ? "not even the postmaster could be told" : "control/doublebounceto is empty";
  return !record_is(&e->facts, "report", "postmaster") && has_postmaster(to);
}

static const char *report_id(text *id, const struct send_attempt *a)
{
  text_copy(id, a->entry->id);
  text_add_char(id, 'b');
  text_add_padded(id, a->file.envelope.attempts, ENVELOPE_ATTEMPTS_WIDTH);
  return text_string(id);
}

static enum send_report_action action_of(const struct envelope_recipient *r)
{
  if (r->state == ENVELOPE_FAILING) return SEND_REPORT_FAILED;
  if (r->state != ENVELOPE_TELLING) return SEND_REPORT_DELAYED;
  if (record_is(&r->facts, "expanded", "yes")) return SEND_REPORT_EXPANDED;
  return record_find(&r->facts, "mailbox") ? SEND_REPORT_DELIVERED : SEND_REPORT_RELAYED;
}

static bool is_about(struct send_schedule *s, const struct envelope *e, const struct envelope_recipient *r)
{
  return strchr("fd", r->state) || (e->warning == ENVELOPE_WARNING && send_warning_is_about(s, e, r));
}

/* The recipients that the report is about, with what was said about each last. */
static size_t gather(struct send_schedule *s, const struct envelope *e, const struct said *said, struct send_report_recipient *recipients)
{
  size_t count = 0;

  for (size_t i = 0; i < e->count; i++)
    if (is_about(s, e, &e->recipients[i]))
      recipients[count++] = (struct send_report_recipient){
        .action = action_of(&e->recipients[i]),
        .address = e->recipients[i].address,
        .original = record_find(&e->recipients[i].facts, "orcpt"),
        .said = said[i].attempt ? &said[i] : 0,
        .is_here = record_find(&e->recipients[i].facts, "mailbox")
      };
  return count;
}

/* RET=FULL: all of it, if it is not too long and something failed (RFC 3461 4.3); else its beginning, for the header. Of what
   requires TLS never more than that (RFC 8689 5). */
static bool read_message(const struct send_attempt *a, text *bytes)
{
  const struct envelope *e = &a->file.envelope;
  uint64_t most = conf_number("bouncemaxbytes", 1048576, UINT32_MAX);
  struct stat status;
  bool is_full = record_is(&e->facts, "ret", "full") && !record_is(&e->facts, "requiretls", "yes") && envelope_has(e, "f") && fstat(a->file.fd, &status) == 0 &&
                 (uint64_t)status.st_size - e->length <= most;
  size_t wanted = is_full ? (size_t)status.st_size - e->length : SEND_REPORT_HEADER_MAX;

  text_ready(bytes, wanted);
  ssize_t length = pread(a->file.fd, bytes->s, wanted, (off_t)e->length);
  bytes->len = length > 0 ? (size_t)length : 0;
  return is_full && bytes->len == wanted;
}

/* RFC 3464 2.2.4: a host, not a person's program, whose address is nobody's business. */
static void add_received_from(const struct envelope *e, text *out)
{
  const char *helo = record_get(&e->facts, "helo"), *client = record_get(&e->facts, "client");

  text_string(out);
  if ((!record_is(&e->facts, "role", "mx") && !record_is(&e->facts, "role", "lmtp")) || !*helo) return;
  text_add(out, helo);
  if (*client) text_add_format(out, " (%s)", client);
  text_string(out);
}

static void format_report(struct send_schedule *s, const struct send_attempt *a, const char *id, const char *to, text *out)
{
  const struct envelope *e = &a->file.envelope;
  struct send_report_recipient *recipients = calloc(e->count, sizeof *recipients);
  struct said *said = queue_said(&a->file.envelope);
  struct send_texts texts;
  text me = TEXT_ZERO, from = TEXT_ZERO, header = TEXT_ZERO, received = TEXT_ZERO;

  if (!recipients) die_nomem();
  conf_me(&me);
  conf_address("bouncefrom", "bouncehost", &from, "MAILER-DAEMON");
  add_received_from(e, &received);
  bool is_full = read_message(a, &header);
  send_texts_read(&texts, &s->tables, to, header.s, e->sender.len ? header.len : 0);
  struct send_report report = {
    .host = text_string(&me), .from = text_string(&from), .to = to, .is_to_postmaster = !e->sender.len, .id = id,
    .message = a->entry->id, .message_id = record_get(&e->facts, "message-id"), .wordings = &texts.wordings, .custom = texts.custom.s,
    .received_from = received.s, .envid = record_get(&e->facts, "envid"), .is_full = is_full,
    .is_tls_optional = record_is(&e->facts, "tlsoptional", "yes"),
    .is_utf8 = record_is(&e->facts, "smtputf8", "yes"), .birth_seconds = e->birth_seconds, .now_seconds = s->now_seconds,
    .until_seconds = send_conclude_start(e) + send_conclude_backoff(s, e).lifetime_seconds, .header = header.s, .header_length = header.len,
    .recipients = recipients, .count = gather(s, e, said, recipients)
  };
  send_report_format(&report, out);
  for (size_t i = 0; i < e->count; i++) said_free(&said[i]);
  free(recipients);
  free(said);
  send_texts_free(&texts);
  text_free(&me), text_free(&from), text_free(&header), text_free(&received);
}

static void format_envelope(const struct send_schedule *s, const struct send_attempt *a, const char *id, const char *to, text *out)
{
  struct envelope e = ENVELOPE_ZERO;

  e.birth_seconds = s->now_seconds;
  text_add(&e.id, id);
  record_add(&e.facts, "role", "report");
  record_add(&e.facts, "report", a->file.envelope.sender.len ? "sender" : "postmaster");
  record_add(&e.facts, "about", a->entry->id);
  if (!string_is_ascii(to)) record_add(&e.facts, "smtputf8", "yes");
  if (record_is(&a->file.envelope.facts, "requiretls", "yes")) record_add(&e.facts, "requiretls", "yes"); /* RFC 8689 5 */
  if (record_is(&a->file.envelope.facts, "tlsoptional", "yes")) record_add(&e.facts, "tlsoptional", "yes");
  envelope_add_recipient(&e, to, 0);
  envelope_format(&e, out);
  envelope_free(&e);
}

/* Closes the file. */
static void queue_report(struct send_schedule *s, struct send_attempt *a, const char *id, int file)
{
  bool is_asked = file != -1 && send_link_report(s, a, id, file);

  if (file != -1) close(file);
  if (!is_asked) try_again(s, a, s->now_ms < s->away_until_ms[SEND_REPORT] ? AWAY_MS : TRY_AGAIN_MS);
}

static void log_unsigned(const struct send_attempt *a, const char *id, const char *error)
{
  log_event("unsigned", "id", a->entry->id, "report", id, "error", error, (char *)0);
}

/* True: dkim-sign has it, or it is not to be sent now, since that one comes back soon (L-09). False: it goes unsigned. */
static bool is_signed_first(struct send_schedule *s, struct send_attempt *a, const char *id, size_t head, int file)
{
  text from = TEXT_ZERO, domain = TEXT_ZERO, request = TEXT_ZERO, error = TEXT_ZERO;
  bool is_asked = false, is_late = false;

  conf_address("bouncefrom", "bouncehost", &from, "MAILER-DAEMON");
  if (signer_find(&s->tables, text_string(&from), &domain, &error)) {
    signer_request(&request, id, domain.s, head);
    is_asked = send_link_sign(s, a, &request, file);
    if (is_asked || !s->unsigned_since_ms) s->unsigned_since_ms = is_asked ? 0 : s->now_ms;
    is_late = !is_asked && s->unsigned_since_ms != 1 && s->now_ms - s->unsigned_since_ms < UNSIGNED_MS;
    if (!is_asked && !is_late) log_unsigned(a, id, "dkim-sign is away");
  } else if (error.len)
    log_unsigned(a, id, error.s);
  if (is_late) {
    close(file);
    try_again(s, a, AWAY_MS);
  }
  text_free(&from), text_free(&domain), text_free(&request), text_free(&error);
  return is_asked || is_late;
}

static void send_report(struct send_schedule *s, struct send_attempt *a, const char *to)
{
  text id = TEXT_ZERO, bytes = TEXT_ZERO;

  report_id(&id, a);
  format_envelope(s, a, id.s, to, &bytes);
  size_t head = bytes.len;
  format_report(s, a, id.s, to, &bytes);
  int file = file_sealed("report", &bytes); /* dkim-sign gets it with its envelope */
  if (file == -1 || !is_signed_first(s, a, id.s, head, file)) queue_report(s, a, id.s, file);
  text_free(&id);
  text_free(&bytes);
}

/* A report that cannot be signed is better than none. */
void send_returns_signed(struct send_schedule *s, struct send_attempt *a, int report, const text *answer)
{
  text id = TEXT_ZERO;
  const char *error;
  int with = signer_join(report, answer, &error);

  report_id(&id, a);
  if (with == -1) log_unsigned(a, id.s, error);
  if (with != -1) close(report);
  queue_report(s, a, id.s, with == -1 ? report : with);
  text_free(&id);
}

void send_returns_start(struct send_schedule *s, struct send_attempt *a)
{
  static text to = TEXT_ZERO;
  const char *reason;

  if (s->reports >= AT_ONCE_MAX) {
    try_again(s, a, SOON_MS);
    return;
  }
  if (find_addressee(&a->file.envelope, &to, &reason)) {
    if (s->now_ms < s->away_until_ms[SEND_REPORT])
      try_again(s, a, AWAY_MS);
    else
      send_report(s, a, to.s);
    return;
  }
  log_event("dropped", "id", a->entry->id, "reason", reason, (char *)0);
  finish(s, a);
}

/* It came before the marks, and waits for them: they are there now. */
static void wake_report(struct send_schedule *s, const char *id)
{
  struct send_entry *e = send_waiting_find(&s->waiting, id);
  if (e && e->place && !e->attempt) send_waiting_set_due(&s->waiting, e, s->now_ms);
}

void send_returns_answered(struct send_schedule *s, struct send_attempt *a, const text *answer)
{
  text id = TEXT_ZERO;

  report_id(&id, a);
  if (record_is(answer, "answer", "queued") || record_is(answer, "answer", "there")) {
    log_event("returned", "id", a->entry->id, "report", id.s, (char *)0);
    finish(s, a);
    wake_report(s, id.s);
  } else {
    const char *error = record_get(answer, "error");
    log_event("unable", "id", a->entry->id, "to", "queue the report", "error", *error ? error : "no answer from queue-add", (char *)0);
    try_again(s, a, TRY_AGAIN_MS);
  }
  text_free(&id);
}

bool send_returns_is_early(const char *id)
{
  struct queue_file parent = QUEUE_FILE_ZERO;
  text name = TEXT_ZERO;
  bool is_early = false;

  if (!id_is_report(id)) return false;
  text_add_bytes(&name, id, (size_t)(strrchr(id, 'b') - id));
  if (queue_open(&parent, text_string(&name), O_RDONLY) == QUEUE_FOUND) is_early = send_returns_are_due(&parent.envelope);
  queue_close(&parent);
  text_free(&name);
  return is_early;
}
