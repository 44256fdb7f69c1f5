/* pop3-login: speaks POP3 with a client until it has logged in.

   One session on fd 0 and 1, or, given a listening socket on fd 0, one for each connection. Asks tls-server and
   auth-server over run/; the client's socket goes on from there. Runs as mail-pop3; reads no mail, writes no file. */

#include <string.h>

#include "lib/die.h"
#include "lib/login_server.h"
#include "lib/secure.h"
#include "pop3/login.h"

static void session(int in, int out, const struct peer *peer);

static struct login_server server = { .plain = "pop3",
                                      .secure = "pop3s",
                                      .concurrency = "concurrencypop3",
                                      .concurrency_client = "concurrencypop3client",
                                      .refusal = "-ERR [SYS/TEMP] too many connections, try again later\r\n",
                                      .session = session,
                                      .tables = { .is_for_children = true } };

/* What came in clear is not part of the encrypted session, whatever it was (check 18; RFC 2595 4). */
static bool secure(struct pop3_login *l, int call)
{
  l->wire.at = l->wire.length = 0;
  pop3_line_wipe(&l->line);
  text_wipe(&l->user);
  return secure_start(call, l->peer->remote_ip, LOGIN_SERVER_HANDSHAKE_SECONDS, &l->tls, mechanisms_want_certificate(l->tables) ? &l->certificate : 0, &l->bindings);
}

/* Nothing that needs a password is offered in clear (S-38). RFC 2449 5: what holds after the login is told here as well. */
static void say_capabilities(struct pop3_login *l)
{
  struct mechanisms m = pop3_login_mechanisms(l);
  text words = TEXT_ZERO;

  text_add(&words, "+OK these\r\n" POP3_CAPABILITIES);
  if (l->tls.len) {
    text_add(&words, "USER\r\nSASL ");
    mechanisms_add(&m, "", &words);
    text_add(&words, "\r\n.\r\n");
  } else
    text_add(&words, "STLS\r\n.\r\n");
  imap_wire_add_bytes(&l->wire, words.s, words.len);
  text_free(&words);
}

static void start_tls(struct pop3_login *l)
{
  if (l->tls.len || l->is_utf8) { /* RFC 6856 2.1: not behind UTF8 */
    pop3_answer(&l->wire, "-ERR", l->tls.len ? "the session is encrypted already" : "not after UTF8");
    return;
  }
  int call = secure_open(l->peer->remote_ip);
  if (call == -1) {
    pop3_answer(&l->wire, "-ERR", "[SYS/TEMP] there is no TLS now, try again later");
    return;
  }
  pop3_answer(&l->wire, "+OK", "begin");
  imap_wire_flush(&l->wire);
  if (!secure(l, call) || l->wire.end != IMAP_WIRE_OPEN)
    l->ends = true;
  else
    imap_wire_open_again(&l->wire);
}

/* RFC 1939 7: no name is refused here; that would tell who is there. */
static void take_user(struct pop3_login *l)
{
  text_copy(&l->user, l->command.argument);
  text_string(&l->user);
  pop3_answer(&l->wire, "+OK", "and the password?");
}

/* Old clients ask for the mechanisms so. */
static void say_mechanisms(struct pop3_login *l)
{
  struct mechanisms m = pop3_login_mechanisms(l);
  text words = TEXT_ZERO;

  mechanisms_add(&m, "", &words);
  imap_wire_add(&l->wire, "+OK these\r\n");
  for (const char *at = text_string(&words), *end; *at; at = end + strspn(end, " ")) {
    end = at + strcspn(at, " ");
    imap_wire_add_bytes(&l->wire, at, (size_t)(end - at));
    imap_wire_add(&l->wire, "\r\n");
  }
  imap_wire_add(&l->wire, ".\r\n");
  text_free(&words);
}

/* S-38 */
static bool is_private(struct pop3_login *l)
{
  if (!l->tls.len) pop3_answer(&l->wire, "-ERR", "not in clear: use STLS first");
  return l->tls.len;
}

static void run_command(struct pop3_login *l)
{
  l->useless++;
  switch (l->command.verb) {
  case POP3_USER:
    if (is_private(l)) take_user(l);
    break;
  case POP3_PASS:
    if (!is_private(l)) break;
    if (!l->user.len) pop3_answer(&l->wire, "-ERR", "USER comes first");
    else pop3_login_password(l);
    break;
  case POP3_AUTH:
    if (!is_private(l)) break;
    if (*l->command.argument) pop3_login_authenticate(l);
    else say_mechanisms(l);
    break;
  case POP3_STLS: start_tls(l); break;
  case POP3_CAPA: say_capabilities(l); break;
  case POP3_UTF8:
    l->is_utf8 = true;
    pop3_answer(&l->wire, "+OK", "UTF-8 it is");
    break;
  case POP3_QUIT:
    pop3_answer(&l->wire, "+OK", "until next time");
    l->ends = true;
    break;
  default: pop3_answer(&l->wire, "-ERR", "log in first");
  }
}

static void speak(struct pop3_login *l)
{
  while (!l->ends && l->wire.end == IMAP_WIRE_OPEN && l->useless < LOGIN_SERVER_USELESS_MAX)
    if (pop3_listen_command(&l->wire, &l->line, &l->command)) run_command(l);
    else l->useless++;
  pop3_line_wipe(&l->line);
}

static void say_goodbye(struct pop3_login *l)
{
  if (l->wire.end == IMAP_WIRE_TERMINATED) pop3_answer(&l->wire, "-ERR", "[SYS/TEMP] the server is shutting down, come back in a minute");
  else if (l->wire.end == IMAP_WIRE_OPEN && !l->ends) pop3_answer(&l->wire, "-ERR", "too many commands without a login");
  imap_wire_flush(&l->wire);
}

static void session(int in, int out, const struct peer *peer)
{
  static struct pop3_login l;

  l.peer = peer;
  l.tables = &server.tables;
  l.line.max = POP3_LINE_MAX_BEFORE_LOGIN;
  l.authenticate = (struct authenticate){ .service = "pop3", .ip = peer->remote_ip, .bindings = &l.bindings, .certificate = &l.certificate, .call = -1 };
  if (server.is_secure) {
    int call = secure_open(peer->remote_ip);
    if (call == -1 || !secure(&l, call)) return;
  }
  imap_wire_open(&l.wire, in, out);
  l.wire.seconds = LOGIN_SERVER_SILENT_SECONDS;
  l.wire.deadline = imap_wire_now() + LOGIN_SERVER_LOGIN_SECONDS;
  pop3_answer(&l.wire, "+OK", "postroom is ready"); /* no timestamp: APOP needs passwords in clear on the disk */
  speak(&l);
  say_goodbye(&l);
}

int main(int argc, const char *const *argv)
{
  PROG = "pop3-login";
  return login_server(&server, argc, argv);
}
