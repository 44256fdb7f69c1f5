#include <unistd.h>

#include "smtpd/commands.h"
#include "smtpd/extension.h"
#include "smtpd/xclient.h"

enum { HELO_MAX = 255 };

/* A name is asked for and noted; nothing is believed because of it (RFC 5321 4.1.4). */
static bool take_name(struct session *s, const char *argument, size_t length)
{
  if (!length || length > HELO_MAX) {
    reply_error(s, "501 5.5.4 Say your host's name");
    return false;
  }
  session_reset(s);
  text_copy_bytes(&s->helo, argument, length);
  text_string(&s->helo);
  session_choose_extensions(s);
  client_check_begin(s);
  return true;
}

bool session_offers_tls(const struct session *s)
{
  return (s->role->extensions & EXTENSION_STARTTLS) && s->is_socket && !session_is_tls(s) && !s->login.len && access("run/tls-server", F_OK) == 0;
}

bool session_is_private(const struct session *s)
{
  return session_is_tls(s) || (s->role->auth == ROLE_AUTH_ON_THIS_HOST && peer_is_this_host(s->peer));
}

/* Never on port 25, never in clear over a network (N-111, N-114, N-115, check 15). */
bool session_offers_auth(const struct session *s)
{
  if (s->role->auth == ROLE_AUTH_ON_THIS_HOST && !peer_is_this_host(s->peer)) return false;
  return s->role->auth != ROLE_AUTH_NEVER && session_is_private(s);
}

void helo_proceed(struct session *s, const char *argument, size_t length)
{
  if (!take_name(s, argument, length)) return;
  s->is_extended = false;
  text_add(&s->output, "250 ");
  reply(s, text_string(&s->settings.me));
}

void ehlo_proceed(struct session *s, const char *argument, size_t length)
{
  if (!take_name(s, argument, length)) return;
  s->is_extended = true;
  text_add(&s->output, "250-");
  reply(s, text_string(&s->settings.me));
  xclient_offer(s);
  session_list_extensions(s);
}
