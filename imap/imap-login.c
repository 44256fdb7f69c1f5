/* imap-login: speaks IMAP with a client until it has logged in.

   One session on fd 0 and 1, or, given a listening socket on fd 0, one for each connection. Asks tls-server and
   auth-server over run/; the client's socket goes on from there. Runs as mail-login; reads no mail, writes no file. */

#include "imap/login.h"
#include "lib/die.h"
#include "lib/login_server.h"
#include "lib/secure.h"

#define LITERAL_MAX IMAP_LITERAL_MAX_BEFORE_LOGIN
#define COMMAND_MAX (2 * LITERAL_MAX)

static void session(int in, int out, const struct peer *peer);

static struct login_server server = { .plain = "imap",
                                      .secure = "imaps",
                                      .concurrency = "concurrencyimap",
                                      .concurrency_client = "concurrencyimapclient",
                                      .refusal = "* BYE [LIMIT] too many connections, try again later\r\n",
                                      .session = session,
                                      .tables = { .is_for_children = true } };

void imap_login_reply(struct imap_login *l, const char *words)
{
  imap_wire_add(&l->wire, l->command.tag);
  imap_wire_add(&l->wire, " ");
  imap_wire_add(&l->wire, words);
  imap_wire_add(&l->wire, "\r\n");
}

/* Nothing that needs a password is offered in clear (S-38, N-111). */
static void add_capabilities(struct imap_login *l)
{
  struct mechanisms m = imap_login_mechanisms(l);
  text words = TEXT_ZERO;

  if (l->tls.len)
    mechanisms_add(&m, "AUTH=", &words);
  else
    text_add(&words, "STARTTLS LOGINDISABLED");
  imap_wire_add(&l->wire, "CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ");
  imap_wire_add(&l->wire, text_string(&words));
  text_free(&words);
}

static void set_limits(struct imap_login *l)
{
  imap_input_limit(&l->wire.input, COMMAND_MAX, LITERAL_MAX, false);
}

/* What came in clear is not part of the encrypted session, whatever it was (check 18). */
static bool secure(struct imap_login *l, int call)
{
  l->wire.at = l->wire.length = 0;
  imap_input_free(&l->wire.input);
  l->wire.input = (struct imap_input)IMAP_INPUT_ZERO;
  return secure_start(call, l->peer->remote_ip, LOGIN_SERVER_HANDSHAKE_SECONDS, &l->tls, mechanisms_want_certificate(l->tables) ? &l->certificate : 0, &l->bindings);
}

static void start_tls(struct imap_login *l)
{
  int call = l->tls.len ? -1 : secure_open(l->peer->remote_ip);

  if (call == -1) {
    imap_login_reply(l, l->tls.len ? "BAD the session is encrypted already" : "NO [UNAVAILABLE] there is no TLS now, try again later");
    l->useless++;
    return;
  }
  imap_login_reply(l, "OK begin");
  imap_wire_flush(&l->wire);
  if (!secure(l, call) || l->wire.end != IMAP_WIRE_OPEN) l->ends = true;
  else {
    imap_wire_open_again(&l->wire);
    set_limits(l);
  }
}

static void log_in(struct imap_login *l)
{
  if (!l->tls.len) {
    imap_login_reply(l, "NO [PRIVACYREQUIRED] not in clear: use STARTTLS first");
    l->useless++;
  } else if (l->command.verb == IMAP_LOGIN) imap_login_password(l);
  else imap_login_authenticate(l);
}

static void run_command(struct imap_login *l)
{
  switch (l->command.verb) {
  case IMAP_LOGIN:
  case IMAP_AUTHENTICATE: log_in(l); return;
  case IMAP_STARTTLS: start_tls(l); return;
  case IMAP_CAPABILITY:
    imap_wire_add(&l->wire, "* ");
    add_capabilities(l);
    imap_wire_add(&l->wire, "\r\n");
    imap_login_reply(l, "OK these");
    break;
  case IMAP_ID:
    imap_wire_add(&l->wire, "* ID (\"name\" \"postroom\")\r\n");
    imap_login_reply(l, "OK that is who");
    break;
  case IMAP_NOOP: imap_login_reply(l, "OK done"); break;
  case IMAP_LOGOUT:
    imap_wire_add(&l->wire, "* BYE until next time\r\n");
    imap_login_reply(l, "OK logged out");
    l->ends = true;
    break;
  default: imap_login_reply(l, "BAD log in first");
  }
  l->useless++;
}

static void bad(struct imap_login *l, const char *tag, const char *error)
{
  imap_wire_add(&l->wire, tag);
  imap_wire_add(&l->wire, " BAD ");
  imap_wire_add(&l->wire, error);
  imap_wire_add(&l->wire, "\r\n");
  l->useless++;
}

static void take_command(struct imap_login *l)
{
  text *line = &l->wire.input.command;

  if (!imap_command_parse(&l->command, line->s, line->len)) bad(l, l->command.tag, text_string(&l->command.error));
  else run_command(l);
  imap_command_free(&l->command); /* a password may be in it: no longer than needed */
}

static void refuse_command(struct imap_login *l)
{
  text tag = TEXT_ZERO;

  imap_input_tag(&l->wire.input, &tag);
  bad(l, text_string(&tag), l->wire.input.error);
  text_free(&tag);
}

static void speak(struct imap_login *l)
{
  while (!l->ends && l->useless < LOGIN_SERVER_USELESS_MAX)
    switch (imap_wire_command(&l->wire)) {
    case IMAP_INPUT_DONE: take_command(l); break;
    case IMAP_INPUT_REFUSED: refuse_command(l); break;
    default: return;
    }
}

static void say_goodbye(struct imap_login *l)
{
  switch (l->wire.end) {
  case IMAP_WIRE_SILENT: imap_wire_add(&l->wire, "* BYE you were too slow to log in\r\n"); break;
  case IMAP_WIRE_TERMINATED: imap_wire_add(&l->wire, "* BYE the server is shutting down, come back in a minute\r\n"); break;
  case IMAP_WIRE_OPEN:
    if (l->ends) break;
    imap_wire_add(&l->wire, "* BYE ");
    imap_wire_add(&l->wire, l->useless >= LOGIN_SERVER_USELESS_MAX ? "too many commands without a login" : l->wire.input.error);
    imap_wire_add(&l->wire, "\r\n");
    break;
  default: break;
  }
  imap_wire_flush(&l->wire);
}

static void session(int in, int out, const struct peer *peer)
{
  static struct imap_login l;

  l.peer = peer;
  l.tables = &server.tables;
  l.authenticate = (struct authenticate){ .service = "imap", .ip = peer->remote_ip, .bindings = &l.bindings, .certificate = &l.certificate, .call = -1 };
  if (server.is_secure) {
    int call = secure_open(peer->remote_ip);
    if (call == -1 || !secure(&l, call)) return;
  }
  imap_wire_open(&l.wire, in, out);
  l.wire.seconds = LOGIN_SERVER_SILENT_SECONDS;
  l.wire.deadline = imap_wire_now() + LOGIN_SERVER_LOGIN_SECONDS;
  set_limits(&l);
  imap_wire_add(&l.wire, "* OK [");
  add_capabilities(&l);
  imap_wire_add(&l.wire, "] postroom is ready\r\n");
  speak(&l);
  say_goodbye(&l);
}

int main(int argc, const char *const *argv)
{
  PROG = "imap-login";
  return login_server(&server, argc, argv);
}
