/* mailbox-spawn: becomes a mailbox's uid, to deliver a message into it, to run an IMAP or POP3 session on it, or to take old spam out of it.

   The only root process on the way of a message or a login. The parent accepts, checks who calls, and forks. The child
   looks the mailbox's key up in policy.cdb, opens (or makes) mail/DOMAIN/USER, and gives up root for good; only then
   does it look at anything that came from outside. It executes nothing: deliver, imap, pop3 and expire are called as functions. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "deliver/choice.h"
#include "deliver/deliver.h"
#include "deliver/enter.h"
#include "deliver/expire.h"
#include "deliver/full.h"
#include "deliver/place.h"
#include "deliver/powers.h"
#include "deliver/record.h"
#include "deliver/seat.h"
#include "deliver/visit.h"
#include "imap/plus.h"
#include "imap/session.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/id.h"
#include "lib/landlock.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/tables.h"
#include "lib/user.h"
#include "pop3/session.h"

enum { REQUEST_SECONDS = 10, DELIVERY_SECONDS = 300, KEPT_SECONDS = 30, EXPIRY_SECONDS = 90, SWEEP_SECONDS = 10, DELIVERIES = 1000, SESSIONS = 10000,
       MEBIBYTE = 1024 * 1024, MEMORY_BYTES = 64 * MEBIBYTE, SESSION_BYTES = 1024 * MEBIBYTE,
       APPEND_BYTES = 50 * MEBIBYTE };

/* Where the child delivers. */
struct mailbox {
  const char *key;
  const text *record; /* of policy.cdb */
  const char *host;   /* control/me */
  enum plus plus;
  struct deliver_quota quota;
  bool is_noted_full; /* state/full/KEY is there */
};

static struct tables policy = TABLES_ZERO;
static uid_t auth_uid, send_uid, lmtp_uid, expire_uid;
static bool has_landlock;

static const char *const callers[] = { "mail-auth", "mail-send", "mail-lmtp", "mail-expire", 0 };
static const char *const reads[] = { "control", "tables", 0 };
static const char *writes[ENTER_HOMES_MAX + 3] = { "mail", FULL_FOLDER }; /* and the homes, if system users have mail */
static const struct sandbox sandbox = { .reads = reads, .writes = writes, .may_setuid = true };
static const char *const *homes;

static bool find_owner(const char *key, uid_t *uid, uint64_t *quota_bytes)
{
  struct place place = PLACE_ZERO;
  text record = TEXT_ZERO;
  const char *error;
  bool is_found = deliver_record_find(&policy, &place, &record, key, &error);

  *uid = place.uid;
  *quota_bytes = is_found ? deliver_record_quota(&record) : 0;
  place_free(&place);
  text_free(&record);
  return is_found;
}

static void take_reports(void) { full_take(find_owner); }

/* Before each session. The tables or control/defaultquotasize may have given a mailbox another quota. */
static void open_policy(void)
{
  static time_t swept;
  struct timespec now;

  if (!tables_open(&policy, "policy")) {
    log_event("waiting", "error", "unable to open tables/current/policy.cdb", (char *)0);
    return;
  }
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  if (now.tv_sec < swept + SWEEP_SECONDS) return;
  swept = now.tv_sec;
  full_sweep(find_owner);
}

/* Somebody's session, which wants a public mailbox. */
static bool is_guest(uid_t uid) { return tables_open(&policy, "policy") && visit_is_guest(&policy, uid); }

static void answer_later(int caller, const char *key, const char *error)
{
  text answer = TEXT_ZERO;

  log_event("refused", "mailbox", key, "error", error, "reason", errno ? strerror(errno) : 0, (char *)0);
  record_add(&answer, "answer", "later");
  record_add(&answer, "error", error);
  call_send(caller, &answer, 0, 0);
}

static void report(const struct deliver_quota *q, struct mailbox *m)
{
  if (q->fullness == DELIVER_UNCHANGED || (q->fullness == DELIVER_ROOM && !m->is_noted_full)) return;
  m->is_noted_full = q->fullness == DELIVER_FULL;
  full_report(m->is_noted_full);
}

static void choose_folder(const struct mailbox *m, struct maildir *maildir, const char *detail)
{
  text entry = TEXT_ZERO;

  text_copy(&entry, ".");
  if (m->plus != PLUS_OFF) imap_plus_find(detail, m->plus == PLUS_CREATE, &entry);
  deliver_maildir_choose(maildir, text_string(&entry));
  text_free(&entry);
}

