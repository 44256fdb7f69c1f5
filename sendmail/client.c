#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "lib/bytes.h"
#include "lib/xtext.h"
#include "sendmail/client.h"
#include "sendmail/wire.h"

enum {
  PATIENCE_MS = 3000,      /* for a server that is being restarted */
  BUSY_SECONDS = 60,       /* for one that has too many sessions, of this user too */
  RECIPIENTS_AT_ONCE = 100 /* their answers fit into the socket, so that nobody waits for the other */
};

static int connect_once(void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "run/inject" };
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd != -1 && connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
    int e = errno;
    close(fd);
    errno = e;
    return -1;
  }
  return fd;
}

static void pause_ms(long ms) { nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, 0); }

int sendmail_connect(void)
{
  for (long waited = 0;; waited += 25) {
    int fd = connect_once();
    if (fd != -1 || waited >= PATIENCE_MS || (errno != ENOENT && errno != ECONNREFUSED && errno != EINTR)) return fd;
    pause_ms(25);
  }
}

/* What a reply means to the caller. */
static int exit_code(const struct sendmail_wire *w)
{
  const char *status = sendmail_wire_status(w);

  if (w->code / 100 != 5) return EX_TEMPFAIL;
  if (!strncmp(status, "5.7.", 4)) return EX_NOPERM;
  if (!strncmp(status, "5.6.", 4) || !strcmp(status, "5.3.4") || !strcmp(status, "5.1.7") || !strcmp(status, "5.1.3"))
    return EX_DATAERR;
  if (!strcmp(status, "5.1.1")) return EX_NOUSER;
  if (!strcmp(status, "5.1.2")) return EX_NOHOST;
  return EX_UNAVAILABLE;
}

static int lost(const struct sendmail_wire *w)
{
  if (w->code == 421)
    strerr_warnw("the mail server says: ", w->reply.s, "; nothing was sent, try again later");
  else
    strerr_warnwu("talk to the mail server over run/inject; nothing was sent");
  return EX_TEMPFAIL;
}

static int refused(const struct sendmail_wire *w, const char *what)
{
  strerr_warnw(what, w->reply.s, "; nothing was sent");
  return exit_code(w);
}

/* Up to EHLO. A server with too many sessions is waited for. */
static int begin(struct sendmail_wire *w, bool is_verbose)
{
  time_t end = time(0) + BUSY_SECONDS;

  for (long pause = 50;; pause = pause < 1000 ? pause * 2 : 1000) {
    int fd = sendmail_connect();
    if (fd == -1) {
      strerr_warnwu("reach the mail server at run/inject (is it running?); nothing was sent, try again later");
      return EX_TEMPFAIL;
    }
    sendmail_wire_begin(w, fd, is_verbose);
    if (sendmail_wire_reply(w)) break;
    if (time(0) >= end) return lost(w);
    sendmail_wire_end(w);
    pause_ms(pause + getpid() % pause); /* those that came together do not come together again */
  }
  if (w->code != 220) return refused(w, "");
  if (!sendmail_wire_hello(w)) return lost(w);
  return w->code == 250 ? EX_OK : refused(w, "the mail server does not greet: ");
}

static bool needs_utf8(const struct sendmail_job *job)
{
  const text *all = &job->recipients->strings;
  return bytes_ascii_run(all->s, all->len) < all->len || bytes_ascii_run(job->sender, strlen(job->sender)) < strlen(job->sender);
}

static void add_mail(text *line, const struct sendmail_wire *w, const struct sendmail_job *job)
{
  const struct sendmail_options *o = job->options;

  text_add(line, "MAIL FROM:<");
  text_add(line, job->sender);
  text_add_char(line, '>');
  if (job->input && sendmail_wire_offers(w, "SIZE"))
    text_add_format(line, " SIZE=%llu", (unsigned long long)(job->header.len + sendmail_input_body_size(job->input)));
  if (sendmail_wire_offers(w, "8BITMIME")) {
    if (o->body)
      text_add_format(line, " BODY=%s", o->body);
    else if (job->input && job->input->has_8bit)
      text_add(line, " BODY=8BITMIME");
  }
  if (needs_utf8(job)) text_add(line, " SMTPUTF8");
  if (o->ret) text_add_format(line, " RET=%s", o->ret);
  if (o->envid) {
    text_add(line, " ENVID=");
    xtext_add(line, o->envid);
  }
}

