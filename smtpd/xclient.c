#include "smtpd/xclient.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xtext.h"
#include "smtpd/client_check.h"
#include "smtpd/commands.h"
#include "smtpd/extension.h"
#include "smtpd/facts.h"

enum { VALUE_MAX = 255 }; /* as HELO */

static const char *const names[] = { "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT" };
static struct cidrs hosts = CIDRS_ZERO;

static bool ip_scan(struct ip *ip, const char *value)
{
  bool is_v6 = !strncmp(value, "IPV6:", 5) || !strncmp(value, "IPv6:", 5);

  if (!*value) return true;
  return ip_parse(ip, is_v6 ? value + 5 : value) && (!is_v6 || strchr(value + 5, ':'));
}

static bool check_value(struct xclient *x, enum xclient_attribute which)
{
  const char *value = text_string(&x->value[which]);

  switch (which) {
  case XCLIENT_ADDR: return ip_scan(&x->addr, value);
  case XCLIENT_DESTADDR: return ip_scan(&x->destaddr, value);
  case XCLIENT_PORT: return !*value || number_scan(value, UINT16_MAX, &x->port);
  case XCLIENT_DESTPORT: return !*value || number_scan(value, UINT16_MAX, &x->destport);
  case XCLIENT_PROTO: return string_is_nocase(value, "SMTP") || string_is_nocase(value, "ESMTP");
  default: return true;
  }
}

static bool parse_one(struct xclient *x, const char *word, size_t length)
{
  const char *equals = memchr(word, '=', length);
  size_t name = equals ? (size_t)(equals - word) : 0, which = 0;

  while (which < XCLIENT_ATTRIBUTES && (strlen(names[which]) != name || !bytes_are_nocase(names[which], word, name))) which++;
  if (which == XCLIENT_ATTRIBUTES || x->is_given[which]) return false;
  x->is_given[which] = true;
  text *value = &x->value[which];
  text_clear(value);
  if (!xtext_decode(value, equals + 1, length - name - 1) || !value->len || value->len > VALUE_MAX) return false;
  if (text_is_nocase(value, "[UNAVAILABLE]") || text_is_nocase(value, "[TEMPUNAVAIL]")) text_clear(value);
  return check_value(x, (enum xclient_attribute)which);
}

bool xclient_parse(struct xclient *x, const char *argument, size_t length)
{
  bool is_good = length > 0;

  for (size_t i = 0; i < XCLIENT_ATTRIBUTES; i++) {
    x->is_given[i] = false;
    text_clear(&x->value[i]);
    text_string(&x->value[i]);
  }
  x->port = x->destport = 0;
  for (size_t at = 0; at < length && is_good;) {
    size_t end = at;
    while (end < length && argument[end] != ' ') end++;
    is_good = parse_one(x, argument + at, end - at);
    for (at = end; at < length && argument[at] == ' ';) at++;
  }
  return is_good;
}

void xclient_hosts_read(void) { cidrs_read(&hosts, "xclienthosts"); }

static bool is_allowed(const struct session *s) { return cidrs_have_text(&hosts, s->connected_ip); }

void xclient_offer(struct session *s)
{
  if (!is_allowed(s)) return;
  reply(s, s->role->auth == ROLE_AUTH_NEVER ? "250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT"
                                            : "250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
}

static void set_ip(char to[static 46], const struct xclient *x, enum xclient_attribute which, const struct ip *ip)
{
  if (!x->is_given[which]) return;
  to[0] = 0;
  if (x->value[which].len) inet_ntop(ip->is_v4 ? AF_INET : AF_INET6, ip->bytes, to, 46);
}

/* Whoever it is, he is somebody of the directory, or nobody's mailbox is his. False: the tables cannot be read. */
static bool set_login(struct session *s, const struct xclient *x)
{
  text folded = TEXT_ZERO, record = TEXT_ZERO;

  text_copy_bytes(&s->login, x->value[XCLIENT_LOGIN].s, x->value[XCLIENT_LOGIN].len);
  text_string(&s->login);
  text_copy(&folded, s->login.s);
  text_lower(&folded);
  bool can_read = !s->login.len || tables_open(s->tables, "policy");
  if (can_read && s->login.len) can_read = tables_find(s->tables, "login", text_string(&folded), &record) != LOOKUP_BROKEN;
  bool is_known = can_read && s->login.len;
  text_copy(&s->mailbox, is_known ? record_get(&record, "mailbox") : "");
  text_string(&s->mailbox);
  text_copy(&s->backend, is_known ? record_get(&record, "backend") : "");
  text_string(&s->backend);
  text_free(&folded);
  text_free(&record);
  return can_read;
}

static void begin_anew(struct session *s, const struct xclient *x)
{
  static struct peer peer;

  peer = *s->peer;
  set_ip(peer.remote_ip, x, XCLIENT_ADDR, &x->addr);
  set_ip(peer.local_ip, x, XCLIENT_DESTADDR, &x->destaddr);
  if (x->is_given[XCLIENT_PORT]) peer.remote_port = (uint16_t)x->port;
  if (x->is_given[XCLIENT_DESTPORT]) peer.local_port = (uint16_t)x->destport;
  s->peer = &peer;
  s->was_backend = false;
  secure_forget(&s->certificate); /* that one is the proxy's */
  text_copy(&s->helo, x->value[XCLIENT_HELO].s);
  text_string(&s->helo);
  s->is_extended = x->is_given[XCLIENT_PROTO] && string_is_nocase(x->value[XCLIENT_PROTO].s, "ESMTP");
  log_event("xclient", "by", s->connected_ip, "client", peer.remote_ip, "name", x->value[XCLIENT_NAME].s, "helo", s->helo.s, "login",
            x->value[XCLIENT_LOGIN].s, "protocol", x->value[XCLIENT_PROTO].s, (char *)0);
}

void xclient_proceed(struct session *s, const char *argument, size_t length)
{
  static struct xclient x;

  if (!is_allowed(s))
    reply_error(s, "550 5.7.0 XCLIENT is not for this client");
  else if (s->mail.has_sender)
    reply_error(s, "503 5.5.1 Not within a mail transaction");
  else if (!xclient_parse(&x, argument, length) || (x.is_given[XCLIENT_LOGIN] && s->role->auth == ROLE_AUTH_NEVER))
    reply_error(s, "501 5.5.4 An attribute that is not known here, or a value that cannot be");
  else if (!set_login(s, &x))
    reply(s, "451 4.3.0 The address tables cannot be read");
  else {
    session_reset(s);
    begin_anew(s, &x);
    session_know_client(s);
    s->extensions = 0;
    if (s->is_extended) session_choose_extensions(s);
    if (s->helo.len) client_check_begin(s); /* as after HELO */
    pace_forget(s);
    if (pace_begin(s)) session_greet(s);
  }
}
