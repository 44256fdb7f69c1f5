/* Reports on their way: where each is wanted is asked from report-post, then it is handed to queue-add or report-post, one
   endpoint after the other. What does not succeed is tried again for a day, less and less often (RFC 8460 5.5). */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "lib/address.h"
#include "lib/call.h"
#include "lib/envelope.h"
#include "lib/file.h"
#include "lib/id.h"
#include "lib/log.h"
#include "lib/signer.h"
#include "tlsrpt/gzip.h"
#include "tlsrpt/json.h"
#include "tlsrpt/mail.h"
#include "tlsrpt/service.h"

enum {
  ANSWER_MS = 150000,    /* report-post has two minutes for all that it does */
  FIRST_SECONDS = 900,
  LIFE_SECONDS = 86400,  /* since the first try */
  UNSIGNED_SECONDS = 3600, /* so long since the first try a mail waits for dkim-sign */
  ENDPOINTS_MAX = 20     /* of a domain */
};

static void log_job(const struct tlsrpt_job *j, const char *event, const char *error)
{
  text period = TEXT_ZERO;

  text_add_number(&period, j->report.begin);
  log_event(event, "domain", j->report.domain.s, "begin", text_string(&period), "report", j->report.name.s, "to",
            j->delivery.endpoint.len ? j->delivery.endpoint.s : "", "error", error, (char *)0);
  text_free(&period);
}

static void hang_up(struct tlsrpt_job *j)
{
  if (j->socket != -1) close(j->socket);
  j->socket = -1;
}

static void free_job(struct tlsrpt_job *j)
{
  hang_up(j);
  if (j->mail != -1) close(j->mail);
  j->mail = -1;
  j->phase = TLSRPT_NOBODY;
  text_free(&j->body);
}

/* The interval doubles, and is never what it was for all: an eighth of it is by chance. */
static uint64_t next_try(const struct tlsrpt *t, const struct tlsrpt_job *j)
{
  uint64_t wait = FIRST_SECONDS, end = j->report.first + LIFE_SECONDS;
  uint32_t random;

  for (uint64_t i = 1; i < j->report.tries && wait < LIFE_SECONDS; i++) wait *= 2;
  random_buf((char *)&random, sizeof random);
  wait += random % (wait / 8);
  return t->now + wait < end || t->now >= end ? t->now + wait : end;
}

static void forget(struct tlsrpt *t, struct tlsrpt_job *j)
{
  tlsrpt_store_forget(&t->store, &j->report);
  free_job(j);
}

static void put_off(struct tlsrpt *t, struct tlsrpt_job *j)
{
  text_clear(&j->delivery.endpoint);
  if (t->now >= j->report.first + LIFE_SECONDS) {
    log_job(j, "given-up", "");
    forget(t, j);
    return;
  }
  tlsrpt_store_put_off(&t->store, &j->report, next_try(t, j));
  free_job(j);
}

static bool ask(struct tlsrpt *t, struct tlsrpt_job *j, enum tlsrpt_phase phase, const char *service, const text *request, int file)
{
  j->phase = phase;
  j->until_ms = t->now_ms + ANSWER_MS;
  j->socket = call_open_now(service);
  if (j->socket != -1 && call_send(j->socket, request, &file, file != -1)) return true;
  log_job(j, "away", strerror(errno));
  hang_up(j);
  return false;
}

static bool ask_where(struct tlsrpt *t, struct tlsrpt_job *j)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", "find");
  record_add(&request, "domain", j->report.domain.s);
  bool good = ask(t, j, TLSRPT_FIND, "report-post", &request, -1);
  text_free(&request);
  return good;
}

static bool hand_over(struct tlsrpt *t, struct tlsrpt_job *j, enum tlsrpt_phase phase, const char *service, const text *request, int file)
{
  bool good = file != -1 && ask(t, j, phase, service, request, file);

  if (file == -1) log_job(j, "away", strerror(errno));
  if (file != -1) close(file);
  return good;
}

static bool queue_mail(struct tlsrpt *t, struct tlsrpt_job *j, int file)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", "add");
  record_add(&request, "id", j->delivery.name.s);
  bool good = hand_over(t, j, TLSRPT_MAIL, "queue-add", &request, file);
  text_free(&request);
  return good;
}