static int mail(struct sendmail_wire *w, const struct sendmail_job *job)
{
  text line = TEXT_ZERO;

  if ((job->options->notify || job->options->ret || job->options->envid) && !sendmail_wire_offers(w, "DSN")) {
    strerr_warnw("-N, -R, -V: the mail server does not offer DSN; nothing was sent");
    return EX_UNAVAILABLE;
  }
  add_mail(&line, w, job);
  sendmail_wire_say(w, text_string(&line), (char *)0);
  text_free(&line);
  if (!sendmail_wire_reply(w)) return lost(w);
  return w->code == 250 ? EX_OK : refused(w, "the sender: ");
}

/* -bv: says what becomes of each. */
static void tell(const struct sendmail_wire *w, const char *recipient)
{
  printf("%s... %s: %s\n", recipient, w->code / 100 == 2 ? "deliverable" : "not deliverable", w->reply.s);
}

/* The answers to the last recipients; the first that is refused decides. */
static bool take_answers(struct sendmail_wire *w, const struct sendmail_job *job, const char *from, const char *to, int *code)
{
  for (const char *one = from; one < to; one += strlen(one) + 1) {
    if (!sendmail_wire_reply(w)) {
      *code = lost(w);
      return false;
    }
    if (job->options->mode == SENDMAIL_VERIFY)
      tell(w, one);
    else if (w->code / 100 != 2)
      strerr_warnw(one, ": ", w->reply.s);
    if (w->code / 100 != 2 && *code == EX_OK) *code = exit_code(w);
  }
  return true;
}

static int recipients(struct sendmail_wire *w, const struct sendmail_job *job)
{
  const char *at = job->recipients->strings.s, *end = at + job->recipients->strings.len;
  const char *notify = job->options->notify;
  int code = EX_OK;

  while (at < end) {
    const char *first = at;
    for (int i = 0; i < RECIPIENTS_AT_ONCE && at < end; i++, at += strlen(at) + 1)
      sendmail_wire_say(w, "RCPT TO:<", at, ">", notify ? " NOTIFY=" : "", notify ? notify : "", (char *)0);
    if (!take_answers(w, job, first, at, &code)) return code;
  }
  if (code != EX_OK && job->options->mode != SENDMAIL_VERIFY)
    strerr_warnw("nothing was sent, to nobody: give it without these recipients, or later");
  return code;
}

static int content(struct sendmail_wire *w, const struct sendmail_job *job)
{
  sendmail_wire_say(w, "DATA", (char *)0);
  if (!sendmail_wire_reply(w)) return lost(w);
  if (w->code != 354) return refused(w, "");
  sendmail_wire_data(w, job->header.s, job->header.len);
  if (!sendmail_wire_file(w, job->input->file, job->input->in_file)) {
    strerr_warnwu("read the message again from its temporary file; nothing was sent");
    return EX_IOERR; /* without the end of the data nothing is kept */
  }
  sendmail_wire_data(w, job->input->body.s, job->input->body.len);
  sendmail_wire_say(w, ".", (char *)0);
  if (!sendmail_wire_reply(w)) return lost(w);
  return w->code == 250 ? EX_OK : refused(w, "");
}

int sendmail_run(const struct sendmail_job *job)
{
  struct sendmail_wire w = SENDMAIL_WIRE_ZERO;
  int code = begin(&w, job->options->is_verbose);

  if (code == EX_OK) code = mail(&w, job);
  if (code == EX_OK) code = recipients(&w, job);
  if (code == EX_OK && job->options->mode != SENDMAIL_VERIFY) code = content(&w, job);
  if (fflush(stdout) && code == EX_OK) code = EX_IOERR;
  sendmail_wire_end(&w);
  return code;
}
