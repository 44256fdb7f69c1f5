#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/conf_known.h"
#include "lib/die.h"
#include "lib/log.h"
#include "smtpd/commands.h"
#include "smtpd/facts.h"
#include "smtpd/inject.h"
#include "smtpd/message.h"
#include "smtpd/session.h"

static volatile sig_atomic_t told_to_stop, is_waiting; /* told_to_stop: the signal */

static const char *words_of(int signal)
{
  return signal == SIGALRM ? "421 4.4.2 The session has lasted long enough\r\n" : "421 4.3.2 This service is being restarted\r\n";
}

/* SIGTERM, and SIGALRM when the session's time is over: at once if the client is waited for, with a word to it; else before
   the next wait. A transaction that was not acknowledged is the client's. */
static void stop(int signal)
{
  const char *words = words_of(signal);

  if (is_waiting) _exit(write(1, words, strlen(words)) == -1 ? END_TEMPORARY : END_DONE);
  told_to_stop = signal;
}

void session_settings_read(struct session_settings *settings)
{
  conf_me(&settings->me);
  settings->size_max = conf_number("databytes", 52428800, UINT64_MAX);
  settings->recipients_max = conf_number("maxrcptcount", 1000, UINT32_MAX);
  settings->delimiter = policy_delimiter();
  settings->timeout_seconds = (unsigned int)conf_number("timeoutsmtpd", 300, 86400);
}

void session_reset(struct session *s)
{
  pace_reset(s);
  s->mail.has_sender = s->mail.is_null = false;
  s->mail.recipients = 0;
  s->mail.is_utf8 = s->mail.is_refused = false;
  s->mail.hold_until = 0;
  smtpd_parameters_clear(&s->mail.said);
  text_clear(&s->mail.asked);
  if (s->mail.chunks) message_end(s->mail.chunks);
  s->mail.chunks = 0;
  text_clear(&s->mail.shares);
  policy_destinations_clear(&s->mail.destinations);
}

bool session_is_tls(const struct session *s) { return s->tls.len > 0; }

const char *session_login(const struct session *s) { return s->login.len ? s->login.s : 0; }

void session_set_timeouts(struct session *s)
{
  struct timeval limit = { .tv_sec = s->settings.timeout_seconds };

  s->is_socket = setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0;
  if (s->is_socket) setsockopt(0, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static void end_with(struct session *s, const char *reason)
{
  log_event("ended", "reason", reason, "client", s->peer->remote_ip, "helo", s->helo.s, (char *)0);
  s->is_over = true;
}

static void time_out(struct session *s)
{
  reply_last(s, "421 4.4.2 I have waited long enough");
  reply_flush(s);
  end_with(s, "timeout");
}

static void stop_now(struct session *s)
{
  text_add(&s->output, words_of(told_to_stop));
  s->is_over = true;
  reply_flush(s);
}

/* A pipe has no time-out of its own. */
static bool wait_for_pipe(const struct session *s)
{
  struct pollfd client = { .fd = 0, .events = POLLIN };
  int ready = poll(&client, 1, (int)s->settings.timeout_seconds * 1000);

  if (!ready) errno = EAGAIN;
  return ready > 0;
}

/* SIGTERM ends the process in here; see stop. */
static ssize_t read_client(const struct session *s, char *to, size_t room)
{
  ssize_t length = -1;

  is_waiting = 1;
  while (!told_to_stop) {
    if (s->is_socket || wait_for_pipe(s)) length = read(0, to, room);
    if (length != -1 || errno != EINTR) break;
  }
  is_waiting = 0;
  return length;
}

bool session_read(struct session *s)
{
  size_t room;
  char *to = smtpd_input_room(&s->input, &room);

  if (s->is_over) return false;
  if (!reply_flush(s)) {
    end_with(s, "the client does not read");
    return false;
  }
  ssize_t length = read_client(s, to, room);
  conf_waited();
  if (length > 0)
    s->input.end += (size_t)length;
  else if (told_to_stop)
    stop_now(s);
  else if (length == -1 && errno == EAGAIN)
    time_out(s);
  else
    end_with(s, length ? strerror(errno) : "the client closed");
  return length > 0;
}

bool session_line(struct session *s, size_t max, enum smtpd_line *kind, const char **line, size_t *length)
{
  while ((*kind = smtpd_input_line(&s->input, max, line, length)) == LINE_INCOMPLETE)
    if (!session_read(s)) return false;
  return true;
}

void session_greet(struct session *s)
{
  text_add(&s->output, "220 ");
  text_add_text(&s->output, &s->settings.me);
  reply(s, s->role->is_lmtp ? " LMTP" : " ESMTP");
}

void session_run(const struct role *role, const struct peer *peer, struct tables *tables)
{
  static struct session s = { .authenticate.call = -1, .check = CLIENT_CHECK_ZERO };
  struct sigaction action = { .sa_handler = stop };
  enum smtpd_line kind;
  const char *line;
  size_t length;

  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, 0);
  sigaction(SIGALRM, &action, 0);
  s.role = role;
  s.peer = peer;
  s.connected_ip = peer->remote_ip;
  s.tables = tables;
  text_string(&s.helo);
  text_string(&s.login);
  session_settings_read(&s.settings);
  session_set_timeouts(&s);
  if (role->begins_with_tls && !session_start_tls(&s)) return;
  session_know_client(&s); /* MAIL says so if it cannot be known */
  if (role->policy == POLICY_INJECT) inject_begin(&s);
  if (!s.is_over && pace_begin(&s)) session_greet(&s);
  while (!s.is_over && session_line(&s, command_line_max(&s), &kind, &line, &length)) command_run(&s, kind, line, length);
  reply_flush(&s);
  pace_reset(&s);
}
