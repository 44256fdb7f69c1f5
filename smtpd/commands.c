#include <string.h>

#include "lib/log.h"
#include "smtpd/command.h"
#include "smtpd/commands.h"
#include "smtpd/xclient.h"

enum { LINE_MAX_BYTES = 2048, /* RFC 5321 4.5.3.1.4 says 512, and more for each extension */
       AUTH_LINE_MAX_BYTES = 12288, /* RFC 4954 4 */
       IDLE_MAX = 100 };

enum needs { NEEDS_NOTHING, NEEDS_HELLO, NEEDS_SENDER, NEEDS_RECIPIENT };
enum argument { HAS_NO_ARGUMENT, MAY_HAVE_ARGUMENT };
enum dialect { OF_ALL, OF_SMTP, OF_LMTP };
enum progress { ADVANCES, IDLES }; /* what leads nowhere may not be sent for ever (check 4) */

struct command {
  const char *verb;
  enum needs needs;
  enum argument argument;
  enum progress progress;
  enum dialect dialect;
  void (*proceed)(struct session *s, const char *argument, size_t length);
};

static void rset_proceed(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  session_reset(s);
  reply(s, "250 2.0.0 Ok");
}

static void noop_proceed(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  reply(s, "250 2.0.0 Ok");
}

static void vrfy_proceed(struct session *s, const char *argument, size_t length)
{
  enum smtpd_command_result result = smtpd_verify_parse(argument, length);

  if (result != COMMAND_GOOD)
    reply_error(s, command_syntax_reply(result, "501 5.5.4 Say VRFY and a name", ""));
  else
    reply(s, "252 2.0.0 Send it, and you will see"); /* RFC 5321 3.5.3; tells nothing: check 20 */
}

static void expn_proceed(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  reply(s, "502 5.5.1 EXPN is not offered");
}

static void help_proceed(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  reply(s, "214 2.0.0 RFC 5321 says what can be said here");
}

/* A browser that was led here says GET or POST, and what follows is not for us. */
static void hang_up(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  reply_last(s, "502 5.5.1 Not offered, and what follows cannot be read");
}

static void quit_proceed(struct session *s, const char *argument, size_t length)
{
  (void)argument, (void)length;
  reply_last(s, "221 2.0.0 Bye");
}

static const struct command commands[] = {
  { "EHLO", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_SMTP, ehlo_proceed },
  { "HELO", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_SMTP, helo_proceed },
  { "LHLO", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_LMTP, ehlo_proceed }, /* RFC 2033 4.1 */
  { "STARTTLS", NEEDS_HELLO, HAS_NO_ARGUMENT, ADVANCES, OF_ALL, starttls_proceed },
  { "AUTH", NEEDS_HELLO, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, auth_proceed },
  { "MAIL", NEEDS_HELLO, MAY_HAVE_ARGUMENT, ADVANCES, OF_ALL, mail_proceed },
  { "RCPT", NEEDS_SENDER, MAY_HAVE_ARGUMENT, ADVANCES, OF_ALL, rcpt_proceed },
  { "DATA", NEEDS_RECIPIENT, HAS_NO_ARGUMENT, ADVANCES, OF_ALL, data_proceed },
  { "RSET", NEEDS_NOTHING, HAS_NO_ARGUMENT, IDLES, OF_ALL, rset_proceed },
  { "NOOP", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, noop_proceed },
  { "VRFY", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, vrfy_proceed },
  { "EXPN", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, expn_proceed },
  { "HELP", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, help_proceed },
  { "BDAT", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, ADVANCES, OF_ALL, bdat_proceed },
  { "XCLIENT", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, xclient_proceed },
  { "GET", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, hang_up },
  { "POST", NEEDS_NOTHING, MAY_HAVE_ARGUMENT, IDLES, OF_ALL, hang_up },
  { "QUIT", NEEDS_NOTHING, HAS_NO_ARGUMENT, ADVANCES, OF_ALL, quit_proceed },
};

static const struct command *find_command(const struct session *s, const char *verb)
{
  enum dialect other = s->role->is_lmtp ? OF_SMTP : OF_LMTP;

  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (commands[i].dialect != other && !strcmp(commands[i].verb, verb)) return &commands[i];
  return 0;
}

/* What is missing for a command, as the answer to it; 0 if nothing is. */
static const char *missing(const struct session *s, enum needs needs)
{
  if (needs >= NEEDS_HELLO && !s->helo.len) return s->role->is_lmtp ? "503 5.5.1 Say LHLO first" : "503 5.5.1 Say EHLO first";
  if (needs >= NEEDS_SENDER && !s->mail.has_sender) return "503 5.5.1 Say MAIL first";
  if (needs >= NEEDS_RECIPIENT && !s->mail.recipients) return s->role->is_lmtp ? "503 5.5.1 No valid recipients" /* RFC 2033 4.2 */ : "554 5.5.1 No valid recipients";
  return 0;
}

const char *command_lacks_recipient(const struct session *s) { return missing(s, NEEDS_RECIPIENT); }

size_t command_line_max(const struct session *s)
{
  return s->role->auth == ROLE_AUTH_NEVER ? LINE_MAX_BYTES : AUTH_LINE_MAX_BYTES;
}

static void run_known(struct session *s, const struct command *c, const struct smtpd_command *line)
{
  const char *lacks = missing(s, c->needs);

  if (lacks)
    reply_error(s, lacks);
  else if (c->argument == HAS_NO_ARGUMENT && line->length)
    reply_error(s, "501 5.5.4 It takes no argument");
  else
    c->proceed(s, line->argument, line->length);
  if (c->progress == IDLES) s->idle++;
  if (s->idle > IDLE_MAX && !s->is_over) reply_last(s, "421 4.7.0 Too many commands that lead nowhere");
}

void command_run(struct session *s, enum smtpd_line kind, const char *bytes, size_t length)
{
  struct smtpd_command line;

  if (kind == LINE_TOO_LONG) /* RFC 4954 6 has a status of its own */
    reply_error(s, bytes_are_nocase(bytes, "AUTH ", length) ? "500 5.5.6 Line too long" : "500 5.5.2 Line too long");
  else if (kind == LINE_BARE)
    reply_error(s, "500 5.5.2 A line ends with CR LF, and holds neither");
  else if (smtpd_command_parse(&line, bytes, length) != COMMAND_GOOD)
    reply_error(s, "500 5.5.2 A byte that is not printable ASCII");
  else {
    const struct command *c = find_command(s, line.verb);
    if (c)
      run_known(s, c, &line);
    else
      reply_error(s, "500 5.5.1 Command not known");
  }
}