/* True if it was delivered, and the caller was told that the next message may follow. */
static bool deliver_one(int caller, const text *request, struct mailbox *m, struct maildir *maildir, int message, bool may_follow)
{
  struct delivery delivery = { .id = record_get(request, "id"), .sender = record_get(request, "sender"),
                               .recipient = record_get(request, "recipient"), .original = record_get(request, "original"),
                               .mailbox = record_get(m->record, "name"), .host = m->host, .message = message, .quota = &m->quota,
                               .is_again = !record_is(request, "again", "0") };
  static text outcome = TEXT_ZERO;

  alarm(DELIVERY_SECONDS);
  if (!id_check(delivery.id) || !record_number(request, "offset", INT64_MAX, &delivery.offset))
    die_permanent("a request without an id and an offset");
  text_clear(&outcome);
  m->quota.fullness = DELIVER_UNCHANGED;
  choose_folder(m, maildir, record_get(request, "detail"));
  bool is_good = deliver_run(&delivery, maildir, &outcome) && may_follow;
  report(&m->quota, m);
  if (is_good) record_add(&outcome, "keep", "yes");
  if (call_send(caller, &outcome, 0, 0)) return is_good;
  log_event("unheard", "id", delivery.id, (char *)0);
  return false;
}

/* One message after another for the same mailbox, as long as the caller keeps the connection: a new process, its uid and
   its folders cost more than the message. */
static void run_deliveries(int caller, text *request, struct mailbox *m, struct call_fds *fds)
{
  struct maildir maildir = MAILDIR_ZERO;
  enum call_result next = CALL_DONE;

  powers_limit(MEMORY_BYTES);
  for (unsigned int done = 1; done <= DELIVERIES && next == CALL_DONE; done++) {
    if (fds->count != 1 || !record_is(request, "what", "deliver") || !record_is(request, "mailbox", m->key)) return;
    if (!deliver_one(caller, request, m, &maildir, fds->fd[0], done < DELIVERIES)) return;
    call_close_fds(fds);
    alarm(0);
    next = call_receive(caller, request, fds, KEPT_SECONDS);
  }
}

/* What a session needs of control/, read while it is still in reach. */
struct settings {
  text host;
  uint64_t append_bytes;
  bool has_public; /* there are public mailboxes that people may read */
  unsigned int sessions; /* of this mailbox from this address; 0: no limit */
  unsigned int silence;  /* POP3: seconds */
  enum plus plus;
};

/* N-118 */
static void answer_limit(int caller, const char *key, const char *ip)
{
  text answer = TEXT_ZERO;

  log_event("refused", "mailbox", key, "client", ip, "rule", "concurrencyimapuser", "file", "control/concurrencyimapuser", (char *)0);
  record_add(&answer, "answer", "limit");
  record_add(&answer, "error", "too many sessions of this mailbox from this address");
  call_send(caller, &answer, 0, 0);
}

/* The caller hears that it began, and is gone; the client's socket is all that is left to talk to. */
static void run_session(int caller, const text *request, const struct mailbox *m, const struct settings *settings, int client)
{
  const char *encoded = record_get(request, "ahead");
  struct imap_start start = { .login = record_get(request, "login"), .tag = record_get(request, "tag"),
                              .ip = record_get(request, "ip"), .append_bytes = settings->append_bytes,
                              .quota_bytes = m->quota.bytes, .is_noted_full = m->is_noted_full, .report_full = full_report };
  text ahead = TEXT_ZERO, answer = TEXT_ZERO;

  if (!base64_decode(&ahead, encoded, strlen(encoded))) die_permanent("a request whose ahead is not base64");
  if (!seat_take(start.ip, settings->sessions)) {
    answer_limit(caller, m->key, start.ip);
    return;
  }
  start.ahead = text_string(&ahead);
  start.ahead_length = ahead.len;
  start.has_public = settings->has_public;
  powers_limit(SESSION_BYTES);
  if (!landlock_enter_folder() && has_landlock) die_permanent("the session got no Landlock, though the listener had it");
  record_add(&answer, "answer", "started");
  if (!call_send(caller, &answer, 0, 0)) die_unable("tell the caller that the session begins");
  close(caller);
  tables_close(&policy);
  if (record_is(request, "what", "pop3")) pop3_session(client, client, &start, settings->silence);
  else imap_session(client, client, &start);
}

/* N-67 */
static void run_expiry(int caller, const text *request, const struct place *place, struct mailbox *m)
{
  struct deliver_expiry expiry = { .days = deliver_expire_days(m->record), .quota_bytes = m->quota.bytes, .is_dry = record_is(request, "dry", "yes") };
  text answer = TEXT_ZERO;
  const char *error;

  alarm(EXPIRY_SECONDS);
  if (expiry.days && enter_existing_mailbox(place, homes, &error)) {
    powers_limit(MEMORY_BYTES);
    if (!landlock_enter_folder() && has_landlock) die_permanent("the mailbox got no Landlock, though the listener had it");
    if (!deliver_expire(&expiry)) record_add(&answer, "error", strerror(errno));
    if (m->is_noted_full && expiry.has_room) full_report(false);
  } else if (expiry.days && errno != ENOENT) {
    answer_later(caller, m->key, error);
    return;
  }
  record_add(&answer, "answer", "done");
  record_add_number(&answer, "messages", (uint64_t)expiry.gone.messages);
  record_add_number(&answer, "bytes", (uint64_t)expiry.gone.bytes);
  if (expiry.is_unfinished) record_add(&answer, "unfinished", "yes");
  call_send(caller, &answer, 0, 0);
}