/* L-09: so long a mail waits for a dkim-sign that is away; then it goes unsigned. */
static bool may_wait(const struct tlsrpt *t, const struct tlsrpt_job *j) { return t->now < j->report.first + UNSIGNED_SECONDS; }

static bool sign_and_queue(struct tlsrpt *t, struct tlsrpt_job *j, const char *from, int file)
{
  text domain = TEXT_ZERO, request = TEXT_ZERO, error = TEXT_ZERO;
  char first[ENVELOPE_FIRST_LINE];
  bool is_asked = false, is_late = false;

  if (signer_find(0, from, &domain, &error) && pread(file, first, sizeof first, 0) == (ssize_t)sizeof first) {
    signer_request(&request, j->delivery.name.s, domain.s, envelope_length(first, sizeof first));
    is_asked = ask(t, j, TLSRPT_SIGN, "dkim-sign", &request, file);
    is_late = !is_asked && may_wait(t, j);
  }
  if (error.len) log_job(j, "unsigned", error.s);
  text_free(&domain), text_free(&request), text_free(&error);
  if (is_asked) j->mail = file;
  if (is_late) close(file);
  return is_asked || (!is_late && queue_mail(t, j, file));
}

static bool give_mail(struct tlsrpt *t, struct tlsrpt_job *j, const char *to)
{
  text from = TEXT_ZERO, submitter = TEXT_ZERO;

  tlsrpt_contact(&from);
  tlsrpt_submitter(&submitter);
  struct tlsrpt_mail mail = { .id = j->delivery.name.s, .from = from.s, .to = to, .submitter = submitter.s, .report = &j->report,
                              .gzip = &j->body, .now = t->now };
  int file = tlsrpt_mail_file(&mail);
  bool good = file == -1 ? hand_over(t, j, TLSRPT_MAIL, "queue-add", 0, -1) : sign_and_queue(t, j, from.s, file);
  text_free(&from), text_free(&submitter);
  return good;
}

static bool give_post(struct tlsrpt *t, struct tlsrpt_job *j, const char *uri)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", "post");
  record_add(&request, "uri", uri);
  bool good = hand_over(t, j, TLSRPT_POST, "report-post", &request, file_sealed("report", &j->body));
  text_free(&request);
  return good;
}

static void make_body(struct tlsrpt *t, struct tlsrpt_job *j)
{
  text json = TEXT_ZERO;

  if (j->body.len) return;
  tlsrpt_json(&t->store, &j->report, &json);
  tlsrpt_gzip(&json, &j->body);
  text_free(&json);
}

/* To the next endpoint that does not have it, until one has to be waited for; or the end. */
static void go_on(struct tlsrpt *t, struct tlsrpt_job *j)
{
  make_body(t, j);
  while (tlsrpt_store_next_delivery(&t->store, &j->report, &j->delivery)) {
    const char *mail = record_find(&j->delivery.endpoint, "mail");
    if (mail ? give_mail(t, j, mail) : give_post(t, j, record_get(&j->delivery.endpoint, "post"))) return;
    j->is_open = true;
  }
  if (j->is_open)
    put_off(t, j);
  else
    forget(t, j);
}

/* What comes from a process that reads the network is looked at again: a mailbox goes into an envelope and a header. */
static bool add_endpoint(struct tlsrpt *t, struct tlsrpt_job *j, const char *key, const char *value)
{
  struct address address = ADDRESS_ZERO;
  text endpoint = TEXT_ZERO;
  bool good = !strcmp(key, "post") || (address_parse(&address, value, strlen(value)) == ADDRESS_FULL && !address.is_literal);

  record_add(&endpoint, key, strcmp(key, "mail") ? value : good ? address.shown.s : "");
  if (good) tlsrpt_store_add_delivery(&t->store, &j->report, &endpoint);
  address_free(&address);
  text_free(&endpoint);
  return good;
}

static void note_endpoints(struct tlsrpt *t, struct tlsrpt_job *j, const text *answer)
{
  static const char *const keys[] = { "mail", "post" };
  unsigned int count = 0;

  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    size_t at = 0;
    for (const char *value; count < ENDPOINTS_MAX && (value = record_next(answer, keys[i], &at));)
      count += add_endpoint(t, j, keys[i], value);
  }
  tlsrpt_store_flush(&t->store, true);
}

static void take_where(struct tlsrpt *t, struct tlsrpt_job *j, const text *answer)
{
  if (record_is(answer, "answer", "found")) note_endpoints(t, j, answer);
  if (record_is(answer, "answer", "later")) {
    log_job(j, "later", record_get(answer, "error"));
    put_off(t, j);
  } else if (tlsrpt_store_has_deliveries(&t->store, &j->report))
    go_on(t, j);
  else {
    log_job(j, "unwanted", record_get(answer, "error"));
    forget(t, j);
  }
}

static void take_delivered(struct tlsrpt *t, struct tlsrpt_job *j, const text *answer)
{
  if (record_is(answer, "answer", "queued") || record_is(answer, "answer", "there") || record_is(answer, "answer", "done")) {
    log_job(j, "sent", record_get(answer, "error"));
    tlsrpt_store_note_done(&t->store, &j->delivery);
  } else {
    log_job(j, "later", record_get(answer, "error"));
    j->is_open = true;
  }
  go_on(t, j);
}

static void take_signed(struct tlsrpt *t, struct tlsrpt_job *j, const text *answer)
{
  const char *error;
  int file = j->mail, with = signer_join(file, answer, &error);
  bool is_late = record_is(answer, "answer", "later") && may_wait(t, j);

  j->mail = -1;
  if (with == -1) log_job(j, is_late ? "later" : "unsigned", error);
  if (with != -1 || is_late) close(file);
  if (!is_late && queue_mail(t, j, with == -1 ? file : with)) return;
  j->is_open = true;
  go_on(t, j);
}

static void take_answer(struct tlsrpt *t, struct tlsrpt_job *j, bool is_late)
{
  text answer = TEXT_ZERO;

  if (is_late || call_receive(j->socket, &answer, 0, 0) != CALL_DONE) {
    text_clear(&answer);
    record_add(&answer, "answer", "later");
    record_add(&answer, "error", is_late ? "no answer in time" : "no answer");
  }
  hang_up(j);
  if (j->phase == TLSRPT_FIND)
    take_where(t, j, &answer);
  else if (j->phase == TLSRPT_SIGN)
    take_signed(t, j, &answer);
  else
    take_delivered(t, j, &answer);
  text_free(&answer);
}

static void start(struct tlsrpt *t, struct tlsrpt_job *j)
{
  j->is_open = false;
  j->delivery.id = 0;
  text_clear(&j->delivery.endpoint);
  if (tlsrpt_store_has_deliveries(&t->store, &j->report))
    go_on(t, j);
  else if (!ask_where(t, j))
    put_off(t, j);
}

void tlsrpt_jobs_start(struct tlsrpt *t)
{
  for (unsigned int i = 0; i < TLSRPT_JOBS_MAX; i++) {
    struct tlsrpt_job *j = &t->jobs[i];
    if (j->phase != TLSRPT_NOBODY) continue;
    if (!tlsrpt_store_take(&t->store, t->now, &j->report)) return;
    start(t, j);
  }
}

bool tlsrpt_jobs_are_busy(const struct tlsrpt *t)
{
  for (unsigned int i = 0; i < TLSRPT_JOBS_MAX; i++)
    if (t->jobs[i].phase != TLSRPT_NOBODY) return true;
  return false;
}

size_t tlsrpt_jobs_wait(const struct tlsrpt *t, struct pollfd *polls, int64_t *wake_ms)
{
  for (unsigned int i = 0; i < TLSRPT_JOBS_MAX; i++) {
    const struct tlsrpt_job *j = &t->jobs[i];
    polls[i] = (struct pollfd){ .fd = j->phase == TLSRPT_NOBODY ? -1 : j->socket, .events = POLLIN };
    if (j->phase != TLSRPT_NOBODY && j->until_ms < *wake_ms) *wake_ms = j->until_ms;
  }
  return TLSRPT_JOBS_MAX;
}

void tlsrpt_jobs_work(struct tlsrpt *t, const struct pollfd *polls)
{
  for (unsigned int i = 0; i < TLSRPT_JOBS_MAX; i++) {
    struct tlsrpt_job *j = &t->jobs[i];
    if (j->phase == TLSRPT_NOBODY || polls[i].fd != j->socket) continue;
    bool is_late = t->now_ms >= j->until_ms;
    if (polls[i].revents || is_late) take_answer(t, j, is_late);
  }
}