enum work { DELIVERY, IMAP, POP3, EXPIRY, NO_WORK };

static enum work work_of(const text *request)
{
  static const char *const words[] = { [DELIVERY] = "deliver", [IMAP] = "imap", [POP3] = "pop3", [EXPIRY] = "expire" };
  unsigned int i = DELIVERY;

  while (i < NO_WORK && !record_is(request, "what", words[i])) i++;
  return (enum work)i;
}

static unsigned int read_silence(void)
{
  uint64_t seconds = conf_number("timeoutpop3", POP3_SILENCE_SECONDS, 86400);

  if (seconds < POP3_SILENCE_SECONDS) die_permanent("control/timeoutpop3 is less than the 600 seconds of RFC 1939");
  return (unsigned int)seconds;
}

static bool has_shared(void)
{
  text all = TEXT_ZERO;
  bool has = policy.file && tables_find(&policy, "shared", "*", &all) == LOOKUP_FOUND;

  text_free(&all);
  return has;
}

static void settings_read(struct settings *s, enum work work, const char *ip)
{
  if (work == DELIVERY) {
    conf_me(&s->host);
    s->plus = deliver_choice_plus();
  } else if (work == IMAP || work == POP3) {
    s->append_bytes = conf_number("databytes", APPEND_BYTES, UINT64_MAX);
    s->sessions = seat_count(&policy, ip);
    if (work == POP3) s->silence = read_silence();
    s->has_public = has_shared();
  }
}

static void prepare_quota(struct mailbox *m, bool is_delivery)
{
  m->quota.bytes = deliver_record_quota(m->record);
  m->quota.defers = m->quota.bytes && is_delivery && deliver_choice_defers_full();
  m->is_noted_full = m->quota.bytes && full_is_noted(m->key);
  full_begin(m->key, m->quota.bytes);
}

static bool may_ask(uid_t caller, enum work work)
{
  switch (work) {
  case DELIVERY: return !caller || caller == send_uid || caller == lmtp_uid;
  case IMAP:
  case POP3: return !caller || caller == auth_uid;
  case EXPIRY: return !caller || caller == expire_uid;
  case NO_WORK: break;
  }
  return false;
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, key = TEXT_ZERO, record = TEXT_ZERO;
  struct place place = PLACE_ZERO;
  struct settings settings = { .host = TEXT_ZERO };
  struct call_fds fds;
  const char *error;

  if (call_receive(in, &request, &fds, REQUEST_SECONDS) != CALL_DONE) return;
  enum work work = work_of(&request);
  if (fds.count != (work != EXPIRY)) return;
  text_add(&key, record_get(&request, "mailbox"));
  struct mailbox mailbox = { .key = text_string(&key), .record = &record };
  if (record_is(&request, "what", "public")) {
    visit_serve(&(struct visit){ &policy, homes, has_landlock }, out, &request, peer->uid, fds.fd[0]);
    return;
  }
  errno = EPERM;
  if (!may_ask(peer->uid, work)) {
    answer_later(out, mailbox.key, "this caller may not ask for that");
    return;
  }
  errno = 0;
  settings_read(&settings, work, record_get(&request, "ip"));
  bool is_found = deliver_record_find(&policy, &place, &record, mailbox.key, &error);
  mailbox.plus = settings.plus;
  if (is_found) prepare_quota(&mailbox, work == DELIVERY);
  if (!is_found || (work != EXPIRY && !enter_mailbox(&place, homes, &error))) {
    answer_later(out, mailbox.key, error);
    return;
  }
  mailbox.host = text_string(&settings.host);
  switch (work) {
  case DELIVERY: run_deliveries(out, &request, &mailbox, &fds); break;
  case IMAP:
  case POP3: run_session(out, &request, &mailbox, &settings, fds.fd[0]); break;
  case EXPIRY: run_expiry(out, &request, &place, &mailbox); break;
  case NO_WORK: break;
  }
}

int main(int argc, const char *const *argv)
{
  struct serve listener = { .concurrency = SESSIONS, .callers = callers, .sandbox = &sandbox, .refresh = open_policy,
                            .notice = take_reports, .session = session, .guests = VISITS_MAX, .guest = is_guest };

  PROG = "mailbox-spawn";
  if (argc > 1) die_usage("mailbox-spawn");
  home_enter();
  static text home = TEXT_ZERO;
  if (sagetcwd(&home) == -1) die_unable("find the home's path");
  call_from(text_string(&home));
  umask(066); /* mail/DOMAIN is 0711, all else of the owner alone */
  auth_uid = user_uid("mail-auth");
  send_uid = user_uid("mail-send");
  lmtp_uid = user_uid("mail-lmtp");
  expire_uid = user_uid("mail-expire");
  has_landlock = landlock_is_there();
  homes = enter_homes();
  for (size_t i = 0; homes[i]; i++) writes[2 + i] = homes[i];
  powers_shed();
  listener.notices = full_open();
  return serve(&listener, argv);
}
